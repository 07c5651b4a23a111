package store

import (
	"context"

	"github.com/twilightbark/twilightbark/chat"
)

// Record adds an event to the audit table, at the present moment. In the
// transaction of what it tells, it is there if and only if that is.
func (s *Store) Record(ctx context.Context, event chat.Event) error {
	_, err := s.exec(ctx, `
		INSERT INTO audit (at, action, actor_id, user_id, detail, ip_prefix, user_agent)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		s.now(), event.Action, event.ActorID, event.UserID, event.Detail, event.IPPrefix, event.UserAgent)
	return err
}
