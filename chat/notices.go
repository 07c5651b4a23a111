package chat

import "time"

// Notices is what a member gets letters about when away.
type Notices string

// What may be chosen.
const (
	MentionNotices Notices = "mentions" // a message that names the member
	RoomNotices    Notices = "rooms"    // that, or one in a room that they follow
	DailyNotices   Notices = "daily"    // the same, once a day
	NoNotices      Notices = "none"
)

const (
	// NoticeAfter is how long a message stays unread before a letter tells of it.
	NoticeAfter = 10 * time.Minute
	// NoticeLast is how old a message may be for a letter to tell of it: older than
	// the pause between two daily letters.
	NoticeLast = 48 * time.Hour
	// DigestEvery is the least time between two daily letters.
	DigestEvery = 24 * time.Hour
)

// ParseNotices reads what a form says, and reports whether it can be chosen.
func ParseNotices(text string) (Notices, bool) {
	switch n := Notices(text); n {
	case MentionNotices, RoomNotices, DailyNotices, NoNotices:
		return n, true
	}
	return "", false
}
