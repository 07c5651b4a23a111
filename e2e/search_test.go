package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

func TestSearch(t *testing.T) {
	t.Parallel()
	for _, scripts := range []bool{true, false} {
		t.Run(fmt.Sprintf("scripts %v", scripts), func(t *testing.T) {
			t.Parallel()
			s := start(t)
			ada, bob := s.member("ada"), s.member("bob")
			dogs, cats := ada.open("Dogs"), ada.open("Cats")
			ada.chatter(dogs, 60)
			ada.post(dogs, "Meet me at the Café Été, 東京")
			bob.post(cats, "Which café <b>do you</b> mean?")
			ada.chatter(dogs, 60)

			visitor := guest(t)
			if !scripts {
				visitor.withoutScripts()
			}
			visitor.goTo(s.url)
			visitor.press("Search")
			visitor.fill("Search for", "CAFE")
			visitor.click("main button", "Search")
			visitor.finds("Which café <b>do you</b> mean?", "Meet me at the Café Été, 東京")
			visitor.sees("what was looked for is marked", `[...document.querySelectorAll(".results mark")].map(e => e.textContent).join() === "café,Café"`)
			visitor.typedIs("Search for", "CAFE")

			visitor.fill("Author", "Ada")
			visitor.fill("Room", "dogs")
			visitor.fill("Search for", "京 ete")
			visitor.click("main button", "Search")
			visitor.finds("Meet me at the Café Été, 東京")
			visitor.press("Meet me at the Café Été, 東京")
			visitor.sees("the message in its place", `location.hash === "#m-61" && document.querySelector("#m-61:target .text").textContent.startsWith("Meet me")`)

			visitor.goTo(s.url + "/search?q=nothing+of+the+kind")
			visitor.reads("main", "Nothing found")

			t.Log("from the home page, in all rooms")
			visitor.goTo(s.url)
			visitor.fill("Search messages", "café")
			visitor.typeKeys(kb.Enter)
			visitor.finds("Which café <b>do you</b> mean?", "Meet me at the Café Été, 東京")

			t.Log("from a room, in that room, and then in all")
			visitor.resize(1280, 800)
			for _, page := range []string{cats, cats + "/page/1"} {
				visitor.goTo(s.url + page)
				visitor.sees("the field can be seen", `document.querySelector("#search-room").checkVisibility()`)
				look[bool](visitor, `(document.querySelector("#search-room").focus(), true)`)
				visitor.write("café")
				visitor.typeKeys(kb.Enter)
				visitor.finds("Which café <b>do you</b> mean?")
				visitor.typedIs("Room", "Cats")
			}
			visitor.press("Search all rooms")
			visitor.finds("Which café <b>do you</b> mean?", "Meet me at the Café Été, 東京")

			t.Log("from a room on a phone")
			visitor.resize(360, 640)
			visitor.goTo(s.url + dogs)
			visitor.sees("the log has the place", `!document.querySelector("#search-room").checkVisibility()`)
			visitor.press("Search")
			visitor.fill("Search for", "café")
			visitor.typedIs("Room", "Dogs")
			visitor.typeKeys(kb.Enter)
			visitor.finds("Meet me at the Café Été, 東京")
		})
	}
}

// finds waits until the results are those texts, and no others.
func (b *tab) finds(texts ...string) {
	b.t.Helper()
	if texts == nil {
		texts = []string{}
	}
	b.sees(fmt.Sprintf("the results %q", texts),
		`location.pathname === "/search" && JSON.stringify([...document.querySelectorAll(".results > li > a")].filter(e => e.checkVisibility()).map(e => e.textContent)) === JSON.stringify(`+js(texts)+`)`)
}

// What another person said a moment ago is found as it now is.
func TestSearchFollowsATalk(t *testing.T) {
	t.Parallel()
	for _, scripts := range []bool{true, false} {
		t.Run(fmt.Sprintf("scripts %v", scripts), func(t *testing.T) {
			t.Parallel()
			s := start(t)
			ada, member := person(t, s, "ada")
			bob, other := person(t, s, "bob")
			room := member.open("Dogs")
			if !scripts {
				bob.withoutScripts()
			}
			search := func(words string) {
				bob.goTo(s.url + "/search")
				bob.fill("Search for", words)
				bob.click("main button", "Search")
				bob.sees("the answer", `document.querySelector("#results")`)
			}

			ada.enter(s, room)
			ada.say("A terrier, at last!")
			search("terrier")
			bob.finds("A terrier, at last!")

			member.send(room+"/1/edit", map[string][]string{"body": {"A poodle, I mean."}, "seen": {"1"}})
			ada.hears("A poodle, I mean.")
			search("terrier")
			bob.reads("main", "Nothing found")
			search("poodle")
			bob.finds("A poodle, I mean.")

			t.Log("whom he ignores he does not find")
			other.send("/users/ada/ignore", nil)
			search("poodle")
			bob.sees("the result is hidden", `document.querySelectorAll(".results > li").length === 1`)
			bob.finds()
			after := `getComputedStyle(document.querySelector(".results"), "::after").content`
			bob.sees("why there is nothing", after+`.includes("whom you ignore")`)
			other.post(room, "No poodle of mine.")
			search("poodle")
			bob.finds("No poodle of mine.")
			bob.sees("what else there is", after+` === "none"`)
			other.send("/users/ada/listen", nil)
			search("poodle")
			bob.finds("No poodle of mine.", "A poodle, I mean.")

			member.send(room+"/1/delete", nil)
			ada.hears("This message was deleted.")
			search("poodle")
			bob.finds("No poodle of mine.")
			for _, words := range []string{"mean", "deleted"} {
				search(words)
				bob.reads("main", "Nothing found")
			}
		})
	}
}
