package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
)

// state is a page in one of its states. Reach brings a tab there.
type state struct {
	name  string
	reach func(b *tab, s *site)
}

// at is the state that a page is in when it is opened.
func at(path string) state {
	return state{path, func(b *tab, s *site) { b.goTo(s.url + path) }}
}

// sent is the state of the form at path after it was sent with those fields
// filled, by the button of that name.
func sent(path, button string, fields ...string) state {
	return state{path + " after " + button, func(b *tab, s *site) {
		b.goTo(s.url + path)
		for i := 0; i < len(fields); i += 2 {
			b.fill(fields[i], fields[i+1])
		}
		b.mark()
		b.click("main button", button)
		b.sees("the answer", `!window.eye?.marked && document.readyState !== "loading"`)
	}}
}

// What guests come across, and what members do.
var (
	guestStates = []state{
		at("/"), at("/rooms/dogs"), at("/rooms/dogs/page/1"), at("/rooms/quiet"), at("/rooms/nowhere"), at("/no-such-page"),
		at("/register"), sent("/register", "Register", "Email", "ada@example.com", "Username", "-a-", "Password", "12345678", "Confirm password", "1"),
		at("/login"), sent("/login", "Log in", "Email", "ada@example.com", "Password", "wrong"),
		at("/password-reset"), sent("/password-reset", "Send the link", "Email", "ada@example.com"), at("/password-reset/spent"),
		at("/confirm-email/spent"), at("/users/ada"),
	}
	memberStates = []state{
		at("/"), at("/rooms/dogs"), at("/rooms/dogs?lines=several"), at("/rooms/dogs/page/2"), at("/users/ada"), at("/users/bob"),
		at("/settings"), sent("/settings", "Save", "Username", "-b-"), at("/settings/password"),
		sent("/settings/password", "Save", "Current password", "wrong", "Password", "12345678", "Confirm password", "1"),
		at("/settings/sessions"), at("/settings/data"), at("/settings/delete"),
		{"/settings/delete after a wrong password", func(b *tab, s *site) {
			b.goTo(s.url + "/settings/delete")
			b.press("Keep them")
			b.fill("Current password", "wrong")
			b.press("Delete my account")
			b.seesError("Current password", "not your password")
		}},
		{"/rooms/dogs after a message that is too long", func(b *tab, s *site) {
			b.goTo(s.url + "/rooms/dogs?lines=several")
			b.fill("Message", strings.Repeat("woof ", 1000))
			b.press("Send")
			b.sees("why it was not sent", `document.querySelector("#body-error")`)
		}},
	}
)

// adminStates are what those come across who look after the place.
var adminStates = []state{
	at("/admin"), at("/admin/members"), at("/admin/members?q=nobody"), at("/admin/members/1"), at("/admin/rooms"), at("/admin/messages?author=bob"),
	at("/admin/messages?q=loooong"), at("/admin/reports"), at("/admin/audit"), at("/admin/audit?user=ada"),
	at("/admin/settings"), sent("/admin/settings", "Save", "Messages of a member", "many"),
}

// everybody gives a site with a few people's talk in it, and what each kind of
// visitor comes across there.
func everybody(t *testing.T) (s *site, states map[*tab][]state) {
	t.Helper()
	s, ada := lively(t)
	boss, eve := guest(t), guest(t)
	boss.logIn(s.admin("boss"))
	states = map[*tab][]state{ada: memberStates, boss: adminStates, eve: guestStates}
	for b := range states {
		b.allow(status404, status422, `status of 410`)
	}
	return s, states
}

// axe finds what keeps people out of a page, as far as a program can.
func axe(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile("../node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatalf("%v: run make test, which installs it", err)
	}
	return string(source)
}

// audit fails for each thing that axe finds in the page, in both themes, but for
// the rules that the page may break. It
// needs timers, which a page without scripts has not, so they are let go for a
// moment: the page's own are past their time by then.
func (b *tab) audit(axe, name string, except ...string) {
	b.t.Helper()
	except = append([]string{}, except...) // [], not null
	if b.scriptless {
		do(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: false})
		defer b.withoutScripts()
	}
	for _, theme := range []string{"dark", "light"} {
		b.prefer("prefers-color-scheme", theme, "prefers-reduced-motion", "reduce") // no colour on its way to another
		found := look[[]string](b, `(async () => {
			if (!window.axe) {`+axe+`}
			const results = await window.axe.run(document, {
				resultTypes: ["violations"], iframes: false,
				rules: Object.fromEntries(`+js(except)+`.map(rule => [rule, {enabled: false}])),
			});
			return results.violations.flatMap(rule => rule.nodes.map(node => rule.id + ": " + node.failureSummary + " " + node.html));
		})()`)
		for _, problem := range found {
			b.t.Errorf("%s, %s: %s", name, theme, problem)
		}
	}
}

// isStyled waits until the page looks as it will.
func (b *tab) isStyled() {
	b.t.Helper()
	b.sees("the page has its styles", `eye.styled()`)
}

