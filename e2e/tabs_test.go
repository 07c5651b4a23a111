package e2e

import (
	"fmt"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A room that was left by a link is shown again as it was left, and then learns
// what happened meanwhile, also when the server is no longer the same.
func TestRoomIsLeftAndComeBackTo(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, member := person(t, s, "ada")
	ada.allow(noAnswer, htmxCut)
	bob := s.member("bob")
	room := member.open("Dogs")
	ada.enter(s, room)
	bob.post(room, "Before")
	ada.hears("Before")
	ada.fill("Message", "Half a thought")
	look[bool](ada, `eye.marked = true`)

	ada.press("Account")
	ada.sees("her account", `location.pathname === "/users/ada" && document.readyState === "complete"`)
	meanwhile := []func(){
		func() { bob.chatter(room, 9) },
		func() { bob.post(room, "Restarting"); s.restart(); bob.post(room, "Restarted") },
		func() { bob.chatter(room, 520) },
	}
	for i, happens := range meanwhile {
		happens()
		look[bool](ada, `history.back(), true`)
		ada.sees("the room as it was left", `location.pathname === `+js(room)+` && eye.marked && eye.restored`)
		ada.isCurrent(s)
		bob.post(room, fmt.Sprintf("Welcome back, visit %d", i))
		ada.hears(fmt.Sprintf("Welcome back, visit %d", i))
		ada.isCurrent(s)
		if got := ada.draft(); got != "Half a thought" {
			t.Errorf("the draft is %q, want what was written before leaving", got)
		}
		look[bool](ada, `(eye.restored = false, history.forward(), true)`)
		ada.sees("her account again", `location.pathname === "/users/ada" && document.readyState === "complete"`)
	}
	look[bool](ada, `history.back(), true`)
	ada.sees("the room", `location.pathname === `+js(room)+` && eye.restored`)
	ada.fill("Message", "A whole thought")
	ada.typeKeys(kb.Enter)
	ada.hears("A whole thought")
	ada.isCurrent(s)
}

// Ada has two tabs, closes one and loads the other anew. Bob sees nothing of it.
// That he would, Cleo shows: she comes, and closes her only tab.
func TestTwoTabsComeAndGoAsOne(t *testing.T) {
	t.Parallel()
	s := start(t)
	bob, _ := person(t, s, "bob")
	first, ada := person(t, s, "ada")
	room := ada.open("Dogs")
	bob.enter(s, room)
	first.enter(s, room)
	bob.reads("[role=log]", "ada joined")
	bob.notesMoves()

	second := first.another()
	second.enter(s, room)
	cleo, _ := person(t, s, "cleo")
	cleo.enter(s, room)
	for _, b := range []*tab{bob, first, second, cleo} {
		b.shows("#member-count", "3")
	}
	bob.say("Which of your tabs do you read?")
	for _, b := range []*tab{first, second} {
		b.hears("Which of your tabs do you read?")
		b.isCurrent(s)
	}
	second.say("This one.")
	first.hears("This one.")
	first.isCurrent(s)

	do(second, page.Close, cdp.Empty{})
	do(first, page.Reload, page.ReloadParams{})
	do(cleo, page.Close, cdp.Empty{})
	first.isLive()
	bob.say("And now?")
	first.hears("And now?")
	bob.shows("#member-count", "2")
	bob.sees("Ada is still named as present, and Cleo is not", named("ada")+` && !`+named("cleo"))
	first.shows("#member-count", "2")
	if got, want := bob.moves(), []string{"cleo joined"}; !slices.Equal(got, want) {
		t.Errorf("the log tells of %q, want %q", got, want)
	}
	first.isCurrent(s)
	bob.isCurrent(s)
}

// A browser opens six connections to a server that speaks HTTP/1.1. Tabs that
// nobody looks at must not use them up. As each guest's stream counts as a
// guest, Bob sees how many there are.
func TestTabsOpenedInTheBackground(t *testing.T) {
	t.Parallel()
	s := start(t)
	bob, member := person(t, s, "bob")
	room := member.open("Dogs")
	member.chatter(room, 3)
	bob.enter(s, room)

	front := guest(t)
	front.goTo(s.url)
	var tabs []*tab
	for range 8 {
		b := front.openBehind()
		// By a script, since the browser's own command would wait for an answer
		// for ever if the other tabs had used up the connections.
		look[bool](b, `(location.assign(`+js(s.url+room)+`), true)`)
		b.sees("the page has loaded in the background",
			`location.pathname === `+js(room)+` && document.readyState === "complete" && document.hidden`)
		tabs = append(tabs, b)
	}
	bob.say("Is anybody looking?")
	bob.shows("#guest-count", "0")
	for i, b := range tabs {
		if opened := look[int](b, `eye.streams`); opened != 0 {
			t.Errorf("tab %d holds a stream before anybody has looked at it", i)
		}
	}

	for i, b := range tabs {
		do(b, page.BringToFront, cdp.Empty{})
		b.sees("the tab is in front", `!document.hidden`)
		b.isCurrent(s)
		bob.shows("#guest-count", "1")
		bob.say(fmt.Sprintf("Somebody looks at tab %d", i))
		b.hears(fmt.Sprintf("Somebody looks at tab %d", i))
	}
	for _, b := range tabs[:2] { // they have been hidden since
		do(b, page.BringToFront, cdp.Empty{})
		b.isCurrent(s)
	}
	bob.shows("#guest-count", "1")
}

// openBehind opens a tab in the same window, which stays in front of it.
func (b *tab) openBehind() *tab {
	b.t.Helper()
	background := true
	created, err := chromedp.CallBrowser(b.ctx, target.CreateTarget, target.CreateTargetParams{
		URL: "about:blank", BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID, Background: &background,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return newTab(b.t, b.ctx, chromedp.WithTargetID(created.TargetID))
}
