package chat

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Message is one entry of a room's log.
type Message struct {
	ID             int64
	RoomID         int64  `db:"room_id"`
	RoomSlug       string `db:"room_slug"`
	RoomName       string `db:"room_name"`
	Number         int64  // its place in the room: 1, 2, 3 … without gaps, for ever
	AuthorID       int64  `db:"author_id"`
	Author         string
	AuthorAvatar   string `db:"author_avatar"`
	Body           string // as it was written
	HTML           string // made of Body; empty for what is older than that, until it is rendered anew
	PostedRevision int64  `db:"posted_revision"` // the room's revision that brought it
	Revision       int64  // the room's revision that last changed it
	PostedAt       Micros `db:"posted_at"`
	ChangedAt      Micros `db:"changed_at"`
	EditedAt       Micros `db:"edited_at"`  // when its author last changed the text; 0 if never
	DeletedAt      Micros `db:"deleted_at"` // 0 for one that can be read; a deleted one has no text

	ReplyTo       int64  `db:"reply_to"` // the number of the message it answers; 0 for none
	ReplyAuthorID int64  `db:"reply_author_id"`
	ReplyAuthor   string `db:"reply_author"`

	PreviousAuthorID int64  `db:"previous_author_id"` // of the message one number before; 0 for the first
	PreviousPostedAt Micros `db:"previous_posted_at"`
}

// Path is the message's permanent address.
func (m Message) Path() string { return RoomPath(m.RoomSlug) + "/" + strconv.FormatInt(m.Number, 10) }

// Cursor is the place in the room's log at which the message's last change stands.
func (m Message) Cursor() Cursor { return ChangeCursor(m.Revision, m.ID, m.ChangedAt) }

// AuthorPicture is the address of the picture of its author.
func (m Message) AuthorPicture() string { return PicturePath(m.AuthorAvatar, m.Author) }

// ReplyPath is the address of the message that this one answers.
func (m Message) ReplyPath() string {
	return RoomPath(m.RoomSlug) + "/" + strconv.FormatInt(m.ReplyTo, 10)
}

// Quote gives the beginning of a text as a quote of it, to stand before an
// answer. What that text quotes itself is left out.
func Quote(body string) string {
	const mostLines, most = 3, 200 // characters
	var quoted []string
	left := most
	for line := range strings.SplitSeq(body, "\n") {
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, ">") {
			continue
		}
		if len(quoted) == mostLines || left == 0 {
			quoted[len(quoted)-1] += " …"
			break
		}
		if letters := []rune(line); len(letters) > left {
			line = strings.TrimSpace(string(letters[:left])) + " …"
		}
		left = max(0, left-utf8.RuneCountInString(line))
		quoted = append(quoted, "> "+line)
		if strings.HasSuffix(line, " …") {
			break
		}
	}
	return strings.Join(quoted, "\n")
}

// Quoted is what a quote quotes, as Quote makes one.
func Quoted(quote string) string {
	return strings.ReplaceAll(strings.TrimPrefix(quote, "> "), "\n> ", "\n")
}

// PageSize is how many messages a page of history holds. It is part of every
// permanent address, so it never changes.
const PageSize = 50

// PageOf is the page of history that holds the message with that number.
func PageOf(number int64) int64 { return (number + PageSize - 1) / PageSize }

// Range is the messages numbered First to Last, both included.
type Range struct{ First, Last int64 }

// Page gives the messages that page n of history may hold.
func Page(n int64) Range { return Range{(n-1)*PageSize + 1, n * PageSize} }

// Newest gives the messages a room opens with: its last page, and the page
// before when the last is not full, so that they are 50 to 99 once there are 50.
func (r Room) Newest() Range {
	last := max(1, PageOf(r.MessageCount))
	if r.MessageCount%PageSize != 0 && last > 1 {
		last--
	}
	return Range{Page(last).First, r.MessageCount}
}

// Pages is how many pages of history the room has; an empty room has one, empty.
func (r Room) Pages() int64 { return max(1, PageOf(r.MessageCount)) }

// Draft is a message as its author sends it.
type Draft struct {
	RoomID   int64
	AuthorID int64
	Body     string
	HTML     string  // of Body
	Rendered int64   // the version of the rules that made HTML
	Mentions []int64 // the members whom HTML links to
	ReplyTo  int64   // the number of the message it answers; 0 for none
	Nonce    string  // names this sending: the same nonce again is the same message
	Denied   bool    // Body has something that is denied
}

// Bounds of a message's text.
const (
	MaxBody  = 4000 // characters
	MaxLines = 100
	maxMarks = 8 // combining marks on one character; more only serve to smear over other lines
)

