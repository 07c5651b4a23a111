package store

import (
	"context"

	"github.com/twilightbark/twilightbark/chat"
)

// Send puts a letter into the outbox, from where it leaves soon. In the
// transaction of what it tells, it leaves only if that is committed.
func (s *Store) Send(ctx context.Context, letter chat.Letter) error {
	now := s.now()
	_, err := s.exec(ctx, `
		INSERT INTO letters (kind, user_id, recipient, detail, created_at, due_at)
		VALUES ($1, $2, $3, $4, $5, $6)`,
		letter.Kind, letter.UserID, letter.Recipient, letter.Detail, now, now)
	return err
}
