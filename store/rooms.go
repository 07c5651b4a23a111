package store

import (
	"context"

	"github.com/twilightbark/twilightbark/chat"
)

const selectRoom = `
	SELECT r.id, r.slug, r.name, r.created_at, r.revision, r.message_count, r.last_posted_at
	FROM rooms r`

// OpenRoom gives the room with that name, new if there was none. Two who open
// one at the same moment get the same room.
func (s *Store) OpenRoom(ctx context.Context, name chat.RoomName, opener int64) (chat.Room, error) {
	now := s.now()
	_, err := s.exec(ctx, `
		INSERT INTO rooms (slug, name, created_by, created_at, last_posted_at)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT DO NOTHING`,
		name.Slug, name.Name, opener, now, now) // opening counts as its first activity
	if err != nil {
		return chat.Room{}, err
	}
	return s.Room(ctx, name.Slug)
}

// Room finds a room by its slug.
func (s *Store) Room(ctx context.Context, slug string) (room chat.Room, err error) {
	err = s.get(ctx, &room, selectRoom+` WHERE r.slug = $1`, slug)
	return room, err
}

// Rooms lists up to limit rooms, the one of latest activity first.
func (s *Store) Rooms(ctx context.Context, limit int) (rooms []chat.Room, err error) {
	err = s.list(ctx, &rooms, selectRoom+` ORDER BY r.last_posted_at DESC, r.id DESC LIMIT $1`, limit)
	return rooms, err
}

// NewestRoom gives the id of the room that was opened last, or 0 when there is none.
func (s *Store) NewestRoom(ctx context.Context) (id int64, err error) {
	err = s.get(ctx, &id, `SELECT COALESCE(MAX(id), 0) FROM rooms`)
	return id, err
}

// RoomsFrom lists the rooms whose ids are among the span of ids that follow after.
func (s *Store) RoomsFrom(ctx context.Context, after, span int64) (rooms []chat.Room, err error) {
	err = s.list(ctx, &rooms, selectRoom+` WHERE r.id > $1 AND r.id <= $2 ORDER BY r.id LIMIT $3`, after, after+span, span)
	return rooms, err
}

// Revisions tells the revision of each of the rooms with those ids; one that
// does not exist is left out.
func (s *Store) Revisions(ctx context.Context, ids []int64) (map[int64]int64, error) {
	revisions := make(map[int64]int64, len(ids))
	const most = 500 // parameters in one statement
	for len(ids) > 0 {
		some := ids[:min(most, len(ids))]
		ids = ids[len(some):]
		var rows []struct{ ID, Revision int64 }
		marks, args := placeholders(some)
		if err := s.list(ctx, &rows, `SELECT id, revision FROM rooms WHERE id IN (`+marks+`) LIMIT 500`, args...); err != nil {
			return nil, err
		}
		for _, row := range rows {
			revisions[row.ID] = row.Revision
		}
	}
	return revisions, nil
}
