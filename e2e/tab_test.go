package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// tab is a browser tab. Its methods end the test when they can't do what they
// are for.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu        sync.Mutex // guards what follows
	console   []string   // what must not be there, so far
	allowed   []*regexp.Regexp
	responses map[cdp.FrameID]network.RequestID // that brought what the frames show

	scriptless bool // the page runs no script, so the eye must be put into it each time
}

// The eye sees what a test can't ask for afterwards. The debugger puts it into
// each page, where the page's own policy does not stop it.
const eye = `
	window.eye = {streams: 0, failures: 0, restored: false};
	addEventListener("securitypolicyviolation", e => console.error("policy violation: " + e.violatedDirective + " " + e.blockedURI));
	addEventListener("htmx:sse:after:connection", () => eye.streams++);
	addEventListener("htmx:error", () => eye.failures++);
	addEventListener("htmx:sse:error", () => eye.failures++);
	addEventListener("pageshow", e => eye.restored = e.persisted);
	eye.named = (selector, name) => [...document.querySelectorAll(selector)]
		.filter(e => e.checkVisibility() && (e.getAttribute("aria-label") ?? e.textContent).trim() === name)[0];
	eye.field = label => [...document.querySelectorAll("label")].find(l => l.textContent.trim() === label)?.control;
	eye.styled = () => [...document.querySelectorAll("link[rel=stylesheet]")].every(link => link.sheet);
	eye.log = () => document.querySelector("[role=log]");
	eye.rows = page => [...page.querySelectorAll("#messages > [data-number]")].map(row => ({
		number: Number(row.dataset.number),
		author: row.querySelector(".author").textContent,
		text: row.querySelector(".text").textContent,
	}));
	eye.top = number => document.getElementById("m-" + number).getBoundingClientRect().top;
	eye.firstInView = () => [...document.querySelectorAll("#messages > [data-number]")]
		.find(row => row.getBoundingClientRect().top >= eye.log().getBoundingClientRect().top)?.dataset.number;
	eye.foldNear = () => {
		const fold = document.querySelector("[id^=fold-] a"), view = eye.log().getBoundingClientRect();
		const box = fold?.getBoundingClientRect();
		return fold && box.bottom > view.top - 390 && box.top < view.bottom + 390 ? fold.href : "";
	};
	eye.atEnd = () => {
		const rows = document.querySelectorAll("#messages > [data-number]");
		const end = rows[rows.length - 1].getBoundingClientRect().bottom, view = eye.log().getBoundingClientRect();
		return end <= view.bottom + 1 && end > view.top;
	};
`

// guest opens an empty tab with a browser context of its own.
func guest(t *testing.T) *tab {
	t.Helper()
	return newTab(t, browser, chromedp.WithNewBrowserContext())
}

// person opens an empty tab with a browser context of its own, in which a new
// member is logged in.
func person(t *testing.T, s *site, name string) (*tab, *member) {
	t.Helper()
	m, b := s.member(name), guest(t)
	b.logIn(m)
	return b, m
}

// another opens one more tab with the same cookies, in a window of its own.
func (b *tab) another() *tab {
	b.t.Helper()
	return newTab(b.t, b.ctx)
}

func newTab(t *testing.T, parent context.Context, opts ...chromedp.ContextOption) *tab {
	t.Helper()
	b := &tab{t: t, responses: map[cdp.FrameID]network.RequestID{}}
	b.allow(`Autofocus processing was blocked`) // the test was faster than the page, as a person may be
	opts = append(opts, chromedp.WithListener(b.hear))
	ctx, closeTab := chromedp.NewContext(parent, opts...)
	b.ctx = ctx
	t.Cleanup(func() {
		closeTab()
		b.checkConsole()
	})
	if err := chromedp.Do(ctx); err != nil { // the tab lives as long as this context, which so has no deadline
		t.Fatalf("open a tab: %v", err)
	}
	do(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: eye})
	return b
}

// hear notes what the page and the browser complain of.
func (b *tab) hear(event any) {
	switch event := event.(type) {
	case *runtime.EventConsoleAPICalled:
		var words []string
		for _, arg := range event.Args {
			words = append(words, strings.Trim(string(arg.Value), `"`)+arg.Description)
		}
		b.note(string(event.Type) + ": " + strings.Join(words, " "))
	case *runtime.EventExceptionThrown:
		b.note("exception: " + event.ExceptionDetails.Text + " " + event.ExceptionDetails.Exception.Description)
	case *network.EventResponseReceived:
		if event.Type == network.ResourceTypeDocument {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.responses[event.FrameID] = event.RequestID
		}
	case *log.EventEntryAdded:
		b.note(string(event.Entry.Level) + ": " + event.Entry.Text + " " + event.Entry.URL)
	}
}

