package store

import (
	"context"
	"math"
	"strconv"

	"github.com/twilightbark/twilightbark/chat"
)

// What moderators look through. Each list goes on after a place in an index
// rather than after a number of rows, so that its last page costs what its first
// does.

// filter is the end of a statement, and its arguments.
type filter struct {
	text string
	args []any
}

// add adds to the statement what ends with the argument's place.
func (f *filter) add(text string, arg any) {
	f.args = append(f.args, arg)
	f.text += text + " $" + strconv.Itoa(len(f.args))
}

// last is behind any text that begins in the same way: no character of a text
// comes after it.
const last = "\U0010ffff"

// from narrows the list to where column begins with a text, after a place.
func (f *filter) from(column, begins, after string) {
	if after < begins {
		f.add(" AND "+column+" >=", begins)
	} else {
		f.add(" AND "+column+" >", after)
	}
	f.add(" AND "+column+" <", begins+last)
}

// FindMembers gives up to limit of the members that the list is of, by their
// names; those who were looked for by their emails, by these. Former members are
// left out.
func (s *Store) FindMembers(ctx context.Context, of chat.MemberList, limit int) (members []chat.User, err error) {
	var f filter
	column := "users.username_key"
	if of.ByEmail() {
		column = "users.email"
		f.from(column, chat.NormalEmail(of.Begins), of.After)
	} else {
		f.from(column, chat.UsernameKey(of.Begins), of.After)
	}
	if of.Role != "" {
		f.add(" AND users.role =", of.Role)
	}
	if of.Disabled {
		f.text += " AND users.disabled_at > 0"
	}
	f.add(" ORDER BY "+column+" LIMIT", limit)
	err = s.list(ctx, &members, selectUser+` WHERE users.deleted_at = 0`+f.text, f.args...)
	return members, err
}

// FindRooms gives up to limit of the rooms that the list is of.
func (s *Store) FindRooms(ctx context.Context, of chat.RoomList, limit int) (rooms []chat.Room, err error) {
	if of.Begins != "" {
		var f filter
		f.from("r.slug", of.Begins, of.AfterSlug)
		f.add(" ORDER BY r.slug LIMIT", limit)
		err = s.list(ctx, &rooms, selectRoom+` WHERE TRUE`+f.text, f.args...)
		return rooms, err
	}
	after := of.After.Bound()
	err = s.list(ctx, &rooms, selectRoom+`
		WHERE (r.last_posted_at, r.id) < ($1, $2)
		ORDER BY r.last_posted_at DESC, r.id DESC LIMIT $3`, after.At, after.ID, limit)
	return rooms, err
}

// FindMessages gives up to limit of the messages that the list is of, the newest
// first, deleted ones among them.
func (s *Store) FindMessages(ctx context.Context, of chat.MessageList, limit int) (messages []chat.Message, err error) {
	before := chat.Message{ID: math.MaxInt64, Number: math.MaxInt64, PostedAt: math.MaxInt64}
	if of.Before > 0 {
		if before, err = s.message(ctx, of.Before); err != nil {
			return nil, err
		}
	}
	f, order := filter{}, "m.id DESC"
	switch {
	case of.RoomID != 0: // by one author too: such messages have an index of their own
		f.add(" AND m.room_id =", of.RoomID)
		f.add(" AND m.number <", before.Number)
		order = "m.number DESC"
	case of.AuthorID != 0:
		f.args = []any{before.PostedAt, before.ID}
		f.text, order = " AND (m.posted_at, m.id) < ($1, $2)", "m.posted_at DESC, m.id DESC"
	default:
		f.add(" AND m.id <", before.ID)
	}
	if of.AuthorID != 0 {
		f.add(" AND m.author_id =", of.AuthorID)
	}
	f.add(" ORDER BY "+order+" LIMIT", limit)
	err = s.list(ctx, &messages, selectMessage+` WHERE TRUE`+f.text, f.args...)
	return messages, err
}

// FindEvents gives up to limit of the audit table's entries that the list is of,
// the latest first.
func (s *Store) FindEvents(ctx context.Context, of chat.AuditList, limit int) (entries []chat.Entry, err error) {
	before := of.Before.Bound()
	f := filter{text: " WHERE (at, id) < ($1, $2)", args: []any{before.At, before.ID}}
	if of.Action != "" {
		f.add(" AND action =", of.Action)
	}
	if of.ActorID != 0 {
		f.add(" AND actor_id =", of.ActorID)
	}
	if of.UserID != 0 {
		f.add(" AND user_id =", of.UserID)
	}
	f.add(" ORDER BY at DESC, id DESC LIMIT", limit)
	// The names come after the limit, or all users would be read for them.
	err = s.list(ctx, &entries, `
		SELECT a.id, a.at, a.action, a.actor_id, a.user_id, a.detail, a.ip_prefix, a.user_agent,
			COALESCE(actors.username, '') AS actor, COALESCE(users.username, '') AS user
		FROM (SELECT * FROM audit`+f.text+`) a
		LEFT JOIN users actors ON actors.id = a.actor_id
		LEFT JOIN users ON users.id = a.user_id
		ORDER BY a.at DESC, a.id DESC`, f.args...)
	return entries, err
}

// Overview gives the site in figures. Messages are not counted one by one: each
// room knows how many it has.
func (s *Store) Overview(ctx context.Context) (o chat.Overview, err error) {
	if err := s.get(ctx, &o, `
		SELECT (SELECT COUNT(*) FROM users WHERE deleted_at = 0) AS members,
			(SELECT COUNT(*) FROM rooms) AS rooms,
			(SELECT COALESCE(SUM(message_count), 0) FROM rooms) AS messages,
			(SELECT COUNT(*) FROM reports WHERE settled_at = 0) AS reports,
			(SELECT COUNT(*) FROM letters) AS letters,
			(SELECT COALESCE(MIN(created_at), 0) FROM letters) AS letters_since`); err != nil {
		return o, err
	}
	o.Database, o.DatabaseBytes, o.FreeBytes, err = s.engineFigures(ctx)
	return o, err
}
