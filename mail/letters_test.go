package mail_test

import (
	"strings"
	"testing"

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
		letter := site.Compose(chat.Letter{ID: 7, Kind: kind, Recipient: "to@example.com", CreatedAt: 1_000_000, Tries: 1}, user, token)
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
