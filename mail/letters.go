package mail

import (
	"context"
	"fmt"
	"strings"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/views"
)

// Site is what letters tell of the site they come from.
type Site struct {
	Name string
	URL  string // the public address, without a slash at its end
}

// Compose writes a letter of that kind to the user. A notice tells what was
// missed. Token makes the link in the letter; it is empty for a kind that has none.
func (s Site) Compose(ctx context.Context, letter chat.Letter, user chat.User, missed chat.Missed, token string) (Letter, error) {
	if letter.Kind.Notice() {
		return s.composeNotice(ctx, letter, user, missed, token)
	}
	subject, lines := s.words(letter, user, token)
	greeting := "Hello " + user.Username + ","
	if letter.Kind == chat.AccountDeletedLetter {
		greeting = "Hello,"
	}
	var html strings.Builder
	err := views.Letter(views.LetterProps{
		Site: s.Name, URL: s.URL, Subject: subject, Greeting: greeting, Paragraphs: lines, Action: actions[letter.Kind],
	}).Render(ctx, &html)
	text := append([]string{greeting}, lines...)
	text = append(text, "-- \n"+s.Name+"\n"+s.URL)
	return addressed(letter, Letter{Subject: subject, Text: strings.Join(text, "\n\n") + "\n", HTML: html.String()}), err
}

// addressed gives what was composed the name, the address and the time of its
// letter.
func addressed(letter chat.Letter, composed Letter) Letter {
	composed.ID = fmt.Sprintf("%d-%d-%d", letter.CreatedAt, letter.ID, letter.Tries)
	composed.To, composed.At = letter.Recipient, letter.CreatedAt.Time()
	return composed
}

// actions say what the link in a letter does.
var actions = map[chat.LetterKind]string{
	chat.ConfirmLetter:         "Confirm this address",
	chat.ResetLetter:           "Choose a new password",
	chat.PasswordChangedLetter: "Choose a new password",
	chat.EmailChangingLetter:   "Choose a new password",
}

func (s Site) words(letter chat.Letter, user chat.User, token string) (subject string, paragraphs []string) {
	const ifNotYou = "If it was not you, somebody else knows your password. Choose a new one at once, with this link:"
	switch letter.Kind {
	case chat.ConfirmLetter:
		return "Confirm your email for " + s.Name, []string{
			"please confirm that this address is yours:",
			s.URL + "/confirm-email/" + token,
			"The link works once, for 24 hours. If you have no account with us, somebody mistyped their address, and you can forget this letter.",
		}
	case chat.ResetLetter:
		return "A new password for " + s.Name, []string{
			"somebody, probably you, has forgotten the password of your account. Choose a new one here:",
			s.URL + "/password-reset/" + token,
			"The link works once, for 60 minutes. If it was not you, you can forget this letter: nothing has changed.",
		}
	case chat.PasswordChangedLetter:
		return "Your password for " + s.Name + " has changed", []string{
			"the password of your account is a new one now. All devices but the one it was changed on are logged out.",
			"If it was you, all is well. If it was not, choose a new one at once:",
			s.URL + "/password-reset",
		}
	case chat.EmailChangingLetter:
		return "A new email for your account at " + s.Name, []string{
			"your account is to have another address, " + user.PendingEmail + ". This one stays until that one is confirmed.",
			ifNotYou,
			s.URL + "/password-reset",
		}
	case chat.AccountDeletedLetter:
		return "Your account at " + s.Name + " is deleted", []string{
			"your account is gone, and with it your name, this address and your picture. Messages that were to go too are being removed.",
			"If it was not you, write to those who run " + s.Name + ". Thank you for having been with us.",
		}
	default: // chat.EmailChangedLetter
		return "Your email for " + s.Name + " has changed", []string{
			"your account has another address now, " + user.Email + ". This is the last letter to the address it had before.",
			"If it was not you, write to those who run " + s.Name + ".",
		}
	}
}
