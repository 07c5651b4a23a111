package chat

// Action is something that the audit table remembers.
type Action string

// What is remembered.
const (
	Registered      Action = "registered"
	LoggedIn        Action = "logged in"
	LoginFailed     Action = "login failed"
	ResetAsked      Action = "password reset asked"
	PasswordReset   Action = "password reset"
	EmailAsked      Action = "email change asked"
	EmailConfirmed  Action = "email confirmed"
	UsernameChanged Action = "username changed"
	PasswordChanged Action = "password changed"
	SessionsEnded   Action = "sessions ended"
	DataDownloaded  Action = "data downloaded"
	AccountDeleted  Action = "account deleted"
	AccountCreated  Action = "account created" // by the command line
	RoleChanged     Action = "role changed"
	ResetLinkMade   Action = "reset link made" // by the command line
)

// Event is an entry of the audit table. It is never changed, and is forgotten
// after a time that the host chooses.
type Event struct {
	At        Micros // given by the store
	Action    Action
	ActorID   int64  `db:"actor_id"` // who did it; 0 for a stranger, and for the command line
	UserID    int64  `db:"user_id"`  // whose account it is about; 0 where there is none
	Detail    string // never a secret
	IPPrefix  string `db:"ip_prefix"`
	UserAgent string `db:"user_agent"`
}
