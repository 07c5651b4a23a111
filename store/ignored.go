package store

import (
	"context"

	"github.com/twilightbark/twilightbark/chat"
)

// mostIgnored bounds how many members one member ignores: each is a rule of
// their style sheet.
const mostIgnored = 500

// Ignore hides for a member what another writes.
func (s *Store) Ignore(ctx context.Context, userID, ignoredID int64) error {
	return s.InTx(ctx, func(s *Store) error {
		var count int
		if err := s.get(ctx, &count, `SELECT COUNT(*) FROM ignored WHERE user_id = $1`, userID); err != nil {
			return err
		}
		if count >= mostIgnored {
			return &chat.Error{Kind: chat.Conflict, Message: "You ignore 500 members already. Listen to one of them again first."}
		}
		_, err := s.exec(ctx, `
			INSERT INTO ignored (user_id, ignored_id, ignored_at) VALUES ($1, $2, $3)
			ON CONFLICT (user_id, ignored_id) DO NOTHING`, userID, ignoredID, s.now())
		return err
	})
}

// Listen ends that a member ignores another.
func (s *Store) Listen(ctx context.Context, userID, ignoredID int64) error {
	_, err := s.exec(ctx, `DELETE FROM ignored WHERE user_id = $1 AND ignored_id = $2`, userID, ignoredID)
	return err
}

// Ignored lists whom a member ignores, by their names; there are at most 500.
func (s *Store) Ignored(ctx context.Context, userID int64) (users []chat.User, err error) {
	err = s.list(ctx, &users, selectUser+`
		JOIN ignored i ON i.ignored_id = users.id
		WHERE i.user_id = $1
		ORDER BY users.username_key, users.id LIMIT $2`, userID, mostIgnored)
	return users, err
}

// Ignores reports whether a member ignores another.
func (s *Store) Ignores(ctx context.Context, userID, otherID int64) (bool, error) {
	var count int
	err := s.get(ctx, &count, `SELECT COUNT(*) FROM ignored WHERE user_id = $1 AND ignored_id = $2`, userID, otherID)
	return count > 0, err
}
