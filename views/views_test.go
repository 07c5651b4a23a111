package views

import (
	"html"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/views/golden"
	"github.com/twilightbark/twilightbark/words"
)

const hostile = golden.Hostile

// noon is the moment at which everything in these examples happens.
var noon = chat.At(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))

const minute = chat.Micros(60_000_000)

var (
	site = Site{Name: "Test Bark", BaseURL: "https://bark.example", Zone: time.UTC, Now: noon.Time(), RegistrationOpen: true, Stylesheet: "/static/app.css", Script: "/static/htmx.js", Icon: "/static/icon.svg",
		TouchIcon: "/static/touch.png", Picture: "/static/picture.png", DarkColor: "#000000", LightColor: "#ffffff"}
	ada   = chat.User{ID: 1, Username: "Ada", Email: "ada@example.com", HideEmail: true, CreatedAt: noon}
	room  = chat.Room{ID: 7, Slug: "собаки", Name: "Собаки", Revision: 120, MessageCount: 120, LastPostedAt: noon}
	empty = chat.Room{ID: 8, Slug: "new", Name: "new", LastPostedAt: noon}
)

func siteWith(change func(*Site)) Site {
	other := site
	change(&other)
	return other
}

func message(number int64, body string) chat.Message {
	return chat.Message{
		ID: 100 + number, RoomID: 7, RoomSlug: "собаки", Number: number, AuthorID: 1, Author: "Ada", Body: body,
		PostedRevision: number, Revision: number, PostedAt: noon, ChangedAt: noon,
		PreviousAuthorID: 2, PreviousPostedAt: noon - minute,
	}
}

// with gives a message with something changed.
func with(m chat.Message, change func(*chat.Message)) MessageProps {
	change(&m)
	return MessageProps{Message: m, Zone: time.UTC}
}

func same(*chat.Message) {}

func reportOf(body string) chat.Report {
	return chat.Report{ID: 3, RoomSlug: "dogs", RoomName: "dogs", Number: 17, Author: "Ada", Body: body, Reporter: "bob", Reason: "an ad", ReportedAt: noon}
}

func settled(r chat.Report) chat.Report {
	r.SettledAt, r.SettledBy, r.Outcome = noon, "mia", chat.Resolved
	return r
}

func follows(m *chat.Message) { m.PreviousAuthorID = m.AuthorID }

func presence(members int) (p PresenceProps) {
	p = PresenceProps{Count: members, Guests: 3 - members}
	for range min(members, 2) {
		p.Members = append(p.Members, Person{Name: "Ada", Path: "/users/Ada", Picture: "/avatars/paw-1/96"})
	}
	return p
}

// following is two rooms that a member follows, with so much unread.
func following(counts ...int64) (rooms []chat.Followed) {
	for i, slug := range []string{room.Slug, "x"} {
		rooms = append(rooms, chat.Followed{RoomID: room.ID + int64(i), Slug: slug, Name: []string{room.Name, hostile}[i], Unread: counts[i]})
	}
	return rooms
}

func panel(path string) Panel { return Panel{Path: path, Admin: true, Zone: time.UTC} }

func account(role chat.Role, disabled chat.Micros) chat.User {
	user := ada
	user.Role, user.DisabledAt = role, disabled
	return user
}

func entry(detail string) chat.Entry {
	return chat.Entry{ID: 1, Actor: "bob", User: "Ada", Event: chat.Event{
		At: noon, Action: chat.RoleChanged, ActorID: 2, UserID: 1, Detail: detail, IPPrefix: "192.0.2.0/24", UserAgent: "Firefox/140.0 Linux",
	}}
}

var (
	actions = []Action{{Label: "Edit", Href: "/rooms/dogs/17/edit", Below: true}, {Label: "Mark unread", Href: "/rooms/dogs/17/unread", Post: true}, {Label: "Link to this message", Href: "/rooms/dogs/17"}}
	theirs  = message(17, "theirs")
	gone    = with(message(17, ""), func(m *chat.Message) { m.DeletedAt = noon }).Message
)

