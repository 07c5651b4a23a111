package store

import (
	"context"
	"time"

	"github.com/twilightbark/twilightbark/chat"
)

// unsubscribeToken is the kind of the tokens that end notices. They work for as
// long as their letters may lie somewhere, however many follow.
const unsubscribeToken = "unsubscribe"

// Notices gives what the user gets letters about.
func (s *Store) Notices(ctx context.Context, userID int64) (notices chat.Notices, err error) {
	err = s.get(ctx, &notices, `SELECT notices FROM users WHERE id = $1`, userID)
	return notices, err
}

// SetNotices changes what the user gets letters about.
func (s *Store) SetNotices(ctx context.Context, userID int64, notices chat.Notices) error {
	_, err := s.exec(ctx, `UPDATE users SET notices = $1 WHERE id = $2`, notices, userID)
	return err
}

// Unsubscribe ends the notices of the user to whom a letter brought the token
// with that hash. It may be done again; a token that never was, or is out of
// date, is NotFound.
func (s *Store) Unsubscribe(ctx context.Context, tokenHash []byte) error {
	return s.InTx(ctx, func(s *Store) error {
		userID, err := s.unsubscriber(ctx, tokenHash)
		if err != nil {
			return err
		}
		return s.SetNotices(ctx, userID, chat.NoNotices)
	})
}

// CanUnsubscribe gives nil where Unsubscribe would do something.
func (s *Store) CanUnsubscribe(ctx context.Context, tokenHash []byte) error {
	_, err := s.unsubscriber(ctx, tokenHash)
	return err
}

func (s *Store) unsubscriber(ctx context.Context, tokenHash []byte) (userID int64, err error) {
	err = s.get(ctx, &userID, `
		SELECT user_id FROM tokens WHERE token_hash = $1 AND kind = $2 AND expires_at > $3`, tokenHash, unsubscribeToken, s.now())
	return userID, err
}

// keepUnsubscribe keeps the hash of the token in a notice.
func (s *Store) keepUnsubscribe(ctx context.Context, letter chat.Letter, hash []byte) error {
	_, err := s.exec(ctx, `
		INSERT INTO tokens (token_hash, kind, user_id, email, expires_at) VALUES ($1, $2, $3, $4, $5)`,
		hash, unsubscribeToken, letter.UserID, letter.Recipient, s.now()+micros(letter.Kind.LinkLife()))
	return err
}

// absent is a member who is to get a notice.
type absent struct {
	ID        int64
	Email     string
	NoticedAt chat.Micros `db:"noticed_at"`
}

// What one letter tells.
const (
	toldMentions = 10
	toldRooms    = 10
	missedCount  = 500 // messages of a room that are looked at, the newest
)

// tellable is the condition under which a letter may tell a user of a message m,
// at the moment that stands in that place of the statement: it can be read, and is
// not by whom they ignore, nor in a room or on a site that they are banned from.
func tellable(user, now string) string {
	return `m.deleted_at = 0
		AND NOT EXISTS (SELECT 1 FROM ignored i WHERE i.user_id = ` + user + ` AND i.ignored_id = m.author_id)
		AND NOT EXISTS (
			SELECT 1 FROM sanctions b
			WHERE b.user_id = ` + user + ` AND b.room_id IN (0, m.room_id) AND b.kind = 'ban' AND (b.ends_at = 0 OR b.ends_at > ` + now + `))`
}

// Missed gives what a notice has to tell at the moment it leaves: of what there
// was when it was put into the outbox, what is still unread, and may be told.
func (s *Store) Missed(ctx context.Context, letter chat.Letter) (missed chat.Missed, err error) {
	if missed.Mentions, err = s.missedMentions(ctx, letter); err != nil {
		return missed, err
	}
	if len(missed.Mentions) > toldMentions {
		missed.Mentions, missed.MoreMentions = missed.Mentions[:toldMentions], true
	}
	if missed.Rooms, err = s.missedRooms(ctx, letter); err != nil {
		return missed, err
	}
	missed.MoreRooms = max(0, len(missed.Rooms)-toldRooms)
	missed.Rooms = missed.Rooms[:len(missed.Rooms)-missed.MoreRooms]
	return missed, nil
}