// prefer sets what the person's system asks of pages, as features and values in turn.
func (b *tab) prefer(pairs ...string) {
	b.t.Helper()
	var features []*emulation.MediaFeature
	for i := 0; i < len(pairs); i += 2 {
		features = append(features, &emulation.MediaFeature{Name: pairs[i], Value: pairs[i+1]})
	}
	do(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
}

// lively gives a site with a few people's talk in it, and one of them.
func lively(t *testing.T) (s *site, ada *tab) {
	t.Helper()
	s = start(t)
	ada, she := person(t, s, "ada")
	he, room := s.member("bob"), she.open("Dogs")
	she.open("Quiet")
	he.chatter(room, 105)
	for _, text := range []string{"Look: https://example.com/a?b=c.", strings.Repeat("loooong", 80), "שלום, Hund!", "one\ntwo\n\nthree"} {
		she.post(room, text)
		he.post(room, text)
	}
	return s, ada
}

func TestNothingKeepsPeopleOut(t *testing.T) {
	axe := axe(t)
	for _, scripts := range []bool{true, false} {
		t.Run(fmt.Sprintf("scripts %v", scripts), func(t *testing.T) {
			t.Parallel()
			s, everybody := everybody(t)
			for b, states := range everybody {
				if !scripts {
					b.withoutScripts()
				}
				for _, state := range states {
					state.reach(b, s)
					b.isStyled()
					b.audit(axe, state.name)
				}
			}
			if !scripts {
				eve := guest(t).withoutScripts()
				do(eve, page.Navigate, page.NavigateParams{URL: s.url + "/rooms/dogs/live"})
				eve.sees("the page that is written on and on", `document.querySelector("[role=log]")`)
				// It stands in a frame of a page that has these, and must ask for itself again.
				eve.audit(axe, "/rooms/dogs/live", "landmark-one-main", "page-has-heading-one", "meta-refresh")
			}
		})
	}
}

// A phone of 320 pixels is also what a desk of 1280 is at 400 %.
func TestNarrowPagesScrollOneWay(t *testing.T) {
	t.Parallel()
	s, everybody := everybody(t)
	for b, states := range everybody {
		b.resize(320, 480)
		for _, state := range states {
			state.reach(b, s)
			b.isStyled()
			if wide := look[int](b, `document.documentElement.scrollWidth`); wide > 320 {
				b.t.Errorf("%s is %d pixels wide: %s", state.name, wide, look[string](b, `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > 321).map(e => e.outerHTML.slice(0, 100)).slice(0, 5).join("\n")`))
			}
			hidden := look[[]string](b, `[...document.querySelectorAll("main a, main button, main input:not([type=hidden]), main select, header a, header button")]
				.filter(e => e.checkVisibility() && !e.closest("[role=log], .table") && e.getBoundingClientRect().right > 321).map(e => e.outerHTML.slice(0, 200))`)
			if len(hidden) > 0 {
				b.t.Errorf("%s: out of reach: %q", state.name, hidden)
			}
		}
	}
}

// Who asks for less motion gets none that lasts.
func TestReducedMotion(t *testing.T) {
	t.Parallel()
	s, ada := lively(t)
	ada.allow(status404, status422)
	ada.prefer("prefers-reduced-motion", "reduce")
	for _, state := range memberStates {
		state.reach(ada, s)
		ada.isStyled()
		if moving := look[[]string](ada, `[...document.querySelectorAll("*")].filter(e => {
			const style = getComputedStyle(e);
			const lasts = times => times.split(",").some(time => parseFloat(time) > 0.01);
			return style.animationName !== "none" && lasts(style.animationDuration) || lasts(style.transitionDuration) || style.scrollBehavior === "smooth";
		}).map(e => e.outerHTML.slice(0, 100)).slice(0, 5)`); len(moving) > 0 {
			t.Errorf("%s: moves all the same: %q", state.name, moving)
		}
	}
}

// In forced colours, backgrounds and shadows go: what is a control, and where
// the focus is, must still be seen.
func TestForcedColours(t *testing.T) {
	t.Parallel()
	s, ada := lively(t)
	ada.prefer("forced-colors", "active")
	for _, path := range []string{"/", "/rooms/dogs", "/settings", "/settings/delete"} {
		ada.goTo(s.url + path)
		ada.isStyled()
		if plain := look[[]string](ada, `[...document.querySelectorAll("main button, main input:not([type=hidden]):not([type=checkbox]):not([type=radio]):not([type=file]), main select, main textarea")]
			.filter(e => e.checkVisibility() && getComputedStyle(e).borderTopStyle === "none" && getComputedStyle(e).outlineStyle === "none")
			.map(e => e.outerHTML.slice(0, 150))`); len(plain) > 0 {
			t.Errorf("%s: no border tells that these are controls: %q", path, plain)
		}
		ada.tabs(true, "the first thing in the page", `document.activeElement.closest("main")`)
	}
}