// examples holds every component in every state, by the name of its golden.
var examples = map[string][]golden.State{
	"message": {
		{Name: "plain", Component: Message(with(message(17, "hello"), same))},
		{Name: "the first of the room", Component: Message(with(message(1, "hello"), func(m *chat.Message) { m.PreviousAuthorID, m.PreviousPostedAt = 0, 0 }))},
		{Name: "the first of a day", Component: Message(with(message(17, "hello"), func(m *chat.Message) { m.PreviousPostedAt = noon - 24*60*minute }))},
		{Name: "in another zone", Component: Message(MessageProps{Message: message(17, "hello"), Zone: time.FixedZone("NST", -12_600)})},
		{Name: "under the same name", Component: Message(with(message(17, "hello"), follows))},
		{Name: "the same author after a while", Component: Message(with(message(17, "hello"), func(m *chat.Message) { follows(m); m.PreviousPostedAt = noon - 5*minute }))},
		{Name: "the same author on a new page", Component: Message(with(message(51, "hello"), follows))},
		{Name: "links and lines", Component: Message(with(message(17, "one\n two https://example.org/a?b=c&d, three\nhttps://user:pw@example.org"), same))},
		{Name: "with formats", Component: Message(with(message(17, "**one** `two`"), func(m *chat.Message) { m.HTML = "<strong>one</strong> <code>two</code>" }))},
		{Name: "another direction", Component: Message(with(message(17, "שלום \u202eevil\u2066"), same))},
		{Name: "one's own, just sent", Component: Message(MessageProps{Message: message(17, "hello"), Zone: time.UTC, Quiet: true})},
		{Name: "a reply", Component: Message(with(message(17, "hello"), func(m *chat.Message) { m.ReplyTo, m.ReplyAuthorID, m.ReplyAuthor = 3, 2, "bob" }))},
		{Name: "edited", Component: Message(with(message(17, "hello"), func(m *chat.Message) { m.EditedAt = noon + minute }))},
		{Name: "edited, then deleted", Component: Message(with(message(17, ""), func(m *chat.Message) { m.EditedAt, m.DeletedAt = noon+minute, noon+2*minute }))},
		{Name: "deleted, of a former member", Component: Message(with(message(17, ""), func(m *chat.Message) { m.Author, m.DeletedAt = chat.FormerMember, noon }))},
		{Name: "with a chosen picture", Component: Message(with(message(17, "hello"), func(m *chat.Message) { m.AuthorAvatar = "0123456789abcdef0123456789abcdef" }))},
		{Name: "hostile", Component: Message(with(message(17, hostile), same))},
	},
	"frames": {
		{Name: "a new message", Component: Arrived(with(message(17, "hello"), same))},
		{Name: "the first message", Component: Arrived(with(message(1, "hello"), same))},
		{Name: "a changed message", Component: Renewed(with(message(17, "hello"), func(m *chat.Message) { m.Revision = 18 }))},
		{Name: "the cursor", Component: CursorMoved(message(17, "").Cursor())},
		{Name: "the stream, opened anew", Component: StreamRenewed("/rooms/dogs")},
		{Name: "a page folds", Component: Fold(with(message(551, "hello"), same))},
		{Name: "a page unfolds", Component: Unfolded(HistoryProps{Room: room, Page: 2, Messages: []chat.Message{message(51, "hello")}, Zone: time.UTC})},
		{Name: "the first page unfolds", Component: Unfolded(HistoryProps{Room: room, Page: 1, Messages: []chat.Message{message(1, "hello")}, Zone: time.UTC})},
		{Name: "older messages", Component: OlderMessages(HistoryProps{Room: room, Page: 2, Messages: []chat.Message{message(51, "hello")}, Zone: time.UTC})},
		{Name: "who is here", Component: PresenceChanged(presence(1))},
		{Name: "nobody is here", Component: PresenceChanged(PresenceProps{})},
		{Name: "many are here", Component: PresenceChanged(presence(1000))},
		{Name: "who came and left", Component: Moves(MovesProps{
			Joined: []Move{{Key: "1", Name: "Ada", Path: "/users/Ada"}}, MoreJoined: 12,
			Left: []Move{{Key: "2", Name: "bob", Path: "/users/bob"}}, MoreLeft: 3,
		})},
		{Name: "a new name", Component: AuthorRenewed(AuthorProps{ID: 1, Name: "Lovelace", Picture: "/avatars/paw-1/96", At: noon})},
		{Name: "a former member", Component: AuthorRenewed(AuthorProps{ID: 1, Name: chat.FormerMember, Picture: "/avatars/paw-1/96", At: noon})},
		{Name: "logged out", Component: LoggedOut("/rooms/dogs")},
		{Name: "too many pages", Component: Crowded()},
		{Name: "trouble", Component: Trouble(OopsProps{Title: "Too fast", Sentence: "Wait a moment."})},
		{Name: "trouble of ours", Component: Trouble(OopsProps{Title: "Oops", Sentence: "This is our fault.", Reference: "abc"})},
		{Name: "too far behind without scripts", Component: StreamBehind("/rooms/dogs")},
		{Name: "logged out without scripts", Component: StreamLoggedOut("/rooms/dogs")},
		{Name: "not sent", Component: NotSent()},
		{Name: "no connection", Component: Reconnecting()},
		{Name: "a connection again", Component: Connected()},
		{Name: "hostile", Component: Moves(MovesProps{Joined: []Move{{Key: "1", Name: hostile, Path: "/users/x"}}})},
	},
	"moderation": {
		{Name: "a report", Component: ReportForm(ReportProps{Message: message(17, "buy shoes"), Zone: time.UTC})},
		{Name: "a report that can't be", Component: ReportForm(ReportProps{Message: message(17, hostile), Reason: hostile, Error: "Too long.", Zone: time.UTC})},
		{Name: "a report of a deleted message", Component: ReportForm(ReportProps{Message: with(message(17, ""), func(m *chat.Message) { m.DeletedAt = noon }).Message, Zone: time.UTC})},
		{Name: "reported", Component: ReportForm(ReportProps{Message: message(17, "buy shoes"), Report: chat.Report{ID: 1, Reason: hostile}, Zone: time.UTC})},
		{Name: "no reports", Component: Reports(ReportsProps{Zone: time.UTC})},
		{Name: "reports", Component: Reports(ReportsProps{Reports: []chat.Report{reportOf("buy shoes"), reportOf("")}, More: true, Zone: time.UTC})},
		{Name: "settled reports", Component: Reports(ReportsProps{Reports: []chat.Report{settled(reportOf(hostile))}, Settled: true, More: true, Zone: time.UTC})},
		{Name: "a sanction", Component: Sanctions(SanctionProps{User: ada, Room: "dogs", Zone: time.UTC})},
		{Name: "a sanction that can't be", Component: Sanctions(SanctionProps{
			User: ada, Room: hostile, Kind: "ban", Lasts: "86400", Reason: hostile, Error: "Not now.", Zone: time.UTC,
			Errors:    map[string]string{"kind": "Choose.", "room": "None.", "lasts": "Choose.", "reason": "Why?"},
			Sanctions: []chat.Sanction{{Kind: chat.Mute, RoomID: 7, RoomSlug: "dogs", RoomName: hostile, Reason: hostile, Giver: "mia", GivenAt: noon, EndsAt: noon}, {Kind: chat.Ban, Reason: "spam", Giver: "mia", GivenAt: noon}},
		})},
		{Name: "removals", Component: Sanctions(SanctionProps{User: ada, Zone: time.UTC, Removals: []chat.Removal{
			{ID: 3, OrderedBy: "mia", PostedFrom: noon, OrderedAt: noon, Messages: 20, Unfinished: true}, {ID: 2, OrderedBy: "mia", PostedFrom: noon, OrderedAt: noon, Messages: 2},
			{ID: 1, OrderedBy: "mia", PostedFrom: noon, OrderedAt: noon, RestoredAt: noon, Messages: 1, Unfinished: true}, {OrderedBy: "mia", PostedFrom: noon, OrderedAt: noon, RestoredAt: noon},
		}})},
		{Name: "a member to ignore", Component: Account(AccountProps{User: ada, Other: true, Zone: time.UTC})},
		{Name: "a member who is ignored", Component: Account(AccountProps{User: ada, Other: true, Ignored: true, Seen: true, Zone: time.UTC})},
		{Name: "settings of a room", Component: RoomForm(RoomFormProps{Room: room, Name: room.Name, Slow: "30", Locked: true})},
		{Name: "settings of a room that was changed meanwhile", Component: RoomForm(RoomFormProps{Room: room, Name: room.Name, Slow: "30", Locked: true, Seen: 9, Changed: true, Error: "This room was changed meanwhile."})},
		{Name: "settings that can't be", Component: RoomForm(RoomFormProps{
			Room: room, Name: hostile, Topic: hostile, Slow: "31", Archived: true, Error: "Not now.",
			Errors: map[string]string{"name": "Taken.", "topic": "Long.", "slow": "Choose."},
		})},
		{Name: "a topic", Component: RoomRenewed(chat.Room{Name: "dogs", Topic: hostile})},
		{Name: "a locked room", Component: RoomRenewed(chat.Room{Name: "dogs", LockedAt: noon})},
		{Name: "an archived room", Component: RoomRenewed(chat.Room{Name: hostile, Topic: "noses", LockedAt: noon, ArchivedAt: noon})},
		{Name: "no log", Component: Log(LogProps{Room: room, Zone: time.UTC})},
		{Name: "a log", Component: Log(LogProps{Room: room, More: true, Zone: time.UTC, Entries: []chat.LogEntry{
			{ID: 2, At: noon, Actor: "mia", Act: chat.LogMuted, Username: "bob", Detail: hostile}, {ID: 1, At: noon, Actor: "mia", Act: chat.LogDeleted, Username: chat.FormerMember, Number: 17},
		}})},
		{Name: "a log of the room itself", Component: Log(LogProps{Room: room, Zone: time.UTC, Entries: []chat.LogEntry{
			{ID: 2, At: noon, Actor: "mia", Act: chat.LogTopic, Detail: hostile}, {ID: 1, At: noon, Actor: "mia", Act: chat.LogLocked},
		}})},
		{Name: "a form that is closed", Component: Room(RoomProps{Room: empty, Composer: &ComposerProps{Room: "/rooms/new", Closed: hostile}, Site: site})},
	},
	"following": {
		{Name: "nothing", Component: YourRooms(FollowingProps{})},
		{Name: "rooms", Component: YourRooms(FollowingProps{Counts: Counts{Rooms: following(2, 0), Mentions: 2}, Here: room})},
		{Name: "a count changed", Component: FollowingChanged(FollowingProps{Counts: Counts{Rooms: following(0, 3), Mentions: 2}, Told: following(0, 2), Here: room, Title: room.Name, Site: site})},
		{Name: "other rooms", Component: FollowingChanged(FollowingProps{Counts: Counts{Rooms: following(0, 3), Mentions: 2}, Told: following(0, 3)[:1], Here: room, Title: room.Name, Site: site})},
		{Name: "marked unread", Component: FollowingAnswer(FollowingProps{Counts: Counts{Rooms: following(5, 0), Mentions: 2}, Here: room, From: 116})},
		{Name: "no feed yet", Component: OwnFeed(OwnFeedProps{})},
		{Name: "a feed", Component: OwnFeed(OwnFeedProps{Made: true})},
		{Name: "a feed's address", Component: OwnFeed(OwnFeedProps{Address: "https://bark.example/feeds/abc.atom"})},
		{Name: "letters", Component: NoticesForm(NoticesProps{Chosen: chat.RoomNotices, Confirmed: true})},
		{Name: "letters, refused", Component: NoticesForm(NoticesProps{Error: hostile})},
		{Name: "unsubscribe", Component: Unsubscribe("/unsubscribe/abc")},
		{Name: "unsubscribed", Component: Unsubscribed()},
		{Name: "no such mentions", Component: Mentions(MentionsProps{Room: hostile, Unread: true, Zone: time.UTC})},
		{Name: "older mentions of some", Component: Mentions(MentionsProps{Room: hostile, Unread: true, Before: 117, Zone: time.UTC, Messages: []chat.Message{message(17, "hello @Ada")}})},
		{Name: "no mentions", Component: Mentions(MentionsProps{Zone: time.UTC})},
		{Name: "mentions", Component: Mentions(MentionsProps{Zone: time.UTC, Before: 117, Messages: []chat.Message{message(17, "hello @Ada"), {RoomSlug: "x", RoomName: hostile, Author: "bob", Body: hostile}}})},
		{Name: "names", Component: Names("/rooms/dogs", []string{"Ada", "bob"})},
		{Name: "news further up", Component: news(NewsProps{First: 51, Above: "/rooms/dogs/13"})},
	},
	"composer": {
		{Name: "fresh", Component: Composer(ComposerProps{Room: "/rooms/dogs", Nonce: "abcdefghijklmnop"})},
		{Name: "names without scripts", Component: Composer(ComposerProps{Room: "/rooms/dogs", Nonce: "abcdefghijklmnop", Body: "hello @a", Completing: true, Names: []string{"Ada"}})},
		{Name: "no such name, without scripts", Component: Composer(ComposerProps{Room: "/rooms/dogs", Nonce: "abcdefghijklmnop", Body: hostile, Completing: true})},
		{Name: "completed", Component: ComposerCompleted(ComposerProps{Body: "hello @Ada ", Focus: true})},
		{Name: "renewed", Component: ComposerRenewed(ComposerProps{Room: "/rooms/dogs", Nonce: "abcdefghijklmnop", Focus: true})},
		{Name: "a reply", Component: ComposerRenewed(ComposerProps{Room: "/rooms/dogs", Nonce: "abcdefghijklmnop", Focus: true, Reply: Reply{Number: 17, Author: "Ada", Quote: "> one\n> **two**", HTML: "one\n<strong>two</strong>", Quoting: true}})},
		{Name: "a reply without a quote, hostile", Component: ComposerRenewed(ComposerProps{Room: "/rooms/dogs", Nonce: "abcdefghijklmnop", Reply: Reply{Number: 17, Author: hostile, Quote: hostile, HTML: html.EscapeString(hostile)}})},
		{Name: "several lines", Component: ComposerRenewed(ComposerProps{Room: "/rooms/dogs", Nonce: "abcdefghijklmnop", Several: true, Body: "\none\ntwo"})},
		{Name: "refused", Component: ComposerRenewed(ComposerProps{Room: "/rooms/dogs", Nonce: "abcdefghijklmnop", Body: "text", Error: "The message is too long.", Focus: true})},
		{Name: "logged out", Component: ComposerRenewed(ComposerProps{Room: "/rooms/dogs", Nonce: "abcdefghijklmnop", Body: "text", Error: "You are not logged in.", SignedOut: true})},
		{Name: "unsent", Component: Unsent("Back in a moment", ComposerProps{Room: "/rooms/dogs", Nonce: "abcdefghijklmnop", Body: "text", Error: "Try again."})},
		{Name: "hostile", Component: ComposerRenewed(ComposerProps{Room: "/rooms/dogs", Nonce: "abcdefghijklmnop", Body: hostile, Error: hostile})},
		{Name: "hostile lines", Component: ComposerRenewed(ComposerProps{Room: "/rooms/dogs", Nonce: "abcdefghijklmnop", Body: hostile, Several: true})},
	},
	"edits": {
		{Name: "what may be done", Component: Actions(ActionsProps{Message: message(17, "hello"), Zone: time.UTC, Actions: actions})},
		{Name: "what may be done, as a page", Component: ActionsPage(ActionsProps{Message: message(17, "hello"), Zone: time.UTC, Actions: actions})},
		{Name: "a form", Component: Edit(EditProps{Path: "/rooms/dogs/17", Number: 17, Body: "one\ntwo", Seen: 17})},
		{Name: "a form below the message", Component: EditBelow(EditProps{Path: "/rooms/dogs/17", Number: 17, Body: "one", Seen: 17, Below: true})},
		{Name: "refused", Component: EditRenewed(EditProps{Path: "/rooms/dogs/17", Number: 17, Seen: 17, Error: "The message is empty.", Below: true})},
		{Name: "changed by another", Component: EditRenewed(EditProps{Path: "/rooms/dogs/17", Number: 17, Body: "mine", Seen: 18, Now: &theirs, Error: "It was changed.", Below: true})},
		{Name: "deleted by another", Component: EditRenewed(EditProps{Path: "/rooms/dogs/17", Number: 17, Body: "mine", Seen: 18, Now: &gone, Error: "It was deleted.", Below: true})},
		{Name: "logged out", Component: Edit(EditProps{Path: "/rooms/dogs/17", Number: 17, Body: "mine", Error: "You are not logged in.", SignedOut: true})},
		{Name: "hostile form", Component: Edit(EditProps{Path: "/rooms/dogs/17", Number: 17, Body: hostile, Error: hostile})},
		{Name: "closed", Component: Folded(message(17, "hello"))},
		{Name: "changed", Component: Changed(with(message(17, "hello"), same))},
		{Name: "to delete", Component: Delete(DeleteProps{Message: message(17, "hello"), Zone: time.UTC})},
		{Name: "to delete, below the message", Component: DeleteBelow(DeleteProps{Message: message(17, "hello"), Zone: time.UTC, Below: true})},
		{Name: "versions", Component: Versions(VersionsProps{Message: theirs, Zone: time.UTC, Versions: []chat.Version{{Body: "", By: "Mia", At: noon}, {Body: hostile, By: "Ada", At: noon}}})},
	},
	"room": {
		{Name: "for a guest", Component: Room(RoomProps{
			Room: room, Run: "run", Cursor: chat.Cursor{Revision: 120, Check: "01234567"}, Messages: []chat.Message{message(51, "hello"), message(52, "there")},
			Presence: presence(2), Site: site,
		})},
		{Name: "for a member, empty", Component: Room(RoomProps{
			Room: empty, Run: "run", Presence: presence(1), Composer: &ComposerProps{Room: "/rooms/new", Nonce: "abcdefghijklmnop", Focus: true}, Site: site, Member: true,
		})},
		{Name: "for a member who comes back", Component: Room(RoomProps{
			Room: room, Run: "run", Messages: []chat.Message{message(51, "hello"), message(52, "there")}, Presence: presence(1), Site: site,
			Member: true, Followed: true, Counts: Counts{Rooms: following(0, 3)}, News: NewsProps{First: 52},
		})},
		{Name: "hostile", Component: Room(RoomProps{Room: chat.Room{Slug: "x", Name: hostile}, Site: site})},
	},
	"history": {
		{Name: "the first page", Component: History(HistoryProps{Room: room, Page: 1, Messages: []chat.Message{message(1, "hello")}, Zone: time.UTC})},
		{Name: "in the middle", Component: History(HistoryProps{Room: room, Page: 2, Messages: []chat.Message{message(51, "hello")}, Zone: time.UTC})},
		{Name: "the last page", Component: History(HistoryProps{Room: room, Page: 3, Messages: []chat.Message{message(101, "hello")}, Zone: time.UTC})},
		{Name: "empty", Component: History(HistoryProps{Room: empty, Page: 1, Zone: time.UTC})},
	},
	"home": {
		{Name: "rooms by name", Component: Home(HomeProps{Site: site, Filter: hostile, More: true, Rooms: []RoomEntry{{Room: room}}})},
		{Name: "no room by that name", Component: Home(HomeProps{Site: site, Filter: "none"})},
		{Name: "without rooms", Component: Home(HomeProps{Site: site})},
		{Name: "with rooms", Component: Home(HomeProps{Site: site, Rooms: []RoomEntry{{Room: room, Members: 2}, {Room: empty, Members: 1}}})},
		{Name: "for a member", Component: Home(HomeProps{Site: site, Member: true, Counts: Counts{Rooms: following(1, 0)}})},
		{Name: "a name that can't be", Component: Home(HomeProps{Site: site, RoomName: "!!!", Error: "Give the room a name."})},
		{Name: "hostile", Component: Home(HomeProps{Site: Site{Name: hostile, Zone: time.UTC}, RoomName: hostile, Error: hostile, Rooms: []RoomEntry{{Room: chat.Room{Slug: "x", Name: hostile}}}})},
	},
	"account": {
		{Name: "register", Component: Register(AccountFormProps{Next: "/rooms/dogs"})},
		{Name: "register, refused", Component: Register(AccountFormProps{Email: "x", Username: "y", Errors: map[string]string{"email": "One address.", "username": "Taken.", "password": "Too short.", "password_confirm": "Differs."}})},
		{Name: "register too often", Component: Register(AccountFormProps{Email: "x", Username: "y", Error: "That was tried too often."})},
		{Name: "log in", Component: Login(AccountFormProps{}, true)},
		{Name: "log in, refused, registration closed", Component: Login(AccountFormProps{Email: "x", Error: "They don't belong together."}, false)},
		{Name: "own page", Component: Account(AccountProps{User: ada, Own: true, Zone: time.UTC})},
		{Name: "another's page", Component: Account(AccountProps{User: ada, Zone: time.UTC})},
		{Name: "own page with messages", Component: Account(AccountProps{User: chat.User{ID: 1, Username: "Ada", Avatar: "0123456789abcdef0123456789abcdef"}, Own: true, Zone: time.UTC, Messages: []chat.Message{message(17, "one\ntwo"), message(18, strings.Repeat("дог ", 40))}})},
		{Name: "hostile messages", Component: Account(AccountProps{User: ada, Zone: time.UTC, Messages: []chat.Message{{RoomSlug: "x", RoomName: hostile, Body: hostile}}})},
		{Name: "hostile", Component: Register(AccountFormProps{Email: hostile, Username: hostile, Next: hostile, Error: hostile})},
	},
	"letters": {
		{Name: "forgotten password", Component: ResetRequest(AccountFormProps{})},
		{Name: "forgotten password, refused", Component: ResetRequest(AccountFormProps{Email: hostile, Errors: map[string]string{"email": hostile}, Error: hostile})},
		{Name: "a letter is on its way", Component: ResetRequested(hostile)},
		{Name: "a new password", Component: Reset("/password-reset/abc", NewPasswordProps{Username: "Ada"})},
		{Name: "a new password, refused", Component: Reset("/password-reset/"+hostile, NewPasswordProps{Username: hostile, Errors: map[string]string{"password": hostile, "password_confirm": hostile}, Error: hostile})},
		{Name: "a spent link", Component: StaleLink("/password-reset", "Ask for a new link")},
		{Name: "confirm an email", Component: ConfirmEmail("/confirm-email/abc", hostile)},
		{Name: "an email is confirmed", Component: EmailConfirmed()},
		{Name: "a letter", Component: Letter(LetterProps{Site: "Test Bark", URL: "https://bark.example", Subject: "A letter", Greeting: "Hello Ada,", Paragraphs: []string{"follow this:", "https://bark.example/confirm-email/x", "Thank you."}, Action: "Confirm"})},
		{Name: "a letter, hostile", Component: Letter(LetterProps{Site: hostile, URL: "https://bark.example", Subject: hostile, Greeting: hostile, Paragraphs: []string{hostile, "https://bark.example/" + hostile}, Action: hostile})},
		{Name: "a notice", Component: NoticeLetter(NoticeLetterProps{
			Site: "Test Bark", URL: "https://bark.example", Subject: "bob named you", Greeting: "Hello Ada,", Closing: "That is all.", Unsubscribe: "https://bark.example/unsubscribe/x",
			News: []LetterNews{
				{Intro: "you were named:", Items: []LetterItem{{Title: "bob in Dogs", Text: "“hello”", Link: "https://bark.example/rooms/dogs/1"}}},
				{Intro: "And in rooms:", Items: []LetterItem{{Title: "Dogs: 1 new message", Link: "https://bark.example/rooms/dogs"}}},
			},
		})},
		{Name: "a notice, hostile", Component: NoticeLetter(NoticeLetterProps{
			Site: hostile, URL: "https://bark.example", Subject: hostile, Greeting: hostile, Closing: hostile, Unsubscribe: "https://bark.example/" + hostile,
			News: []LetterNews{{Intro: hostile, Items: []LetterItem{{Title: hostile, Text: hostile, Link: "javascript:alert(1)"}}}},
		})},
		{Name: "another letter is on its way", Component: ConfirmationSent(hostile)},
	},
	"settings": {
		{Name: "data", Component: Data()},
		{Name: "an archive", Component: archive(ArchiveProps{User: chat.User{Username: hostile}, Site: hostile})},
		{Name: "an archived message", Component: ArchivedMessage("https://chat.example.com", with(message(17, "one\n "+hostile), func(m *chat.Message) { m.RoomName = hostile }))},
		{Name: "deletion", Component: Deletion(DeletionProps{Username: "Ada"})},
		{Name: "deletion, refused", Component: Deletion(DeletionProps{Username: "Ada", Messages: "remove", Errors: map[string]string{"current_password": hostile, "messages": hostile}, Error: hostile})},
		{Name: "password", Component: Password(NewPasswordProps{Username: "Ada"})},
		{Name: "password, refused", Component: Password(NewPasswordProps{Username: hostile, Errors: map[string]string{"current_password": hostile, "password": hostile, "password_confirm": hostile}, Error: hostile})},
		{Name: "devices", Component: Devices(DevicesProps{Present: []byte("1"), Zone: time.UTC, Devices: []chat.Device{
			{TokenHash: []byte("1"), UserAgent: "Firefox/140.0 Linux", IPPrefix: "192.0.2.0/24", BegunAt: noon, SeenAt: noon}, {TokenHash: []byte("2"), IPPrefix: hostile},
		}})},
		{Name: "an email that waits", Component: emailState(ProfileProps{Pending: hostile})},
		{Name: "an email not confirmed", Component: emailState(ProfileProps{})},
		{Name: "profile", Component: Profile(ProfileProps{Profile: chat.Profile{Username: "Ada", HideEmail: true}, Picture: "/avatars/paw-1/96", Zone: time.UTC})},
		{Name: "profile, refused", Component: Profile(ProfileProps{
			Profile: chat.Profile{Username: hostile, TimeZone: hostile}, Picture: "/avatars/0123456789abcdef0123456789abcdef/256", Chosen: true, Zone: time.UTC,
			Errors: map[string]string{"username": hostile, "time_zone": hostile, "avatar": hostile}, Error: hostile,
		})},
	},
	"search": {
		{Name: "the form", Component: Search(SearchProps{Page: 1, Zone: time.UTC})},
		{Name: "nothing found", Component: Search(SearchProps{Text: "cats", Query: words.Parse("cats"), Page: 1, Zone: time.UTC})},
		{Name: "nothing to look for", Component: Search(SearchProps{Text: "%", Problem: "There is no word in this.", Page: 1, Zone: time.UTC})},
		{Name: "found", Component: Search(SearchProps{
			Text: "bark cafe", Room: "dogs", Author: "Ada", Query: words.Parse("bark cafe"), Page: 2, More: true, Zone: time.UTC,
			Found: []chat.Message{message(17, "one\nbarking at the <Café>"), message(3, strings.Repeat("long ", 100)+"café bark")},
		})},
		{Name: "hostile", Component: Search(SearchProps{
			Text: hostile, Room: hostile, Author: hostile, Query: words.Parse("script " + strings.Repeat("script ", 40)), Page: 1, More: true, Zone: time.UTC,
			Found: []chat.Message{{RoomSlug: "x", RoomName: hostile, Author: chat.FormerMember, Body: hostile}},
		})},
	},
	"admin": {
		{Name: "overview", Component: PanelOverview(OverviewProps{
			Panel: panel("/admin"), Viewers: 1_234, Version: "v1.2.3",
			Overview: chat.Overview{Members: 100_000, Rooms: 999, Messages: 1_000_000, Reports: 3, Letters: 2, LettersSince: noon, Database: "SQLite 3.50", DatabaseBytes: 1_400_000_000, FreeBytes: 12_345},
		})},
		{Name: "overview for a moderator", Component: PanelOverview(OverviewProps{Panel: Panel{Path: "/admin", Zone: time.UTC}, Overview: chat.Overview{Database: "PostgreSQL 17.2", DatabaseBytes: 900}})},
		{Name: "members", Component: PanelMembers(PanelMembersProps{
			Panel: panel("/admin/members"), Begins: "a", Show: "admins", Members: []chat.User{account(chat.Admin, 0), account(chat.Member, noon)},
			Pages: Pages{First: "/admin/members?q=a", Next: "/admin/members?after=ada&q=a"},
		})},
		{Name: "members for a moderator", Component: PanelMembers(PanelMembersProps{Panel: Panel{Zone: time.UTC}, Members: []chat.User{account(chat.Moderator, 0)}})},
		{Name: "no members", Component: PanelMembers(PanelMembersProps{Panel: panel("/admin/members"), Begins: hostile})},
		{Name: "a member", Component: PanelMember(PanelMemberProps{Panel: panel("/admin/members"), User: account(chat.Member, 0), Devices: 2, Entries: []chat.Entry{entry("")}})},
		{Name: "a member, disabled, refused", Component: PanelMember(PanelMemberProps{Panel: panel("/admin/members"), User: account(chat.Admin, noon), Own: true, Error: hostile})},
		{Name: "a member for a moderator", Component: PanelMember(PanelMemberProps{Panel: Panel{Path: "/admin/members", Zone: time.UTC}, User: account(chat.Member, 0), Below: true, Devices: 1, Entries: []chat.Entry{entry("")}})},
		{Name: "rooms", Component: PanelRooms(PanelRoomsProps{Panel: panel("/admin/rooms"), Begins: hostile, Rooms: []RoomEntry{
			{Room: room, Members: 2}, {Room: chat.Room{Slug: "x", Name: hostile, LockedAt: noon}}, {Room: chat.Room{Slug: "y", Name: "y", LockedAt: noon, ArchivedAt: noon}},
		}})},
		{Name: "no rooms", Component: PanelRooms(PanelRoomsProps{Panel: panel("/admin/rooms")})},
		{Name: "messages", Component: PanelMessages(PanelMessagesProps{Panel: panel("/admin/messages"), Room: "dogs", Author: "ada", Messages: []chat.Message{
			message(17, hostile), with(message(18, ""), func(m *chat.Message) { m.Author, m.DeletedAt = chat.FormerMember, noon }).Message,
		}})},
		{Name: "no messages", Component: PanelMessages(PanelMessagesProps{Panel: panel("/admin/messages"), Text: hostile, Room: hostile, Author: hostile, Problem: hostile})},
		{Name: "sanctions", Component: PanelSanctions(PanelSanctionsProps{Panel: panel("/admin/sanctions"), Kind: chat.Ban, User: hostile, Room: hostile, Site: true, Pages: Pages{First: "/admin/sanctions", Next: "/admin/sanctions?before=1-2-3"}, Rows: []SanctionRow{
			{Sanction: chat.Sanction{UserID: 1, Username: "Ada", Kind: chat.Ban, Reason: hostile, GivenBy: 2, Giver: "Mia", GivenAt: noon}, Lifts: true},
			{Sanction: chat.Sanction{UserID: 3, Username: "Bob", RoomID: 7, RoomSlug: "dogs", RoomName: hostile, Kind: chat.Mute, Reason: "Loud.", GivenBy: 2, GivenAt: noon, EndsAt: noon + 1}},
		}})},
		{Name: "no sanctions", Component: PanelSanctions(PanelSanctionsProps{Panel: panel("/admin/sanctions")})},
		{Name: "audit log", Component: Audit(AuditProps{Panel: panel("/admin/audit"), Action: chat.LoggedIn, Actor: hostile, User: hostile, Entries: []chat.Entry{entry(hostile), {}}})},
		{Name: "no events", Component: Audit(AuditProps{Panel: Panel{Zone: time.UTC}})},
		{Name: "site settings", Component: SiteSettings(SiteSettingsProps{Panel: panel("/admin/settings"), Started: chat.SiteSettings{SiteName: hostile, PostRate: chat.Rate{Count: 10, Window: 10 * time.Second}}})},
		{Name: "site settings, refused", Component: SiteSettings(SiteSettingsProps{
			Panel: panel("/admin/settings"), Started: chat.SiteSettings{SiteName: "Barks", RegistrationOpen: true}, Error: hostile,
			Set:    map[chat.Setting]string{chat.SiteNameSetting: hostile, chat.RegistrationSetting: "closed", chat.PostRateSetting: hostile, chat.LoginRateSetting: "5/1m", chat.DeniedSetting: "shoes\n" + hostile},
			Errors: map[string]string{"denied": hostile, "site_name": hostile, "registration": hostile, "post_rate": hostile, "login_rate": hostile},
		})},
		{Name: "is it you?", Component: Confirmation(ConfirmationProps{Username: "Ada", Path: "/admin/members/2/role", Fields: url.Values{"role": {"admin"}, "a": {"1", "2"}}})},
		{Name: "is it you? refused", Component: Confirmation(ConfirmationProps{Username: hostile, Path: "/admin/" + hostile, Fields: url.Values{hostile: {hostile}}, Error: hostile})},
	},
	"layout": {
		{Name: "for a guest", Component: Layout(Page{Site: site, Title: "Log in", Path: "/rooms/dogs"}), Children: golden.Text("The page.")},
		{Name: "for everybody", Component: Layout(Page{Site: site, Title: "dogs", Description: "Dogs.", Path: "/rooms/dogs"}), Children: golden.Text("The page.")},
		{Name: "with words of who runs the site", Component: Layout(Page{Site: siteWith(func(s *Site) { s.OwnStylesheet, s.Footer, s.About = "/static/own.css", "one\n"+hostile, "x" })}), Children: golden.Text("The page.")},
		{Name: "about", Component: About(Site{Name: hostile, About: "<p>A <strong>site</strong> for dogs.</p>"})},
		{Name: "for a member, in a room", Component: Layout(Page{Site: site, Viewer: &ada, Room: true}), Children: golden.Text("The page.")},
		{Name: "registration closed", Component: Layout(Page{Site: siteWith(func(s *Site) { s.RegistrationOpen = false })}), Children: golden.Text("The page.")},
		{Name: "not found", Component: Oops(OopsProps{Title: "Not found", Sentence: "There is no such page."})},
		{Name: "a room that could be", Component: Oops(OopsProps{Title: "Not found", Sentence: "There is no room of this name yet.", RoomName: "犬"})},
		{Name: "our fault", Component: Oops(OopsProps{Title: "Something went wrong", Sentence: "This is our fault.", Reference: "abc"})},
		{Name: "hostile", Component: Layout(Page{Site: Site{Name: hostile}, Title: hostile, Description: hostile, Path: "/" + hostile}), Children: golden.Text(hostile)},
		{Name: "hostile error", Component: Oops(OopsProps{Title: hostile, Sentence: hostile, Reference: hostile, RoomName: hostile})},
	},
}

