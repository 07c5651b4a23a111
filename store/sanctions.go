package store

import (
	"context"
	"slices"

	"github.com/twilightbark/twilightbark/chat"
)

const selectSanction = `
	SELECT x.user_id, users.username, users.role, x.room_id, COALESCE(r.slug, '') AS room_slug, COALESCE(r.name, '') AS room_name, x.kind, x.reason,
		x.given_by, COALESCE(givers.username, '') AS giver, x.given_at, x.ends_at
	FROM sanctions x
	JOIN users ON users.id = x.user_id
	LEFT JOIN rooms r ON r.id = x.room_id
	LEFT JOIN users givers ON givers.id = x.given_by`

// notBanned is the condition under which a user may be logged in, at the moment
// that stands in that place of the statement.
func notBanned(now string) string {
	return `NOT EXISTS (
		SELECT 1 FROM sanctions x
		WHERE x.user_id = users.id AND x.room_id = 0 AND x.kind = 'ban' AND (x.ends_at = 0 OR x.ends_at > ` + now + `))`
}

// Sanction gives a member a sanction, in place of one for the same room or for
// the site. What the member was writing meanwhile is stored before it, or
// refused. A ban from the site ends the member's sessions, and none holds while it
// lasts.
func (s *Store) Sanction(ctx context.Context, given chat.Sanction) error {
	reason, err := chat.CleanReason(given.Reason)
	if err != nil {
		return err
	}
	return s.InTx(ctx, func(s *Store) error {
		if err := s.awaitWriter(ctx, given.UserID); err != nil {
			return err
		}
		now := s.now()
		if _, err := s.exec(ctx, `
			INSERT INTO sanctions (user_id, room_id, kind, reason, given_by, given_at, ends_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (user_id, room_id) DO UPDATE SET kind = excluded.kind, reason = excluded.reason,
				given_by = excluded.given_by, given_at = excluded.given_at, ends_at = excluded.ends_at`,
			given.UserID, given.RoomID, given.Kind, reason, given.GivenBy, now, given.EndsAt); err != nil {
			return err
		}
		if given.RoomID != 0 || given.Kind != chat.Ban {
			return nil
		}
		_, err := s.exec(ctx, `DELETE FROM sessions WHERE user_id = $1`, given.UserID)
		return err
	})
}

// Lift takes a sanction back. That there is none is NotFound.
func (s *Store) Lift(ctx context.Context, userID, roomID int64) error {
	lifted, err := s.exec(ctx, `DELETE FROM sanctions WHERE user_id = $1 AND room_id = $2`, userID, roomID)
	if err == nil && lifted == 0 {
		err = &chat.Error{Kind: chat.NotFound, Message: "There is no such sanction any more."}
	}
	return err
}

// SanctionsOn lists up to limit of the sanctions on a member that are in force,
// the latest first.
func (s *Store) SanctionsOn(ctx context.Context, userID int64, limit int) (sanctions []chat.Sanction, err error) {
	err = s.list(ctx, &sanctions, selectSanction+`
		WHERE x.user_id = $1 AND (x.ends_at = 0 OR x.ends_at > $2)
		ORDER BY x.given_at DESC, x.room_id LIMIT $3`, userID, s.now(), limit)
	return sanctions, err
}

// SanctionIn gives the sanction that keeps a member from writing in a room: the
// site's before the room's own. The zero value tells that there is none.
func (s *Store) SanctionIn(ctx context.Context, userID, roomID int64) (chat.Sanction, error) {
	return s.sanction(ctx, ` x.room_id IN (0, $2) AND (x.ends_at = 0 OR x.ends_at > $3) ORDER BY x.room_id LIMIT 1`, userID, roomID, s.now())
}

// BanIn gives the ban of a member from a room. The zero value tells that there
// is none.
func (s *Store) BanIn(ctx context.Context, userID, roomID int64) (chat.Sanction, error) {
	return s.sanction(ctx, ` x.room_id = $2 AND x.kind = 'ban' AND (x.ends_at = 0 OR x.ends_at > $3)`, userID, roomID, s.now())
}

