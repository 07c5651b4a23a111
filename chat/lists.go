package chat

import (
	"math"
	"strconv"
	"strings"
)

// Place is where a list that is in the order of time goes on: after what
// happened at a moment and has that id. The zero value is the list's beginning.
type Place struct {
	At Micros
	ID int64
}

// ParsePlace reads a place as String writes it. What is none is the beginning.
func ParsePlace(text string) Place {
	at, id, _ := strings.Cut(text, "-")
	micros, atErr := strconv.ParseInt(at, 10, 64)
	number, idErr := strconv.ParseInt(id, 10, 64)
	if atErr != nil || idErr != nil || micros < 1 || number < 1 {
		return Place{}
	}
	return Place{At: Micros(micros), ID: number}
}

// String writes the place for an address; it is empty for the beginning.
func (p Place) String() string {
	if p == (Place{}) {
		return ""
	}
	return strconv.FormatInt(int64(p.At), 10) + "-" + strconv.FormatInt(p.ID, 10)
}

// Bound is the place, or for the beginning of a list, the latest first, a place
// that everything comes after.
func (p Place) Bound() Place {
	if p == (Place{}) {
		return Place{At: math.MaxInt64, ID: math.MaxInt64}
	}
	return p
}

// MemberList says which members to list, by their names.
type MemberList struct {
	Begins   string // the beginning of a username, or with its "@" of an email; empty for all
	Role     Role   // empty for all
	Disabled bool   // only those whose accounts are
	After    string // where the list before ended, as Place gives it
}

// ByEmail reports whether members are looked for, and listed, by their emails.
func (l MemberList) ByEmail() bool { return strings.Contains(l.Begins, "@") }

// Place is where a list that ends with that member goes on.
func (l MemberList) Place(last User) string {
	if l.ByEmail() {
		return last.Email
	}
	return UsernameKey(last.Username)
}

// RoomList says which rooms to list: the one of latest activity first, or by
// their slugs those whose slug begins in a way.
type RoomList struct {
	Begins    string // a slug's beginning; empty for all
	After     Place  // where the list before ended
	AfterSlug string // the same, for a list by slugs
}

// Place is where a list that ends with that room goes on.
func (r Room) Place() Place { return Place{At: r.LastPostedAt, ID: r.ID} }

// MessageList says which messages to list, the newest first.
type MessageList struct {
	RoomID   int64 // 0 for all rooms
	AuthorID int64 // 0 for all authors
	Before   int64 // id of the message that the list before ended with; 0 for none
}

// MentionList says which of the messages that name a member to list, the newest
// first.
type MentionList struct {
	RoomID int64 // 0 for all rooms
	Unread bool  // only those that the member was shown neither there nor in this list
	Before int64 // id of the message that the list before ended with; 0 for none
}

// Overview is the site in figures.
type Overview struct {
	Members       int64
	Rooms         int64
	Messages      int64
	Reports       int64  // that wait to be settled
	Letters       int64  // that wait to leave
	LettersSince  Micros `db:"letters_since"` // the oldest of them; 0 where there is none
	Database      string // "SQLite 3.50" or "PostgreSQL 17.2"
	DatabaseBytes int64  // what it takes on the disk
	FreeBytes     int64  // what is left there; 0 where that is not known
}
