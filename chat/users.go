package chat

import (
	"crypto/sha256"
	"fmt"
	"net/mail"
	"strings"
)

// User is a member's account.
type User struct {
	ID           int64
	Email        string // lower case; no two accounts share one
	Username     string // as its owner writes it; unique without regard to case
	PasswordHash string `db:"password_hash"`
	HideEmail    bool   `db:"hide_email"`
	AuthVersion  int64  `db:"auth_version"` // sessions of an older version are dead
	CreatedAt    Micros `db:"created_at"`
	Avatar       string // names the picture its owner chose; empty for the one made of the name
	TimeZone     string `db:"time_zone"`  // one of TimeZones; empty for the site's
	RenewedAt    Micros `db:"renewed_at"` // when the name or picture last changed; 0 if never

	PendingEmail     string `db:"pending_email"`      // takes Email's place when it is confirmed; mostly empty
	EmailConfirmedAt Micros `db:"email_confirmed_at"` // 0 until a letter's link was followed
	Role             Role
	DisabledAt       Micros `db:"disabled_at"` // 0 for an account that can be used
}

// Role is what an account may do beyond its own things.
type Role string

// The roles, each with the rights of those before.
const (
	Member    Role = "member"
	Moderator Role = "moderator"
	Admin     Role = "admin"
)

// FormerMember is the name of all whose accounts are deleted. Nobody else can
// have it: a username has no space.
const FormerMember = "former member"

// Path is the address of the user's page.
func (u User) Path() string { return UserPath(u.Username) }

// Picture is the address of the user's picture as it stands beside what they say.
func (u User) Picture() string { return PicturePath(u.Avatar, u.Username) }

// LargePicture is the address of the same picture for a page about the user.
func (u User) LargePicture() string {
	if u.Avatar == "" {
		return DefaultPicture(u.Username)
	}
	return "/avatars/" + u.Avatar + "/256"
}

// PicturePath is the address of the picture of the user who has that avatar, or
// none, and that name.
func PicturePath(avatar, username string) string {
	if avatar == "" {
		return DefaultPicture(username)
	}
	return "/avatars/" + avatar + "/96"
}

// UserPath is the address of the page of the user with that name.
func UserPath(username string) string { return "/users/" + username }

// PictureColours is how many colours default pictures come in.
const PictureColours = 36

// DefaultPicture is the address of the picture generated for a username: a paw
// in one of PictureColours colours, chosen by the name without regard to case.
func DefaultPicture(username string) string {
	sum := sha256.Sum256([]byte(UsernameKey(username)))
	return fmt.Sprintf("/avatars/paw-%d/96", int(sum[0])%PictureColours)
}

// UsernameKey is the form in which usernames are compared: unique, and without case.
func UsernameKey(username string) string { return strings.ToLower(username) }

// NormalEmail is the form in which addresses are stored and compared.
func NormalEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// Registration is a new account as it is asked for. PasswordHash is made by the caller.
type Registration struct {
	Email        string
	Username     string
	PasswordHash string
}

// Profile is what a member may change of the account without more ado.
type Profile struct {
	Username  string
	HideEmail bool
	TimeZone  string // one of TimeZones, or empty for the site's
}

// Problems says what is wrong with the profile, by field name; it is empty when
// nothing is. Whether the name is taken is not among the rules.
func (p Profile) Problems() map[string]string {
	problems := map[string]string{}
	if problem := usernameProblem(p.Username); problem != "" {
		problems["username"] = problem
	}
	if p.TimeZone != "" && !knownZone(p.TimeZone) {
		problems["time_zone"] = "Choose one of the time zones of the list."
	}
	return problems
}

// Avatar is a profile picture in its two sizes, as JPEG. Its hash names it.
type Avatar struct {
	Hash  string // 32 hexadecimal digits
	Large []byte // 256 pixels a side
	Small []byte // 96 pixels a side
}

// Bounds of a registration's fields, in bytes (both are ASCII where they are accepted).
const (
	MinUsername = 2
	MaxUsername = 30
	MaxEmail    = 254 // RFC 5321 leaves 254 for an address in MAIL FROM
)

// reserved names would read as the site speaking, or as one of its pages.
var reserved = map[string]bool{
	"admin": true, "administrator": true, "anonymous": true, "api": true, "deleted": true, "edit": true,
	"everyone": true, "guest": true, "help": true, "here": true, "login": true, "logout": true, "me": true,
	"moderator": true, "new": true, "null": true, "register": true, "root": true, "settings": true,
	"staff": true, "support": true, "system": true, "undefined": true, "former-member": true,
}

// Problems says what is wrong with the registration's email and username, by
// field name; it is empty when nothing is. The rules are those of one person
// reading the form, so whether a name is taken is not among them.
func (r Registration) Problems() map[string]string {
	problems := map[string]string{}
	if problem := EmailProblem(r.Email); problem != "" {
		problems["email"] = problem
	}
	if problem := usernameProblem(r.Username); problem != "" {
		problems["username"] = problem
	}
	return problems
}

func usernameProblem(name string) string {
	const rule = "Use 2 to 30 letters (a to z), digits, or . _ - between them."
	if len(name) < MinUsername || len(name) > MaxUsername {
		return rule
	}
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case (c == '.' || c == '_' || c == '-') && i > 0 && i < len(name)-1:
		default:
			return rule
		}
	}
	if reserved[UsernameKey(name)] {
		return "This name is kept for the site itself. Please choose another."
	}
	return ""
}

// EmailProblem says what is wrong with an address as somebody wrote it; it is
// empty when nothing is.
func EmailProblem(email string) string {
	const rule = "Enter one email address, like ada@example.com."
	if email == "" || len(email) > MaxEmail {
		return rule
	}
	address, err := mail.ParseAddress(email)
	// A display name, a comment or a quoted part would parse, yet is not what an account is named by.
	if err != nil || address.Address != email || strings.ContainsAny(email, "\"<>()[]\r\n\t ,;:\\") {
		return rule
	}
	for i := range len(email) {
		if email[i] < 0x21 || email[i] > 0x7e {
			return rule
		}
	}
	domain := email[strings.LastIndexByte(email, '@')+1:]
	if !strings.Contains(domain, ".") || strings.HasPrefix(domain, ".") || strings.HasSuffix(domain, ".") {
		return rule
	}
	return ""
}

// NameBegun gives the name that is being written at the end of a text, without
// its @, and reports whether there is one; it may be empty.
func NameBegun(text string) (name string, ok bool) {
	at := strings.LastIndexByte(text, '@')
	if at < 0 || at > 0 && wordBefore(text[:at]) {
		return "", false
	}
	name = text[at+1:]
	return name, len(name) <= MaxUsername && (name == "" || nameFormed(name))
}

// CompleteName puts name in the place of the one that is being written at the
// end of text.
func CompleteName(text, name string) string {
	begun, ok := NameBegun(text)
	if !ok || !nameFormed(name) {
		return text
	}
	return strings.TrimSuffix(text, begun) + name + " "
}

// nameFormed reports whether a username may begin like that.
func nameFormed(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case (c == '.' || c == '_' || c == '-') && i > 0:
		default:
			return false
		}
	}
	return name != ""
}
