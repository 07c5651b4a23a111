package e2e

import (
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// ways are the ways to send what is in the composer.
var ways = []struct {
	name string
	send func(*tab)
}{
	{"by Enter", func(b *tab) { b.typeKeys(kb.Enter) }},
	{"by the button", func(b *tab) { b.press("Send") }},
}

// answers sends what is in the composer, and waits until the page has taken in
// what came back. Until then nothing more is sent from there.
func (b *tab) answers(send func(*tab)) {
	b.t.Helper()
	look[bool](b, `(() => {
		eye.answered = false;
		document.querySelector("#composer").addEventListener("htmx:finally:request", () => eye.answered = true, {once: true});
		return true;
	})()`)
	send(b)
	b.sees("an answer", `eye.answered`)
}

// isRefused sends what is in the composer, and waits until the page says why
// that was not posted. Whoever wrote it must hear of it, still have the text,
// and be able to go on writing at once.
func (b *tab) isRefused(send func(*tab), reason string) {
	b.t.Helper()
	text := b.draft()
	b.answers(send)
	b.reads("#composer [role=alert]", reason)
	b.sees("the reason belongs to the field", `(() => {
		const field = eye.field("Message"), why = document.querySelector("#composer [role=alert]");
		return why.checkVisibility() && field.getAttribute("aria-invalid") === "true" && field.getAttribute("aria-describedby") === why.id;
	})()`)
	b.sees("she can go on writing", hasFocus)
	b.sees("the button is ready again", `!eye.named("#composer button", "Send").disabled`)
	if got := b.draft(); got != text {
		b.t.Errorf("the draft is %q, want what was not sent, %q", got, text)
	}
}

// isTaken sends what is in the composer, which then is as before a first message.
func (b *tab) isTaken(send func(*tab)) {
	b.t.Helper()
	b.answers(send)
	b.sees("the field is cleared, and nothing complains", `eye.field("Message").value === "" &&
		eye.field("Message").getAttribute("aria-invalid") === null && !document.querySelector("#composer [role=alert]")`)
}

func TestRefusalIsAnnounced(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, member := person(t, s, "ada")
	room := member.open("Dogs")
	ada.enter(s, room)
	ada.allow(status422, status409)
	var posted []string
	for _, way := range ways {
		t.Logf("an empty message, sent %s", way.name)
		ada.sees("she can write", hasFocus)
		look[bool](ada, `(eye.field("Message").required = false, true)`)
		ada.isRefused(way.send, "empty")

		t.Logf("a message of 4,001 characters, sent %s", way.name)
		look[bool](ada, `(eye.field("Message").removeAttribute("maxlength"), true)`)
		ada.fill("Message", strings.Repeat("bark ", 800)+"!")
		ada.isRefused(way.send, "too long: 4001 characters")

		t.Logf("a form that was sent before with another text, sent %s", way.name)
		first, second := "The first text, sent "+way.name, "The second text, sent "+way.name
		used := look[string](ada, `document.querySelector("#composer [name=nonce]").value`)
		ada.fill("Message", first)
		ada.isTaken(way.send)
		look[bool](ada, `(document.querySelector("#composer [name=nonce]").value = `+js(used)+`, true)`)
		ada.fill("Message", second)
		ada.isRefused(way.send, "sent before")
		ada.isTaken(way.send)
		posted = append(posted, first, second)
	}
	ada.isCurrent(s)
	ada.showsExactly(posted...)
}

// showsExactly checks that these are the messages on the page.
func (b *tab) showsExactly(texts ...string) {
	b.t.Helper()
	var got []string
	for _, row := range b.rows() {
		got = append(got, row.Text)
	}
	if strings.Join(got, "\x00") != strings.Join(texts, "\x00") {
		b.t.Errorf("the messages are %q, want %q", got, texts)
	}
}

func TestRefusalForSpeedIsAnnounced(t *testing.T) {
	t.Parallel()
	s := start(t, "POST_RATE=1/60s")
	ada, member := person(t, s, "ada")
	room := member.open("Dogs")
	ada.enter(s, room)
	ada.allow(status429)
	ada.fill("Message", "One.")
	ada.isTaken(ways[0].send)
	ada.fill("Message", "Two.")
	for _, way := range ways {
		ada.isRefused(way.send, "faster")
	}
	ada.press("Several lines")
	ada.sees("a box with what was written", `eye.field("Message").matches("textarea") && eye.field("Message").value === "Two." && `+hasFocus)
	ada.fill("Message", "Two.\nThree.")
	ada.isRefused(func(b *tab) { b.press("Send") }, "faster")
	if got := ada.draft(); got != "Two.\nThree." {
		t.Errorf("the draft is %q, want both lines", got)
	}
	ada.isCurrent(s)
	ada.showsExactly("One.")
}

func TestDraftOutlivesASession(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, member := person(t, s, "ada")
	room := member.open("Dogs")
	ada.enter(s, room)
	other := ada.another()
	other.goTo(s.url)
	other.press("Log out")
	other.sees("she is logged out", `eye.named("header a", "Log in")`)

	ada.allow(status401)
	ada.fill("Message", "Still here?")
	for _, way := range ways {
		ada.isRefused(way.send, "not logged in")
	}
	link := look[struct{ Href, Target string }](ada, `(() => {
		const link = eye.named("#composer [role=alert] a", "Log in");
		return {Href: link.href, Target: link.target};
	})()`)
	if want := s.url + "/login?next=" + url.QueryEscape(room); link.Href != want || link.Target != "_blank" {
		t.Errorf("the way to log in is %+v, want %s in a tab of its own, so that the text stays", link, want)
	}
	other.goTo(link.Href)
	other.fill("Email", "ada@example.com")
	other.fill("Password", secret)
	other.click("main button", "Log in")
	other.sees("she is back in the room", `location.pathname === `+js(room))
	other.isLive()

	ada.isTaken(func(b *tab) { b.press("Send") })
	other.hears("Still here?")
	for _, b := range []*tab{ada, other} {
		b.isCurrent(s)
		b.showsExactly("Still here?")
	}
}

func TestDraftOutlivesTheServer(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, member := person(t, s, "ada")
	room := member.open("Dogs")
	ada.enter(s, room)
	ada.allow(noAnswer, htmxCut)
	posted := []string{"Before."}
	ada.say(posted[0])
	for _, way := range ways {
		text := "Is this thing on? Sent " + way.name
		s.kill()
		ada.fill("Message", text)
		for range 2 {
			look[bool](ada, `(document.querySelector("#not-sent").textContent = "", true)`)
			ada.answers(way.send)
			ada.reads("#composer [role=status]", "Not sent. Your text is still here")
			ada.sees("the button is ready again", `!eye.named("#composer button", "Send").disabled`)
			if got := ada.draft(); got != text {
				t.Errorf("%s: the draft is %q, want the text that was not sent", way.name, got)
			}
			if at := look[string](ada, `document.activeElement.outerHTML`); !strings.Contains(at, `id="body"`) && !strings.HasPrefix(at, "<button") {
				t.Errorf("%s: the focus is lost to %.60s", way.name, at)
			}
		}
		s.run()
		ada.isTaken(way.send)
		ada.sees("nothing says any more that it was not sent", `!document.body.innerText.includes("Not sent")`)
		posted = append(posted, text)
		ada.isCurrent(s)
	}
	ada.showsExactly(posted...)
}
