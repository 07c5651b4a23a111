package store

import (
	"context"
	"time"

	"github.com/twilightbark/twilightbark/chat"
)

// A message's columns, but for its last change's, and the tables they come from.
// The message before it comes along, since how a message shows (under the same
// name, on the same day) depends on it.
const (
	messageColumns = `m.id, m.room_id, r.slug AS room_slug, r.name AS room_name, m.number, m.author_id, u.username AS author, u.avatar AS author_avatar, m.body, m.html,
		m.posted_revision, m.posted_at, m.edited_at, m.deleted_at,
		m.reply_to, COALESCE(o.author_id, 0) AS reply_author_id, COALESCE(a.username, '') AS reply_author,
		COALESCE(p.author_id, 0) AS previous_author_id, COALESCE(p.posted_at, 0) AS previous_posted_at`

	messageTables = `
		JOIN rooms r ON r.id = m.room_id
		JOIN users u ON u.id = m.author_id
		LEFT JOIN messages o ON o.room_id = m.room_id AND o.number = m.reply_to
		LEFT JOIN users a ON a.id = o.author_id
		LEFT JOIN messages p ON p.room_id = m.room_id AND p.number = m.number - 1`

	selectMessage = `SELECT ` + messageColumns + `, m.revision, m.changed_at FROM messages m` + messageTables
	selectChange  = `SELECT ` + messageColumns + `, v.revision, v.changed_at
		FROM message_versions v JOIN messages m ON m.id = v.message_id` + messageTables
)

// Messages gives the room's messages numbered within, in order; at most two
// pages of them, the newest ones.
func (s *Store) Messages(ctx context.Context, roomID int64, within chat.Range) (messages []chat.Message, err error) {
	first := max(within.First, within.Last-2*chat.PageSize+1)
	err = s.list(ctx, &messages, selectMessage+`
		WHERE m.room_id = $1 AND m.number BETWEEN $2 AND $3
		ORDER BY m.number LIMIT $4`, roomID, first, within.Last, 2*chat.PageSize)
	return messages, err
}

// Changes gives up to limit of the room's changes after the revision, in order
// and without gaps. Each is the message that was changed, as it now is, with the
// revision and the moment of that change.
func (s *Store) Changes(ctx context.Context, roomID, after int64, limit int) (changes []chat.Message, err error) {
	err = s.list(ctx, &changes, selectChange+`
		WHERE v.room_id = $1 AND v.revision > $2
		ORDER BY v.revision LIMIT $3`, roomID, after, limit)
	return changes, err
}

// Cursor gives the place of the room's change that took revision. Revision 0 is
// the place before the first; one the room never had is NotFound.
func (s *Store) Cursor(ctx context.Context, roomID, revision int64) (chat.Cursor, error) {
	if revision == 0 {
		return chat.Cursor{}, nil
	}
	var change struct {
		MessageID int64       `db:"message_id"`
		ChangedAt chat.Micros `db:"changed_at"`
	}
	err := s.get(ctx, &change, `
		SELECT message_id, changed_at FROM message_versions
		WHERE room_id = $1 AND revision = $2`, roomID, revision)
	if err != nil {
		return chat.Cursor{}, err
	}
	return chat.ChangeCursor(revision, change.MessageID, change.ChangedAt), nil
}

// LatestBy gives up to limit of a member's messages, the newest first.
func (s *Store) LatestBy(ctx context.Context, userID int64, limit int) (messages []chat.Message, err error) {
	err = s.list(ctx, &messages, selectMessage+`
		WHERE m.author_id = $1 AND m.deleted_at = 0
		ORDER BY m.posted_at DESC, m.id DESC LIMIT $2`, userID, limit)
	return messages, err
}

// MessagesBy gives up to limit of a member's messages that follow after, a
// message of theirs, the oldest first; after the zero message it begins with the
// first. Deleted ones are left out.
func (s *Store) MessagesBy(ctx context.Context, userID int64, after chat.Message, limit int) (messages []chat.Message, err error) {
	err = s.list(ctx, &messages, selectMessage+`
		WHERE m.author_id = $1 AND m.deleted_at = 0 AND (m.posted_at > $2 OR m.posted_at = $3 AND m.id > $4)
		ORDER BY m.posted_at, m.id LIMIT $5`, userID, after.PostedAt, after.PostedAt, after.ID, limit)
	return messages, err
}

