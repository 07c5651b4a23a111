package e2e

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp/kb"
)

// snap writes a picture of the tab as it is into the folder that E2E_SNAPS names.
func (b *tab) snap(name string) {
	folder := os.Getenv("E2E_SNAPS")
	if folder == "" {
		return
	}
	data := do(b, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatPng}).Data
	if err := os.WriteFile(filepath.Join(folder, name+".png"), data, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// unread waits until the page says that so many messages are unread in a room,
// and in all, and says so in its title.
func (b *tab) unread(slug, count, all string) {
	b.t.Helper()
	b.shows("#unread-"+slug, count)
	b.shows("#all-unread", all)
	if all == "0" {
		b.sees("nothing in the title", `!document.title.startsWith("(")`)
	} else {
		b.sees("the count in the title", `document.title.startsWith("(`+all+`) ")`)
	}
}

// What others write in the rooms that somebody follows is counted on all the
// pages that they have open, and is read where it is seen.
func TestUnreadIsCountedWhileItHappens(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, she := person(t, s, "ada")
	bob := s.member("bob")
	dogs, cats := bob.open("Dogs"), bob.open("Cats")
	bob.post(dogs, "Is anybody there?")

	ada.resize(1280, 800) // wide enough for the list beside the log
	ada.enter(s, dogs)
	ada.press("Follow")
	ada.sees("she follows it", `eye.named("button", "Unfollow")`)
	ada.sees("it is listed", `document.querySelector("#following a").textContent === "Dogs"`)
	ada.enter(s, cats)
	ada.unread("dogs", "0", "0")
	ada.say("First words here")
	ada.sees("who writes in a room follows it", `document.querySelector("#unread-cats") && eye.named("button", "Unfollow")`)

	bob.post(dogs, "To the dogs")
	ada.unread("dogs", "1", "1")
	bob.post(dogs, "And once more")
	bob.post(cats, "To the cats")
	ada.hears("To the cats")
	ada.unread("dogs", "2", "2")
	ada.snap("cats")
	ada.fill("Message", "Half a thought")

	other := ada.another() // in a window of its own
	other.enter(s, dogs)
	other.reads("[role=log] .news", "New since your last visit")
	other.sees("the news begin where she had left", `document.querySelector(".news + [data-number]").dataset.number === "2"`)
	other.snap("dogs")
	ada.unread("dogs", "0", "0")
	bob.post(dogs, "You are here now")
	other.hears("You are here now")
	bob.post(cats, "And in both rooms")
	ada.hears("And in both rooms")
	ada.unread("dogs", "0", "0")
	other.unread("cats", "0", "0")
	if got := ada.draft(); got != "Half a thought" {
		t.Errorf("the draft is %q, want it kept", got)
	}

	other.goTo(s.url)
	other.unread("dogs", "0", "0")
	bob.post(dogs, "On the first page too")
	other.unread("dogs", "1", "1")
	other.snap("home")
	ada.unread("dogs", "1", "1")
	s.restart()
	other.goTo(s.url)
	other.unread("dogs", "1", "1")
	other.press("Mark all as read")
	other.unread("dogs", "0", "0")
	ada.allow(noAnswer, htmxCut, status503)
	ada.unread("dogs", "0", "0")
	she.post(dogs, "Her own words") // are not counted
	bob.post(dogs, "His are")
	ada.unread("dogs", "1", "1")
	ada.press("Mark all as read")
	ada.unread("dogs", "0", "0")

	t.Log("a message is marked unread where it stands")
	ada.click("#m-2 > .more", "More")
	ada.press("Mark unread from here")
	ada.unread("cats", "2", "2")
	ada.sees("the line stands before it", `document.querySelector(".news + [data-number]").dataset.number === "2"`)
	other.unread("cats", "2", "2")
	ada.press("Mark all as read")
	ada.unread("cats", "0", "0")
	ada.press("Unfollow")
	ada.sees("she follows one room less", `!document.querySelector("#unread-cats") && eye.named("button", "Follow")`)
}

// A hidden tab has no stream. Its title says all the same what is unread.
func TestHiddenTabCountsInItsTitle(t *testing.T) {
	t.Parallel()
	s := start(t)
	front, she := person(t, s, "ada")
	bob := s.member("bob")
	room := bob.open("Dogs")
	she.send(room+"/follow", nil)
	front.goTo(s.url)
	hidden := front.openBehind()
	look[bool](hidden, `(location.assign(`+js(s.url+room)+`), true)`)
	hidden.sees("the room, in the background", `location.pathname === `+js(room)+` && document.readyState === "complete" && document.hidden`)
	bob.post(room, "One")
	bob.post(room, "Two")
	hidden.sees("the count in the title", `document.title.startsWith("(2) Dogs") && document.hidden`)
	front.sees("the count in the other's", `document.title.startsWith("(2) ")`)
	do(hidden, page.BringToFront, cdp.Empty{})
	hidden.hears("Two")
	hidden.unread("dogs", "0", "0")
}

// All of it works with plain pages, but for what changes by itself.
func TestUnreadWithoutScripts(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, _ := person(t, s, "ada")
	ada.withoutScripts()
	bob := s.member("bob")
	dogs := bob.open("Dogs")
	bob.post(dogs, "One")
	ada.goTo(s.url + dogs)
	ada.press("Follow")
	ada.sees("she follows it", `eye.named("button", "Unfollow")`)
	ada.goTo(s.url)
	bob.post(dogs, "Two")
	bob.post(dogs, "Three")
	ada.goTo(s.url)
	ada.unread("dogs", "2", "2")
	ada.click("#following a", "Dogs")
	ada.reads("[role=log] .news", "New since your last visit")
	ada.unread("dogs", "0", "0")
	ada.goTo(s.url)
	ada.unread("dogs", "0", "0")
	bob.post(dogs, "Four")
	ada.goTo(s.url)
	ada.unread("dogs", "1", "1")
	ada.press("Mark all as read")
	ada.unread("dogs", "0", "0")

	t.Log("a message is marked unread from its own page")
	ada.goTo(s.url + dogs)
	ada.click("#m-3 > .more", "More")
	ada.press("Mark unread from here")
	ada.sees("the first page", `location.pathname === "/"`)
	ada.unread("dogs", "2", "2")
	ada.goTo(s.url + dogs)
	ada.sees("the news begin there", `document.querySelector(".news + [data-number]").dataset.number === "3"`)
	ada.unread("dogs", "0", "0")
}

// Who is named sees it marked, and listed; to others it is a link.
func TestMentionIsMarkedForWhomItNames(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, _ := person(t, s, "ada")
	bob, he := person(t, s, "bob")
	room := he.open("Dogs")
	cats := he.open("Cats")
	ada.enter(s, room)
	ada.say("Hello")
	bob.enter(s, room)
	bob.fill("Message", "")
	bob.typeKeys("Good morning @a")
	bob.press("@ada")
	bob.sees("the name is complete", `eye.field("Message").value === "Good morning @ada "`)
	bob.sees("he can go on writing, behind it", hasFocus+` && eye.field("Message").selectionStart === 18`)
	bob.sees("nothing is suggested any more", `!document.querySelector("#names button")`)
	bob.typeKeys("how are you?" + kb.Enter)
	const marked = `getComputedStyle(document.querySelector("#m-2 .mention")).backgroundColor !== "rgba(0, 0, 0, 0)"`
	ada.hears("Good morning @ada how are you?")
	ada.sees("it is marked for her", marked)
	bob.hears("Good morning @ada how are you?")
	bob.sees("it is not for him", `!(`+marked+`)`)
	ada.shows("#mention-count", "0")
	ada.snap("mention")

	ada.enter(s, cats)
	he.post(room, "And @ada once more, @stranger")
	ada.shows("#mention-count", "1")
	ada.press("Mentions")
	ada.reads("main li", "And @ada once more, @stranger bob in Dogs")
	ada.shows("#mention-count", "0")
	ada.snap("mentions")
	ada.press("And @ada once more, @stranger")
	ada.sees("she is led to it", `location.hash === "#m-3" && document.querySelector("#m-3 .mention").href.endsWith("/users/ada")`)
	ada.isNotScripted()
}

// The same with plain pages. What arrives in the frame beside the composer is
// marked too, and what is ignored is hidden in it.
func TestMentionsWithoutScripts(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, _ := person(t, s, "ada")
	bob, eve := s.member("bob"), s.member("eve")
	room := bob.open("Dogs")
	bob.post(room, "Good morning @ada and @nobody")
	ada.withoutScripts()
	ada.goTo(s.url)
	ada.shows("#mention-count", "1")
	ada.press("Mentions")
	ada.reads("main li", "Good morning @ada and @nobody bob in Dogs")
	ada.goTo(s.url)
	ada.shows("#mention-count", "0")
	ada.press("Mentions")
	ada.press("Unread only")
	ada.press("Show")
	ada.reads("main", "There are no such mentions.")
	ada.press("All mentions")
	ada.sees("all of them", `location.search === ""`)
	ada.fill("Room", "dogs")
	ada.press("Show")
	ada.sees("those of the room", `location.search.includes("room=dogs") && eye.field("Room").value === "dogs"`)
	ada.press("Good morning @ada and @nobody")
	ada.sees("she is led to it", `location.hash === "#m-1" && document.querySelectorAll("#m-1 .mention").length === 1`)

	const marked = `(mention => !!mention && getComputedStyle(mention).backgroundColor !== "rgba(0, 0, 0, 0)")`
	ada.goTo(s.url + room)
	ada.sees("it is marked for her", marked+`(document.querySelector("#m-1 .mention"))`)
	bob.post(room, "@ada, are you there? @bob is.")
	ada.follows(s, "@ada, are you there? @bob is.")
	ada.sees("it is marked for her in the frame", marked+`(`+inFrame+`[0].querySelector(".mention"))`)
	ada.sees("another's name is not", `!`+marked+`(`+inFrame+`[0].querySelectorAll(".mention")[1])`)

	t.Log("a name is completed by buttons")
	ada.fill("Message", "Yes, @b")
	ada.press("Complete a name")
	ada.sees("there are names", `document.querySelector(".completing button")`)
	ada.snap("completing")
	ada.click(".completing button", "@bob")
	ada.sees("the name is complete, and she can go on", `eye.field("Message").value === "Yes, @bob " && `+hasFocus)
	ada.fill("Message", "Yes, @bob and I")
	ada.typeKeys(kb.Enter)
	ada.hears("Yes, @bob and I")

	ada.goTo(s.url + "/users/eve")
	ada.press("Ignore")
	ada.sees("she is ignored", `eye.named("button", "Listen again")`)
	ada.goTo(s.url + room)
	eve.post(room, "Rubbish")
	bob.post(room, "Hear, hear")
	ada.sees("what is not ignored is in the frame, and seen", inFrame+`.some(row => row.textContent.includes("Hear, hear") && row.checkVisibility())`)
	ada.sees("what is ignored is not seen", inFrame+`.every(row => !row.textContent.includes("Rubbish") || !row.querySelector(".text").checkVisibility())`)
	ada.sees("though it came", inFrame+`.some(row => row.textContent.includes("Rubbish"))`)
}

// isNotScripted checks that the page runs no script but htmx.
func (b *tab) isNotScripted() {
	b.t.Helper()
	b.sees("one script", `document.scripts.length === 1`)
}

// A feed's address is made in the settings, and opens without an account.
func TestFeedOfOnesOwn(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, _ := person(t, s, "ada")
	bob := s.member("bob")
	room := bob.open("Dogs")
	ada.withoutScripts()
	ada.goTo(s.url + "/settings")
	ada.press("Feed")
	ada.press("Make an address")
	bob.post(room, "Good morning, @ada")
	ada.sees("the address", `document.querySelector("a#feed")`)
	address := look[string](ada, `document.querySelector("a#feed").href`)
	ada.snap("feed")
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	feed, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(feed), "Good morning, @ada") {
		t.Errorf("got status %d, %v: %s", response.StatusCode, err, feed)
	}
}
