package store

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/twilightbark/twilightbark/chat"
)

// Membership gives the user's place in the room.
func (s *Store) Membership(ctx context.Context, userID, roomID int64) (m chat.Membership, err error) {
	err = s.get(ctx, &m, `
		SELECT COALESCE(followed, FALSE) AS followed, read_number, kept_unread, TRUE AS known
		FROM memberships WHERE user_id = $1 AND room_id = $2`, userID, roomID)
	if chat.KindOf(err) == chat.NotFound {
		err = nil
	}
	return m, err
}

// Read notes that a user opened a room and was shown all its messages up to the
// one with that number. What was marked unread is read by it too.
func (s *Store) Read(ctx context.Context, shown chat.Shown) error {
	_, err := s.exec(ctx, `
		INSERT INTO memberships (user_id, room_id, read_number) VALUES ($1, $2, $3)
		ON CONFLICT (user_id, room_id) DO UPDATE SET
			read_number = CASE WHEN memberships.read_number < excluded.read_number THEN excluded.read_number ELSE memberships.read_number END,
			kept_unread = FALSE
		WHERE memberships.read_number < excluded.read_number OR memberships.kept_unread`,
		shown.UserID, shown.RoomID, shown.Number)
	return err
}

// ReadAlong notes what users were shown by pages that stand open. It never takes
// back that more was read, and what was marked unread stays so.
func (s *Store) ReadAlong(ctx context.Context, shown []chat.Shown) error {
	shown = slices.SortedFunc(slices.Values(shown), func(a, b chat.Shown) int {
		return cmp.Or(cmp.Compare(a.RoomID, b.RoomID), cmp.Compare(a.Number, b.Number), cmp.Compare(a.UserID, b.UserID))
	})
	for len(shown) > 0 {
		const most = 500 // users in one statement
		same := 1
		for same < min(most, len(shown)) && shown[same].RoomID == shown[0].RoomID && shown[same].Number == shown[0].Number {
			same++
		}
		if err := s.readAlong(ctx, shown[:same]); err != nil {
			return err
		}
		shown = shown[same:]
	}
	return nil
}

// readAlong does it for users who were shown the same, in the order of their
// ids, so that two nodes can't wait for each other.
func (s *Store) readAlong(ctx context.Context, shown []chat.Shown) error {
	ids := make([]int64, len(shown))
	for i, one := range shown {
		ids[i] = one.UserID
	}
	marks, args := placeholdersFrom(3, ids)
	_, err := s.exec(ctx, `
		INSERT INTO memberships (user_id, room_id, read_number)
		SELECT users.id, rooms.id, CAST($1 AS BIGINT) FROM users JOIN rooms ON rooms.id = $2
		WHERE users.id IN (`+marks+`) AND users.deleted_at = 0 ORDER BY users.id
		ON CONFLICT (user_id, room_id) DO UPDATE SET read_number = excluded.read_number
		WHERE memberships.read_number < excluded.read_number AND NOT memberships.kept_unread`,
		append([]any{shown[0].Number, shown[0].RoomID}, args...)...)
	return err
}

// Follow makes the user follow the room, or no longer. A room that the user
// never saw is read up to now.
func (s *Store) Follow(ctx context.Context, userID, roomID int64, follow bool) error {
	_, err := s.exec(ctx, `
		INSERT INTO memberships (user_id, room_id, followed, read_number)
		SELECT CAST($1 AS BIGINT), rooms.id, CAST($2 AS BOOLEAN), rooms.message_count FROM rooms WHERE rooms.id = $3
		ON CONFLICT (user_id, room_id) DO UPDATE SET followed = excluded.followed`, userID, follow, roomID)
	return err
}

// MarkUnread makes the room's messages from that number on unread for the user,
// who follows it from then on, until the user opens the room again.
func (s *Store) MarkUnread(ctx context.Context, from chat.Shown) error {
	_, err := s.exec(ctx, `
		INSERT INTO memberships (user_id, room_id, followed, read_number, kept_unread) VALUES ($1, $2, TRUE, $3, TRUE)
		ON CONFLICT (user_id, room_id) DO UPDATE SET followed = TRUE, read_number = excluded.read_number, kept_unread = TRUE`,
		from.UserID, from.RoomID, from.Number-1)
	return err
}

