package chat

import (
	"errors"
	"time"
)

// Kind sorts failures by what the person can do about them.
type Kind int

const (
	Internal    Kind = iota // ours to fix; the person is told nothing more
	Invalid                 // the input must change
	SignedOut               // log in first
	Forbidden               // logged in, but not allowed
	NotFound                // no such thing, or not yours to know about
	Conflict                // someone else got there first
	TooFast                 // allowed, but later
	Unavailable             // the site can't just now; trying again is safe
)

// Error is a failure that may be told to a person.
type Error struct {
	Kind    Kind
	Message string            // a sentence, safe to show
	Fields  map[string]string // what is wrong with each form field, by its name
	After   time.Duration     // for TooFast and Unavailable: when trying again makes sense
	Err     error             // the cause, for the log only
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf reports err's kind. An error nobody classified is Internal.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// invalid says what is wrong with one form field.
func invalid(field, message string) *Error {
	return &Error{Kind: Invalid, Message: message, Fields: map[string]string{field: message}}
}
