package e2e

import (
	"net/url"
	"os/exec"
	"testing"
	"time"
)

// moderator registers somebody, and has the host make a moderator of them.
func (s *site) moderator(name string) *member {
	s.t.Helper()
	m := s.member(name)
	command := exec.Command(binary, "admin", "promote", "--role=moderator", name)
	command.Env = s.env
	if output, err := command.CombinedOutput(); err != nil {
		s.t.Fatalf("make %s a moderator: %v\n%s", name, err, output)
	}
	m.send("/login", url.Values{"email": {name + "@example.com"}, "password": {secret}})
	return m
}

// pick chooses an option of a list, by its words.
func (b *tab) pick(label, option string) {
	b.t.Helper()
	look[bool](b, `(list => { const found = [...list.options].find(o => o.text === `+js(option)+`); list.value = found.value; return true })(eye.field(`+js(label)+`))`)
}

// Ada reports what Eve wrote; Mia mutes Eve, and takes away what she wrote. All
// of it shows on the pages that are open.
func TestModeratorKeepsOrder(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, member := person(t, s, "ada")
	room := member.open("Dogs")
	eve, _ := person(t, s, "eve")
	mia := guest(t)
	mia.logIn(s.moderator("mia"))
	ada.enter(s, room)
	eve.enter(s, room)
	eve.say("Buy shoes")
	ada.hears("Buy shoes")

	t.Log("a report, and the queue")
	ada.goTo(s.url + room + "/1/report")
	ada.fill("Reason", "She sells shoes")
	ada.press("Report")
	ada.reads("main", "The moderators will look at it.")
	mia.goTo(s.url + "/admin/reports")
	mia.reads("main", "She sells shoes")

	t.Log("muted, with what is typed kept")
	mia.press("Mute or ban")
	mia.click("label", "Mute")
	mia.pick("For", "A day")
	mia.fill("Reason", "No shops here")
	mia.click("main button", "Mute or ban")
	mia.reads("main .card", "No shops here")
	eve.allow(status403)
	eve.fill("Message", "And hats")
	eve.press("Send")
	eve.seesError("Message", "You are muted in this room until")
	eve.typedIs("Message", "And hats")

	t.Log("removed and restored, live")
	ada.enter(s, room)
	mia.press("Remove them")
	ada.seesWithin(2*time.Second, "the text is gone", `document.querySelector("#m-1").textContent.includes("This message was deleted.")`)
	mia.sees("it can be restored", `eye.named("button", "Restore them")`)
	mia.press("Restore them")
	ada.seesWithin(2*time.Second, "the text is back", `document.querySelector("#m-1").textContent.includes("Buy shoes")`)

	t.Log("banned from the site")
	mia.goTo(s.url + "/users/eve/sanctions")
	mia.click("label", "Ban")
	mia.pick("For", "Good")
	mia.fill("Reason", "Shoes again")
	mia.click("main button", "Mute or ban")
	eve.seesWithin(2*time.Second, "her page ends", `document.querySelector("#notice").textContent.includes("You have been logged out")`)
	eve.allow(status422)
	eve.goTo(s.url + "/login")
	eve.fill("Email", "eve@example.com")
	eve.fill("Password", secret)
	eve.click("main button", "Log in")
	eve.reads("main", "You are banned. The reason: Shoes again")

	t.Log("settled, and told in the room's log")
	mia.goTo(s.url + "/admin/reports")
	mia.press("Resolved")
	mia.reads("main", "Nothing waits for you.")
	ada.goTo(s.url + room + "/log")
	ada.reads("main", "mia muted eve until")
}

func TestModeratorChangesTheRoom(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, member := person(t, s, "ada")
	room := member.open("Dogs")
	mia := guest(t)
	mia.logIn(s.moderator("mia"))
	ada.enter(s, room)
	mia.enter(s, room)
	mia.click(".room-header a", "Settings")
	mia.fill("Room name", "Hounds")
	mia.fill("Topic", "Noses and tails")
	mia.click("label", "Locked")
	mia.press("Save")
	ada.seesWithin(2*time.Second, "the name and the topic", `document.querySelector("h1").textContent === "Hounds" && document.querySelector("#topic").textContent.includes("Noses and tails")`)
	ada.allow(status403)
	ada.fill("Message", "What about paws?")
	ada.press("Send")
	ada.seesError("Message", "This room is locked")
	ada.typedIs("Message", "What about paws?")
	mia.sees("her page is the room's new one", `location.pathname === "/rooms/hounds" && document.readyState === "complete"`)
	mia.say("Back soon")
	ada.hears("Back soon") // her page is still under the old address
	ada.goTo(s.url + room)
	ada.sees("the old address leads there", `location.pathname === "/rooms/hounds"`)
	ada.reads("main", "This room is locked")
}

// Whom one ignores is not there for oneself, and is for others.
func TestIgnoredMemberIsNotSeen(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, member := person(t, s, "ada")
	room := member.open("Dogs")
	eve, _ := person(t, s, "eve")
	bob := guest(t)
	eve.enter(s, room)
	eve.say("Me again")
	member.post(room, "Good morning")
	ada.goTo(s.url + "/users/eve")
	ada.press("Ignore")
	ada.sees("she can be listened to again", `eye.named("button", "Listen again")`)
	ada.enter(s, room)
	bob.enter(s, room)
	eve.say("And again")
	member.post(room, "Who is there?")
	bob.hears("And again")
	ada.hears("Who is there?")
	const hidden = `(n => { const text = document.querySelector("#m-" + n + " .text"); return text !== null && text.checkVisibility() === false })`
	ada.sees("what eve writes is hidden", hidden+`(1) && `+hidden+`(3) && !`+hidden+`(2) && !`+hidden+`(4)`)
	bob.sees("and others see it", `!`+hidden+`(1) && !`+hidden+`(3)`)
	ada.sees("the day's heading stays", `document.querySelector("#m-1 .day").checkVisibility()`)
}

func TestModerationWithoutScripts(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, member := person(t, s, "ada")
	room := member.open("Dogs")
	eve, _ := person(t, s, "eve")
	mia := guest(t).withoutScripts()
	mia.logIn(s.moderator("mia"))
	ada.withoutScripts()
	eve.withoutScripts()
	eve.goTo(s.url + room)
	eve.fill("Message", "Buy shoes")
	eve.press("Send")
	eve.reads("#messages", "Buy shoes")
	ada.goTo(s.url + room + "/1/report")
	ada.fill("Reason", "She sells shoes")
	ada.press("Report")
	ada.reads("main", "The moderators will look at it.")
	mia.goTo(s.url + "/admin/reports")
	mia.press("Mute or ban")
	mia.allow(status422)
	mia.click("label", "Ban")
	mia.fill("Room", "Cats")
	mia.fill("Reason", "No shops here")
	mia.click("main button", "Mute or ban")
	mia.seesError("Room", "There is no room of this name.")
	mia.typedIs("Reason", "No shops here")
	mia.fill("Room", "Dogs")
	mia.click("main button", "Mute or ban")
	mia.reads("main .card", "Banned in Dogs")
	mia.press("Remove them")
	mia.reads("main", "removed")
	eve.goTo(s.url + room)
	eve.reads("main", "You are banned in this room")
	eve.reads("main", "This message was deleted.")
}
