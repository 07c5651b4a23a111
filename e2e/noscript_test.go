package e2e

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp/kb"
)

// withoutScripts turns JavaScript off in the tab.
func (b *tab) withoutScripts() *tab {
	b.t.Helper()
	do(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.scriptless = true
	return b
}

// mark marks the page as it is: one that is loaded again has no eye.marked.
func (b *tab) mark() {
	b.t.Helper()
	look[bool](b, `(eye.marked = true)`)
}

// inFrame is what the frame beside the composer shows of new messages.
const inFrame = `[...(document.querySelector("iframe.live-frame")?.contentDocument?.querySelectorAll("[data-number]") ?? [])]`

// follows waits until the frame shows these messages, and only these, and
// checks that the page with its frame shows what a page loaded afresh does.
func (b *tab) follows(s *site, texts ...string) {
	b.t.Helper()
	texts = append([]string{}, texts...) // [], not null
	b.sees(fmt.Sprintf("the frame shows %q", texts),
		`JSON.stringify(`+inFrame+`.map(row => row.querySelector(".text").textContent)) === JSON.stringify(`+js(texts)+`)`)
	got := append(b.rows(), look[[]row](b, inFrame+`.map(row => ({
		number: Number(row.dataset.number),
		author: row.querySelector(".author").textContent,
		text: row.querySelector(".text").textContent,
	}))`)...)
	fresh := guest(b.t)
	fresh.goTo(s.url + look[string](b, `location.pathname.replace(/\/messages$/, "")`))
	compare(b.t, got, fresh.rows())
	do(fresh, page.Close, cdp.Empty{})
}

func TestAccountWithoutScripts(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.member("bob")
	ada := guest(t).withoutScripts()
	ada.goTo(s.url)
	ada.press("Register")
	ada.fill("Email", "ada@example.com")
	ada.fill("Username", "bob")
	ada.fill("Password", "12345678")
	ada.fill("Confirm password", "12345678")
	ada.allow(status422)
	ada.click("main button", "Register")
	ada.seesError("Password", "common")
	ada.typedIs("Email", "ada@example.com")
	ada.typedIs("Username", "bob")
	ada.typedIs("Password", "")
	ada.fill("Password", secret)
	ada.fill("Confirm password", secret+"!")
	ada.click("main button", "Register")
	ada.seesError("Confirm password", "differ")
	ada.fill("Password", secret)
	ada.fill("Confirm password", secret)
	ada.click("main button", "Register")
	ada.seesError("Username", "taken")
	ada.typedIs("Email", "ada@example.com")
	ada.fill("Username", "ada")
	ada.fill("Password", secret)
	ada.fill("Confirm password", secret)
	ada.click("main button", "Register")
	ada.sees("she is logged in", `eye.named("header a", "Account")`)

	ada.fill("Room name", "Dogs of the Park")
	ada.press("Join room")
	ada.shows("h1", "Dogs of the Park")
	ada.press("Account")
	ada.shows("h1", "ada")
	ada.press("Log out")
	ada.sees("she is logged out", `eye.named("header a", "Log in") && !eye.named("button", "Log out")`)

	ada.allow(status404)
	ada.goTo(s.url + "/rooms/" + url.PathEscape("dächer"))
	ada.reads("main", "There is no room of this name yet")
	ada.press("Open “dächer”")
	ada.shows("h1", "Log in")
	ada.fill("Email", "ada@example.com")
	ada.fill("Password", "wrong")
	ada.click("main button", "Log in")
	ada.reads("main", "don't belong together")
	ada.typedIs("Email", "ada@example.com")
	ada.fill("Password", secret)
	ada.typeKeys(kb.Enter)
	ada.press("Open “dächer”")
	ada.sees("the room is open", `document.querySelector("h1").textContent === "dächer" && eye.field("Message")`)
}

// seesError waits until there is that error at the field with the label.
func (b *tab) seesError(label, words string) {
	b.t.Helper()
	b.sees(fmt.Sprintf("%q is wrong: %q", label, words), `(() => {
		const field = eye.field(`+js(label)+`);
		const told = (field.getAttribute("aria-describedby") ?? "").split(" ").map(id => document.getElementById(id)?.textContent ?? "");
		return field.getAttribute("aria-invalid") === "true" && told.some(text => text.includes(`+js(words)+`));
	})()`)
}

func (b *tab) typedIs(label, want string) {
	b.t.Helper()
	if got := look[string](b, `eye.field(`+js(label)+`).value`); got != want {
		b.t.Errorf("the field %q holds %q, want %q", label, got, want)
	}
}

func TestTalkWithoutScripts(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, member := person(t, s, "ada")
	ada.withoutScripts()
	bob := s.member("bob")
	room := member.open("Dogs")
	ada.goTo(s.url + room)
	ada.sees("she can write at once", hasFocus)
	ada.typeKeys("Hello?" + kb.Enter)
	ada.hears("Hello?")
	ada.sees("she can go on writing", hasFocus+` && eye.field("Message").value === ""`)
	if got := look[string](ada, `location.pathname`); got != room {
		t.Errorf("after posting the page is %s, want %s, so that a reload posts nothing", got, room)
	}

	t.Log("what others say arrives beside what is being written")
	ada.fill("Message", "A draft that is still")
	ada.mark()
	var heard []string
	for n := range 12 {
		heard = append(heard, fmt.Sprintf("Thing %d\nthat Bob has to say", n+1))
		bob.post(room, heard[n])
	}
	ada.follows(s, heard...)
	ada.sees("the newest is in view", inFrame+`.at(-1).getBoundingClientRect().bottom <= document.querySelector("iframe").contentWindow.innerHeight`)
	if !look[bool](ada, `!!eye.marked && `+hasFocus) || ada.draft() != "A draft that is still" {
		t.Error("what arrived has disturbed the writing")
	}
	ada.press("Send")
	ada.hears("A draft that is still")
	ada.follows(s)

	t.Log("several lines")
	ada.press("Several lines")
	ada.sees("a box to write in", `eye.field("Message").matches("textarea") && `+hasFocus)
	ada.typeKeys("one" + kb.Enter + kb.Enter + "  three")
	ada.press("Send")
	ada.hears("one\n\n  three")
	ada.follows(s)

	t.Log("an empty message")
	ada.allow(status422)
	ada.sees("she can go on writing", hasFocus)
	look[bool](ada, `(eye.field("Message").required = false, true)`)
	ada.typeKeys(kb.Enter)
	ada.seesError("Message", "empty")
	ada.sees("she can go on writing", hasFocus)
	bob.post(room, "Say something!")
	ada.follows(s, "Say something!")
	ada.typeKeys("Something." + kb.Enter)
	ada.hears("Something.")
	ada.follows(s)

	t.Log("logged out in another tab")
	ada.allow(status401)
	member.send("/logout", nil)
	ada.sees("she can go on writing", hasFocus)
	ada.typeKeys("Still here?" + kb.Enter)
	ada.seesError("Message", "not logged in")
	ada.typedIs("Message", "Still here?")
	ada.sees("a way to log in", `eye.named("#composer a", "Log in").href.endsWith(`+js("/login?next="+url.QueryEscape(room))+`)`)
	member.send("/login", url.Values{"email": {"ada@example.com"}, "password": {secret}})
	ada.logIn(member)
	ada.sees("she can go on writing", hasFocus)
	ada.typeKeys(kb.Enter)
	ada.hears("Still here?")
	ada.follows(s)
}

func TestRefusalForSpeedWithoutScripts(t *testing.T) {
	t.Parallel()
	s := start(t, "POST_RATE=1/60s")
	ada, member := person(t, s, "ada")
	ada.withoutScripts()
	room := member.open("Dogs")
	member.post(room, "One.")
	ada.goTo(s.url + room)
	ada.allow(status429)
	ada.sees("she can write at once", hasFocus)
	ada.typeKeys("Two." + kb.Enter)
	ada.seesError("Message", "faster")
	ada.typedIs("Message", "Two.")
	ada.sees("she can go on writing", hasFocus)
	ada.follows(s)

	ada.press("Several lines")
	ada.sees("a box for several lines", `eye.field("Message").matches("textarea") && `+hasFocus)
	ada.fill("Message", "Two.\nThree.")
	ada.press("Send")
	ada.seesError("Message", "faster")
	ada.typedIs("Message", "Two.\nThree.")
	ada.follows(s)
}

func TestHistoryWithoutScripts(t *testing.T) {
	t.Parallel()
	s := start(t)
	member := s.member("ada")
	room := member.open("Dogs")
	member.chatter(room, 130)
	eve := guest(t).withoutScripts()
	eve.goTo(s.url + room)
	eve.showsNumbers(51, 130)
	eve.shows("#page-number", "Page 3")
	eve.sees("the newest is in view", `eye.atEnd()`)
	eve.press("Older messages")
	eve.shows("#page-number", "Page 1")
	eve.showsNumbers(1, 50)
	eve.sees("it is read from its top", `eye.firstInView() === "1" && !eye.named("a", "Older messages")`)
	eve.press("Newer messages")
	eve.shows("#page-number", "Page 2")
	eve.showsNumbers(51, 100)
	eve.press("Newer messages")
	eve.shows("#page-number", "Page 3")
	eve.showsNumbers(101, 130)
	eve.sees("there is nothing newer", `!eye.named("a", "Newer messages")`)
	eve.press("Older messages")
	eve.shows("#page-number", "Page 2")
	eve.press("Newest messages")
	eve.sees("the room", `location.pathname === `+js(room))
	eve.showsNumbers(51, 130)

	t.Log("a message has an address of its own")
	eve.click("#m-120 .permalink", look[string](eve, `document.querySelector("#m-120 .permalink").textContent.trim()`))
	eve.sees("its page, with it in view", `location.pathname === `+js(room+"/page/3")+` && document.querySelector(":target")?.id === "m-120" &&
		eye.top(120) >= eye.log().getBoundingClientRect().top && eye.top(120) < eye.log().getBoundingClientRect().bottom`)
	eve.goTo(s.url + room + "/77")
	eve.sees("its page, with it in view", `location.pathname === `+js(room+"/page/2")+` && document.querySelector(":target")?.id === "m-77" &&
		eye.top(77) >= eye.log().getBoundingClientRect().top && eye.top(77) < eye.log().getBoundingClientRect().bottom`)
	eve.press("Newest messages")
	eve.sees("the room", `location.pathname === `+js(room))
	member.post(room, "And on it goes.")
	eve.follows(s, "And on it goes.")

	eve.allow(status404)
	eve.goTo(s.url + room + "/page/4")
	eve.reads("main", "This room has no such page")
}

// showsNumbers waits until the page holds these messages, in order.
func (b *tab) showsNumbers(first, last int64) {
	b.t.Helper()
	b.sees(fmt.Sprintf("the messages from %d to %d", first, last), fmt.Sprintf(
		`eye.rows(document).length === %d && eye.rows(document).every((row, i) => row.number === %d + i)`, last-first+1, first))
}
