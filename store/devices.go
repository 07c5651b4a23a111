package store

import (
	"context"
	"strconv"
	"strings"

	"github.com/twilightbark/twilightbark/chat"
)

// Devices lists where a user is logged in, the one seen last first; there are at
// most 50.
func (s *Store) Devices(ctx context.Context, userID int64) (devices []chat.Device, err error) {
	err = s.list(ctx, &devices, `
		SELECT s.token_hash, s.user_agent, s.ip_prefix, s.created_at AS begun_at, s.seen_at
		FROM sessions s JOIN users ON users.id = s.user_id AND users.auth_version = s.auth_version
		WHERE s.user_id = $1 AND s.expires_at > $2
		ORDER BY s.seen_at DESC, s.token_hash LIMIT $3`, userID, s.now(), maxSessions)
	return devices, err
}

// EndOthers ends all sessions of a user but the one with the hash keep.
func (s *Store) EndOthers(ctx context.Context, userID int64, keep []byte) error {
	_, err := s.exec(ctx, `DELETE FROM sessions WHERE user_id = $1 AND token_hash <> $2`, userID, keep)
	return err
}

// Ended tells which of the sessions with those hashes have ended, for whatever
// reason, and on whatever node.
func (s *Store) Ended(ctx context.Context, hashes [][]byte) (ended [][]byte, err error) {
	const most = 500 // parameters in one statement
	for now := s.now(); len(hashes) > 0; {
		some := hashes[:min(most, len(hashes))]
		hashes = hashes[len(some):]
		var marks []string
		args := []any{now, now}
		for i, hash := range some {
			marks = append(marks, "$"+strconv.Itoa(i+3))
			args = append(args, hash)
		}
		var alive [][]byte
		if err := s.list(ctx, &alive, `
			SELECT s.token_hash FROM sessions s JOIN users ON users.id = s.user_id AND users.auth_version = s.auth_version
			WHERE s.expires_at > $1 AND `+notBanned("$2")+` AND s.token_hash IN (`+strings.Join(marks, ", ")+`) LIMIT 500`, args...); err != nil {
			return nil, err
		}
		living := make(map[string]bool, len(alive))
		for _, hash := range alive {
			living[string(hash)] = true
		}
		for _, hash := range some {
			if !living[string(hash)] {
				ended = append(ended, hash)
			}
		}
	}
	return ended, nil
}

// KnowBrowser notes that a user has logged in with the browser that has a cookie
// of that hash. Those not seen for longer than a session may last are forgotten.
func (s *Store) KnowBrowser(ctx context.Context, userID int64, hash []byte) error {
	return s.InTx(ctx, func(s *Store) error {
		now := s.now()
		if _, err := s.exec(ctx, `
			INSERT INTO known_browsers (token_hash, user_id, seen_at) VALUES ($1, $2, $3)
			ON CONFLICT (token_hash, user_id) DO UPDATE SET seen_at = excluded.seen_at`, hash, userID, now); err != nil {
			return err
		}
		_, err := s.exec(ctx, `
			DELETE FROM known_browsers WHERE user_id = $1 AND (seen_at <= $2 OR token_hash IN (
				SELECT token_hash FROM known_browsers WHERE user_id = $3 ORDER BY seen_at DESC, token_hash LIMIT 1000 OFFSET $4))`,
			userID, now-micros(SessionMost), userID, maxSessions)
		return err
	})
}

// BrowserKnown reports whether the account with that email was logged in to,
// with its present password, by the browser that has a cookie of that hash.
func (s *Store) BrowserKnown(ctx context.Context, email string, hash []byte) (bool, error) {
	var count int
	err := s.get(ctx, &count, `
		SELECT COUNT(*) FROM known_browsers b JOIN users ON users.id = b.user_id
		WHERE b.token_hash = $1 AND users.email = $2 AND b.seen_at > $3`, hash, chat.NormalEmail(email), s.now()-micros(SessionMost))
	return count > 0, err
}