// Post stores a draft as the room's next message, once: the same draft again
// gives the message that is there already. A text that can't be is Invalid, a
// nonce that stands for another text or room is Conflict, what the author is
// kept from writing is Forbidden, more than rate allows is TooFast, and an author
// whose account is deleted is SignedOut. An error of kind Unavailable leaves open whether the
// message was stored; the same draft again finds out.
func (s *Store) Post(ctx context.Context, draft chat.Draft, rate chat.Rate) (chat.Message, error) {
	draft, err := draft.Clean()
	if err != nil {
		return chat.Message{}, err
	}
	id, err := s.posted(ctx, draft)
	if chat.KindOf(err) == chat.NotFound {
		id, err = s.insert(ctx, draft, rate)
	}
	if err != nil {
		return chat.Message{}, err
	}
	return s.message(context.WithoutCancel(ctx), id) // it is stored, whoever has left
}

func (s *Store) message(ctx context.Context, id int64) (message chat.Message, err error) {
	err = s.get(ctx, &message, selectMessage+` WHERE m.id = $1`, id)
	return message, err
}

// posted finds the message that the draft's nonce already stands for.
func (s *Store) posted(ctx context.Context, draft chat.Draft) (id int64, err error) {
	var first struct {
		ID       int64
		RoomID   int64 `db:"room_id"`
		Original string
	}
	err = s.get(ctx, &first, `
		SELECT m.id, m.room_id, v.body AS original
		FROM messages m
		JOIN message_versions v ON v.room_id = m.room_id AND v.revision = m.posted_revision
		WHERE m.author_id = $1 AND m.nonce = $2`, draft.AuthorID, draft.Nonce)
	if err == nil && (first.RoomID != draft.RoomID || first.Original != draft.Body) {
		return 0, &chat.Error{Kind: chat.Conflict, Message: "This form was sent before, with another text. Send it again to post this one too."}
	}
	return first.ID, err
}

// insert stores the draft, unless its twin, sent at the same moment, was faster.
func (s *Store) insert(ctx context.Context, draft chat.Draft, rate chat.Rate) (id int64, err error) {
	err = s.mayPost(ctx, draft, rate) // before the room's lock, so that a flood takes none
	if err == nil {
		err = s.InTx(ctx, func(s *Store) error {
			id, err = s.append(ctx, draft, rate)
			return err
		})
	}
	if kind := chat.KindOf(err); kind == chat.Conflict || kind == chat.TooFast || kind == chat.Invalid {
		twin, twinErr := s.posted(ctx, draft)
		if chat.KindOf(twinErr) != chat.NotFound {
			return twin, twinErr
		}
	}
	return id, err
}

const noOriginal = "This answers a message that the room does not have. Send it without that."

