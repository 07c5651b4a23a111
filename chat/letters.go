package chat

// LetterKind is what a letter is about.
type LetterKind string

// The letters the site writes. Those with a link get its token when they leave,
// so that no table ever holds one.
const (
	ConfirmLetter         LetterKind = "confirm"          // a link, to the address it confirms
	ResetLetter           LetterKind = "reset"            // a link to choose a new password
	PasswordChangedLetter LetterKind = "password-changed" // the password is another now
	EmailChangingLetter   LetterKind = "email-changing"   // to the old address: a change was asked for
	EmailChangedLetter    LetterKind = "email-changed"    // to the old address: it was done
	DeletedLetter         LetterKind = "deleted"          // the account is gone
)

// Letter is one that waits to leave.
type Letter struct {
	ID        int64
	Kind      LetterKind
	UserID    int64  `db:"user_id"`
	Recipient string // an address as accounts have them
	Detail    string // what the kind needs to know beyond that; mostly empty
	CreatedAt Micros `db:"created_at"`
	Tries     int64  // that failed
}
