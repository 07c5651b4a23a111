package mail_test

import (
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/mail"
)

func TestCompose(t *testing.T) {
	site := mail.Site{Name: "Test Bark", URL: "https://chat.example.com"}
	user := chat.User{ID: 1, Username: "Ada", Email: "ada@example.com", PendingEmail: "new@example.com"}
	for kind, want := range map[chat.LetterKind][]string{
		chat.ConfirmLetter:         {"Confirm", "\nhttps://chat.example.com/confirm-email/TOKEN\n", "24 hours"},
		chat.ResetLetter:           {"new password", "\nhttps://chat.example.com/password-reset/TOKEN\n", "60 minutes"},
		chat.PasswordChangedLetter: {"has changed", "\nhttps://chat.example.com/password-reset\n"},
		chat.EmailChangingLetter:   {"new email", "new@example.com", "\nhttps://chat.example.com/password-reset\n"},
		chat.EmailChangedLetter:    {"has changed", "ada@example.com"},
		chat.AccountDeletedLetter:  {"is deleted", "gone"},
	} {
		token := ""
		if kind.LinkLife() > 0 {
			token = "TOKEN"
		}
		letter, err := site.Compose(t.Context(), chat.Letter{ID: 7, Kind: kind, Recipient: "to@example.com", CreatedAt: 1_000_000, Tries: 1}, user, chat.Missed{}, token)
		if err != nil {
			t.Fatal(err)
		}
		wantSameInHTML(t, letter)
		if letter.To != "to@example.com" || !strings.Contains(letter.Subject, "Test Bark") || letter.At.Unix() != 1 {
			t.Errorf("%s: got %+v", kind, letter)
		}
		for _, text := range append(want, "Hello") {
			if !strings.Contains(letter.Subject+letter.Text, text) {
				t.Errorf("%s: want %q in %q: %s", kind, text, letter.Subject, letter.Text)
			}
		}
		for line := range strings.Lines(letter.Text) {
			if len(line) > 998 {
				t.Errorf("%s: a line of %d bytes", kind, len(line))
			}
		}
	}
}

// wantSameInHTML checks that the letter's HTML says what its text does, leads
// where its text does, and loads nothing.
func wantSameInHTML(t *testing.T, letter mail.Letter) {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(letter.HTML))
	if err != nil {
		t.Fatal(err)
	}
	shown := strings.Join(strings.Fields(doc.Find("body").Text()), " ")
	for line := range strings.Lines(letter.Text) {
		line = strings.TrimSpace(strings.TrimSuffix(line, "-- \n"))
		if strings.HasPrefix(line, "https://chat.example.com/") {
			if doc.Find(`a[href="`+line+`"]`).First().Text() == "" {
				t.Errorf("%s: no named link to %s in %s", letter.Subject, line, letter.HTML)
			}
		} else if !strings.Contains(shown, strings.TrimSuffix(line, ":")) {
			t.Errorf("%s: want %q in %s", letter.Subject, line, letter.HTML)
		}
	}
	if n := doc.Find("img, link, script, iframe, [src], [style], [background]").Length(); n > 0 || strings.Contains(letter.HTML, "url(") || strings.Contains(letter.HTML, "@import") {
		t.Errorf("%s: the letter loads something: %s", letter.Subject, letter.HTML)
	}
}

func message(author, room, body string, number int64) chat.Message {
	return chat.Message{Author: author, RoomSlug: strings.ToLower(room), RoomName: room, Number: number, Body: body}
}

