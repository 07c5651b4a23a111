package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

const hasFocus = `document.activeElement === eye.field("Message")`

// named is true where somebody is named as present, outside of the log.
func named(name string) string {
	return `[...document.querySelectorAll('a[href="/users/` + name + `"]')].some(a => !a.closest("[role=log]"))`
}

func TestTwoPeopleTalk(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := guest(t)
	ada.goTo(s.url)
	ada.press("Register")
	ada.fill("Email", "ada@example.com")
	ada.fill("Username", "ada")
	ada.fill("Password", secret)
	ada.fill("Confirm password", secret)
	ada.click("main button", "Register")
	ada.sees("she is logged in", `eye.named("header a", "Account")`)
	ada.fill("Room name", "Dogs of the Park")
	ada.press("Join room")
	ada.isLive()
	ada.shows("h1", "Dogs of the Park")
	ada.shows("#member-count", "1")

	bob, _ := person(t, s, "bob")
	bob.goTo(s.url)
	bob.fill("Room name", "dogs of the PARK")
	bob.typeKeys(kb.Enter)
	bob.isLive()
	bob.shows("h1", "Dogs of the Park")
	for _, b := range []*tab{ada, bob} {
		b.shows("#member-count", "2")
		b.sees("both are named as present", named("ada")+" && "+named("bob"))
		b.reads("[role=log]", "bob joined")
	}

	ada.say("Hello?")
	ada.sees("she can go on writing", hasFocus)
	bob.hears("Hello?")
	bob.fill("Message", "Hello, Ada!")
	bob.press("Send")
	bob.sees("the field is cleared", `document.querySelector("#body").value === ""`)
	bob.sees("the button is ready again", `!eye.named("button", "Send").disabled`)
	bob.sees("he can go on writing", hasFocus)
	ada.hears("Hello, Ada!")
	ada.say("How are the dogs?")
	bob.hears("How are the dogs?")
	ada.isCurrent(s)
	bob.isCurrent(s)

	eve := guest(t)
	eve.goTo(s.url)
	eve.reads("main li", "Dogs of the Park 2 members here")
}

func TestGuestReadsAlong(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, member := person(t, s, "ada")
	room := member.open("Dogs")
	ada.enter(s, room)
	ada.say("Is anybody reading?")

	eve := guest(t)
	eve.enter(s, room)
	eve.hears("Is anybody reading?")
	for _, b := range []*tab{ada, eve} {
		b.shows("#guest-count", "1")
		b.shows("#member-count", "1")
	}
	ada.say("Good to have you here.")
	eve.hears("Good to have you here.")
	if look[bool](eve, `!!eye.field("Message")`) {
		t.Error("a guest has a field to write in")
	}
	eve.sees("a way in beside the log", `eye.named("main a", "Log in") && eye.named("header a", "Register")`)
	eve.isCurrent(s)

	eve.click("main a", "Log in")
	eve.fill("Email", "ada@example.com")
	eve.fill("Password", secret)
	eve.click("main button", "Log in")
	eve.sees("logging in leads back to the room", `location.pathname === `+js(room)+` && eye.field("Message")`)
}

func TestSeveralLines(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, member := person(t, s, "ada")
	room := member.open("Dogs")
	ada.enter(s, room)
	ada.fill("Message", "one")
	ada.press("Several lines")
	ada.sees("a box with what was written", `eye.field("Message").matches("textarea") && eye.field("Message").value === "one"`)
	ada.sees("she can go on writing", hasFocus)
	ada.typeKeys(kb.End + kb.Enter + "two" + kb.Enter + kb.Enter + "four")
	if got := ada.draft(); got != "one\ntwo\n\nfour" {
		t.Errorf("the draft is %q, want what was typed, in four lines", got)
	}
	ada.press("Send")
	ada.hears("one\ntwo\n\nfour")
	ada.sees("the lines stand below each other", `document.querySelector("#m-1 .text").innerText === "one\ntwo\n\nfour"`)
	ada.sees("the box is empty", `eye.field("Message").value === ""`)
	ada.isCurrent(s)
	long := strings.Repeat("犬は吠える。", 660) // much longer yet where it is escaped
	ada.fill("Message", long)
	ada.press("One line")
	ada.sees("a long text moves along", `eye.field("Message").matches("input") && eye.field("Message").value === `+js(long))
	ada.press("Several lines")
	ada.sees("and back", `eye.field("Message").matches("textarea") && eye.field("Message").value === `+js(long))
	ada.fill("Message", "back to one line")
	ada.press("One line")
	ada.sees("a field with what was written", `eye.field("Message").matches("input") && eye.field("Message").value === "back to one line"`)
	ada.sees("she can go on writing", hasFocus)
	ada.typeKeys(kb.Enter)
	ada.hears("back to one line")
	ada.isCurrent(s)
}