func (s *Store) missedMentions(ctx context.Context, letter chat.Letter) (mentions []chat.Message, err error) {
	err = s.list(ctx, &mentions, selectMessage+`
		JOIN mentions x ON x.message_id = m.id
		LEFT JOIN memberships f ON f.user_id = x.user_id AND f.room_id = m.room_id
		WHERE x.user_id = $1 AND x.at > $2 AND x.at <= $3 AND NOT x.seen AND m.number > COALESCE(f.read_number, 0)
			AND `+tellable("x.user_id", "$4")+`
		ORDER BY x.message_id DESC LIMIT $5`,
		letter.UserID, letter.CreatedAt-micros(chat.NoticeLast), letter.CreatedAt, s.now(), toldMentions+1)
	return mentions, err
}

// missedRooms is empty for who does not want to be told of rooms.
func (s *Store) missedRooms(ctx context.Context, letter chat.Letter) (rooms []chat.MissedRoom, err error) {
	since := letter.CreatedAt - micros(chat.NoticeLast)
	err = s.list(ctx, &rooms, `
		SELECT r.slug, r.name, COUNT(*) AS messages, r.message_count - CAST($1 AS BIGINT) > f.read_number AS more
		FROM memberships f
		JOIN users u ON u.id = f.user_id AND u.notices IN ('rooms', 'daily')
		JOIN rooms r ON r.id = f.room_id AND r.message_count > f.read_number
		JOIN messages m ON m.room_id = r.id AND m.number > f.read_number AND m.number > r.message_count - CAST($2 AS BIGINT)
		WHERE f.user_id = $3 AND f.followed AND r.last_posted_at > $4
			AND m.author_id <> f.user_id AND m.posted_at <= $5 AND `+tellable("f.user_id", "$6")+`
		GROUP BY r.id, r.slug, r.name, r.message_count, r.last_posted_at, f.read_number
		HAVING MAX(m.posted_at) > $7
		ORDER BY r.last_posted_at DESC, r.id DESC LIMIT $8`,
		missedCount, missedCount, letter.UserID, since, letter.CreatedAt, s.now(), since, chat.MostFollowed)
	return rooms, err
}

// Forgo drops a notice that has nothing left to tell. It counts as none: the next
// may come before its member is back.
func (s *Store) Forgo(ctx context.Context, letter chat.Letter) error {
	return s.InTx(ctx, func(s *Store) error {
		if _, err := s.exec(ctx, `UPDATE users SET noticed_at = 0 WHERE id = $1 AND noticed_at <= $2`, letter.UserID, letter.CreatedAt); err != nil {
			return err
		}
		return s.Drop(ctx, letter)
	})
}

// Who may get a notice: at a confirmed address, with an account that can be used,
// and not before being back since the last one.
const mayBeNoticed = `u.email_confirmed_at > 0 AND u.deleted_at = 0 AND u.disabled_at = 0
	AND (u.noticed_at = 0 OR u.notices = 'daily' OR EXISTS (SELECT 1 FROM sessions s WHERE s.user_id = u.id AND s.seen_at > u.noticed_at))`