func TestGoldens(t *testing.T) {
	for name, states := range examples {
		t.Run(name, func(t *testing.T) { golden.Compare(t, name, states) })
	}
}

func TestATopicDescribesItsRoom(t *testing.T) {
	named, about := room, room
	about.Topic = "Walks, sticks and good dogs"
	if got := RoomDescription(about); got != about.Topic {
		t.Errorf("got %q, want the topic", got)
	}
	if got := RoomDescription(named); !strings.Contains(got, named.Name) {
		t.Errorf("got %q, want the room's name in it", got)
	}
}

// Whatever is shown, a browser finds the elements that the component makes and
// no others: none from a text, no two of one id, nothing inline.
func TestNothingForeignNothingTwiceNothingInline(t *testing.T) {
	for name, states := range examples {
		for _, state := range states {
			doc := parse(t, golden.Render(t, state))
			if n := doc.Find("script:not([src])").Length(); n > 0 {
				t.Errorf("%s, %s: %d scripts", name, state.Name, n)
			}
			seen := map[string]bool{}
			doc.Find("[id]").Each(func(_ int, s *goquery.Selection) {
				if id := s.AttrOr("id", ""); seen[id] {
					t.Errorf("%s, %s: the id %s twice", name, state.Name, id)
				} else {
					seen[id] = true
				}
			})
			doc.Find("*").Each(func(_ int, s *goquery.Selection) {
				for _, a := range s.Nodes[0].Attr {
					if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Key, "hx-on") {
						t.Errorf("%s, %s: the attribute %s", name, state.Name, a.Key)
					}
				}
			})
		}
	}
	if doc := parse(t, `<p title="`+hostile); doc.Find("script").Length() == 0 {
		t.Error("the hostile text would do no harm unescaped either: this test proves nothing")
	}
}

