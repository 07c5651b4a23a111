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
		chat.MentionLetter:         {"named you", "\nhttps://chat.example.com/mentions\n", "https://chat.example.com/unsubscribe/TOKEN"},
		chat.RoomLetter:            {"Something new", "\nhttps://chat.example.com/\n", "https://chat.example.com/unsubscribe/TOKEN"},
		chat.DigestLetter:          {"Your day", "\nhttps://chat.example.com/\n", "https://chat.example.com/unsubscribe/TOKEN"},
	} {
		token := ""
		if kind.LinkLife() > 0 {
			token = "TOKEN"
		}
		letter, err := site.Compose(t.Context(), chat.Letter{ID: 7, Kind: kind, Recipient: "to@example.com", CreatedAt: 1_000_000, Tries: 1}, user, token)
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
	for line := range strings.Lines(letter.Text) {
		line = strings.TrimSpace(strings.TrimSuffix(line, "-- \n"))
		if !strings.Contains(doc.Find("body").Text(), line) {
			t.Errorf("%s: want %q in %s", letter.Subject, line, letter.HTML)
		}
		if strings.HasPrefix(line, "https://chat.example.com/") && doc.Find(`a.action[href="`+line+`"]`).Text() == "" {
			t.Errorf("%s: no named link to %s in %s", letter.Subject, line, letter.HTML)
		}
	}
	if n := doc.Find("img, link, script, iframe, [src], [style], [background]").Length(); n > 0 || strings.Contains(letter.HTML, "url(") || strings.Contains(letter.HTML, "@import") {
		t.Errorf("%s: the letter loads something: %s", letter.Subject, letter.HTML)
	}
}
