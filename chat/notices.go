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
	// NoticeLast is how old a message may be for a letter to tell of it: older than
	// the pause between two daily letters.
	NoticeLast = 48 * time.Hour
	// DigestEvery is the least time between two daily letters.
	DigestEvery = 24 * time.Hour
)

// Missed is what a letter tells a member: what there is new to them. The zero
// value is nothing.
type Missed struct {
	Mentions     []Message // that name the member, the newest first
	MoreMentions bool      // there are older ones
	Rooms        []MissedRoom
	MoreRooms    int // rooms with less recent messages than these
}

// MissedRoom is a room that the member follows, and how many messages are new
// there.
type MissedRoom struct {
	Slug     string
	Name     string
	Messages int64
	More     bool // than these, which are all that were looked at
}

// Path is the room's address.
func (r MissedRoom) Path() string { return RoomPath(r.Slug) }

// None reports whether there is nothing to tell.
func (m Missed) None() bool { return len(m.Mentions) == 0 && len(m.Rooms) == 0 }

// ParseNotices reads what a form says, and reports whether it can be chosen.
func ParseNotices(text string) (Notices, bool) {
	switch n := Notices(text); n {
	case MentionNotices, RoomNotices, DailyNotices, NoNotices:
		return n, true
	}
	return "", false
}
