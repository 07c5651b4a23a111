package store

import (
	"context"
	"time"

	"github.com/twilightbark/twilightbark/chat"
)

// OrderRemoval has everything removed that a member posted within that time, by
// ContinueRemoval; the logs of the rooms tell of it. Messages that come later stay.
func (s *Store) OrderRemoval(ctx context.Context, authorID, moderatorID int64, within time.Duration, detail string) error {
	return s.InTx(ctx, func(s *Store) error {
		now := s.now()
		from := now - micros(within)
		if _, err := s.exec(ctx, `
			INSERT INTO removals (author_id, posted_from, ordered_by, ordered_at) VALUES ($1, $2, $3, $4)`,
			authorID, from, moderatorID, now); err != nil {
			return err
		}
		_, err := s.exec(ctx, `
			INSERT INTO moderation_log (room_id, at, actor_id, act, user_id, number, detail)
			SELECT DISTINCT m.room_id, CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS TEXT), m.author_id, 0, CAST($4 AS TEXT)
			FROM messages m WHERE m.author_id = $5 AND m.posted_at >= $6 AND m.deleted_at = 0`,
			now, moderatorID, chat.LogRemoved, detail, authorID, from)
		return err
	})
}

// OrderRestoration has the messages of a member's removal restored, by
// ContinueRemoval, and tells whether this did; the logs of the rooms tell of it.
// One that is restored already stays so; a removal of another's, or none, is
// NotFound.
func (s *Store) OrderRestoration(ctx context.Context, id, authorID, moderatorID int64) (ordered bool, err error) {
	err = s.InTx(ctx, func(s *Store) error {
		now := s.now()
		rows, err := s.exec(ctx, `
			UPDATE removals SET restored_at = $1, restored_by = $2, unfinished = TRUE WHERE id = $3 AND author_id = $4 AND restored_at = 0`,
			now, moderatorID, id, authorID)
		if ordered = rows > 0; err != nil || !ordered {
			var known int64
			return firstError(err, s.get(ctx, &known, `SELECT id FROM removals WHERE id = $1 AND author_id = $2`, id, authorID))
		}
		_, err = s.exec(ctx, `
			INSERT INTO moderation_log (room_id, at, actor_id, act, user_id, number, detail)
			SELECT DISTINCT d.room_id, CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS TEXT), d.author_id, 0, ''
			FROM removed_messages d WHERE d.removal_id = $4`, now, moderatorID, chat.LogRestored, id)
		return err
	})
	return ordered && err == nil, err
}

// Removals lists up to limit of the removals of what a member posted, the latest first.
func (s *Store) Removals(ctx context.Context, authorID int64, limit int) (removals []chat.Removal, err error) {
	err = s.list(ctx, &removals, `
		SELECT v.id, v.author_id, v.posted_from, COALESCE(users.username, '') AS ordered_by, v.ordered_at, v.restored_at, v.unfinished,
			(SELECT COUNT(*) FROM removed_messages d WHERE d.removal_id = v.id) AS messages
		FROM removals v LEFT JOIN users ON users.id = v.ordered_by
		WHERE v.author_id = $1
		ORDER BY v.ordered_at DESC, v.id DESC LIMIT $2`, authorID, limit)
	return removals, err
}

// removal is one that is not finished.
type removal struct {
	ID         int64
	AuthorID   int64       `db:"author_id"`
	PostedFrom chat.Micros `db:"posted_from"`
	OrderedBy  int64       `db:"ordered_by"`
	OrderedAt  chat.Micros `db:"ordered_at"`
	RestoredBy int64       `db:"restored_by"`
	RestoredAt chat.Micros `db:"restored_at"`
	RoomID     *int64      `db:"room_id"` // one with messages to remove, or restore
}

