package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp/kb"
)

// announced counts how often each message, by number, has come into the log
// since then: that is when screen readers read it out, unless it says that it
// is not live.
const announced = `(() => {
	eye.announced = {};
	new MutationObserver(changes => changes.forEach(change => change.addedNodes.forEach(node => {
		for (const row of node.matches?.("[data-number]") ? [node] : node.querySelectorAll?.("[data-number]") ?? [])
			if (!row.closest("[aria-live=off]")) eye.announced[row.dataset.number] = (eye.announced[row.dataset.number] ?? 0) + 1;
	}))).observe(eye.log(), {childList: true, subtree: true});
	return true;
})()`

// A screen reader reads out each new message, and reads it once, the reader's
// own included, which comes with the answer and again with the stream.
func TestLogAnnouncesOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, member := person(t, s, "ada")
	room := member.open("Dogs")
	he := s.member("bob")
	he.post(room, "one")
	ada.enter(s, room)
	look[bool](ada, announced)
	ada.say("two")
	he.post(room, "three")
	ada.hears("three")
	ada.say("four")
	he.post(room, "five")
	ada.hears("five")
	ada.isCurrent(s)
	if got := look[map[string]int](ada, `eye.announced`); len(got) != 4 || got["2"] != 1 || got["3"] != 1 || got["4"] != 1 || got["5"] != 1 {
		t.Errorf("announced %v, want each of messages 2 to 5 once", got)
	}
}

// spoken gives the first node of that role and name in the accessibility tree,
// and fails if there is none.
func (b *tab) spoken(role, name string) (node *accessibility.Node) {
	b.t.Helper()
	tree := do(b, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	says := func(value *accessibility.Value) string {
		if value == nil {
			return ""
		}
		return strings.TrimSpace(strings.Trim(string(value.Value), `"`))
	}
	for _, node := range tree.Nodes {
		if !node.Ignored && says(node.Role) == role && says(node.Name) == name {
			return node
		}
	}
	b.t.Errorf("at %s, the accessibility tree has no %s %q", look[string](b, `location.pathname`), role, name)
	return nil
}

// What a screen reader says of forms and of the log.
func TestWhatScreenReadersSay(t *testing.T) {
	t.Parallel()
	s, ada := lively(t)
	eve := guest(t)
	for _, page := range []struct {
		b     *tab
		path  string
		nodes [][2]string
	}{
		{eve, "/", [][2]string{{"main", ""}, {"navigation", "Account"}, {"textbox", "Room name"}, {"button", "Join room"}, {"link", "Log in"}, {"link", "Register"}}},
		{eve, "/register", [][2]string{{"textbox", "Email"}, {"textbox", "Username"}, {"textbox", "Password"}, {"textbox", "Confirm password"}, {"button", "Register"}}},
		{eve, "/login", [][2]string{{"textbox", "Email"}, {"textbox", "Password"}, {"button", "Log in"}, {"link", "Skip to the content"}}},
		{ada, "/rooms/dogs", [][2]string{{"heading", "Dogs"}, {"log", "Messages"}, {"textbox", "Message"}, {"button", "Send"}, {"link", "Account"}, {"button", "Log out"}}},
		{ada, "/settings", [][2]string{{"textbox", "Username"}, {"textbox", "Email"}, {"checkbox", "Hide email"}, {"combobox", "Time zone"}, {"button", "Profile picture"}, {"button", "Save"}}},
		{ada, "/settings/password", [][2]string{{"textbox", "Current password"}, {"textbox", "Password"}, {"textbox", "Confirm password"}, {"button", "Save"}}},
		{ada, "/settings/delete", [][2]string{{"radio", "Keep them"}, {"radio", "Remove them"}, {"textbox", "Current password"}, {"button", "Delete my account"}}},
	} {
		page.b.goTo(s.url + page.path)
		for _, node := range page.nodes {
			page.b.spoken(node[0], node[1])
		}
		page.b.sees("every control has a name", `[...document.querySelectorAll("input:not([type=hidden]), select, textarea")].every(e => !e.checkVisibility() || e.labels?.length > 0 || e.ariaLabel)`)
	}
	ada.goTo(s.url + "/rooms/dogs")
	if list := ada.spoken("log", "Messages"); list != nil {
		if items := look[int](ada, `document.querySelectorAll("[role=log] ol > li").length`); items < 50 {
			t.Errorf("got %d items in the log's list, want the messages", items)
		}
	}
}

// A newcomer without a mouse: from the first page to talking, then to another
// name and out again. The focus is never lost on the way.
func TestWholeWayByKeyboard(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := guest(t)
	on := func(name string) string { return `document.activeElement === eye.named("a, button", ` + js(name) + `)` }
	in := func(label string) string { return `document.activeElement === eye.field(` + js(label) + `)` }
	ada.goTo(s.url)
	ada.tabs(true, "the way to register", on("Register"))
	ada.typeKeys(kb.Enter)
	ada.shows("h1", "Register")
	for label, text := range map[string]string{"Email": "ada@example.com", "Username": "ada", "Password": secret, "Confirm password": secret} {
		ada.goToField(label, in(label))
		ada.typeKeys(text)
	}
	ada.typeKeys(kb.Enter)
	ada.sees("she is logged in", `eye.named("header a", "Account")`)
	ada.tabs(true, "the room's name", in("Room name"))
	ada.typeKeys("Dogs" + kb.Enter)
	ada.isLive()
	ada.sees("she can write at once", hasFocus)
	ada.answers(func(b *tab) { b.typeKeys("Hello!" + kb.Enter) })
	ada.hears("Hello!")
	ada.sees("and go on", hasFocus)
	ada.tabs(true, "the switch to several lines", on("Several lines"))
	ada.typeKeys(kb.Enter)
	ada.sees("the box for several lines has the focus", `document.activeElement.matches("textarea")`)
	ada.typeKeys("one\ntwo")
	ada.tabs(true, "the button", on("Send"))
	ada.typeKeys(kb.Enter)
	ada.hears("one\ntwo")
	ada.sees("the focus is where one goes on writing", hasFocus)
	ada.isCurrent(s)

	ada.tabs(false, "her account", on("Account"))
	ada.typeKeys(kb.Enter)
	ada.shows("h1", "ada")
	ada.tabs(true, "Edit", on("Edit"))
	ada.typeKeys(kb.Enter)
	ada.goToField("Username", in("Username"))
	ada.typeKeys("lovelace" + kb.Enter)
	ada.shows("h1", "lovelace")
	ada.tabs(false, "Log out", on("Log out"))
	ada.typeKeys(" ")
	ada.sees("she is logged out", `eye.named("header a", "Log in")`)
}

// goToField moves the focus to a field by the keyboard, whichever way it lies.
func (b *tab) goToField(label, there string) {
	b.t.Helper()
	b.sees("there is a field "+label, `eye.field(`+js(label)+`)`)
	before := look[bool](b, `!!(document.activeElement.compareDocumentPosition(eye.field(`+js(label)+`)) & Node.DOCUMENT_POSITION_PRECEDING)`)
	b.tabs(!before, label, there)
}
