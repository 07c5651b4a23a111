package store

import (
	"context"

	"github.com/twilightbark/twilightbark/chat"
)

// token is what the link in a letter stands for.
type token struct {
	UserID int64 `db:"user_id"`
	Email  string
}

// keepToken keeps a token's hash for as long as such a letter's link works. The
// account's earlier ones of that kind are void, and so are those out of date.
func (s *Store) keepToken(ctx context.Context, kind chat.LetterKind, userID int64, email string, hash []byte) error {
	now := s.now()
	if _, err := s.exec(ctx, `DELETE FROM tokens WHERE user_id = $1 AND kind = $2 OR expires_at <= $3`, userID, kind, now); err != nil {
		return err
	}
	_, err := s.exec(ctx, `
		INSERT INTO tokens (token_hash, kind, user_id, email, expires_at) VALUES ($1, $2, $3, $4, $5)`,
		hash, kind, userID, email, now+micros(kind.LinkLife()))
	return err
}

// MakeResetToken keeps the hash of a token to reset a user's password with,
// without a letter.
func (s *Store) MakeResetToken(ctx context.Context, user chat.User, hash []byte) error {
	return s.InTx(ctx, func(s *Store) error {
		return s.keepToken(ctx, chat.ResetLetter, user.ID, user.Email, hash)
	})
}

// TokenUser gives the account that a link in a letter of that kind leads to. A
// token that was used, is out of date, or never was, is NotFound.
func (s *Store) TokenUser(ctx context.Context, kind chat.LetterKind, hash []byte) (user chat.User, err error) {
	err = s.get(ctx, &user, selectUser+`
		JOIN tokens t ON t.user_id = users.id
		WHERE t.token_hash = $1 AND t.kind = $2 AND t.expires_at > $3`, hash, kind, s.now())
	return user, err
}

// useToken takes a token, so that nobody can take it again. One that is not
// there is NotFound.
func (s *Store) useToken(ctx context.Context, kind chat.LetterKind, hash []byte) (used token, err error) {
	err = s.get(ctx, &used, `
		DELETE FROM tokens WHERE token_hash = $1 AND kind = $2 AND expires_at > $3
		RETURNING user_id, email`, hash, kind, s.now())
	return used, err
}

// ResetPassword gives the account that the token leads to another password, and
// ends its sessions. The token is used up if and only if that is done; one that
// is not there is NotFound.
func (s *Store) ResetPassword(ctx context.Context, tokenHash []byte, passwordHash string) (user chat.User, err error) {
	err = s.InTx(ctx, func(s *Store) error {
		used, err := s.useToken(ctx, chat.ResetLetter, tokenHash)
		if err != nil {
			return err
		}
		user, err = s.ChangePassword(ctx, used.UserID, passwordHash)
		return err
	})
	return user, err
}

// AskEmail notes the address that a user wants to have, sends it a letter that
// confirms it, and tells the address that the account has. One that another
// account has is Conflict.
func (s *Store) AskEmail(ctx context.Context, user chat.User, email string) error {
	email = chat.NormalEmail(email)
	return s.InTx(ctx, func(s *Store) error {
		if err := s.checkFree(ctx, email); err != nil {
			return err
		}
		if _, err := s.exec(ctx, `UPDATE users SET pending_email = $1 WHERE id = $2`, email, user.ID); err != nil {
			return err
		}
		if err := s.Send(ctx, chat.Letter{Kind: chat.ConfirmLetter, UserID: user.ID, Recipient: email}); err != nil {
			return err
		}
		return s.Send(ctx, chat.Letter{Kind: chat.EmailChangingLetter, UserID: user.ID, Recipient: user.Email})
	})
}

const emailTaken = "There is an account with this email already."

func (s *Store) checkFree(ctx context.Context, email string) error {
	_, err := s.UserByEmail(ctx, email)
	if err == nil {
		return &chat.Error{Kind: chat.Conflict, Message: emailTaken, Fields: map[string]string{"email": emailTaken}}
	}
	if chat.KindOf(err) == chat.NotFound {
		return nil
	}
	return err
}

// ConfirmEmail confirms the address that the token was sent to: it is the
// account's from now on, and the address before is told. A token that is not
// there, or was for an address that is no longer wanted, is NotFound, and an
// address that another account has got meanwhile is Conflict.
func (s *Store) ConfirmEmail(ctx context.Context, tokenHash []byte) (user chat.User, err error) {
	err = s.InTx(ctx, func(s *Store) error {
		used, err := s.useToken(ctx, chat.ConfirmLetter, tokenHash)
		if err != nil {
			return err
		}
		before, err := s.lockUser(ctx, used.UserID)
		if err != nil {
			return err
		}
		if err = s.get(ctx, &user, `
			UPDATE users SET email = $1, email_confirmed_at = $2, pending_email = CASE WHEN pending_email = $3 THEN '' ELSE pending_email END
			WHERE id = $4 AND (email = $5 OR pending_email = $6)
			RETURNING `+userColumns, used.Email, s.now(), used.Email, used.UserID, used.Email, used.Email); err != nil || user.Email == before.Email {
			return err
		}
		return s.Send(ctx, chat.Letter{Kind: chat.EmailChangedLetter, UserID: user.ID, Recipient: before.Email})
	})
	if chat.KindOf(err) == chat.Conflict {
		err = &chat.Error{Kind: chat.Conflict, Message: emailTaken, Err: err}
	}
	return user, err
}
