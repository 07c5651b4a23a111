package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/css"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/chromedp/kb"
)

// aloneInput is what the browser says of an example that is in no form.
const aloneInput = "Password field is not contained in a form"

// Every part of the kit, in every state that a pointer or a key brings it into,
// is as readable as it is at rest.
func TestNothingInTheKitKeepsPeopleOut(t *testing.T) {
	t.Parallel()
	s, axe := start(t, "DEV=true"), axe(t)
	eve := guest(t)
	eve.allow(aloneInput)
	eve.goTo(s.url + "/kit")
	const order = "heading-order" // the examples have headings of all ranks
	eve.audit(axe, "/kit", order)
	eve.press("Delete")
	eve.audit(axe, "/kit with a dialog", order)
	eve.typeKeys(kb.Escape)
	for _, state := range []string{"hover", "focus-visible", "active"} {
		eve.force(state)
		eve.audit(axe, "/kit with everything "+state, order)
	}
}

// force brings all that can be in a state of this kind into it.
func (b *tab) force(state string) {
	b.t.Helper()
	do(b, dom.Enable, dom.EnableParams{})
	do(b, css.Enable, cdp.Empty{})
	root := do(b, dom.GetDocument, dom.GetDocumentParams{}).Root.NodeID
	found := do(b, dom.QuerySelectorAll, dom.QuerySelectorAllParams{NodeID: root, Selector: "a, button, input, textarea, select, summary, li, tr"}).NodeIDs
	if len(found) == 0 {
		b.t.Fatal("there is nothing to look at")
	}
	for _, node := range found {
		do(b, css.ForcePseudoState, css.ForcePseudoStateParams{NodeID: node, ForcedPseudoClasses: []string{state}})
	}
	b.sees("that everything is "+state, `document.querySelector("button").matches(":`+state+`")`)
}

// What opens above a page opens without a script of ours, and with none at all.
func TestWhatOpensAboveAPage(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		t.Run(fmt.Sprintf("scripts %v", scripts), func(t *testing.T) {
			t.Parallel()
			s, eve := start(t, "DEV=true"), guest(t)
			eve.allow(aloneInput)
			if !scripts {
				eve.withoutScripts()
			}
			eve.goTo(s.url + "/kit")
			for opener, opened := range map[string]string{"Delete": "#delete-17", "More for this message": "#menu-17"} {
				visible := `document.querySelector(` + js(opened) + `).checkVisibility()`
				eve.sees(opened+" is closed", `!`+visible)
				eve.press(opener)
				eve.sees(opened+" is open", visible)
				eve.typeKeys(kb.Escape)
				eve.sees(opened+" is closed by Escape", `!`+visible)
				eve.sees("the focus is where it was", `document.activeElement === eye.named("button", `+js(opener)+`)`)
				eve.typeKeys(kb.Enter)
				eve.sees(opened+" is open by a key", visible)
				eve.typeKeys(kb.Escape)
			}
			eve.press("Delete")
			eve.press("Close")
			eve.sees("the dialog is closed by its cross", `!document.querySelector("#delete-17").checkVisibility()`)
		})
	}
}
