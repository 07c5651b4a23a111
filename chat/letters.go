package chat

import "time"

// LetterKind is what a letter is about.
type LetterKind string

// The letters that the site sends. A token for the link in one is made when the
// letter leaves, so that nothing that is stored opens a door, and a letter that
// was held up still has its time.
const (
	ConfirmLetter         LetterKind = "confirm"          // a link, to the address that it confirms
	ResetLetter           LetterKind = "reset"            // a link to choose a new password
	PasswordChangedLetter LetterKind = "password changed" // that it is another now
	EmailChangingLetter   LetterKind = "email changing"   // to the address so far: a change was asked for
	EmailChangedLetter    LetterKind = "email changed"    // to the address before: it is another now
	AccountDeletedLetter  LetterKind = "account deleted"  // that it is gone
	MentionLetter         LetterKind = "mention"          // that somebody named the member
	RoomLetter            LetterKind = "room"             // that there is something new in a room that the member follows
	DigestLetter          LetterKind = "digest"           // the same, of a day
)

// LinkLife is how long the link in such a letter works; 0 for one without a link.
func (k LetterKind) LinkLife() time.Duration {
	switch k {
	case ConfirmLetter:
		return 24 * time.Hour
	case ResetLetter:
		return time.Hour
	}
	if k.Notice() {
		return 90 * 24 * time.Hour // it ends such letters
	}
	return 0
}

// Notice reports whether the letter tells of what is new, which a member may
// choose not to be told.
func (k LetterKind) Notice() bool {
	return k == MentionLetter || k == RoomLetter || k == DigestLetter
}

// LettersLast is how long the site tries to send a letter.
const LettersLast = 24 * time.Hour

// Letter is one that waits to leave.
type Letter struct {
	ID        int64
	Kind      LetterKind
	UserID    int64  `db:"user_id"` // 0 for a ResetLetter that a stranger asked for: whose the address is, is looked up when it leaves
	Recipient string // an address as accounts have them
	CreatedAt Micros `db:"created_at"`
	Tries     int64  // so far, the present one included
}

// NextTry is how long to wait after a try that failed: a minute, and twice as
// long each time, up to six hours.
func (l Letter) NextTry() time.Duration {
	return min(time.Minute<<min(max(l.Tries-1, 0), 20), 6*time.Hour)
}
