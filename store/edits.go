package store

import (
	"context"

	"github.com/twilightbark/twilightbark/chat"
)

// Edit gives a message another text, as one more change of its room, once: the
// text that it has already changes nothing. One that was deleted meanwhile, or
// changed since edit.Seen, is Conflict, and comes back as it now is; what the
// editor is kept from writing is Forbidden, and more than rate allows is TooFast.
func (s *Store) Edit(ctx context.Context, edit chat.Edit, rate chat.Rate) (message chat.Message, err error) {
	if edit, err = edit.Clean(); err != nil {
		return message, err
	}
	message, err = s.Message(ctx, edit.RoomID, edit.Number)
	if err == nil && message.Body != edit.Body {
		err = s.mayEdit(ctx, message, edit, rate) // before the room's lock, so that a flood takes none
	}
	if err != nil {
		return message, err
	}
	_, err = s.changeRoom(ctx, edit.RoomID, func(s *Store, room *chat.Room) error {
		if message, err = s.Message(ctx, edit.RoomID, edit.Number); err != nil || message.Body == edit.Body {
			return err
		}
		if err := s.mayEdit(ctx, message, edit, rate); err != nil {
			return err
		}
		switch {
		case message.DeletedAt != 0:
			return &chat.Error{Kind: chat.Conflict, Message: "This message was deleted meanwhile, so it can't be changed. Your text is still here."}
		case edit.Seen != 0 && edit.Seen != message.Revision:
			return &chat.Error{Kind: chat.Conflict, Message: "This message was changed meanwhile. What it says now stands here, and your text below it: saving replaces the one with the other."}
		}
		now := s.now()
		room.Revision++
		if _, err := s.exec(ctx, `
			UPDATE messages SET body = $1, html = $2, render_version = $3, edited_at = $4, revision = $5, changed_at = $6 WHERE id = $7`,
			edit.Body, edit.HTML, edit.Rendered, now, room.Revision, now, message.ID); err != nil {
			return err
		}
		if err := s.addVersion(ctx, *room, version{messageID: message.ID, body: edit.Body, by: edit.EditorID, at: now, edit: true}); err != nil {
			return err
		}
		if err := s.mention(ctx, message.ID, edit.EditorID, edit.Mentions); err != nil {
			return err
		}
		message.Revision = 0 // to be read anew
		return s.stillMay(ctx, edit.EditorID, edit.RoomID)
	})
	if err == nil && message.Revision == 0 {
		message, err = s.Message(context.WithoutCancel(ctx), edit.RoomID, edit.Number) // it is stored, whoever has left
	}
	return message, err
}

// mayEdit gives the reason for which the message can't be edited so just now, if
// there is one.
func (s *Store) mayEdit(ctx context.Context, message chat.Message, edit chat.Edit, rate chat.Rate) error {
	editor, _, err := s.mayWrite(ctx, edit.EditorID, edit.RoomID)
	if err == nil {
		err = s.mayAdd(ctx, editor, addition{earlier: latestEdits, body: edit.Body, denied: edit.Denied, messageID: message.ID}, rate)
	}
	return err
}

// Delete makes a message one without a text, as one more change of its room, and
// tells whether this did; one that is deleted already stays as it is. The texts it
// had stay in its versions.
func (s *Store) Delete(ctx context.Context, roomID, number, by int64) (message chat.Message, deleted bool, err error) {
	_, err = s.changeRoom(ctx, roomID, func(s *Store, room *chat.Room) error {
		message, err = s.Message(ctx, roomID, number)
		if err != nil || message.DeletedAt != 0 {
			return err
		}
		if err := s.mayDelete(ctx, by, roomID); err != nil {
			return err
		}
		room.Revision++
		deleted = true
		return s.tombstone(ctx, *room, message.ID, by)
	})
	if err != nil {
		return message, false, err
	}
	message, err = s.Message(context.WithoutCancel(ctx), roomID, number) // it is done, whoever has left
	return message, deleted, err
}

// mayDelete is mayWrite for who takes a message away: a room that is closed keeps no
// moderator from it.
func (s *Store) mayDelete(ctx context.Context, userID, roomID int64) error {
	user, room, err := s.notKept(ctx, userID, roomID)
	if err == nil && !chat.Can(&user, chat.Moderate, chat.User{}) {
		err = room.Closed(user.Role)
	}
	return err
}

// Message gives the room's message with that number.
func (s *Store) Message(ctx context.Context, roomID, number int64) (message chat.Message, err error) {
	err = s.get(ctx, &message, selectMessage+` WHERE m.room_id = $1 AND m.number = $2`, roomID, number)
	return message, err
}

// Versions gives up to limit of what a message was, the latest first.
func (s *Store) Versions(ctx context.Context, messageID int64, limit int) (versions []chat.Version, err error) {
	err = s.list(ctx, &versions, `
		SELECT v.revision, v.body, u.username AS by, v.changed_at
		FROM message_versions v JOIN users u ON u.id = v.changed_by
		WHERE v.message_id = $1
		ORDER BY v.revision DESC LIMIT $2`, messageID, limit)
	return versions, err
}

// changeRoom runs fn while nobody else changes the room, and makes the revision
// that fn has counted up to the room's.
func (s *Store) changeRoom(ctx context.Context, id int64, fn func(s *Store, room *chat.Room) error) (room chat.Room, err error) {
	err = s.InTx(ctx, func(s *Store) error {
		// The room's row comes first: its lock makes revisions follow the order of commits.
		if err := s.get(ctx, &room, `UPDATE rooms SET revision = revision WHERE id = $1 RETURNING id, revision`, id); err != nil {
			return err
		}
		before := room.Revision
		if err := fn(s, &room); err != nil || room.Revision == before {
			return err
		}
		_, err := s.exec(ctx, `UPDATE rooms SET revision = $1 WHERE id = $2`, room.Revision, room.ID)
		return err
	})
	return room, err
}

// tombstone makes the room's revision the one that takes a message's text away.
// Its place and number stay.
func (s *Store) tombstone(ctx context.Context, room chat.Room, messageID, by int64) error {
	now := s.now()
	if _, err := s.exec(ctx, `
		UPDATE messages SET body = '', html = '', deleted_at = $1, revision = $2, changed_at = $3 WHERE id = $4`,
		now, room.Revision, now, messageID); err != nil {
		return err
	}
	return s.addVersion(ctx, room, version{messageID: messageID, by: by, at: now})
}

// version is what a message is from a revision on.
type version struct {
	messageID int64
	body      string
	by        int64
	at        chat.Micros
	edit      bool // its author changed the text, and may do so only so often
}

// addVersion notes what a message is from the room's revision on.
func (s *Store) addVersion(ctx context.Context, room chat.Room, v version) error {
	_, err := s.exec(ctx, `
		INSERT INTO message_versions (room_id, revision, message_id, body, changed_by, changed_at, edit)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		room.ID, room.Revision, v.messageID, v.body, v.by, v.at, v.edit)
	return err
}
