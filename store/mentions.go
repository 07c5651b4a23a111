package store

import (
	"context"
	"strconv"

	"github.com/twilightbark/twilightbark/chat"
)

// mostMentionsCounted bounds what is counted as news for one member.
const mostMentionsCounted = 999

// UsersByName finds the accounts with those usernames, without regard to case;
// names that nobody has are left out.
func (s *Store) UsersByName(ctx context.Context, names []string) (users []chat.User, err error) {
	if len(names) == 0 {
		return nil, nil
	}
	marks, args := "", make([]any, len(names))
	for i, name := range names {
		if i > 0 {
			marks += ", "
		}
		marks += "$" + strconv.Itoa(i+1)
		args[i] = chat.UsernameKey(name)
	}
	err = s.list(ctx, &users, selectUser+` WHERE users.username_key IN (`+marks+`) AND users.deleted_at = 0 ORDER BY users.id LIMIT 1000`, args...)
	return users, err
}

// mention notes, in the transaction that stores its text, whom a message names,
// and nobody else any more. Who wrote it is not among them.
func (s *Store) mention(ctx context.Context, messageID, authorID int64, named []int64) error {
	marks, ids := placeholdersFrom(2, named)
	among := ` AND user_id NOT IN (` + marks + `)`
	if len(named) == 0 {
		among = ""
	}
	if _, err := s.exec(ctx, `DELETE FROM mentions WHERE message_id = $1`+among, append([]any{messageID}, ids...)...); err != nil || len(named) == 0 {
		return err
	}
	marks, ids = placeholdersFrom(4, named)
	_, err := s.exec(ctx, `
		INSERT INTO mentions (user_id, message_id, at)
		SELECT users.id, CAST($1 AS BIGINT), CAST($2 AS BIGINT) FROM users
		WHERE users.id <> $3 AND users.id IN (`+marks+`) AND users.deleted_at = 0 ORDER BY users.id
		ON CONFLICT (user_id, message_id) DO NOTHING`, append([]any{messageID, s.now(), authorID}, ids...)...)
	return err
}

// Mentions gives up to limit of the messages that name a user, as the list says.
// Deleted ones are left out.
func (s *Store) Mentions(ctx context.Context, userID int64, of chat.MentionList, limit int) (messages []chat.Message, err error) {
	var f filter
	f.add(" WHERE m.deleted_at = 0 AND x.user_id =", userID)
	if of.Before > 0 {
		f.add(" AND x.message_id <", of.Before)
	}
	if of.RoomID != 0 {
		f.add(" AND m.room_id =", of.RoomID)
	}
	if of.Unread {
		f.text += " AND NOT x.seen AND m.number > COALESCE(f.read_number, 0)"
	}
	f.add(" ORDER BY x.message_id DESC LIMIT", limit)
	err = s.list(ctx, &messages, selectMessage+`
		JOIN mentions x ON x.message_id = m.id
		LEFT JOIN memberships f ON f.user_id = x.user_id AND f.room_id = m.room_id`+f.text, f.args...)
	return messages, err
}

// SeeMentions notes that the user was shown the messages with those ids among
// their mentions.
func (s *Store) SeeMentions(ctx context.Context, userID int64, messageIDs []int64) error {
	if len(messageIDs) == 0 {
		return nil
	}
	marks, args := placeholdersFrom(2, messageIDs)
	_, err := s.exec(ctx, `
		UPDATE mentions SET seen = TRUE WHERE user_id = $1 AND message_id IN (`+marks+`) AND NOT seen`, append([]any{userID}, args...)...)
	return err
}

// MentionNews tells how many messages name each of the users that they were
// shown neither in their room nor among their mentions, at most 999; who has none
// is left out.
func (s *Store) MentionNews(ctx context.Context, userIDs []int64) (news map[int64]int64, err error) {
	news = map[int64]int64{}
	const most = 500 // users in one statement
	for len(userIDs) > 0 {
		some := userIDs[:min(most, len(userIDs))]
		userIDs = userIDs[len(some):]
		marks, args := placeholders(some)
		var rows []struct {
			UserID int64 `db:"user_id"`
			News   int64
		}
		if err := s.list(ctx, &rows, `
			SELECT x.user_id, COUNT(*) AS news
			FROM (
				SELECT user_id, message_id, ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY message_id DESC) AS place
				FROM mentions WHERE user_id IN (`+marks+`) AND NOT seen
			) AS x
			JOIN messages m ON m.id = x.message_id
			LEFT JOIN memberships f ON f.user_id = x.user_id AND f.room_id = m.room_id
			WHERE x.place <= `+strconv.Itoa(mostMentionsCounted)+` AND m.deleted_at = 0 AND m.number > COALESCE(f.read_number, 0)
			GROUP BY x.user_id LIMIT 500`, args...); err != nil {
			return nil, err
		}
		for _, row := range rows {
			news[row.UserID] = row.News
		}
	}
	return news, nil
}

// Mention is that a message names a user.
type Mention struct {
	UserID    int64 `db:"user_id"`
	MessageID int64 `db:"message_id"`
	At        chat.Micros
}

// LatestMentions gives what was mentioned after that moment: of very much, the
// latest 1,000.
func (s *Store) LatestMentions(ctx context.Context, after chat.Micros) (mentions []Mention, err error) {
	err = s.list(ctx, &mentions, `
		SELECT user_id, message_id, at FROM mentions WHERE at > $1 ORDER BY at DESC, user_id, message_id LIMIT 1000`, after)
	return mentions, err
}

// LatestAuthors gives the names of those who wrote the room's last 200 messages
// up to that number, the latest first.
func (s *Store) LatestAuthors(ctx context.Context, roomID, upTo int64) (names []string, err error) {
	err = s.list(ctx, &names, `
		SELECT u.username FROM (
			SELECT author_id, MAX(number) AS latest FROM messages WHERE room_id = $1 AND number > $2 GROUP BY author_id
		) AS a
		JOIN users u ON u.id = a.author_id
		WHERE u.deleted_at = 0
		ORDER BY a.latest DESC LIMIT 200`, roomID, upTo-200)
	return names, err
}
