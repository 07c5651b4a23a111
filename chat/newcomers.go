package chat

import (
	"strings"
	"time"
)

// newcomerTime is how long an account is a newcomer's, with tighter limits: most
// of what is sold here is sold by accounts of that age.
const newcomerTime = 24 * time.Hour

// Newcomer reports whether the account is new at that moment.
func (u User) Newcomer(now Micros) bool {
	return now-u.CreatedAt < Micros(newcomerTime.Microseconds())
}

// NewcomerLinks is how many links a newcomer's message has at most.
const NewcomerLinks = 2

// ErrNewcomerLinks tells a newcomer so.
var ErrNewcomerLinks = invalid("body", "In your first day here a message can have two links at most.")

// NewcomerRepeats is for how long a newcomer can't say the same again, in any room.
const NewcomerRepeats = 5 * time.Minute

// ErrNewcomerRepeats tells a newcomer so.
var ErrNewcomerRepeats = invalid("body", "You have said just this a moment ago. In your first day here, say something else, or wait five minutes.")

// Newcomer is the rate that bounds newcomers beside this one: the same burst,
// and then a tenth of the pace.
func (r Rate) Newcomer() Rate { return Rate{Count: 3 * r.Count, Window: 30 * r.Window} }

// MostRooms is how many rooms a member opens within a day at most, and a
// newcomer.
func (u User) MostRooms(now Micros) int {
	if u.Newcomer(now) {
		return 10
	}
	return 20
}

// Links counts what looks like a link in a text, whether it becomes one or not.
func Links(text string) int {
	return strings.Count(text, "://") + strings.Count(text, "www.") - strings.Count(text, "://www.")
}
