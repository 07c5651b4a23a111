package store

import (
	"context"
	"slices"
	"time"

	"github.com/twilightbark/twilightbark/chat"
)

const selectRoom = `
	SELECT r.id, r.slug, r.name, r.topic, r.created_at, r.revision, r.message_count, r.last_posted_at,
		r.slow_seconds, r.locked_at, r.archived_at, r.changed_at
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

// LimitRooms gives the reason for which a member can't open one more room just
// now, if there is one. In the transaction that opens it, no other of theirs
// comes between.
func (s *Store) LimitRooms(ctx context.Context, openerID int64) error {
	return s.InTx(ctx, func(s *Store) error {
		opener, err := s.lockUser(ctx, openerID)
		if err != nil {
			return err
		}
		now, day := s.now(), 24*time.Hour
		var opened []chat.Micros
		most := opener.MostRooms(now)
		if err := s.list(ctx, &opened, `
			SELECT created_at FROM rooms WHERE created_by = $1 AND created_at > $2
			ORDER BY created_at DESC LIMIT $3`, openerID, now-micros(day), most); err != nil || len(opened) < most {
			return err
		}
		wait := time.Duration(opened[most-1]+micros(day)-now) * time.Microsecond
		return &chat.Error{Kind: chat.TooFast, Message: "You have opened many rooms within a day. Let them fill first, and open this one tomorrow.", After: max(wait, time.Second)}
	})
}

// Room finds a room by its slug.
func (s *Store) Room(ctx context.Context, slug string) (room chat.Room, err error) {
	err = s.get(ctx, &room, selectRoom+` WHERE r.slug = $1`, slug)
	return room, err
}

// RoomByFormerSlug finds the room that had that slug last, and gave it up.
func (s *Store) RoomByFormerSlug(ctx context.Context, slug string) (room chat.Room, err error) {
	err = s.get(ctx, &room, selectRoom+` JOIN former_slugs f ON f.room_id = r.id WHERE f.slug = $1`, slug)
	return room, err
}

// ChangeRoom changes what moderators change of a room, and gives it as it was
// before. A name that another room has is Conflict in the field "name", and so is,
// in none, another change since change.Seen; the slug that the room gives up leads
// to it from then on.
func (s *Store) ChangeRoom(ctx context.Context, roomID int64, change chat.RoomChange) (before chat.Room, err error) {
	_, err = s.changeRoom(ctx, roomID, func(s *Store, _ *chat.Room) error { // two moderators: one after the other
		if err := s.get(ctx, &before, selectRoom+` WHERE r.id = $1`, roomID); err != nil {
			return err
		}
		if change.Seen != 0 && change.Seen != before.ChangeSeen() && !before.Is(change) {
			return &chat.Error{Kind: chat.Conflict, Message: roomChanged}
		}
		if err := s.moveRoom(ctx, before, change.Slug); err != nil {
			return err
		}
		now := s.now()
		_, err := s.exec(ctx, `
			UPDATE rooms SET slug = $1, name = $2, topic = $3, slow_seconds = $4, locked_at = $5, archived_at = $6, changed_at = $7
			WHERE id = $8`,
			change.Slug, change.Name, change.Topic, change.SlowSeconds, since(before.LockedAt, change.Locked, now), since(before.ArchivedAt, change.Archived, now), now, roomID)
		if chat.KindOf(err) == chat.Conflict {
			err = &chat.Error{Kind: chat.Conflict, Message: roomTaken, Fields: map[string]string{"name": roomTaken}, Err: err}
		}
		return err
	})
	return before, err
}

const (
	roomTaken   = "There is a room of this name already."
	roomChanged = "This room was changed meanwhile, so nothing was saved. What it is now stands here: saving replaces it with the fields below."
)

// since gives the moment from which on something is so: it stays the first.
func since(before chat.Micros, so bool, now chat.Micros) chat.Micros {
	switch {
	case !so:
		return 0
	case before != 0:
		return before
	}
	return now
}

// moveRoom makes the slug that the room gives up lead to it.
func (s *Store) moveRoom(ctx context.Context, room chat.Room, slug string) error {
	if slug == room.Slug {
		return nil
	}
	if _, err := s.exec(ctx, `DELETE FROM former_slugs WHERE slug = $1`, slug); err != nil {
		return err
	}
	_, err := s.exec(ctx, `
		INSERT INTO former_slugs (slug, room_id, given_up_at) VALUES ($1, $2, $3)
		ON CONFLICT (slug) DO UPDATE SET room_id = excluded.room_id, given_up_at = excluded.given_up_at`, room.Slug, room.ID, s.now())
	return err
}

// ChangedRooms lists up to limit of the rooms that moderators changed after a
// moment, in the order of their last changes; of very many the latest.
func (s *Store) ChangedRooms(ctx context.Context, after chat.Micros, limit int) (rooms []chat.Room, err error) {
	err = s.list(ctx, &rooms, selectRoom+` WHERE r.changed_at > $1 ORDER BY r.changed_at DESC, r.id DESC LIMIT $2`, after, limit)
	slices.Reverse(rooms)
	return rooms, err
}

// Rooms lists up to limit of the rooms that the directory is of. Archived ones
// are left out.
func (s *Store) Rooms(ctx context.Context, of chat.Directory, limit int) (rooms []chat.Room, err error) {
	after := of.After.Bound()
	f := filter{text: " AND (r.last_posted_at, r.id) < ($1, $2)", args: []any{after.At, after.ID}}
	if of.Contains != "" {
		f.add(" AND r.slug LIKE", "%"+of.Contains+"%") // a slug has nothing that LIKE would read as its own
	}
	f.add(" ORDER BY r.last_posted_at DESC, r.id DESC LIMIT", limit)
	err = s.list(ctx, &rooms, selectRoom+` WHERE r.archived_at = 0`+f.text, f.args...)
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