// Clean gives the draft with its text as it will be stored, or what is wrong
// with it: Invalid in the field "body" or "nonce". Line breaks become \n,
// control characters go, and surrounding white space is trimmed.
func (d Draft) Clean() (Draft, error) {
	if !validNonce(d.Nonce) {
		return d, invalid("nonce", "This form was damaged on the way. Please send it again.")
	}
	body, err := cleanBody(d.Body)
	if err == nil {
		d.Body = body
	}
	return d, err
}

// Edit is another text for a message, as its author sends it.
type Edit struct {
	RoomID   int64
	Number   int64
	EditorID int64
	Body     string
	HTML     string  // of Body
	Rendered int64   // the version of the rules that made HTML
	Mentions []int64 // the members whom HTML links to
	Seen     int64   // the message's revision that the author saw; 0 replaces whatever there is
	Denied   bool    // Body has something that is denied
}

// Clean gives the edit with its text as it will be stored, or what is wrong with
// it, by the rules for a draft.
func (e Edit) Clean() (Edit, error) {
	body, err := cleanBody(e.Body)
	if err == nil {
		e.Body = body
	}
	return e, err
}

// Rendering is a message's text, and the HTML that was made of it.
type Rendering struct {
	ID       int64
	Body     string
	HTML     string
	Rendered int64 `db:"render_version"` // the version of the rules that made HTML
}

// Version is what a message was from one revision on.
type Version struct {
	Revision int64
	Body     string // empty where the message was deleted, or its author wanted the text gone
	By       string
	At       Micros `db:"changed_at"`
}

func cleanBody(body string) (string, error) {
	if !utf8.ValidString(body) || strings.ContainsRune(body, 0) {
		return "", invalid("body", "This message has characters that can't be read.")
	}
	body = cleanText(body)
	switch {
	case !visible(body):
		return "", invalid("body", "The message is empty. Write something first.")
	case utf8.RuneCountInString(body) > MaxBody:
		return "", invalid("body", "The message is too long: "+strconv.Itoa(utf8.RuneCountInString(body))+" characters of at most 4,000.")
	case lineBreaks(body) >= MaxLines:
		return "", invalid("body", "The message has too many lines: at most 100.")
	}
	return body, nil
}

func validNonce(nonce string) bool {
	if len(nonce) < 16 || len(nonce) > 64 {
		return false
	}
	for i := range len(nonce) {
		switch c := nonce[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

func cleanText(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	marks := 0
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r) && r != '\n' && r != '\t':
			return -1
		case unicode.In(r, unicode.Mn, unicode.Me):
			if marks++; marks > maxMarks {
				return -1
			}
		case !unicode.Is(unicode.Cf, r): // a format character parts no mark from its character
			marks = 0
		}
		return r
	}, text)
	return strings.TrimFunc(text, unicode.IsSpace)
}

// lineBreaks counts Unicode's own separators too: browsers break lines at them.
func lineBreaks(text string) int {
	return strings.Count(text, "\n") + strings.Count(text, "\u2028") + strings.Count(text, "\u2029")
}

// visible reports whether text has anything to see: white space, and characters
// made to show nothing, don't count.
func visible(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		// What Unicode gained since these tables were made is taken to be seen.
		return r != '\u2800' && !unicode.IsSpace(r) && !unicode.In(r, unicode.Cc, unicode.Cf,
			unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
	})
}

// Rate bounds how many messages a member posts: Count within Window. The zero
// value sets no bound.
type Rate struct {
	Count  int
	Window time.Duration
}

// Limited reports whether the rate sets a bound.
func (r Rate) Limited() bool { return r.Count > 0 }

// Cursor is a place in a room's log: what a viewer has seen. Check tells apart
// two histories that count to the same revision, as after a restored backup.
type Cursor struct {
	Revision int64
	Check    string
}

// ChangeCursor is the place of the change that took revision, of the message
// with that id, at that moment.
func ChangeCursor(revision, messageID int64, at Micros) Cursor {
	var change [24]byte
	binary.BigEndian.PutUint64(change[0:], uint64(revision))
	binary.BigEndian.PutUint64(change[8:], uint64(messageID))
	binary.BigEndian.PutUint64(change[16:], uint64(at))
	sum := sha256.Sum256(change[:])
	return Cursor{revision, hex.EncodeToString(sum[:4])}
}

// String gives the cursor as it travels in pages and streams: "42-1f0c9a3b".
// The place before the first change is "0-0".
func (c Cursor) String() string {
	if c.Revision == 0 {
		return "0-0"
	}
	return strconv.FormatInt(c.Revision, 10) + "-" + c.Check
}

// ParseCursor reads what String wrote, and reports whether text was that.
func ParseCursor(text string) (Cursor, bool) {
	digits, check, found := strings.Cut(text, "-")
	if !found || len(digits) > 19 || len(check) > 8 {
		return Cursor{}, false
	}
	revision, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || revision < 0 {
		return Cursor{}, false
	}
	cursor := Cursor{revision, check}
	if revision == 0 {
		cursor.Check = ""
	}
	return cursor, cursor.String() == text
}