// NoticeMentions puts a notice into the outbox for each of up to limit members
// whom a message names that has been unread for that long, and who were not told
// of any since they were last here. It tells how many there were.
func (s *Store) NoticeMentions(ctx context.Context, unread time.Duration, limit int) (noticed int, err error) {
	now := s.now()
	var members []absent
	if err := s.list(ctx, &members, `
		SELECT DISTINCT u.id, u.email, u.noticed_at
		FROM mentions x
		JOIN users u ON u.id = x.user_id
		JOIN messages m ON m.id = x.message_id
		LEFT JOIN memberships f ON f.user_id = x.user_id AND f.room_id = m.room_id
		WHERE x.at > $1 AND x.at <= $2 AND NOT x.seen AND x.at > u.noticed_at
			AND m.number > COALESCE(f.read_number, 0) AND `+tellable("u.id", "$3")+`
			AND u.notices IN ('mentions', 'rooms') AND `+mayBeNoticed+`
		ORDER BY u.id LIMIT $4`, now-micros(chat.NoticeLast), now-micros(unread), now, limit); err != nil {
		return 0, err
	}
	for _, member := range members { // each in a transaction of its own
		if err := s.notice(ctx, member, chat.MentionLetter); err != nil {
			return noticed, err
		}
		noticed++
	}
	return noticed, nil
}

// NoticeRooms does the same for members who chose to be told of what is said in
// the rooms they follow, at once or once a day, and of the mentions with it. It
// looks at up to limit of them whose ids follow after, and gives the last of
// these ids, or 0 when there are no more.
func (s *Store) NoticeRooms(ctx context.Context, unread time.Duration, after int64, limit int) (last int64, err error) {
	var members []struct {
		absent
		Notices chat.Notices
		May     bool
		News    bool
	}
	now := s.now()
	if err := s.list(ctx, &members, `
		SELECT u.id, u.email, u.noticed_at, u.notices, `+mayBeNoticed+` AS may,
			EXISTS (
				SELECT 1 FROM memberships f
				JOIN rooms r ON r.id = f.room_id AND r.message_count > f.read_number
				JOIN messages m ON m.room_id = r.id AND m.number > f.read_number AND m.number > r.message_count - 100
				WHERE f.user_id = u.id AND f.followed AND r.last_posted_at > $1
					AND m.author_id <> u.id AND m.posted_at > $2 AND m.posted_at <= $3 AND m.posted_at > u.noticed_at
					AND `+tellable("u.id", "$4")+`
			) OR EXISTS (
				SELECT 1 FROM mentions x
				JOIN messages m ON m.id = x.message_id
				LEFT JOIN memberships f ON f.user_id = x.user_id AND f.room_id = m.room_id
				WHERE x.user_id = u.id AND NOT x.seen AND u.notices = 'daily'
					AND x.at > $5 AND x.at <= $6 AND x.at > u.noticed_at AND m.number > COALESCE(f.read_number, 0)
					AND `+tellable("u.id", "$7")+`
			) AS news
		FROM users u
		WHERE u.id > $8 AND u.notices IN ('rooms', 'daily')
		ORDER BY u.id LIMIT $9`,
		now-micros(chat.NoticeLast), now-micros(chat.NoticeLast), now-micros(unread), now,
		now-micros(chat.NoticeLast), now-micros(unread), now, after, limit); err != nil {
		return 0, err
	}
	for _, member := range members { // each in a transaction of its own
		kind := chat.RoomLetter
		if member.Notices == chat.DailyNotices {
			kind = chat.DigestLetter
		}
		if !member.May || !member.News || kind == chat.DigestLetter && now < member.NoticedAt+micros(chat.DigestEvery) {
			continue
		}
		if err := s.notice(ctx, member.absent, kind); err != nil {
			return after, err
		}
	}
	if len(members) < limit {
		return 0, nil
	}
	return members[len(members)-1].ID, nil
}

// notice puts the letter into the outbox, unless another node was faster.
func (s *Store) notice(ctx context.Context, member absent, kind chat.LetterKind) error {
	return s.InTx(ctx, func(s *Store) error {
		claimed, err := s.exec(ctx, `UPDATE users SET noticed_at = $1 WHERE id = $2 AND noticed_at = $3`, s.now(), member.ID, member.NoticedAt)
		if err != nil || claimed == 0 {
			return err
		}
		return s.Send(ctx, chat.Letter{Kind: kind, UserID: member.ID, Recipient: member.Email})
	})
}
