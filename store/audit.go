package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/twilightbark/twilightbark/chat"
)

// Record adds events to the audit table, at the present moment: all or none. In
// the transaction of what they tell, they are there if and only if that is.
func (s *Store) Record(ctx context.Context, events ...chat.Event) error {
	var rows []string
	var args []any
	now := s.now()
	for _, e := range events {
		n := len(args)
		rows = append(rows, fmt.Sprintf("($%d, $%d, $%d, $%d, $%d, $%d, $%d)", n+1, n+2, n+3, n+4, n+5, n+6, n+7))
		args = append(args, now, e.Action, e.ActorID, e.UserID, e.Detail, e.IPPrefix, e.UserAgent)
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := s.exec(ctx, `INSERT INTO audit (at, action, actor_id, user_id, detail, ip_prefix, user_agent) VALUES `+strings.Join(rows, ", "), args...)
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
