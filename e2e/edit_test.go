package e2e

import (
	"fmt"
	"os/exec"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// moderator opens a tab in which a new moderator is logged in.
func moderator(t *testing.T, s *site, name string) (*tab, *member) {
	t.Helper()
	m, b := s.member(name), guest(t)
	promote := exec.Command(binary, "admin", "promote", name, "--role=moderator")
	promote.Env = s.env
	if output, err := promote.CombinedOutput(); err != nil {
		t.Fatalf("make %s a moderator: %v\n%s", name, err, output)
	}
	m.send("/login", map[string][]string{"email": {name + "@example.com"}, "password": {secret}})
	b.logIn(m)
	return b, m
}

// menu opens what the tab's person may do with a message, and chooses from it.
func (b *tab) menu(number int, choice string) {
	b.t.Helper()
	b.click(fmt.Sprintf("#m-%d > .more", number), "More")
	b.click(fmt.Sprintf("#m-%d .actions :is(a, button)", number), choice)
}

// says waits until a message reads like that.
func (b *tab) says(number int, text string) {
	b.t.Helper()
	b.sees(fmt.Sprintf("message %d says %q", number, text), fmt.Sprintf(`eye.rows(document).some(row => row.number === %d && row.text === %s)`, number, js(text)))
}

// autofocus is what a browser says when it looks elsewhere than where a form wants
// it to: at a message that the address names, or where somebody writes already.
const autofocus = `Autofocus processing was blocked`

// editor is the field in which a message is changed.
const editor = "Edit your message"

func TestPeopleEditAndDelete(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, she := person(t, s, "ada")
	room := she.open("Dogs")
	bob, he := person(t, s, "bob")
	mia, _ := moderator(t, s, "mia")
	away, _ := person(t, s, "away")
	ada.allow(autofocus)
	mia.allow(autofocus)
	for _, b := range []*tab{ada, bob, mia, away} {
		b.enter(s, room)
	}
	ada.say("I have *two* dogs")
	he.post(room, "Nice!")
	ada.hears("Nice!")
	away.hears("Nice!")
	away.goTo("about:blank")

	t.Log("her own message")
	ada.menu(1, "Edit")
	ada.sees("her text in a field", `eye.field(`+js(editor)+`)?.value === "I have *two* dogs"`)
	ada.sees("the field has the focus", `document.activeElement === eye.field(`+js(editor)+`)`)
	ada.fill(editor, "I have **three** dogs")
	ada.press("Save")
	for _, b := range []*tab{ada, bob, mia} {
		b.says(1, "I have three dogs")
		b.sees("it says that it was edited, and when", `/\d{4}, \d\d:\d\d/.test(document.querySelector("#m-1 .edited").title) && document.querySelector("#m-1 .text strong")`)
		b.isCurrent(s)
	}
	ada.sees("the form is gone, and the focus is at the message", `!eye.field(`+js(editor)+`) && document.activeElement.closest("#m-1")`)

	t.Log("a change of mind")
	ada.menu(1, "Edit")
	ada.fill(editor, "never mind")
	ada.press("Cancel")
	ada.sees("the form is gone, and the focus is at the message", `document.activeElement.matches("#m-1 > .more") && !eye.field(`+js(editor)+`) && document.querySelector("#m-1 .text").checkVisibility()`)

	t.Log("an empty text")
	ada.allow(status422)
	ada.menu(1, "Edit")
	ada.fill(editor, " \u200b")
	ada.press("Save")
	ada.seesError(editor, "empty")
	ada.press("Cancel")

	t.Log("changed on another device meanwhile")
	ada.allow(status409)
	ada.menu(1, "Edit")
	ada.fill(editor, "I have four dogs")
	she.send(room+"/1/edit", map[string][]string{"body": {"I have cats"}})
	ada.says(1, "I have cats")
	ada.press("Save")
	ada.seesError(editor, "changed meanwhile")
	ada.typedIs(editor, "I have four dogs")
	ada.sees("what it says now", `document.querySelector(".below .text").textContent === "I have cats"`)
	ada.press("Save")
	bob.says(1, "I have four dogs")
	ada.says(1, "I have four dogs")

	t.Log("deleted by a moderator meanwhile")
	ada.menu(1, "Edit")
	ada.fill(editor, "a text that took long")
	mia.menu(1, "Delete")
	mia.click(".below button", "Delete")
	for _, b := range []*tab{ada, bob, mia} {
		b.says(1, "This message was deleted.")
	}
	mia.sees("the form is gone, and the focus is at the message", `!document.querySelector(".below") && document.activeElement.closest("#m-1")`)
	ada.typedIs(editor, "a text that took long")
	ada.press("Save")
	ada.seesError(editor, "deleted meanwhile")
	ada.typedIs(editor, "a text that took long")
	ada.press("Cancel")

	t.Log("who was away")
	away.goTo(s.url + room)
	away.says(1, "This message was deleted.")

	t.Log("what a moderator sees of it, and others don't")
	mia.menu(1, "Earlier texts")
	mia.reads(".versions", "I have cats")
	bob.click("#m-1 > .more", "More")
	bob.sees("the one thing he may do", `[...document.querySelectorAll("#m-1 .actions a")].map(a => a.textContent).join() === "Link to this message"`)

	t.Log("his own, without a mouse")
	bob.allow(autofocus)
	bob.click("#m-2 .permalink", look[string](bob, `document.querySelector("#m-2 .permalink").textContent.trim()`))
	bob.sees("its page of history", `document.querySelector(":target")?.id === "m-2"`)
	look[bool](bob, `(document.querySelector("#m-2 > .more").focus(), true)`)
	bob.typeKeys(kb.Enter)
	bob.sees("the first thing he may do has the focus", `document.activeElement.textContent === "Reply"`)
	bob.typeKeys(kb.Tab)
	bob.typeKeys(kb.Tab)
	bob.typeKeys(kb.Enter)
	bob.sees("the question has the focus", `document.activeElement.textContent.trim() === "Delete" && document.activeElement.closest(".below")`)
	bob.typeKeys(kb.Enter)
	bob.says(2, "This message was deleted.")
	ada.says(2, "This message was deleted.")
	ada.isCurrent(s)
}

func TestPeopleReply(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, she := person(t, s, "ada")
	room := she.open("Dogs")
	bob, _ := person(t, s, "bob")
	for _, b := range []*tab{ada, bob} {
		b.allow(autofocus)
		b.enter(s, room)
	}
	ada.say("Who has a dog?")
	bob.hears("Who has a dog?")
	bob.fill("Message", "I h")
	bob.menu(1, "Reply")
	bob.reads(".replying", "Replying to ada")
	bob.sees("what was written is still there, and has the focus", `eye.field("Message").value === "I h" && `+hasFocus)
	bob.typeKeys(kb.End + "ave")
	bob.typeKeys(kb.Enter)
	for _, b := range []*tab{ada, bob} {
		b.sees("the answer, below the quote", `document.querySelector("#m-2 .text blockquote")?.textContent === "Who has a dog?" && document.querySelector("#m-2 .text").textContent.endsWith("I have")`)
		b.sees("what it answers", `document.querySelector("#m-2 .reply a").href.endsWith(`+js(room+"/1")+`) && document.querySelector("#m-2 .reply").innerText.trim() === "In reply to ada"`)
		b.isCurrent(s)
	}
	bob.sees("the next message answers nothing", `!document.querySelector(".replying")`)

	t.Log("without the quote, and a change of mind")
	ada.menu(2, "Reply")
	ada.press("Don't reply")
	ada.sees("nothing is answered", `!document.querySelector(".replying") && `+hasFocus)
	ada.click("#m-2 .actions a", "Reply")
	ada.reads(".replying", "Replying to bob")
	ada.click("label", "Quote")
	ada.fill("Message", "Me too")
	ada.typeKeys(kb.Enter)
	bob.says(3, "Me too")

	t.Log("without scripts, from a page of history")
	ada.withoutScripts()
	ada.goTo(s.url + room + "/page/1")
	ada.click("#m-1 > .more", "More")
	ada.press("Reply")
	ada.reads(".replying", "Replying to ada")
	ada.press("Several lines")
	ada.reads(".replying", "Replying to ada")
	ada.fill("Message", "me\nagain")
	ada.press("Send")
	bob.sees("the answer, below the quote", `document.querySelector("#m-4 .text blockquote")?.textContent === "Who has a dog?" && document.querySelector("#m-4 .text").textContent.endsWith("me\nagain")`)
}

func TestEditAndDeleteWithoutScripts(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, she := person(t, s, "ada")
	ada.withoutScripts()
	room := she.open("Dogs")
	she.post(room, "one")
	she.post(room, "two")
	bob, _ := person(t, s, "bob")
	bob.enter(s, room)
	ada.goTo(s.url + room)

	ada.click("#m-1 > .more", "More")
	ada.sees("the message, and what she may do", `document.querySelector("#m-1 .text").textContent === "one"`)
	ada.press("Edit")
	ada.allow(status409, status422, autofocus)
	ada.fill(editor, "eins")
	she.send(room+"/1/edit", map[string][]string{"body": {"uno"}})
	ada.press("Save")
	ada.seesError(editor, "changed meanwhile")
	ada.typedIs(editor, "eins")
	ada.sees("what it says now", `document.querySelector("main .text").textContent === "uno"`)
	ada.press("Save")
	ada.sees("the room, at the message", `location.pathname === `+js(room)+` && location.hash === "#m-1"`)
	ada.says(1, "eins")
	ada.sees("it says that it was edited", `document.querySelector("#m-1 .edited")`)
	bob.says(1, "eins")

	ada.click("#m-2 > .more", "More")
	ada.press("Delete")
	ada.press("Cancel")
	ada.says(2, "two")
	ada.click("#m-2 > .more", "More")
	ada.press("Delete")
	ada.click("main button", "Delete")
	ada.says(2, "This message was deleted.")
	bob.says(2, "This message was deleted.")
	ada.follows(s)

	t.Log("by a moderator, who sees what it said")
	mia, _ := moderator(t, s, "mia")
	mia.withoutScripts()
	mia.goTo(s.url + room)
	mia.click("#m-1 > .more", "More")
	mia.press("Delete")
	mia.click("main button", "Delete")
	mia.says(1, "This message was deleted.")
	bob.says(1, "This message was deleted.")
	mia.click("#m-1 > .more", "More")
	mia.press("Earlier texts")
	mia.reads(".versions", "uno")
	mia.reads(".versions", "eins")
}
