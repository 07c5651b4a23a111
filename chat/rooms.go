package chat

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Room is a place to talk, and the log of what was said in it.
type Room struct {
	ID           int64
	Slug         string // its name in addresses; an earlier one leads there
	Name         string
	Topic        string // what one talks about; may be empty
	CreatedAt    Micros `db:"created_at"`
	Revision     int64  // how many changes its log has seen: 0 when it is new
	MessageCount int64  `db:"message_count"` // also the number of its newest message
	LastPostedAt Micros `db:"last_posted_at"`
	SlowSeconds  int64  `db:"slow_seconds"` // least time between two messages of one member; 0 for none
	LockedAt     Micros `db:"locked_at"`    // 0 unless only moderators write
	ArchivedAt   Micros `db:"archived_at"`  // 0 unless nobody writes, and the room is not listed
	ChangedAt    Micros `db:"changed_at"`   // when its name, topic or rules last changed; 0 if never
}

// Closed is the error that tells somebody of that role why they can't write in
// the room, or nil.
func (r Room) Closed(role Role) error {
	switch {
	case r.ArchivedAt != 0:
		return &Error{Kind: Forbidden, Message: "This room is archived: it can be read, and nobody writes here any more."}
	case r.LockedAt != 0 && !Can(&User{Role: role}, Moderate, User{}):
		return &Error{Kind: Forbidden, Message: "This room is locked: only moderators write here for now."}
	}
	return nil
}

// RoomChange is what moderators change of a room.
type RoomChange struct {
	RoomName
	Topic       string
	SlowSeconds int64
	Locked      bool
	Archived    bool
	Seen        Micros // ChangeSeen of the room that the form showed; 0 for a form that does not say
}

// ChangeSeen names what moderators had made of the room when it was shown.
func (r Room) ChangeSeen() Micros { return cmp.Or(r.ChangedAt, r.CreatedAt) }

// Is reports whether the change would leave the room as it is.
func (r Room) Is(change RoomChange) bool {
	return r.Name == change.Name && r.Slug == change.Slug && r.Topic == change.Topic && r.SlowSeconds == change.SlowSeconds &&
		(r.LockedAt != 0) == change.Locked && (r.ArchivedAt != 0) == change.Archived
}

// SlowSeconds are the least times between two messages of one member that a room
// can have.
var SlowSeconds = []int64{0, 5, 15, 30, 60, 300, 900}

// Pause says how long a pause is, as in "one message every 30 seconds".
func Pause(pause time.Duration) string {
	if days := int(pause.Hours()) / 24; days > 1 {
		return strconv.Itoa(days) + " days"
	}
	if hours := int(pause.Hours()); hours > 1 {
		return strconv.Itoa(hours) + " hours"
	}
	if pause == time.Hour {
		return "hour"
	}
	if minutes := int(pause.Minutes()); minutes > 1 {
		return strconv.Itoa(minutes) + " minutes"
	}
	if pause == time.Minute {
		return "minute"
	}
	return strconv.Itoa(int(pause.Seconds())) + " seconds"
}

// MaxTopic bounds a room's topic, in characters.
const MaxTopic = 200

// CleanTopic gives a topic, which must be in Unicode's form NFC, as it is
// stored: in one line, without what would hide in it. One that is too long is
// Invalid in the field "topic"; an empty one is none.
func CleanTopic(topic string) (string, error) {
	topic = strings.Join(strings.Fields(strings.Map(dropControls, strings.ToValidUTF8(topic, "\ufffd"))), " ")
	if utf8.RuneCountInString(topic) > MaxTopic {
		return "", invalid("topic", "A topic has at most 200 characters.")
	}
	if !visible(topic) {
		return "", nil
	}
	return topic, nil
}

// Path is the room's address.
func (r Room) Path() string { return RoomPath(r.Slug) }

// RoomPath is the address of the room with that slug.
func RoomPath(slug string) string { return "/rooms/" + url.PathEscape(slug) }

// Directory says which rooms to list, the one of latest activity first.
type Directory struct {
	Contains string // part of a slug, as SlugPart gives it; empty for all
	After    Place  // where the list before ended
}

// SlugPart is what slugs contain of rooms whose names contain a text, which must
// be in Unicode's form NFC; it is empty for a text that no slug could contain.
func SlugPart(text string) string { return slugOf(text[:min(len(text), MaxRoomName*utf8.UTFMax)]) }

// MaxRoomName bounds a room's name and its slug, in characters.
const MaxRoomName = 64

// RoomName is a room's name together with the slug that follows from it.
type RoomName struct{ Name, Slug string }

// NameRoom checks a room's name, which must be in Unicode's form NFC, and gives
// it with its slug: the name in lower case, its letters, marks and digits kept,
// everything between them one "-". A name that has none, or is too long, is
// Invalid in the field "name".
func NameRoom(name string) (RoomName, error) {
	if !utf8.ValidString(name) {
		return RoomName{}, invalid("name", "This name has characters that can't be read.")
	}
	name = strings.Join(strings.Fields(strings.Map(dropControls, name)), " ")
	slug := slugOf(name)
	switch {
	case slug == "":
		return RoomName{}, invalid("name", "Give the room a name with at least one letter or digit.")
	case utf8.RuneCountInString(slug) > MaxRoomName || utf8.RuneCountInString(name) > MaxRoomName:
		return RoomName{}, invalid("name", "A room's name has at most 64 characters.")
	}
	return RoomName{Name: name, Slug: slug}, nil
}

func slugOf(name string) string {
	var b strings.Builder
	gap, base := false, false
	for _, r := range strings.ToLower(name) {
		switch {
		case (unicode.IsLetter(r) || unicode.IsDigit(r)) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r):
			base = true // a filler is a letter that shows nothing, and names nothing
		case unicode.IsMark(r) && base: // a mark needs something to stand on
		default:
			gap, base = true, false
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte('-')
		}
		gap = false
		b.WriteRune(r)
	}
	return b.String()
}

// dropControls keeps characters that would hide in a name, or turn its
// neighbours around, out of it: controls, and the format characters of
// Unicode's bidirectional algorithm.
func dropControls(r rune) rune {
	if r == '\t' || r == '\n' || r == '\r' {
		return ' '
	}
	if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u200b' || r == '\ufeff' {
		return -1
	}
	return r
}
