package e2e

import (
	"fmt"
	"testing"
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
			visitor.reads(".results > li:first-child", "Which café <b>do you</b> mean?")
			visitor.reads(".results > li:last-child", "Meet me at the Café Été, 東京")
			visitor.sees("what was looked for is marked", `[...document.querySelectorAll(".results mark")].map(e => e.textContent).join() === "café,Café"`)
			visitor.typedIs("Search for", "CAFE")

			visitor.fill("Author", "Ada")
			visitor.fill("Room", "dogs")
			visitor.fill("Search for", "京 ete")
			visitor.click("main button", "Search")
			visitor.sees("only hers is found", `document.querySelectorAll(".results > li").length === 1`)
			visitor.press("Meet me at the Café Été, 東京")
			visitor.sees("the message in its place", `location.hash === "#m-61" && document.querySelector("#m-61:target .text").textContent.startsWith("Meet me")`)

			visitor.goTo(s.url + "/search?q=nothing+of+the+kind")
			visitor.reads("main", "Nothing found")
		})
	}
}
