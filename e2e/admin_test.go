package e2e

import (
	"fmt"
	"net/url"
	"os/exec"
	"testing"
	"time"
)

// admin registers somebody, and has the host make an admin of them.
func (s *site) admin(name string) *member {
	s.t.Helper()
	m := s.member(name)
	command := exec.Command(binary, "admin", "promote", name)
	command.Env = s.env
	if output, err := command.CombinedOutput(); err != nil {
		s.t.Fatalf("make %s an admin: %v\n%s", name, err, output)
	}
	m.send("/login", url.Values{"email": {name + "@example.com"}, "password": {secret}})
	return m
}

// find goes from the panel's first page to the page about a member.
func (b *tab) find(s *site, name string) {
	b.t.Helper()
	b.goTo(s.url + "/admin")
	b.press("Members")
	b.fill("Username or email", name)
	b.click("main button", "Search")
	b.sees("who was looked for", `location.search.includes(`+js("q="+name)+`) && document.readyState !== "loading"`)
	b.press(name)
	b.shows("h2", name)
}

func TestAdminDisablesAMember(t *testing.T) {
	t.Parallel()
	s := start(t)
	bob, member := person(t, s, "bob")
	room := member.open("Dogs")
	ada := guest(t)
	ada.logIn(s.admin("ada"))
	bob.enter(s, room)

	ada.find(s, "bob")
	ada.press("Disable account")
	ada.sees("it is done", `eye.named("button", "Enable account")`)
	bob.seesWithin(2*time.Second, "his page ends", `document.querySelector("#notice").textContent.includes("You have been logged out")`)
	bob.allow(status401)
	bob.fill("Message", "Is anybody here?")
	bob.press("Send")
	bob.seesError("Message", "not logged in")
	bob.typedIs("Message", "Is anybody here?")

	bob.allow(status422)
	bob.goTo(s.url + "/login")
	bob.fill("Email", "bob@example.com")
	bob.fill("Password", secret)
	bob.click("main button", "Log in")
	bob.reads("main", "is disabled")
	ada.press("Enable account")
	ada.sees("it is done", `eye.named("button", "Disable account")`)
	ada.reads("main", "Account enabled")
	bob.fill("Password", secret)
	bob.click("main button", "Log in")
	bob.sees("he is logged in", `eye.named("header a", "Account")`)
}

func TestAdminLooksAfterTheSite(t *testing.T) {
	t.Parallel()
	for _, scripts := range []bool{true, false} {
		t.Run(fmt.Sprintf("scripts %v", scripts), func(t *testing.T) {
			t.Parallel()
			s := start(t)
			bob, member := person(t, s, "bob")
			room := member.open("Dogs")
			member.post(room, "Buy cheap shoes")
			member.post(room, "Good dogs only")
			s.member("eve").send(room+"/1/report", url.Values{"reason": {"He sells shoes"}})
			ada := guest(t)
			ada.logIn(s.admin("ada"))
			bob.enter(s, room)
			if !scripts {
				ada.withoutScripts()
				bob.withoutScripts()
				bob.goTo(s.url + room)
				bob.follows(s)
			}

			t.Log("the site in figures, and a report to settle")
			ada.goTo(s.url)
			ada.press("Admin")
			ada.reads("dl", "Members 3 Rooms 1 Messages 2")
			ada.reads("dl", "Reports waiting 1")
			ada.press("Reports")
			ada.reads("main", "He sells shoes")
			ada.press("Resolved")
			ada.reads("main", "Nothing waits for you")

			t.Log("what was said, deleted messages among it")
			member.send(room+"/1/delete", nil)
			ada.press("Messages")
			ada.reads("tbody", "deleted bob Dogs")
			ada.fill("Words", "dogs")
			ada.fill("Author", "bob")
			ada.click("main button", "Search")
			ada.sees("what was looked for", `document.querySelectorAll("tbody tr").length === 1 && document.querySelector("tbody td").textContent.trim() === "Good dogs only"`)
			ada.press("Rooms")
			ada.fill("Room name", "do")
			ada.click("main button", "Search")
			ada.reads("tbody", "Dogs 2")

			t.Log("the last admin stays")
			ada.find(s, "ada")
			ada.allow(status422)
			ada.press("Disable account")
			ada.reads("main", "only admin")

			t.Log("a disabled member's page ends")
			ada.find(s, "bob")
			ada.press("Disable account")
			ada.sees("it is done", `eye.named("button", "Enable account")`)
			said := `document.querySelector("#notice").textContent`
			if !scripts {
				said = `document.querySelector("iframe.live-frame").contentDocument.body?.textContent`
			}
			bob.seesWithin(2*time.Second, "his page ends", said+`.includes("You have been logged out")`)
			bob.allow(status401)
			bob.fill("Message", "Is anybody here?")
			bob.press("Send")
			bob.seesError("Message", "not logged in")

			t.Log("a reset link, a role, the audit log, and the site's settings")
			ada.press("Enable account")
			ada.sees("it is done", `eye.named("button", "Disable account")`)
			ada.press("Send reset link")
			ada.reads("main", "Reset link sent")
			ada.press("Log out everywhere")
			ada.reads("main", "Sessions ended")
			look[bool](ada, `(eye.field("Role").value = "moderator", true)`)
			ada.press("Change role")
			ada.reads("main", "member to moderator")
			ada.press("All events of this account")
			for _, event := range []string{"Account disabled", "Account enabled", "Reset link sent", "Sessions ended", "Role changed", "Report settled"} {
				ada.reads("tbody", event)
			}
			ada.press("Site settings")
			ada.fill("Site name", "Barks at Dusk")
			ada.fill("Messages of a member", "many")
			ada.press("Save")
			ada.seesError("Messages of a member", "like 10/1m")
			ada.typedIs("Site name", "Barks at Dusk")
			ada.fill("Messages of a member", "1/1h")
			ada.press("Save")
			ada.sees("the name is another", `document.querySelector(".site-name").textContent.includes("Barks at Dusk")`)
		})
	}
}