// The parser would drop a list's items outside a list, and what stands in
// noscript it takes for text: neither happens to the rest.
func parse(t *testing.T, html string) *goquery.Document {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(html))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestHostileTextReadsAsItWasWritten(t *testing.T) {
	want := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(hostile)
	got := parse(t, strings.ReplaceAll(golden.Render(t, golden.State{Component: Message(with(message(17, want), same))}), "\r", "\n")).Find(".text").Text()
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, body := range []string{"one", "\none", "\n\n one\n", " "} {
		box := golden.Render(t, golden.State{Component: ComposerRenewed(ComposerProps{Body: body, Several: true})})
		if got := parse(t, box).Find("textarea").Text(); got != body {
			t.Errorf("the box with %q reads %q", body, got)
		}
	}
}

func TestTypicalLiveMessageIsSmall(t *testing.T) {
	p := with(message(1_234_567, strings.Repeat("a usual word ", 8)), same)
	size := len(golden.Render(t, golden.State{Component: Arrived(p)})) + len(golden.Render(t, golden.State{Component: CursorMoved(p.Cursor())}))
	if size >= 1000 {
		t.Errorf("it takes %d bytes, want fewer than 1,000", size)
	}
}

func TestTimesInWords(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 30, 0, 30, 0, 0, berlin) // a Monday, after a night of 23 hours
	for _, tt := range []struct {
		at   time.Time
		want string
	}{
		{now, "today at 00:30"},
		{now.Add(-time.Hour), "yesterday at 23:30"},
		{time.Date(2026, 3, 29, 0, 0, 0, 0, berlin), "yesterday at 00:00"},
		{time.Date(2026, 3, 28, 23, 59, 0, 0, berlin), "Saturday at 23:59"},
		{time.Date(2026, 3, 24, 0, 0, 0, 0, berlin), "Tuesday at 00:00"},
		{time.Date(2026, 3, 23, 23, 59, 0, 0, berlin), "23 March 2026"},
		{now.AddDate(0, 0, 1), "31 March 2026"},
	} {
		if got := inWords(tt.at, now); got != tt.want {
			t.Errorf("%v: got %q, want %q", tt.at, got, tt.want)
		}
	}
}

// A letter can't load the style sheet, so it names its colours: those of the site.
func TestColoursOfLettersAreTheSites(t *testing.T) {
	config, err := os.ReadFile("../tailwind.config.js")
	if err != nil {
		t.Fatal(err)
	}
	colours := regexp.MustCompile(`#[0-9a-f]{3,8}\b`)
	found := colours.FindAllString(golden.Render(t, golden.State{Component: Letter(LetterProps{})}), -1)
	if len(found) == 0 {
		t.Error("a letter has no colours, so this test proves nothing")
	}
	for _, colour := range found {
		if !strings.Contains(string(config), `"`+colour+`"`) {
			t.Errorf("%s is none of the site's colours", colour)
		}
	}
}
