package store

import (
	"context"

	"github.com/twilightbark/twilightbark/chat"
)

// userColumns are an account's.
const userColumns = `users.id, users.email, users.username, users.password_hash, users.hide_email, users.auth_version,
	users.created_at, users.avatar, users.time_zone, users.renewed_at, users.pending_email, users.email_confirmed_at,
	users.role, users.disabled_at`

const selectUser = `SELECT ` + userColumns + ` FROM users`

// Register stores a new account, and the letter that confirms its address. An email or username that another account has
// is Conflict, with a sentence for each such field in the error's Fields.
func (s *Store) Register(ctx context.Context, r chat.Registration) (user chat.User, err error) {
	email, key := chat.NormalEmail(r.Email), chat.UsernameKey(r.Username)
	err = s.InTx(ctx, func(s *Store) error {
		err := s.get(ctx, &user, `
			INSERT INTO users (email, username, username_key, password_hash, created_at)
			VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT DO NOTHING
			RETURNING `+userColumns,
			email, r.Username, key, r.PasswordHash, s.now())
		if chat.KindOf(err) == chat.NotFound {
			return s.taken(ctx, email, key)
		}
		if err != nil {
			return err
		}
		if err := s.endRedirect(ctx, key); err != nil {
			return err
		}
		return s.Send(ctx, chat.Letter{Kind: chat.ConfirmLetter, UserID: user.ID, Recipient: user.Email})
	})
	return user, err
}

// CreateAdmin stores a new account with the rights of an admin, and notes that in
// the audit table. Its errors are Register's.
func (s *Store) CreateAdmin(ctx context.Context, r chat.Registration) error {
	return s.InTx(ctx, func(s *Store) error {
		user, err := s.Register(ctx, r)
		if err != nil {
			return err
		}
		if err := s.SetRole(ctx, user.ID, chat.Admin); err != nil {
			return err
		}
		return s.Record(ctx, chat.Event{Action: chat.AccountCreated, UserID: user.ID, Detail: string(chat.Admin)})
	})
}

const nameTaken = "This name is taken. Please choose another."

// taken says which of the two another account has.
func (s *Store) taken(ctx context.Context, email, key string) error {
	var others []struct {
		Email string
		Key   string `db:"username_key"`
	}
	if err := s.list(ctx, &others, `SELECT email, username_key FROM users WHERE email = $1 OR username_key = $2 LIMIT 2`, email, key); err != nil {
		return err
	}
	fields := map[string]string{}
	for _, other := range others {
		if other.Email == email {
			fields["email"] = emailTaken
		}
		if other.Key == key {
			fields["username"] = nameTaken
		}
	}
	return &chat.Error{Kind: chat.Conflict, Message: "This account exists already.", Fields: fields}
}

// SetRole gives an account another role, and ends its sessions, since what they
// may do is another thing now. That the last admin is none any more is Conflict.
func (s *Store) SetRole(ctx context.Context, userID int64, role chat.Role) error {
	return s.InTx(ctx, func(s *Store) error {
		if role != chat.Admin {
			if err := s.keepAdmin(ctx, userID); err != nil {
				return err
			}
		}
		if _, err := s.exec(ctx, `UPDATE users SET role = $1, auth_version = auth_version + 1 WHERE id = $2`, role, userID); err != nil {
			return err
		}
		_, err := s.exec(ctx, `DELETE FROM sessions WHERE user_id = $1`, userID)
		return err
	})
}

// User gives the account with that id.
func (s *Store) User(ctx context.Context, id int64) (user chat.User, err error) {
	err = s.get(ctx, &user, selectUser+` WHERE users.id = $1`, id)
	return user, err
}

// UserByEmail finds the account with that email, without regard to case.
func (s *Store) UserByEmail(ctx context.Context, email string) (user chat.User, err error) {
	err = s.get(ctx, &user, selectUser+` WHERE users.email = $1`, chat.NormalEmail(email))
	return user, err
}

// UserByName finds the account with that username, without regard to case.
func (s *Store) UserByName(ctx context.Context, username string) (user chat.User, err error) {
	err = s.get(ctx, &user, selectUser+` WHERE users.username_key = $1 AND users.deleted_at = 0`, chat.UsernameKey(username))
	return user, err
}

// SetPasswordHash replaces the hash of a password that stays the same, as when
// today's parameters differ from those it was made with. If the account has
// another hash than user by now, its password has changed, and that stays.
func (s *Store) SetPasswordHash(ctx context.Context, user chat.User, hash string) error {
	_, err := s.exec(ctx, `UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3`, hash, user.ID, user.PasswordHash)
	return err
}

// ChangePassword gives an account another password. Its sessions are dead from
// then on, and so is a link to reset the password; no browser is known any more.
// A letter tells the owner.
func (s *Store) ChangePassword(ctx context.Context, userID int64, hash string) (user chat.User, err error) {
	err = s.InTx(ctx, func(s *Store) error {
		if err := s.get(ctx, &user, `
			UPDATE users SET password_hash = $1, auth_version = auth_version + 1 WHERE id = $2
			RETURNING `+userColumns, hash, userID); err != nil {
			return err
		}
		if err := s.forgetKeys(ctx, userID); err != nil {
			return err
		}
		return s.Send(ctx, chat.Letter{Kind: chat.PasswordChangedLetter, UserID: userID, Recipient: user.Email})
	})
	return user, err
}

// forgetKeys ends all that gives, or eases, access to an account.
func (s *Store) forgetKeys(ctx context.Context, userID int64) error {
	for _, statement := range []string{
		`DELETE FROM sessions WHERE user_id = $1`,
		`DELETE FROM known_browsers WHERE user_id = $1`,
		`DELETE FROM tokens WHERE user_id = $1 AND kind = 'reset'`,
	} {
		if _, err := s.exec(ctx, statement, userID); err != nil {
			return err
		}
	}
	return nil
}
