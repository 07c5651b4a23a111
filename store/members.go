package store

import (
	"context"
	"slices"

	"github.com/twilightbark/twilightbark/chat"
)

// Disable ends all access to an account until Enable gives it back. Nothing of
// the account is lost. That of the last admin is Conflict.
func (s *Store) Disable(ctx context.Context, userID int64) error {
	return s.InTx(ctx, func(s *Store) error {
		if err := s.keepAdmin(ctx, userID); err != nil {
			return err
		}
		if _, err := s.exec(ctx, `
			UPDATE users SET disabled_at = $1, auth_version = auth_version + 1 WHERE id = $2 AND deleted_at = 0`, s.now(), userID); err != nil {
			return err
		}
		return s.forgetKeys(ctx, userID)
	})
}

// Enable lets an account be used again.
func (s *Store) Enable(ctx context.Context, userID int64) error {
	_, err := s.exec(ctx, `UPDATE users SET disabled_at = 0 WHERE id = $1`, userID)
	return err
}

// EndSessions logs a user out everywhere.
func (s *Store) EndSessions(ctx context.Context, userID int64) error {
	_, err := s.exec(ctx, `DELETE FROM sessions WHERE user_id = $1`, userID)
	return err
}

// keepAdmin refuses, as Conflict, what would leave the site without an admin. No
// admin's account is changed by another before the transaction ends.
func (s *Store) keepAdmin(ctx context.Context, userID int64) error {
	var admins []int64
	if err := s.list(ctx, &admins, `UPDATE users SET id = id WHERE role = $1 AND disabled_at = 0 RETURNING id`, chat.Admin); err != nil {
		return err
	}
	if slices.Equal(admins, []int64{userID}) {
		return &chat.Error{Kind: chat.Conflict, Message: "This is the site's only admin. Make somebody else an admin first."}
	}
	return nil
}