func (s *Store) sanction(ctx context.Context, which string, args ...any) (sanction chat.Sanction, err error) {
	err = s.get(ctx, &sanction, selectSanction+` WHERE x.user_id = $1 AND`+which, args...)
	if chat.KindOf(err) == chat.NotFound {
		return chat.Sanction{}, nil
	}
	return sanction, err
}

// Bans lists up to limit of the bans from rooms that were given after a moment,
// and are in force.
func (s *Store) Bans(ctx context.Context, after chat.Micros, limit int) (bans []chat.Sanction, err error) {
	err = s.list(ctx, &bans, selectSanction+`
		WHERE x.given_at > $1 AND x.room_id > 0 AND x.kind = 'ban' AND (x.ends_at = 0 OR x.ends_at > $2)
		ORDER BY x.given_at, x.user_id, x.room_id LIMIT $3`, after, s.now(), limit)
	return bans, err
}

// StandingBans gives those of the bans, each of a member from a room, that are in
// force.
func (s *Store) StandingBans(ctx context.Context, bans []chat.Sanction) (standing []chat.Sanction, err error) {
	const most = 100 // bans in one statement
	for some := range slices.Chunk(bans, most) {
		f, part := filter{}, []chat.Sanction(nil)
		f.add(" WHERE x.kind = 'ban' AND (x.ends_at = 0 OR x.ends_at >", s.now())
		for i, ban := range some {
			f.text += []string{") AND (", " OR "}[min(i, 1)]
			f.add("x.user_id =", ban.UserID)
			f.add(" AND x.room_id =", ban.RoomID)
		}
		f.add(") ORDER BY x.user_id, x.room_id LIMIT", most)
		if err := s.list(ctx, &part, selectSanction+f.text, f.args...); err != nil {
			return nil, err
		}
		standing = append(standing, part...)
	}
	return standing, nil
}

// FindSanctions gives up to limit of the sanctions in force that the list is of,
// the latest first.
func (s *Store) FindSanctions(ctx context.Context, of chat.SanctionList, limit int) (sanctions []chat.Sanction, err error) {
	before := of.Before.Bound()
	f := filter{text: " WHERE (x.given_at, x.user_id, x.room_id) < ($1, $2, $3)", args: []any{before.GivenAt, before.UserID, before.RoomID}}
	f.add(" AND (x.ends_at = 0 OR x.ends_at >", s.now())
	f.text += ")"
	if of.Kind != "" {
		f.add(" AND x.kind =", of.Kind)
	}
	if of.UserID != 0 {
		f.add(" AND x.user_id =", of.UserID)
	}
	if of.Site {
		f.text += " AND x.room_id = 0"
	}
	if of.RoomID != 0 {
		f.add(" AND x.room_id =", of.RoomID)
	}
	f.add(" ORDER BY x.given_at DESC, x.user_id DESC, x.room_id DESC LIMIT", limit)
	err = s.list(ctx, &sanctions, selectSanction+f.text, f.args...)
	return sanctions, err
}

// Log adds an entry to a room's public log of what moderators did, at the
// present moment.
func (s *Store) Log(ctx context.Context, entry chat.LogEntry) error {
	_, err := s.exec(ctx, `
		INSERT INTO moderation_log (room_id, at, actor_id, act, user_id, number, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		entry.RoomID, s.now(), entry.ActorID, entry.Act, entry.UserID, entry.Number, entry.Detail)
	return err
}

// LogOf lists up to limit entries of a room's log, the latest first.
func (s *Store) LogOf(ctx context.Context, roomID int64, after chat.Place, limit int) (entries []chat.LogEntry, err error) {
	before := after.Bound()
	err = s.list(ctx, &entries, `
		SELECT l.id, l.room_id, l.at, l.actor_id, COALESCE(actors.username, '') AS actor, l.act, l.user_id, COALESCE(users.username, '') AS username, l.number, l.detail
		FROM moderation_log l
		LEFT JOIN users actors ON actors.id = l.actor_id
		LEFT JOIN users ON users.id = l.user_id
		WHERE l.room_id = $1 AND (l.at, l.id) < ($2, $3)
		ORDER BY l.at DESC, l.id DESC LIMIT $4`, roomID, before.At, before.ID, limit)
	return entries, err
}