func (b *tab) note(line string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.console = append(b.console, line)
}

// What a browser says by itself about an answer with such a status, or about
// none, and what htmx says about a stream that was cut.
const (
	status401 = `Failed to load resource: .* status of 401`
	status403 = `Failed to load resource: .* status of 403`
	status404 = `Failed to load resource: .* status of 404`
	status409 = `Failed to load resource: .* status of 409`
	status410 = `Failed to load resource: .* status of 410`
	status422 = `Failed to load resource: .* status of 422`
	status429 = `Failed to load resource: .* status of 429`
	status502 = `Failed to load resource: .* status of 502`
	status503 = `Failed to load resource: .* status of 503`
	noAnswer  = `Failed to load resource: net::ERR_`
	htmxCut   = `htmx: htmx:(sse:)?error`
)

// allow lets complaints that match a pattern pass: the test causes them.
func (b *tab) allow(patterns ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, pattern := range patterns {
		b.allowed = append(b.allowed, regexp.MustCompile(pattern))
	}
}

func (b *tab) checkConsole() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, line := range b.console {
		if !b.allows(line) {
			b.t.Errorf("the browser's console says: %s", line)
		}
	}
}

func (b *tab) allows(line string) bool {
	for _, pattern := range b.allowed {
		if pattern.MatchString(line) {
			return true
		}
	}
	return false
}

// do sends the browser a command for the tab.
func do[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	result, err := chromedp.Call(ctx, command, params)
	if err != nil {
		b.t.Fatalf("%s: %v", command.Method, err)
	}
	return result
}

// look evaluates an expression in the page.
func look[T any](b *tab, expression string) T {
	b.t.Helper()
	value, err := tryLook[T](b, expression)
	if err != nil {
		b.t.Fatalf("look at %s: %v", expression, err)
	}
	return value
}

func tryLook[T any](b *tab, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if b.scriptless {
		expression = "(() => { if (!window.eye) {" + eye + "} })(), " + expression
	}
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// sees waits until the expression is true in the page. The page may navigate
// meanwhile.
func (b *tab) sees(what, expression string) {
	b.t.Helper()
	b.seesWithin(patience, what, expression)
}

func (b *tab) seesWithin(deadline time.Duration, what, expression string) {
	b.t.Helper()
	var err error
	for begun := time.Now(); time.Since(begun) < deadline; {
		var seen bool
		if seen, err = tryLook[bool](b, "!!("+expression+")"); seen {
			return
		}
		time.Sleep(20 * time.Millisecond) // between two looks
	}
	here, _ := tryLook[string](b, `location.href + "\n" + document.body.innerText.slice(-2000)`)
	b.t.Fatalf("%s: not within %v (%v), at %s", what, deadline, err, here)
}

// js writes a value as an expression for the page.
func js(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // tests pass strings and numbers
	}
	return string(text)
}

// eventually waits for something outside of a page.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for begun := time.Now(); !so(); time.Sleep(20 * time.Millisecond) { // between two looks
		if time.Since(begun) > patience {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// goTo opens an address in the tab, and waits until the page is there. A page
// that streams never says that it has loaded, so that is not waited for.
func (b *tab) goTo(address string) {
	b.t.Helper()
	if failure := do(b, page.Navigate, page.NavigateParams{URL: address}).ErrorText; failure != "" {
		b.t.Fatalf("open %s: %s", address, failure)
	}
	b.sees("the page at "+address, `document.readyState !== "loading"`)
}

// enter opens a room, and waits until its stream is there.
func (b *tab) enter(s *site, room string) {
	b.t.Helper()
	b.goTo(s.url + room)
	b.isLive()
}

func (b *tab) isLive() {
	b.t.Helper()
	b.sees("the page is live", `eye.streams > 0`)
}

func (b *tab) logIn(m *member) {
	b.t.Helper()
	address, err := url.Parse(m.site.url)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, cookie := range m.client.Jar.Cookies(address) {
		do(b, network.SetCookie, network.SetCookieParams{Name: cookie.Name, Value: cookie.Value, URL: m.site.url})
	}
}

// press clicks on the button, link or label with that name.
func (b *tab) press(name string) {
	b.t.Helper()
	b.click("a, button, summary, label", name)
}

// click clicks, as a mouse does, on the first element that the selector matches
// and that has the name.
func (b *tab) click(selector, name string) {
	b.t.Helper()
	find := fmt.Sprintf(`eye.named(%s, %s)`, js(selector), js(name))
	b.sees(fmt.Sprintf("%q can be pressed", name), find+` && !`+find+`.disabled && eye.styled()`) // or it would move away
	at := look[struct{ X, Y float64 }](b, `(() => {
		const element = `+find+`;
		element.scrollIntoView({block: "nearest"});
		const box = element.getBoundingClientRect();
		return {X: box.left + box.width / 2, Y: box.top + box.height / 2};
	})()`)
	b.run(chromedp.MouseClickXY(at.X, at.Y))
}

func (b *tab) run(action chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, action); err != nil {
		b.t.Fatal(err)
	}
}

