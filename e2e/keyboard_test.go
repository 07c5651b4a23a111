package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// tabs moves the focus on, or back, until it is where the expression says. All
// the way it must be visible where the focus is.
func (b *tab) tabs(forward bool, what, there string) {
	b.t.Helper()
	var stops []string
	for !look[bool](b, `!!(`+there+`)`) {
		if len(stops) == 30 {
			b.t.Fatalf("%s: not reached, the last stops were %q", what, stops[20:])
		}
		if forward {
			b.typeKeys(kb.Tab)
		} else {
			b.run(chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift)))
		}
		at := look[struct {
			Name    string
			Visible bool
		}](b, `(() => {
			const at = document.activeElement, box = at.getBoundingClientRect();
			const on = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
			const ringed = e => getComputedStyle(e).outlineStyle !== "none" && parseFloat(getComputedStyle(e).outlineWidth) >= 2;
			return {Name: at.tagName + " " + at.textContent.trim().slice(0, 40), Visible: at.contains(on) && (ringed(at) || ringed(at.parentElement))};
		})()`)
		if stops = append(stops, at.Name); !at.Visible {
			b.t.Errorf("%s: nobody sees that the focus is on %s", what, at.Name)
		}
	}
}

func TestKeyboardReachesEverything(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, member := person(t, s, "ada")
	room := member.open("Dogs")
	bob := s.member("bob")
	bob.post(room, strings.Repeat("A long story.\n", 60))
	bob.post(room, "And one more thing.")

	ada.goTo(s.url)
	ada.sees("the page is as it will look", `document.readyState === "complete"`)
	ada.tabs(true, "the way to the content", `document.activeElement.textContent === "Skip to the content"`)
	ada.typeKeys(kb.Enter)
	ada.sees("the content's address", `location.hash === "#main"`)
	ada.typeKeys(kb.Tab)
	ada.sees("it leads past the header", `document.activeElement === eye.field("Room name")`)
	ada.typeKeys("dogs" + kb.Enter)
	ada.isLive()
	ada.sees("she can write at once", hasFocus)
	ada.answers(func(b *tab) { b.typeKeys("Look, no mouse!" + kb.Enter) })
	ada.hears("Look, no mouse!")
	ada.tabs(true, "the button", `document.activeElement === eye.named("button", "Send")`)
	ada.tabs(false, "the field", hasFocus)
	ada.typeKeys("Sent with the space bar.")
	ada.tabs(true, "the button", `document.activeElement === eye.named("button", "Send")`)
	ada.answers(func(b *tab) { b.typeKeys(" ") })
	ada.hears("Sent with the space bar.")
	ada.sees("she can go on writing", hasFocus)
	ada.isCurrent(s)

	ada.tabs(false, "the log", `document.activeElement === eye.log()`)
	ada.typeKeys(kb.End)
	ada.sees("the end of the log", `eye.atEnd()`)
	eventually(t, "the log scrolls", func() bool { // Chromium sometimes ignores a key so soon after a scroll
		ada.typeKeys(kb.PageUp)
		return look[bool](ada, `!eye.atEnd()`)
	})
	ada.tabs(true, "the author", `document.activeElement.matches(".author")`)
	ada.typeKeys(kb.Enter)
	ada.sees("the author's page", `location.pathname === "/users/bob"`)
}