// ReadAll makes all messages of the rooms that the user follows read.
func (s *Store) ReadAll(ctx context.Context, userID int64) error {
	_, err := s.exec(ctx, `
		UPDATE memberships SET kept_unread = FALSE,
			read_number = (SELECT message_count FROM rooms WHERE rooms.id = memberships.room_id)
		WHERE user_id = $1 AND followed`, userID)
	return err
}

// Following lists the rooms that each of the users follows, by their slugs, at
// most chat.MostFollowed for each. What is unread is counted anew each time: the
// room's messages after the last that the user was shown, less the user's own
// among them.
func (s *Store) Following(ctx context.Context, userIDs []int64) (rooms []chat.Followed, err error) {
	const most = 100 // users in one statement
	for len(userIDs) > 0 {
		some := userIDs[:min(most, len(userIDs))]
		userIDs = userIDs[len(some):]
		marks, args := placeholders(some)
		limit := "$" + strconv.Itoa(len(some)+1)
		var part []chat.Followed
		if err := s.list(ctx, &part, `
			SELECT f.user_id, f.room_id, f.slug, f.name, f.kept_unread,
				f.message_count - f.read_number - (
					SELECT COUNT(*) FROM messages m WHERE m.author_id = f.user_id AND m.room_id = f.room_id AND m.number > f.read_number
				) AS unread
			FROM (
				SELECT s.user_id, s.room_id, s.read_number, s.kept_unread, r.slug, r.name, r.message_count,
					ROW_NUMBER() OVER (PARTITION BY s.user_id ORDER BY r.last_posted_at DESC, r.id DESC) AS place
				FROM memberships s JOIN rooms r ON r.id = s.room_id
				WHERE s.user_id IN (`+marks+`) AND s.followed
			) AS f
			WHERE f.place <= `+limit+`
			ORDER BY f.user_id, f.place`, append(args, chat.MostFollowed)...); err != nil {
			return nil, err
		}
		rooms = append(rooms, part...)
	}
	slices.SortFunc(rooms, func(a, b chat.Followed) int { // here, since the databases order letters each in its own way
		return cmp.Or(cmp.Compare(a.UserID, b.UserID), cmp.Compare(a.Slug, b.Slug))
	})
	return rooms, nil
}

// FollowedRooms gives up to limit of all rooms that a user follows, those whose
// ids follow after.
func (s *Store) FollowedRooms(ctx context.Context, userID, after int64, limit int) (rooms []chat.Room, err error) {
	err = s.list(ctx, &rooms, selectRoom+`
		JOIN memberships f ON f.room_id = r.id
		WHERE f.user_id = $1 AND f.followed AND f.room_id > $2
		ORDER BY f.room_id LIMIT $3`, userID, after, limit)
	return rooms, err
}

// MovedRooms gives the rooms in which something was posted after that moment: of
// very many, the latest 1,000.
func (s *Store) MovedRooms(ctx context.Context, after chat.Micros) (rooms []chat.Room, err error) {
	err = s.list(ctx, &rooms, selectRoom+`
		WHERE r.last_posted_at > $1 ORDER BY r.last_posted_at DESC, r.id DESC LIMIT 1000`, after)
	return rooms, err
}

// wrote notes, in the transaction of a post, that its author follows the room
// unless that was chosen otherwise, and has read the message if all before it
// was read.
func (s *Store) wrote(ctx context.Context, userID, roomID, number int64) error {
	_, err := s.exec(ctx, `
		INSERT INTO memberships (user_id, room_id, followed, read_number) VALUES ($1, $2, TRUE, $3)
		ON CONFLICT (user_id, room_id) DO UPDATE SET
			followed = COALESCE(memberships.followed, TRUE),
			read_number = CASE WHEN memberships.read_number = excluded.read_number - 1 THEN excluded.read_number ELSE memberships.read_number END
		WHERE memberships.followed IS NULL OR memberships.read_number = excluded.read_number - 1`,
		userID, roomID, number)
	return err
}
