package store

import (
	"context"
	"time"

	"github.com/twilightbark/twilightbark/chat"
)

const selectReport = `
	SELECT p.id, p.message_id, r.slug AS room_slug, r.name AS room_name, m.number, m.author_id, authors.username AS author, m.body, m.html,
		reporters.username AS reporter, p.reason, p.reported_at, p.settled_at, COALESCE(settlers.username, '') AS settled_by, p.outcome
	FROM reports p
	JOIN messages m ON m.id = p.message_id
	JOIN rooms r ON r.id = m.room_id
	JOIN users authors ON authors.id = m.author_id
	JOIN users reporters ON reporters.id = p.reporter_id
	LEFT JOIN users settlers ON settlers.id = p.settled_by`

// reportsPerHour is how many messages one member reports in an hour at most.
const reportsPerHour = 20

// Report notes that a member reports a message, once, and tells whether this was
// it: again changes nothing. A reason that can't be is Invalid, and too many within
// an hour are TooFast.
func (s *Store) Report(ctx context.Context, messageID, reporterID int64, reason string) (noted bool, err error) {
	if reason, err = chat.CleanReason(reason); err != nil {
		return false, err
	}
	err = s.InTx(ctx, func(s *Store) error {
		now := s.now()
		var recent int
		if err := s.get(ctx, &recent, `
			SELECT COUNT(*) FROM reports WHERE reporter_id = $1 AND reported_at > $2`, reporterID, now-micros(time.Hour)); err != nil {
			return err
		}
		if recent >= reportsPerHour {
			return &chat.Error{Kind: chat.TooFast, Message: "You have reported many messages within this hour. The moderators will see to them first.", After: time.Hour}
		}
		rows, err := s.exec(ctx, `
			INSERT INTO reports (message_id, reporter_id, reason, reported_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (message_id, reporter_id) DO NOTHING`, messageID, reporterID, reason, now)
		noted = rows > 0
		return err
	})
	return noted && err == nil, err
}

// ReportBy finds the report of a message by a member. That there is none is NotFound.
func (s *Store) ReportBy(ctx context.Context, messageID, reporterID int64) (report chat.Report, err error) {
	err = s.get(ctx, &report, selectReport+` WHERE p.message_id = $1 AND p.reporter_id = $2`, messageID, reporterID)
	return report, err
}

// Reports lists up to limit of the reports that wait, the one that has waited
// longest first.
func (s *Store) Reports(ctx context.Context, after chat.Place, limit int) (reports []chat.Report, err error) {
	err = s.list(ctx, &reports, selectReport+`
		WHERE p.settled_at = 0 AND (p.reported_at, p.id) > ($1, $2)
		ORDER BY p.reported_at, p.id LIMIT $3`, after.At, after.ID, limit)
	return reports, err
}

// SettledReports lists up to limit of the reports that are settled, the latest first.
func (s *Store) SettledReports(ctx context.Context, after chat.Place, limit int) (reports []chat.Report, err error) {
	before := after.Bound()
	err = s.list(ctx, &reports, selectReport+`
		WHERE p.settled_at > 0 AND (p.settled_at, p.id) < ($1, $2)
		ORDER BY p.settled_at DESC, p.id DESC LIMIT $3`, before.At, before.ID, limit)
	return reports, err
}

// Settle settles a report, and all others that wait about the same message, and
// gives it, and whether this settled it. One that is settled stays as it is; one
// that is not there is NotFound.
func (s *Store) Settle(ctx context.Context, id, moderatorID int64, outcome chat.Outcome) (report chat.Report, settled bool, err error) {
	err = s.InTx(ctx, func(s *Store) error {
		if err := s.get(ctx, &report, selectReport+` WHERE p.id = $1`, id); err != nil || report.SettledAt != 0 {
			return err
		}
		rows, err := s.exec(ctx, `
			UPDATE reports SET settled_at = $1, settled_by = $2, outcome = $3 WHERE message_id = $4 AND settled_at = 0`,
			s.now(), moderatorID, outcome, report.MessageID)
		if err != nil {
			return err
		}
		settled = rows > 0
		return s.get(ctx, &report, selectReport+` WHERE p.id = $1`, id)
	})
	return report, settled && err == nil, err
}
