package chat

import "time"

// Removal is everything that a member posted in the last hours, removed by a
// moderator, who can have it restored.
type Removal struct {
	ID         int64
	AuthorID   int64  `db:"author_id"`
	PostedFrom Micros `db:"posted_from"` // of the messages: this moment and since
	OrderedBy  string `db:"ordered_by"`
	OrderedAt  Micros `db:"ordered_at"`
	RestoredAt Micros `db:"restored_at"` // 0 unless it was taken back
	Unfinished bool   // messages are still being removed, or restored
	Messages   int64  // that are removed by it now
}

// RemovalTimes are the times back to which messages can be removed.
var RemovalTimes = []time.Duration{time.Hour, 6 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour}