// append takes the room's next revision and number for the draft. The room's
// row comes first: its lock makes revisions follow the order of commits.
func (s *Store) append(ctx context.Context, draft chat.Draft, rate chat.Rate) (id int64, err error) {
	var room struct {
		Revision int64
		Count    int64 `db:"message_count"`
	}
	now := s.now()
	if err := s.get(ctx, &room, `
		UPDATE rooms SET revision = revision + 1, message_count = message_count + 1, last_posted_at = $1
		WHERE id = $2
		RETURNING revision, message_count`, now, draft.RoomID); err != nil {
		return 0, err
	}
	if err := s.mayPost(ctx, draft, rate); err != nil {
		return 0, err
	}
	if draft.ReplyTo < 0 || draft.ReplyTo >= room.Count {
		return 0, &chat.Error{Kind: chat.Invalid, Message: noOriginal, Fields: map[string]string{"reply_to": noOriginal}}
	}
	err = s.get(ctx, &id, `
		INSERT INTO messages (room_id, number, author_id, body, html, render_version, reply_to, nonce, posted_revision, revision, posted_at, changed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (author_id, nonce) DO NOTHING
		RETURNING id`,
		draft.RoomID, room.Count, draft.AuthorID, draft.Body, draft.HTML, draft.Rendered, draft.ReplyTo, draft.Nonce, room.Revision, room.Revision, now, now)
	if chat.KindOf(err) == chat.NotFound {
		return 0, &chat.Error{Kind: chat.Conflict, Message: "This form was sent before.", Err: err}
	}
	if err != nil {
		return 0, err
	}
	if err := s.addVersion(ctx, chat.Room{ID: draft.RoomID, Revision: room.Revision}, version{messageID: id, body: draft.Body, by: draft.AuthorID, at: now}); err != nil {
		return 0, err
	}
	if len(draft.Mentions) > 0 {
		if err := s.mention(ctx, id, draft.AuthorID, draft.Mentions); err != nil {
			return 0, err
		}
	}
	if err := s.wrote(ctx, draft.AuthorID, draft.RoomID, room.Count); err != nil {
		return 0, err
	}
	return id, s.stillMay(ctx, draft.AuthorID, draft.RoomID)
}

// mayPost gives the reason for which the draft can't be posted just now, if
// there is one.
func (s *Store) mayPost(ctx context.Context, draft chat.Draft, rate chat.Rate) error {
	author, room, err := s.mayWrite(ctx, draft.AuthorID, draft.RoomID)
	if err == nil {
		err = s.mayAdd(ctx, author, addition{earlier: latestPosts, body: draft.Body, denied: draft.Denied}, rate)
	}
	if err == nil && room.SlowSeconds > 0 && !chat.Can(&author, chat.Moderate, chat.User{}) {
		err = s.tooSoon(ctx, draft, time.Duration(room.SlowSeconds)*time.Second)
	}
	return err
}

// addition is a text that somebody brings into a room, as a post or by an edit.
type addition struct {
	earlier   string // the statement that gives the moments of those before it
	body      string
	denied    bool
	messageID int64 // of the message that is edited; 0 for a post
}

// The latest moments at which somebody posted, and edited.
const (
	latestPosts = `
		SELECT posted_at FROM messages WHERE author_id = $1 AND posted_at > $2 AND posted_at <= $3
		ORDER BY posted_at DESC LIMIT $4`
	latestEdits = `
		SELECT changed_at FROM message_versions WHERE edit AND changed_by = $1 AND changed_at > $2 AND changed_at <= $3
		ORDER BY changed_at DESC LIMIT $4`
)

// mayAdd holds a text against what is denied, and the limits on what its author
// adds, those of the first day among them.
func (s *Store) mayAdd(ctx context.Context, author chat.User, text addition, rate chat.Rate) error {
	if text.denied {
		return chat.ErrDenied("body")
	}
	if !rate.Limited() {
		return nil
	}
	if author.Newcomer(s.now()) {
		if err := s.newcomerMay(ctx, author, text, rate); err != nil {
			return err
		}
	}
	return s.tooFast(ctx, author.ID, text.earlier, rate)
}

// newcomerMay holds a newcomer's text against the limits of the first day. In the
// transaction that stores it, no other of theirs comes between.
func (s *Store) newcomerMay(ctx context.Context, author chat.User, text addition, rate chat.Rate) error {
	if chat.Links(text.body) > chat.NewcomerLinks {
		return chat.ErrNewcomerLinks
	}
	if s.tx != nil {
		if _, err := s.lockUser(ctx, author.ID); err != nil {
			return err
		}
	}
	var same []int64
	now := s.now()
	if err := s.list(ctx, &same, `
		SELECT id FROM messages WHERE author_id = $1 AND posted_at > $2 AND posted_at <= $3 AND body = $4 AND id <> $5 LIMIT 1`,
		author.ID, now-micros(chat.NewcomerRepeats), now, text.body, text.messageID); err != nil {
		return err
	}
	if len(same) > 0 {
		return chat.ErrNewcomerRepeats
	}
	return s.tooFast(ctx, author.ID, text.earlier, rate.Newcomer())
}

