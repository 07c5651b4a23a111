package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// Beside the log, the list of who is here folds away to its heading; on a phone
// it is a sheet. Neither needs a script.
func TestWhoIsHereGetsOutOfTheWay(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		t.Run(fmt.Sprintf("scripts %v", scripts), func(t *testing.T) {
			t.Parallel()
			s := start(t)
			ada, she := person(t, s, "ada")
			room := she.open("Dogs")
			she.watch(room)
			if !scripts {
				ada.withoutScripts()
			}
			const (
				list  = `document.querySelector("#people a")?.checkVisibility()`
				width = `document.querySelector("#log").clientWidth`
			)
			ada.resize(1280, 800)
			ada.goTo(s.url + room)
			ada.sees("who is here beside the log", list)
			narrow := look[int](ada, width)
			ada.click("summary", "Who is here")
			ada.sees("nobody there, and a wider log", `!`+list+` && `+width+` > `+js(narrow))
			ada.click("summary", "Who is here")
			ada.sees("who is here again", list)

			ada.resize(390, 844)
			ada.sees("nobody, on a phone", `!`+list)
			ada.click("button", "Who is here")
			ada.sees("who is here in a sheet", list)
			ada.typeKeys(kb.Escape)
			ada.sees("the log again", `!`+list)
		})
	}
}
