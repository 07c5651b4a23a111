package e2e

import (
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp/kb"
)

func TestRoomsOfAnyScript(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, _ := person(t, s, "ada")
	bob, _ := person(t, s, "bob")
	for _, room := range []struct{ name, again, slug string }{
		{"Собаки", "  СОБАКИ ", "собаки"},
		{"犬", "犬", "犬"},
	} {
		path := "/rooms/" + url.PathEscape(room.slug)
		ada.goTo(s.url)
		ada.fill("Room name", room.name)
		ada.press("Join room")
		ada.isLive()
		bob.goTo(s.url)
		bob.fill("Room name", room.again)
		bob.typeKeys(kb.Enter)
		bob.isLive()
		for _, b := range []*tab{ada, bob} {
			b.shows("h1", room.name)
			b.sees("the room's address", `location.pathname === `+js(path))
		}
		ada.say("Гав! わん！ 🐕")
		bob.hears("Гав! わん！ 🐕")
		do(bob, page.Reload, page.ReloadParams{})
		bob.isLive()
		bob.hears("Гав! わん！ 🐕")
		bob.sees("the address is the same", `location.pathname === `+js(path))
		ada.isCurrent(s)
		bob.isCurrent(s)
		bob.goTo(s.url)
		bob.press(room.name)
		bob.sees("the list leads there", `location.pathname === `+js(path))
	}
}

// What people write reaches open pages and pages opened later as text, whatever
// it looks like.
func TestTextMakesNothingHappen(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, _ := person(t, s, "ada")
	bob := s.member("bob")
	room := bob.open("Dogs")
	ada.enter(s, room)
	var want []string
	for _, text := range []string{
		`<script>fetch("/taken-in")</script>`,
		`<img src="/taken-in" onerror="fetch('/taken-in')">`,
		`<div hx-get="/taken-in" hx-trigger="load">bold</div>`,
		`<hx-partial hx-target="#messages">gone</hx-partial>`,
		`</div></li></hx-upsert><hx-partial hx-target="body"><script src="/taken-in"></script></hx-partial>`,
		`<template hx type="partial" hx-target="#messages">gone</template>`,
		`" onmouseover="fetch('/taken-in')" autofocus onfocus="fetch('/taken-in')`,
		"data: <li id=\"m-1\">forged</li>\n\nevent: reload\ndata: reload\n\nid: 0",
		`javascript:fetch('/taken-in') {{.}} ${taken} &lt;b&gt; &amp;`,
		"\u202eright to left\u202c and back, \u2066isolated",
		"שלום, כלב טוב",
	} {
		bob.post(room, text)
		want = append(want, text)
	}
	ada.isCurrent(s)
	fresh, _ := person(t, s, "cleo")
	fresh.enter(s, room)
	for _, b := range []*tab{ada, fresh} {
		b.showsExactly(want...)
		if got := look[string](b, `[...document.querySelectorAll(".text *, #messages :is(script, template, hx-partial, hx-upsert, [hx-get]:not(.more), [onerror])")].map(e => e.outerHTML).join("\n")`); got != "" {
			t.Errorf("of text these elements were made:\n%s", got)
		}
		if look[bool](b, `performance.getEntriesByType("resource").some(e => e.name.includes("taken-in"))`) {
			t.Error("a text made the browser ask for something")
		}
		last := `[...document.querySelectorAll("#messages .text")].at(-1)`
		b.sees("a text that runs from right to left does, and stands on the right", `(() => {
			const range = document.createRange();
			range.selectNodeContents(`+last+`);
			return getComputedStyle(`+last+`).direction === "rtl" && range.getBoundingClientRect().right > `+last+`.getBoundingClientRect().right - 2;
		})()`)
		b.sees("the name beside a text stays as it is", `getComputedStyle(document.querySelector(".author")).direction === "ltr" &&
			document.querySelector(".author").getBoundingClientRect().left < document.querySelector(".permalink").getBoundingClientRect().left`)
	}
	fresh.isCurrent(s)
	if s.logged("taken-in") {
		t.Error("a text made a browser ask for something")
	}
}

func TestLongWordsFitANarrowScreen(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, member := person(t, s, "ada")
	ada.resize(320, 568)
	room := member.open(strings.Repeat("Wau", 21))
	bob := s.member(strings.Repeat("b", 30))
	ada.enter(s, room)
	bob.watch(room)
	ada.reads("[role=log]", bob.name+" joined")
	for _, text := range []string{
		strings.Repeat("w", 4000),
		"https://example.com/" + strings.Repeat("w", 3980),
		strings.Repeat("犬", 4000),
		strings.TrimSpace(strings.Repeat("A long line of words. ", 100)),
	} {
		bob.post(room, text)
		ada.hears(text)
		ada.isNarrow()
	}
	ada.isCurrent(s)
	ada.enter(s, room)
	ada.isNarrow()
	ada.sees("all of the words are there", `[...document.querySelectorAll(".text")].every(e => e.scrollWidth <= e.clientWidth)`)
	ada.goTo(s.url)
	ada.isNarrow()
	ada.goTo(s.url + "/users/" + bob.name)
	ada.isNarrow()
}

// isNarrow checks that nothing is wider than the screen.
func (b *tab) isNarrow() {
	b.t.Helper()
	wide := look[string](b, `[document.documentElement, ...document.querySelectorAll("body, main, .room, [role=log]")]
		.filter(e => e.scrollWidth > e.clientWidth).map(e => e.tagName + "#" + e.id + " " + e.scrollWidth + " in " + e.clientWidth).join(", ")`)
	if wide != "" || look[int](b, `document.documentElement.scrollWidth`) > 320 {
		b.t.Errorf("%s scrolls sideways: %s", look[string](b, `location.pathname`), wide)
	}
}

func TestLinesAndLinks(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, _ := person(t, s, "ada")
	bob := s.member("bob")
	room := bob.open("Dogs")
	ada.enter(s, room)

	lines := "one\n  two, indented\n\nfour"
	bob.post(room, strings.ReplaceAll(lines, "\n", "\r\n")) // as a browser sends them
	ada.hears(lines)
	ada.sees("the lines stand below each other", `document.querySelector("#m-1 .text").innerText === `+js(lines))

	text := "See (https://example.com/?a=1&b=2),\n" + s.url + "/?from=a-message,\nand javascript:alert(1)"
	bob.post(room, text)
	ada.hears(text)
	links := look[[]struct{ Href, Rel, Text, Target string }](ada, `[...document.querySelectorAll("#m-2 .text a")].map(a => ({Href: a.href, Rel: a.rel, Text: a.textContent, Target: a.target}))`)
	if len(links) != 2 || links[1].Href != s.url+"/?from=a-message" || links[1].Text != links[1].Href {
		t.Fatalf("the links are %+v, want two, each to what it says", links)
	}
	for _, link := range links {
		if link.Rel != "nofollow ugc noopener" {
			t.Errorf("the link to %s has rel=%q", link.Href, link.Rel)
		}
	}
	ada.isCurrent(s)
	ada.press(links[1].Text)
	ada.sees("the link leads there", `location.search === "?from=a-message" && document.querySelector("h1").textContent.startsWith("Welcome")`)
}
