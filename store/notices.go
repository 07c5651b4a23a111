package store

import (
	"context"

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

// Who may get a notice: at a confirmed address, with an account that can be used,
// and not before being back since the last one.
const mayBeNoticed = `u.email_confirmed_at > 0 AND u.deleted_at = 0 AND u.disabled_at = 0
	AND (u.noticed_at = 0 OR u.notices = 'daily' OR EXISTS (SELECT 1 FROM sessions s WHERE s.user_id = u.id AND s.seen_at > u.noticed_at))`

// NoticeMentions puts a notice into the outbox for each of up to limit members
// whom a message names that they did not see for 10 minutes, and who were not
// told of any since they were last here. It tells how many there were.
func (s *Store) NoticeMentions(ctx context.Context, limit int) (noticed int, err error) {
	now := s.now()
	var members []absent
	if err := s.list(ctx, &members, `
		SELECT DISTINCT u.id, u.email, u.noticed_at
		FROM mentions x
		JOIN users u ON u.id = x.user_id
		JOIN messages m ON m.id = x.message_id
		LEFT JOIN memberships f ON f.user_id = x.user_id AND f.room_id = m.room_id
		WHERE x.at > $1 AND x.at <= $2 AND NOT x.seen AND x.at > u.noticed_at
			AND m.deleted_at = 0 AND m.number > COALESCE(f.read_number, 0)
			AND u.notices IN ('mentions', 'rooms') AND `+mayBeNoticed+`
		ORDER BY u.id LIMIT $3`, now-micros(chat.NoticeLast), now-micros(chat.NoticeAfter), limit); err != nil {
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
func (s *Store) NoticeRooms(ctx context.Context, after int64, limit int) (last int64, err error) {
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
					AND m.author_id <> u.id AND m.deleted_at = 0 AND m.posted_at > $2 AND m.posted_at <= $3 AND m.posted_at > u.noticed_at
			) OR EXISTS (
				SELECT 1 FROM mentions x
				JOIN messages m ON m.id = x.message_id
				LEFT JOIN memberships f ON f.user_id = x.user_id AND f.room_id = m.room_id
				WHERE x.user_id = u.id AND NOT x.seen AND u.notices = 'daily'
					AND x.at > $4 AND x.at <= $5 AND x.at > u.noticed_at AND m.deleted_at = 0 AND m.number > COALESCE(f.read_number, 0)
			) AS news
		FROM users u
		WHERE u.id > $6 AND u.notices IN ('rooms', 'daily')
		ORDER BY u.id LIMIT $7`,
		now-micros(chat.NoticeLast), now-micros(chat.NoticeLast), now-micros(chat.NoticeAfter),
		now-micros(chat.NoticeLast), now-micros(chat.NoticeAfter), after, limit); err != nil {
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