func TestComposeNotice(t *testing.T) {
	dogs, cats := chat.MissedRoom{Slug: "dogs", Name: "Dogs", Messages: 3}, chat.MissedRoom{Slug: "cats", Name: "Cats", Messages: 1}
	ada := chat.Message{Author: "bob", RoomSlug: "dogs", RoomName: "Dogs", Number: 17, Body: "**hey** @ada", HTML: "<strong>hey</strong> @ada\n> no"}
	for _, tt := range []struct {
		name    string
		kind    chat.LetterKind
		missed  chat.Missed
		subject string
		want    []string
	}{
		{"one mention", chat.MentionLetter, chat.Missed{Mentions: []chat.Message{ada}}, "bob named you at Test Bark",
			[]string{"\n\nbob in Dogs\n“hey @ada > no”\nhttps://chat.example.com/rooms/dogs/17\n\n", "only letter"}},
		{"many mentions", chat.MentionLetter, chat.Missed{Mentions: []chat.Message{ada, message("eve", "Cats", "you too", 2)}, MoreMentions: true}, "bob and others named you at Test Bark",
			[]string{"/rooms/dogs/17\n", "eve in Cats\n“you too”\nhttps://chat.example.com/rooms/cats/2\n", "\nhttps://chat.example.com/mentions\n"}},
		{"a room", chat.RoomLetter, chat.Missed{Rooms: []chat.MissedRoom{cats}}, "Something new in Cats at Test Bark",
			[]string{"\nCats: 1 new message\nhttps://chat.example.com/rooms/cats\n"}},
		{"rooms", chat.RoomLetter, chat.Missed{Rooms: []chat.MissedRoom{dogs, {Slug: "a", Name: "A", Messages: 500, More: true}}, MoreRooms: 4}, "Something new in 6 rooms at Test Bark",
			[]string{"Dogs: 3 new messages\n", "A: more than 500 new messages\n", "And 4 more\nhttps://chat.example.com/\n"}},
		{"a day", chat.DigestLetter, chat.Missed{Mentions: []chat.Message{ada}, Rooms: []chat.MissedRoom{dogs}}, "Your day at Test Bark",
			[]string{"/rooms/dogs/17\n\nAnd in rooms that you follow", "Dogs: 3 new messages\n", "in a day"}},
		{"hostile", chat.MentionLetter, chat.Missed{
			Mentions: []chat.Message{message("e\r\nBcc: x@example.com", "<b>\u202ex\nhttps://chat.example.com/evil", "\r\n.\r\nhttps://chat.example.com/evil\u2028<script>alert(1)</script>\x00", 1)},
			Rooms:    []chat.MissedRoom{{Slug: "x", Name: "x\r\nSubject: <i>y", Messages: 1}},
		}, "e Bcc: x@example.com named you at Test Bark", []string{"<b>x https://chat.example.com/evil\n“. https://chat.example.com/evil <script>"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			letter, err := mail.Site{Name: "Test Bark", URL: "https://chat.example.com"}.Compose(t.Context(),
				chat.Letter{ID: 7, Kind: tt.kind, Recipient: "to@example.com", CreatedAt: 1_000_000, Tries: 1}, chat.User{Username: "Ada"}, tt.missed, "TOKEN")
			if err != nil {
				t.Fatal(err)
			}
			wantSameInHTML(t, letter)
			if letter.Subject != tt.subject || letter.To != "to@example.com" || letter.At.Unix() != 1 || letter.Unsubscribe != "https://chat.example.com/unsubscribe/TOKEN" {
				t.Errorf("got %+v, want the subject %q", letter, tt.subject)
			}
			for _, want := range append(tt.want, "Hello Ada,\n", ":\nhttps://chat.example.com/unsubscribe/TOKEN\n") {
				if !strings.Contains(letter.Text, want) {
					t.Errorf("want %q in: %s", want, letter.Text)
				}
			}
			for line := range strings.Lines(letter.Text) {
				if strings.TrimSpace(line) == "https://chat.example.com/evil" || len(line) > 998 {
					t.Errorf("got the line %q", line)
				}
			}
			var sent strings.Builder
			sender, err := mail.Open("console:", "Bark <bark@example.com>", &sent)
			if err == nil {
				err = sender.Send(t.Context(), letter)
			}
			if err != nil {
				t.Errorf("it can't be sent: %v", err)
			}
		})
	}
}
