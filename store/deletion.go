package store

import (
	"context"
	"strconv"

	"github.com/twilightbark/twilightbark/chat"
)

// clearBatch is how many messages are removed in one transaction, so that those
// who post in the room meanwhile don't wait for long.
const clearBatch = 50

// DeleteAccount makes an account that of a former member: all that names its
// owner, and all access to it, is gone when it returns. Its messages stay, or if
// remove is true are removed by RemoveMessages. A letter tells the address. That of
// the last admin is Conflict.
func (s *Store) DeleteAccount(ctx context.Context, userID int64, remove bool) error {
	return s.InTx(ctx, func(s *Store) error {
		if err := s.keepAdmin(ctx, userID); err != nil {
			return err
		}
		user, err := s.lockUser(ctx, userID)
		if err != nil {
			return err
		}
		// Before all else, since it waits for who is writing under the account: they
		// go on to rows that are deleted below.
		now, key := s.now(), chat.FormerMember+" "+strconv.FormatInt(userID, 10) // neither is an email or a name that anybody can have
		if _, err := s.exec(ctx, `
			UPDATE users SET email = $1, username = $2, username_key = $3, password_hash = '', pending_email = '',
				email_confirmed_at = 0, hide_email = TRUE, avatar = '', time_zone = '', role = $4,
				auth_version = auth_version + 1, renewed_at = $5, deleted_at = $6, remove_messages = $7
			WHERE id = $8`,
			key, chat.FormerMember, key, chat.Member, now, now, remove, userID); err != nil {
			return err
		}
		for _, statement := range []string{
			`DELETE FROM avatars WHERE user_id = $1`,
			`DELETE FROM former_usernames WHERE user_id = $1`,
			`DELETE FROM tokens WHERE user_id = $1`,
			`DELETE FROM letters WHERE user_id = $1`,
			`DELETE FROM memberships WHERE user_id = $1`,
			`DELETE FROM mentions WHERE user_id = $1`,
			`DELETE FROM ignored WHERE user_id = $1`,
		} {
			if _, err := s.exec(ctx, statement, userID); err != nil {
				return err
			}
		}
		if err := s.forgetKeys(ctx, userID); err != nil {
			return err
		}
		if remove {
			if err := s.forgetRemovals(ctx, userID); err != nil {
				return err
			}
		}
		return s.Send(ctx, chat.Letter{Kind: chat.AccountDeletedLetter, UserID: userID, Recipient: user.Email})
	})
}

// forgetRemovals lets what moderators removed go with the rest: none of it can be
// restored, and a removal that is not finished does not go on. It waits for one
// that is at work.
func (s *Store) forgetRemovals(ctx context.Context, authorID int64) error {
	for _, statement := range []string{
		`UPDATE removals SET unfinished = FALSE WHERE author_id = $1`,
		`DELETE FROM removed_messages WHERE author_id = $1`,
		`DELETE FROM removals WHERE author_id = $1`,
	} {
		if _, err := s.exec(ctx, statement, authorID); err != nil {
			return err
		}
	}
	return nil
}

// RemoveMessages removes up to 50 messages of one room whose author deleted the
// account and wanted them gone, and tells the room, and the revision it then has.
// When there are none left, it erases what those said that the author had deleted
// before, some at a time, and then is NotFound.
func (s *Store) RemoveMessages(ctx context.Context) (room chat.Room, err error) {
	var next struct {
		UserID int64  `db:"user_id"`
		RoomID *int64 `db:"room_id"`
	}
	err = s.get(ctx, &next, `
		SELECT u.id AS user_id, (SELECT MIN(m.room_id) FROM messages m WHERE m.author_id = u.id AND m.deleted_at = 0) AS room_id
		FROM users u WHERE u.remove_messages ORDER BY u.id LIMIT 1`)
	if err != nil {
		return room, err
	}
	if next.RoomID == nil {
		if forgotten, err := s.forgetTexts(ctx, next.UserID); err != nil || forgotten > 0 {
			return room, err
		}
		_, err = s.exec(ctx, `UPDATE users SET remove_messages = FALSE WHERE id = $1`, next.UserID)
		return room, err
	}
	return s.changeRoom(ctx, *next.RoomID, func(s *Store, room *chat.Room) error {
		var ids []int64
		if err := s.list(ctx, &ids, `
			SELECT id FROM messages WHERE room_id = $1 AND author_id = $2 AND deleted_at = 0
			ORDER BY number LIMIT $3`, room.ID, next.UserID, clearBatch); err != nil {
			return err
		}
		for _, id := range ids { // each takes a revision of its own
			room.Revision++
			if err := s.tombstone(ctx, *room, id, next.UserID); err != nil {
				return err
			}
			if _, err := s.exec(ctx, `UPDATE message_versions SET body = '' WHERE message_id = $1`, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// forgetTexts erases up to 500 texts that the author's messages once had, and
// tells how many there were.
func (s *Store) forgetTexts(ctx context.Context, authorID int64) (forgotten int64, err error) {
	return s.exec(ctx, `
		UPDATE message_versions SET body = '' WHERE (room_id, revision) IN (
			SELECT v.room_id, v.revision FROM messages m JOIN message_versions v ON v.message_id = m.id
			WHERE m.author_id = $1 AND v.body <> '' LIMIT 500)`, authorID)
}
