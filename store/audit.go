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

// Events lists up to limit of what the audit table remembers about a user, the
// latest first.
func (s *Store) Events(ctx context.Context, userID int64, limit int) (events []chat.Event, err error) {
	err = s.list(ctx, &events, `
		SELECT at, action, actor_id, user_id, detail, ip_prefix, user_agent FROM audit
		WHERE user_id = $1
		ORDER BY at DESC, id DESC LIMIT $2`, userID, limit)
	return events, err
}

// Forget deletes up to limit of the events before that moment, the oldest
// first, and tells how many there were.
func (s *Store) Forget(ctx context.Context, before chat.Micros, limit int) (forgotten int64, err error) {
	return s.exec(ctx, `
		DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < $1 ORDER BY at, id LIMIT $2)`, before, limit)
}
