package store

import (
	"context"
	"time"

	"github.com/twilightbark/twilightbark/chat"
)

// How long a session lasts: unused, and at the most.
const (
	SessionIdle = 30 * 24 * time.Hour
	SessionMost = 180 * 24 * time.Hour
)

// SessionConfirmed is how long a session is trusted with what is dangerous after
// the password was given in it.
const SessionConfirmed = time.Hour

// sessionTouch is how stale a session's last sight may get, so that reading a
// page seldom writes.
const (
	sessionTouch    = 10 * time.Minute
	sessionPatience = 200 * time.Millisecond
)

// maxSessions bounds a user's devices; the oldest gives way.
const maxSessions = 50

// Session is a device that a member is logged in on.
type Session struct {
	TokenHash []byte // SHA-256 of the token; the token itself is only in the cookie
	User      chat.User
	UserAgent string
	IPPrefix  string // of the address it was begun from
}

// Begin stores a new session for the user, in place of the one with the hash
// old if that is not empty, and forgets expired ones.
func (s *Store) Begin(ctx context.Context, session Session, old []byte) error {
	return s.InTx(ctx, func(s *Store) error {
		now := s.now()
		if _, err := s.exec(ctx, `DELETE FROM sessions WHERE expires_at <= $1 OR token_hash = $2`, now, old); err != nil {
			return err
		}
		if _, err := s.exec(ctx, `
			DELETE FROM sessions WHERE token_hash IN (
				SELECT token_hash FROM sessions WHERE user_id = $1 ORDER BY created_at DESC, token_hash LIMIT 1000 OFFSET $2)`,
			session.User.ID, maxSessions-1); err != nil {
			return err
		}
		_, err := s.exec(ctx, `
			INSERT INTO sessions (token_hash, user_id, auth_version, created_at, seen_at, confirmed_at, expires_at, user_agent, ip_prefix)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			session.TokenHash, session.User.ID, session.User.AuthVersion, now, now, now, now+micros(SessionIdle), session.UserAgent, session.IPPrefix)
		return err
	})
}

// SessionUser gives the member whose session that is, and lets it last on.
// A session that ended, expired, was begun before the account's password last
// changed, or is of a member banned from the site is NotFound.
func (s *Store) SessionUser(ctx context.Context, tokenHash []byte) (chat.User, error) {
	var row struct {
		chat.User
		Begun   chat.Micros
		Seen    chat.Micros
		Noticed chat.Micros
	}
	now := s.now()
	err := s.get(ctx, &row, `
		SELECT `+userColumns+`, s.created_at AS begun, s.seen_at AS seen, users.noticed_at AS noticed
		FROM sessions s JOIN users ON users.id = s.user_id AND users.auth_version = s.auth_version
		WHERE s.token_hash = $1 AND s.expires_at > $2 AND users.disabled_at = 0 AND `+notBanned("$3"), tokenHash, now, now)
	returned := row.Seen <= row.Noticed // the first look since a notice: the next one waits for it
	if err != nil || now < row.Seen+micros(sessionTouch) && !returned {
		return row.User, err
	}
	// That the session was seen may be noted another time, and must not make
	// reading wait for a writer.
	soon, cancel := context.WithTimeout(ctx, sessionPatience)
	defer cancel()
	expires := min(now+micros(SessionIdle), row.Begun+micros(SessionMost))
	_, err = s.exec(soon, `UPDATE sessions SET seen_at = $1, expires_at = $2 WHERE token_hash = $3`, now, expires, tokenHash)
	if chat.KindOf(err) == chat.Unavailable {
		err = nil
	}
	return row.User, err
}

// Confirm notes that the password was given in a session just now.
func (s *Store) Confirm(ctx context.Context, tokenHash []byte) error {
	_, err := s.exec(ctx, `UPDATE sessions SET confirmed_at = $1 WHERE token_hash = $2`, s.now(), tokenHash)
	return err
}

// Confirmed reports whether the password was given in a session within the last
// hour, to begin it or since.
func (s *Store) Confirmed(ctx context.Context, tokenHash []byte) (bool, error) {
	var count int
	err := s.get(ctx, &count, `
		SELECT COUNT(*) FROM sessions WHERE token_hash = $1 AND confirmed_at > $2`, tokenHash, s.now()-micros(SessionConfirmed))
	return count > 0, err
}

// End deletes a session; that there is none is no error.
func (s *Store) End(ctx context.Context, tokenHash []byte) error {
	_, err := s.exec(ctx, `DELETE FROM sessions WHERE token_hash = $1`, tokenHash)
	return err
}

func micros(d time.Duration) chat.Micros { return chat.Micros(d.Microseconds()) }
