package store

import (
	"context"
	"time"

	"github.com/twilightbark/twilightbark/chat"
)

// lease is how long a letter that was taken to be sent belongs to its taker.
const lease = 2 * time.Minute

// resetsPerHour bounds the letters that strangers can have sent to somebody.
const resetsPerHour = 3

// Send puts a letter into the outbox, from where it leaves soon. In the
// transaction of what it tells, it leaves only if that is committed.
func (s *Store) Send(ctx context.Context, letter chat.Letter) error {
	now := s.now()
	_, err := s.exec(ctx, `
		INSERT INTO letters (kind, user_id, recipient, created_at, due_at) VALUES ($1, $2, $3, $4, $5)`,
		letter.Kind, letter.UserID, letter.Recipient, now, now)
	return err
}

// TakeLetter gives the letter that is due for longest, for the caller alone for
// two minutes: then it is due again, unless Retry or Drop was called. When none is
// due, or another was faster to take it, it is NotFound.
func (s *Store) TakeLetter(ctx context.Context) (letter chat.Letter, err error) {
	now := s.now()
	var id int64 // found by reading, since mostly there is none, and writers need not wait for that
	if err := s.get(ctx, &id, `SELECT id FROM letters WHERE due_at <= $1 ORDER BY due_at, id LIMIT 1`, now); err != nil {
		return letter, err
	}
	err = s.InTx(ctx, func(s *Store) error {
		return s.get(ctx, &letter, `
			UPDATE letters SET due_at = $1, tries = tries + 1 WHERE id = $2 AND due_at <= $3
			RETURNING id, kind, user_id, recipient, created_at, tries`, now+micros(lease), id, now)
	})
	return letter, err
}

// Retry makes a letter that could not be sent due after its time to wait, or
// drops it when it was tried for long enough, and tells whether it did.
func (s *Store) Retry(ctx context.Context, letter chat.Letter) (dropped bool, err error) {
	due := s.now() + micros(letter.NextTry())
	if due > letter.CreatedAt+micros(chat.LettersLast) {
		return true, s.Drop(ctx, letter)
	}
	_, err = s.exec(ctx, `UPDATE letters SET due_at = $1 WHERE id = $2`, due, letter.ID)
	return false, err
}

// Drop removes a letter that was sent, or never can be.
func (s *Store) Drop(ctx context.Context, letter chat.Letter) error {
	_, err := s.exec(ctx, `DELETE FROM letters WHERE id = $1`, letter.ID)
	return err
}

// Addressee gives the account that a letter is for, and keeps the hash of the
// token in its link, in place of an earlier one; empty for a letter without a
// link. A letter that nobody is to get any more is NotFound: its account is gone,
// or has another address, or had 3 letters to reset its password within the hour
// that strangers asked for.
func (s *Store) Addressee(ctx context.Context, letter chat.Letter, tokenHash []byte) (user chat.User, err error) {
	err = s.InTx(ctx, func(s *Store) error {
		if user, err = s.addressee(ctx, letter); err != nil || len(tokenHash) == 0 {
			return err
		}
		if letter.Kind.Notice() {
			return s.keepUnsubscribe(ctx, letter, tokenHash)
		}
		return s.keepToken(ctx, letter.Kind, user.ID, letter.Recipient, tokenHash)
	})
	return user, err
}

func (s *Store) addressee(ctx context.Context, letter chat.Letter) (user chat.User, err error) {
	switch letter.Kind {
	case chat.ResetLetter:
		if letter.UserID != 0 { // an admin sends it
			err = s.get(ctx, &user, selectUser+` WHERE users.id = $1 AND users.email = $2`, letter.UserID, letter.Recipient)
			break
		}
		err = s.get(ctx, &user, selectUser+`
			WHERE users.email = $1 AND (SELECT COUNT(*) FROM audit WHERE user_id = users.id AND at > $2 AND action = $3) < $4`,
			letter.Recipient, s.now()-micros(time.Hour), chat.ResetAsked, resetsPerHour)
		if err == nil && letter.Tries == 1 {
			err = s.Record(ctx, chat.Event{Action: chat.ResetAsked, UserID: user.ID})
		}
	case chat.ConfirmLetter:
		err = s.get(ctx, &user, selectUser+` WHERE users.id = $1 AND (users.email = $2 OR users.pending_email = $3)`,
			letter.UserID, letter.Recipient, letter.Recipient)
	case chat.MentionLetter, chat.RoomLetter, chat.DigestLetter:
		err = s.get(ctx, &user, selectUser+`
			WHERE users.id = $1 AND users.email = $2 AND users.email_confirmed_at > 0 AND users.deleted_at = 0 AND users.disabled_at = 0
				AND users.notices <> 'none' AND `+notBanned("$3"),
			letter.UserID, letter.Recipient, s.now())
	default:
		user, err = s.User(ctx, letter.UserID)
	}
	return user, err
}
