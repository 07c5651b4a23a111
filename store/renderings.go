package store

import (
	"context"
	"strconv"

	"github.com/twilightbark/twilightbark/chat"
)

// OutdatedBelow is the version of the rules below which HTML is to be made anew.
// The index messages_outdated holds just these messages, so that posting pays
// nothing for it: where this goes up, a migration makes that index anew.
const OutdatedBelow = 1

// Outdated gives up to limit messages whose HTML was made by rules that hold no
// more, the oldest first.
func (s *Store) Outdated(ctx context.Context, limit int) (outdated []chat.Rendering, err error) {
	// The version stands in the text, or SQLite would not see that the index fits.
	err = s.list(ctx, &outdated, `
		SELECT m.id, m.body, m.html, m.render_version FROM messages m
		WHERE m.render_version < `+strconv.Itoa(OutdatedBelow)+`
		ORDER BY m.id LIMIT $1`, limit)
	return outdated, err
}

// Renew stores the HTML that newer rules made of messages' texts, in that order,
// the same on all nodes, so that none waits for another in a circle. A message
// that says something else by now, or was renewed already, stays as it is. What
// is said does not change, so this takes no revision.
func (s *Store) Renew(ctx context.Context, renewed []chat.Rendering) error {
	return s.InTx(ctx, func(s *Store) error {
		for _, r := range renewed {
			if _, err := s.exec(ctx, `
				UPDATE messages SET html = $1, render_version = $2 WHERE id = $3 AND body = $4 AND render_version < $5`,
				r.HTML, r.Rendered, r.ID, r.Body, r.Rendered); err != nil {
				return err
			}
		}
		return nil
	})
}
