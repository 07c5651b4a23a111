package chat

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Report is a member's word to the moderators about a message.
type Report struct {
	ID         int64
	MessageID  int64  `db:"message_id"`
	RoomSlug   string `db:"room_slug"`
	RoomName   string `db:"room_name"`
	Number     int64
	AuthorID   int64 `db:"author_id"`
	Author     string
	Body       string // of the message as it now is; empty when it is deleted
	HTML       string // made of Body
	Reporter   string
	Reason     string
	ReportedAt Micros  `db:"reported_at"`
	SettledAt  Micros  `db:"settled_at"` // 0 while it waits
	SettledBy  string  `db:"settled_by"`
	Outcome    Outcome // empty while it waits
}

// Path is the address of the message that it is about.
func (r Report) Path() string { return RoomPath(r.RoomSlug) + "/" + strconv.FormatInt(r.Number, 10) }

// Place is where a list that ends with the report goes on.
func (r Report) Place() Place {
	if r.SettledAt != 0 {
		return Place{At: r.SettledAt, ID: r.ID}
	}
	return Place{At: r.ReportedAt, ID: r.ID}
}

// Outcome is what became of a report.
type Outcome string

// The outcomes.
const (
	Resolved  Outcome = "resolved"  // something was done about it
	Dismissed Outcome = "dismissed" // there was nothing to do
)

// MaxReason bounds what people write about others for moderators, or moderators
// for them, in characters.
const MaxReason = 500

// CleanReason gives a reason as it is stored: in one line, without what would
// hide in it. An empty one, or too long, is Invalid in the field "reason".
func CleanReason(reason string) (string, error) {
	reason = strings.Join(strings.Fields(strings.Map(dropControls, strings.ToValidUTF8(reason, "\ufffd"))), " ")
	switch {
	case !visible(reason):
		return "", invalid("reason", "Say in a few words why.")
	case utf8.RuneCountInString(reason) > MaxReason:
		return "", invalid("reason", "Say it in at most 500 characters.")
	}
	return reason, nil
}