// ContinueRemoval removes, or restores, up to 50 messages of one room that a
// moderator wanted so, and tells the room, and the revision it then has. When
// there are none left it is NotFound.
func (s *Store) ContinueRemoval(ctx context.Context) (room chat.Room, err error) {
	var next removal
	if err := s.get(ctx, &next, `
		SELECT v.id, v.author_id, v.posted_from, v.ordered_by, v.ordered_at, v.restored_by, v.restored_at,
			CASE WHEN v.restored_at = 0
				THEN (SELECT MIN(m.room_id) FROM messages m
					WHERE m.author_id = v.author_id AND m.posted_at >= v.posted_from AND m.posted_at <= v.ordered_at AND m.deleted_at = 0)
				ELSE (SELECT MIN(d.room_id) FROM removed_messages d WHERE d.removal_id = v.id)
			END AS room_id
		FROM removals v WHERE v.unfinished ORDER BY v.id LIMIT 1`); err != nil {
		return room, err
	}
	if next.RoomID == nil {
		_, err = s.exec(ctx, `UPDATE removals SET unfinished = FALSE WHERE id = $1 AND restored_at = $2`, next.ID, next.RestoredAt)
		return room, err
	}
	return s.changeRoom(ctx, *next.RoomID, func(s *Store, room *chat.Room) error {
		if next.RestoredAt == 0 {
			return s.removeSome(ctx, next, room)
		}
		return s.restoreSome(ctx, next, room)
	})
}

// removeSome removes messages, each by a revision of its own, unless the removal
// was taken back meanwhile.
func (s *Store) removeSome(ctx context.Context, order removal, room *chat.Room) error {
	// A restoration waits for this to end, and then finds all that was removed.
	if ordered, err := s.exec(ctx, `UPDATE removals SET unfinished = TRUE WHERE id = $1 AND restored_at = 0`, order.ID); err != nil || ordered == 0 {
		return err
	}
	var ids []int64
	if err := s.list(ctx, &ids, `
		SELECT id FROM messages
		WHERE room_id = $1 AND author_id = $2 AND posted_at >= $3 AND posted_at <= $4 AND deleted_at = 0
		ORDER BY number LIMIT $5`, room.ID, order.AuthorID, order.PostedFrom, order.OrderedAt, clearBatch); err != nil {
		return err
	}
	for _, id := range ids {
		room.Revision++
		if _, err := s.exec(ctx, `
			INSERT INTO removed_messages (message_id, removal_id, room_id, author_id, body, html, render_version)
			SELECT id, CAST($1 AS BIGINT), room_id, author_id, body, html, render_version FROM messages WHERE id = $2`, order.ID, id); err != nil {
			return err
		}
		if err := s.tombstone(ctx, *room, id, order.OrderedBy); err != nil {
			return err
		}
	}
	return nil
}

// restoreSome gives removed messages their texts back, each by a revision of its
// own.
func (s *Store) restoreSome(ctx context.Context, order removal, room *chat.Room) error {
	var removed []struct {
		ID      int64 `db:"message_id"`
		Body    string
		HTML    string
		Version int64 `db:"render_version"`
	}
	if err := s.list(ctx, &removed, `
		SELECT message_id, body, html, render_version FROM removed_messages WHERE removal_id = $1 AND room_id = $2
		ORDER BY message_id LIMIT $3`, order.ID, room.ID, clearBatch); err != nil {
		return err
	}
	now := s.now()
	for _, m := range removed {
		room.Revision++
		if _, err := s.exec(ctx, `
			UPDATE messages SET body = $1, html = $2, render_version = $3, deleted_at = 0, revision = $4, changed_at = $5 WHERE id = $6`,
			m.Body, m.HTML, m.Version, room.Revision, now, m.ID); err != nil {
			return err
		}
		if err := s.addVersion(ctx, *room, version{messageID: m.ID, body: m.Body, by: order.RestoredBy, at: now}); err != nil {
			return err
		}
		if _, err := s.exec(ctx, `DELETE FROM removed_messages WHERE message_id = $1`, m.ID); err != nil {
			return err
		}
	}
	return nil
}