// fill writes into the field with that label, in place of what is there.
func (b *tab) fill(label, text string) {
	b.t.Helper()
	field := `eye.field(` + js(label) + `)`
	b.sees(fmt.Sprintf("there is a field %q", label), field)
	look[bool](b, `(() => { const field = `+field+`; field.focus(); field.select(); return true; })()`)
	b.write(text)
}

// write writes where the focus is, as if it were pasted.
func (b *tab) write(text string) {
	b.t.Helper()
	do(b, input.InsertText, input.InsertTextParams{Text: text})
}

// typeKeys presses the keys of the text one by one.
func (b *tab) typeKeys(keys string) {
	b.t.Helper()
	b.run(chromedp.KeyEvent(keys))
}

// say writes a message and sends it with Enter. It is there when the answer is:
// the field is empty again.
func (b *tab) say(text string) {
	b.t.Helper()
	b.fill("Message", text)
	b.typeKeys(kb.Enter)
	b.sees("the message is sent and the field cleared", `document.querySelector("#body").value === ""`)
}

// shows waits until the element holds that text.
func (b *tab) shows(selector, text string) {
	b.t.Helper()
	b.sees(fmt.Sprintf("%s shows %q", selector, text), `document.querySelector(`+js(selector)+`)?.textContent.trim() === `+js(text))
}

// reads waits until the page shows those words somewhere in the elements.
func (b *tab) reads(selector, words string) {
	b.t.Helper()
	b.sees(fmt.Sprintf("%q in %s", words, selector),
		`[...document.querySelectorAll(`+js(selector)+`)].some(e => e.innerText.replace(/\s+/g, " ").includes(`+js(words)+`))`)
}

// draft is what stands in the composer.
func (b *tab) draft() string {
	b.t.Helper()
	return look[string](b, `document.querySelector("#body").value`)
}

// row is one message as a page shows it.
type row struct {
	Number int64  `json:"number"`
	Author string `json:"author"`
	Text   string `json:"text"`
}

func (b *tab) rows() []row {
	b.t.Helper()
	return look[[]row](b, `eye.rows(document)`)
}

// hears waits until a message with that text is on the page.
func (b *tab) hears(text string) {
	b.t.Helper()
	b.sees(fmt.Sprintf("the message %q", text), `eye.rows(document).some(row => row.text === `+js(text)+`)`)
}

// isCurrent waits until the open page has seen the newest change, and compares
// it with the same room loaded afresh: nothing may be lost or doubled, and the
// order must be the same. What the open page has beyond a fresh one is compared
// with the room's permanent pages.
func (b *tab) isCurrent(s *site) {
	b.t.Helper()
	b.isCurrentWithin(s, patience)
}

func (b *tab) isCurrentWithin(s *site, deadline time.Duration) {
	b.t.Helper()
	room := look[string](b, `location.pathname`)
	fresh := guest(b.t)
	fresh.allow(noAnswer, htmxCut) // the server may be killed while the tab is being closed
	fresh.goTo(s.url + room)
	cursor := look[string](fresh, `document.querySelector("#cursor").value`)
	b.seesWithin(deadline, "the page has seen all that there is", `document.querySelector("#cursor").value === `+js(cursor))

	got, want := b.rows(), fresh.rows()
	for len(got) > 0 && len(want) > 0 && got[0].Number < want[0].Number {
		pageBefore := (want[0].Number + 48) / 50
		older := look[[]row](fresh, fmt.Sprintf(
			`fetch("%s/page/%d").then(r => r.text()).then(html => eye.rows(new DOMParser().parseFromString(html, "text/html")))`, room, pageBefore))
		if len(older) == 0 || older[0].Number >= want[0].Number {
			b.t.Fatalf("page %d of %s holds nothing older than message %d", pageBefore, room, want[0].Number)
		}
		want = append(older, want...)
	}
	compare(b.t, got, want)
	do(fresh, page.Close, cdp.Empty{})
}

func compare(t *testing.T, got, want []row) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Fatalf("the open page lacks message %d and %d more", want[i].Number, len(want)-i-1)
		case i >= len(want):
			t.Fatalf("the open page has %+v, which a fresh one has not", got[i])
		case got[i] != want[i]:
			t.Fatalf("entry %d of the open page is %+v, want %+v", i, got[i], want[i])
		}
	}
}
