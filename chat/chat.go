// Package chat holds the nouns of the site and their rules: users, rooms,
// messages, cursors and the errors that may be told to people. It knows no
// database, no HTTP and no HTML, does no I/O, and everything in it may be used
// from many goroutines at once.
package chat

import "time"

// Micros is a moment in microseconds since 1970-01-01 UTC, which is how both
// databases keep time. The zero value means "never".
type Micros int64

// At gives t as Micros. What is finer than a microsecond is cut off.
func At(t time.Time) Micros { return Micros(t.UnixMicro()) }

// Time gives the moment in UTC.
func (m Micros) Time() time.Time { return time.UnixMicro(int64(m)).UTC() }
