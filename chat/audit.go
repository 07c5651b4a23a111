package chat

// Action is a thing the audit table remembers.
type Action string

// What is remembered.
const (
	LoggedIn         Action = "login"
	LoginFailed      Action = "login failed"
	Registered       Action = "register"
	ResetAsked       Action = "reset asked"
	PasswordReset    Action = "password reset"
	PasswordChanged  Action = "password changed"
	EmailAsked       Action = "email change asked"
	EmailConfirmed   Action = "email confirmed"
	UsernameChanged  Action = "username changed"
	SessionEnded     Action = "session ended"
	DataDownloaded   Action = "data downloaded"
	AccountDeleted   Action = "account deleted"
	AccountCreated   Action = "account created" // by the command line
	RoleChanged      Action = "role changed"
	ResetLinkPrinted Action = "reset link printed"
)

// Event is an entry of the audit table. It is never changed, and forgotten
// after a time that the host chooses.
type Event struct {
	At        Micros // given by the store
	Action    Action
	ActorID   int64  `db:"actor_id"` // who did it; 0 for a stranger or the command line
	UserID    int64  `db:"user_id"`  // whose account it is about; 0 where there is none
	Detail    string // never a secret
	IPPrefix  string `db:"ip_prefix"`
	UserAgent string `db:"user_agent"`
}
