package chat

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Sanction keeps a member from something, in a room or on the whole site.
type Sanction struct {
	UserID   int64 `db:"user_id"`
	Username string
	Role     Role   // of that member
	RoomID   int64  `db:"room_id"` // 0 for the whole site
	RoomSlug string `db:"room_slug"`
	RoomName string `db:"room_name"`
	Kind     SanctionKind
	Reason   string // told to the member
	GivenBy  int64  `db:"given_by"`
	Giver    string
	GivenAt  Micros `db:"given_at"`
	EndsAt   Micros `db:"ends_at"` // 0 for never
}

// SanctionKind is what a sanction keeps a member from.
type SanctionKind string

// The kinds.
const (
	Mute SanctionKind = "mute" // from writing
	Ban  SanctionKind = "ban"  // from writing and from being there: in a room they read as a guest does, on the site they can't log in
)

// SanctionTimes are the times for which sanctions are given, 0 for good.
var SanctionTimes = []time.Duration{time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour, 0}

// Given reports whether the sanction is one at all: the zero value is none.
func (s Sanction) Given() bool { return s.Kind != "" }

// Refusal is the error that tells the member: what they are kept from, until
// when, and why.
func (s Sanction) Refusal() *Error {
	sentence := "You are muted"
	if s.Kind == Ban {
		sentence = "You are banned"
	}
	if s.RoomID != 0 {
		sentence += " in this room"
	}
	if s.EndsAt != 0 {
		sentence += " until " + s.EndsAt.Time().Format("2 January 2006, 15:04 MST")
	}
	return &Error{Kind: Forbidden, Message: sentence + ". The reason: " + s.Reason}
}

// SanctionList says which sanctions in force to list, the latest first.
type SanctionList struct {
	Kind   SanctionKind // empty for both
	UserID int64        // 0 for all members
	RoomID int64        // 0 for all rooms
	Site   bool         // only those that hold on the whole site
	Before SanctionPlace
}

// SanctionPlace is where a list of sanctions goes on. The zero value is its
// beginning.
type SanctionPlace struct {
	GivenAt Micros
	UserID  int64
	RoomID  int64
}

// Place is where a list that ends with the sanction goes on.
func (s Sanction) Place() SanctionPlace { return SanctionPlace{s.GivenAt, s.UserID, s.RoomID} }

// String writes the place for an address.
func (p SanctionPlace) String() string { return fmt.Sprintf("%d-%d-%d", p.GivenAt, p.UserID, p.RoomID) }

// ParseSanctionPlace reads a place as String writes it. What is none is the
// beginning.
func ParseSanctionPlace(text string) SanctionPlace {
	at, rest, _ := strings.Cut(text, "-")
	user, room, _ := strings.Cut(rest, "-")
	micros, atErr := strconv.ParseInt(at, 10, 64)
	userID, userErr := strconv.ParseInt(user, 10, 64)
	roomID, roomErr := strconv.ParseInt(room, 10, 64)
	if atErr != nil || userErr != nil || roomErr != nil || micros < 1 {
		return SanctionPlace{}
	}
	return SanctionPlace{Micros(micros), userID, roomID}
}

// Bound is the place, or for the beginning one that everything comes after.
func (p SanctionPlace) Bound() SanctionPlace {
	if p == (SanctionPlace{}) {
		return SanctionPlace{math.MaxInt64, math.MaxInt64, math.MaxInt64}
	}
	return p
}

// LogEntry is an entry of a room's public log of what moderators did.
type LogEntry struct {
	ID       int64
	RoomID   int64 `db:"room_id"`
	At       Micros
	ActorID  int64 `db:"actor_id"`
	Actor    string
	Act      LogAct
	UserID   int64  `db:"user_id"` // whom it was done to; 0 for nobody
	Username string // of that member
	Number   int64  // of the message it was done to; 0 for none
	Detail   string // never why: that could tell who reported it
}

// LogAct is what a moderator did.
type LogAct string

// The acts.
const (
	LogMuted   LogAct = "muted"
	LogBanned  LogAct = "banned"
	LogLifted  LogAct = "let write again"
	LogDeleted LogAct = "deleted a message of"

	LogRemoved  LogAct = "removed the latest messages of"
	LogRestored LogAct = "restored the removed messages of"

	LogRenamed     LogAct = "renamed the room, which was"
	LogTopic       LogAct = "set the topic"
	LogNoTopic     LogAct = "took the topic away"
	LogSlow        LogAct = "made the room slow"
	LogFast        LogAct = "ended slow mode"
	LogLocked      LogAct = "locked the room"
	LogUnlocked    LogAct = "unlocked the room"
	LogArchived    LogAct = "archived the room"
	LogBroughtBack LogAct = "brought the room back"
)

// Place is where a list that ends with the entry goes on.
func (e LogEntry) Place() Place { return Place{At: e.At, ID: e.ID} }
