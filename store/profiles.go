package store

import (
	"context"

	"github.com/twilightbark/twilightbark/chat"
)

// maxFormerNames bounds the names that lead to one account; the oldest gives way.
const maxFormerNames = 20

// ChangeProfile makes the user's profile what profile says, and gives the
// account as it then is. An avatar that is nil leaves the picture as it is, and
// one without a hash removes it. A name that another account has is Conflict,
// with a sentence in the error's Fields, and then nothing is changed.
func (s *Store) ChangeProfile(ctx context.Context, userID int64, profile chat.Profile, avatar *chat.Avatar) (user chat.User, err error) {
	err = s.InTx(ctx, func(s *Store) error {
		before, err := s.lockUser(ctx, userID)
		if err != nil {
			return err
		}
		after := before
		after.Username, after.HideEmail, after.TimeZone = profile.Username, profile.HideEmail, profile.TimeZone
		if avatar != nil {
			after.Avatar = avatar.Hash
			err = s.keepAvatar(ctx, userID, *avatar)
		}
		if err != nil {
			return err
		}
		if after.Username != before.Username || after.Avatar != before.Avatar {
			after.RenewedAt = s.now()
		}
		if err := s.rename(ctx, before, after); err != nil {
			return err
		}
		user = after
		_, err = s.exec(ctx, `
			UPDATE users SET username = $1, username_key = $2, hide_email = $3, time_zone = $4, avatar = $5, renewed_at = $6
			WHERE id = $7`,
			user.Username, chat.UsernameKey(user.Username), user.HideEmail, user.TimeZone, user.Avatar, user.RenewedAt, userID)
		return err
	})
	if chat.KindOf(err) == chat.Conflict {
		err = &chat.Error{Kind: chat.Conflict, Message: nameTaken, Fields: map[string]string{"username": nameTaken}, Err: err}
	}
	return user, err
}

// lockUser gives the account, which nobody else then changes before the
// transaction ends.
func (s *Store) lockUser(ctx context.Context, id int64) (user chat.User, err error) {
	err = s.get(ctx, &user, `UPDATE users SET id = id WHERE users.id = $1 RETURNING `+userColumns, id)
	return user, err
}

func (s *Store) keepAvatar(ctx context.Context, userID int64, avatar chat.Avatar) error {
	if avatar.Hash == "" {
		_, err := s.exec(ctx, `DELETE FROM avatars WHERE user_id = $1`, userID)
		return err
	}
	_, err := s.exec(ctx, `
		INSERT INTO avatars (user_id, hash, large, small) VALUES ($1, $2, $3, $4)
		ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, large = excluded.large, small = excluded.small`,
		userID, avatar.Hash, avatar.Large, avatar.Small)
	return err
}

// rename makes a name that is given up lead to the account, as long as nobody
// takes it.
func (s *Store) rename(ctx context.Context, before, after chat.User) error {
	given, taken := chat.UsernameKey(before.Username), chat.UsernameKey(after.Username)
	if given == taken {
		return nil
	}
	if err := s.endRedirect(ctx, taken); err != nil {
		return err
	}
	if _, err := s.exec(ctx, `
		INSERT INTO former_usernames (username_key, user_id, given_up_at) VALUES ($1, $2, $3)
		ON CONFLICT (username_key) DO UPDATE SET user_id = excluded.user_id, given_up_at = excluded.given_up_at`,
		given, after.ID, s.now()); err != nil {
		return err
	}
	_, err := s.exec(ctx, `
		DELETE FROM former_usernames WHERE username_key IN (
			SELECT username_key FROM former_usernames WHERE user_id = $1
			ORDER BY given_up_at DESC, username_key LIMIT 1000 OFFSET $2)`, after.ID, maxFormerNames)
	return err
}

// endRedirect forgets that a name was another account's, since somebody has it now.
func (s *Store) endRedirect(ctx context.Context, key string) error {
	_, err := s.exec(ctx, `DELETE FROM former_usernames WHERE username_key = $1`, key)
	return err
}

// UserByFormerName finds the account that had that name last, if no account has
// it now.
func (s *Store) UserByFormerName(ctx context.Context, username string) (user chat.User, err error) {
	err = s.get(ctx, &user, selectUser+`
		JOIN former_usernames f ON f.user_id = users.id
		WHERE f.username_key = $1`, chat.UsernameKey(username))
	return user, err
}

// AvatarPicture gives the JPEG of the avatar with that hash, large or small. One
// that no member has is NotFound.
func (s *Store) AvatarPicture(ctx context.Context, hash string, large bool) (jpeg []byte, err error) {
	err = s.get(ctx, &jpeg, `
		SELECT CASE WHEN $1 THEN large ELSE small END FROM avatars
		WHERE hash = $2 ORDER BY user_id LIMIT 1`, large, hash)
	return jpeg, err
}

// Renewals gives the users whose name or picture changed after that moment: the
// latest of them, at most limit, in the order of their changes.
func (s *Store) Renewals(ctx context.Context, after chat.Micros, limit int) (users []chat.User, err error) {
	err = s.list(ctx, &users, `
		SELECT * FROM (`+selectUser+` WHERE users.renewed_at > $1 ORDER BY users.renewed_at DESC, users.id DESC LIMIT $2) AS latest
		ORDER BY renewed_at, id`, after, limit)
	return users, err
}
