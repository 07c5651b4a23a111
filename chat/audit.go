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
	ResetLinkSent   Action = "reset link sent" // by an admin, to the account's address
	AccountDisabled Action = "account disabled"
	AccountEnabled  Action = "account enabled"
	SettingChanged  Action = "setting changed" // of the site
	MessageReported Action = "message reported"
	ReportSettled   Action = "report settled"
	MemberMuted     Action = "muted"
	MemberBanned    Action = "banned"
	SanctionLifted  Action = "sanction lifted"
	RoomChanged     Action = "room changed"

	MessageDeleted   Action = "message deleted" // by a moderator
	MessagesRemoved  Action = "messages removed"
	MessagesRestored Action = "messages restored"
)

// Actions is all that is remembered.
var Actions = []Action{
	Registered, LoggedIn, LoginFailed, ResetAsked, PasswordReset, EmailAsked, EmailConfirmed, UsernameChanged, PasswordChanged,
	SessionsEnded, DataDownloaded, AccountDeleted, AccountCreated, RoleChanged, ResetLinkMade, ResetLinkSent, AccountDisabled,
	AccountEnabled, SettingChanged, MessageReported, ReportSettled, MemberMuted, MemberBanned, SanctionLifted, RoomChanged, MessageDeleted, MessagesRemoved, MessagesRestored,
}

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

// Entry is an event as it is read, with the names of those it tells of.
type Entry struct {
	Event
	ID    int64
	Actor string // empty where there is none
	User  string
}

// Place is the entry's among all, for where a list of entries goes on.
func (e Entry) Place() Place { return Place{At: e.At, ID: e.ID} }

// AuditList says which entries of the audit table to list, the latest first.
type AuditList struct {
	Action  Action // empty for all
	ActorID int64  // 0 for all
	UserID  int64  // 0 for all
	Before  Place  // where the list before ended
}