// mayWrite gives the reason for which somebody can't change anything in a room
// just now, if there is one, and of who can what is known of them and the room's
// rules.
func (s *Store) mayWrite(ctx context.Context, userID, roomID int64) (chat.User, chat.Room, error) {
	user, room, err := s.notKept(ctx, userID, roomID)
	if err == nil {
		err = room.Closed(user.Role)
	}
	return user, room, err
}

// notKept is mayWrite without regard to the room's rules: that the account is there,
// and no sanction keeps its owner from writing.
func (s *Store) notKept(ctx context.Context, userID, roomID int64) (chat.User, chat.Room, error) {
	var at struct {
		chat.Room
		Role     chat.Role
		Joined   chat.Micros
		Deleted  chat.Micros
		Kind     chat.SanctionKind
		Reason   string
		EndsAt   chat.Micros `db:"ends_at"`
		Anywhere bool
	}
	if err := s.get(ctx, &at, `
		SELECT r.id, r.locked_at, r.archived_at, r.slow_seconds, u.role, u.created_at AS joined, u.deleted_at AS deleted, COALESCE(x.kind, '') AS kind, COALESCE(x.reason, '') AS reason,
			COALESCE(x.ends_at, 0) AS ends_at, COALESCE(x.room_id, 0) = 0 AS anywhere
		FROM users u
		JOIN rooms r ON r.id = $1
		LEFT JOIN sanctions x ON x.user_id = u.id AND x.room_id IN (0, r.id) AND (x.ends_at = 0 OR x.ends_at > $2)
		WHERE u.id = $3
		ORDER BY x.room_id LIMIT 1`, roomID, s.now(), userID); err != nil {
		return chat.User{}, chat.Room{}, err
	}
	if at.Deleted != 0 {
		return chat.User{}, chat.Room{}, &chat.Error{Kind: chat.SignedOut, Message: "This account is deleted, so this was not sent."}
	}
	sanction := chat.Sanction{RoomID: at.ID, Kind: at.Kind, Reason: at.Reason, EndsAt: at.EndsAt}
	if at.Anywhere {
		sanction.RoomID = 0
	}
	if sanction.Given() {
		return chat.User{}, chat.Room{}, sanction.Refusal()
	}
	return chat.User{ID: userID, Role: at.Role, CreatedAt: at.Joined}, at.Room, nil
}

// tooSoon refuses a message that comes too soon after the author's last one in a
// slow room.
func (s *Store) tooSoon(ctx context.Context, draft chat.Draft, pause time.Duration) error {
	var last []chat.Micros
	now := s.now()
	if err := s.list(ctx, &last, `
		SELECT posted_at FROM messages WHERE author_id = $1 AND posted_at > $2 AND posted_at <= $3 AND room_id = $4
		ORDER BY posted_at DESC LIMIT 1`, draft.AuthorID, now-micros(pause), now, draft.RoomID); err != nil || len(last) == 0 {
		return err
	}
	wait := time.Duration(last[0]+micros(pause)-now) * time.Microsecond
	return &chat.Error{Kind: chat.TooFast, Message: "This room is slow: everybody has one message every " + chat.Pause(pause) + ". Wait a moment, then send again.", After: max(wait, time.Second)}
}

// tooFast counts what is stored rather than what is asked, so that a form sent
// twice counts once, on however many nodes.
func (s *Store) tooFast(ctx context.Context, authorID int64, latest string, rate chat.Rate) error {
	var recent []chat.Micros
	now := s.now()
	if err := s.list(ctx, &recent, latest, authorID, now-micros(rate.Window), now, rate.Count); err != nil {
		return err
	}
	if len(recent) < rate.Count {
		return nil
	}
	wait := time.Duration(recent[len(recent)-1]+micros(rate.Window)-now) * time.Microsecond
	return &chat.Error{Kind: chat.TooFast, Message: "You are barking faster than the others can read. Wait a moment, then send again.", After: max(wait, time.Second)}
}
