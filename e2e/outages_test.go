package e2e

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp/kb"
)

// outage is a room that Ada has open behind a proxy, through which she will miss
// things. Bob posts to the server itself, whatever becomes of the proxy.
type outage struct {
	site  *site
	proxy *proxy
	ada   *tab
	bob   *member
	room  string
}

func newOutage(t *testing.T) *outage {
	t.Helper()
	o := &outage{site: start(t)}
	o.proxy = startProxy(t, o.site)
	o.bob = o.site.member("bob")
	o.room = o.bob.open("Dogs")
	o.bob.post(o.room, "Who is here?")
	o.ada, _ = person(t, o.site, "ada")
	o.ada.allow(noAnswer, htmxCut, status502) // the proxy's word for a server that is down when a page polls
	return o
}

// enter opens the room through the proxy, and marks the page, which no outage
// may make load anew as a whole.
func (o *outage) enter() {
	o.ada.t.Helper()
	o.ada.goTo(o.proxy.url + o.room)
	o.ada.isLive()
	o.bob.post(o.room, "Hello, Ada")
	o.ada.hears("Hello, Ada")
	look[bool](o.ada, `eye.marked = true`)
}

// isOver checks that the page is live again, and is still the one Ada had open.
func (o *outage) isOver() {
	o.ada.t.Helper()
	o.ada.isCurrent(o.site)
	o.ada.sees("another stream", `eye.streams > 1`) // on a slow machine the poll may have been faster
	o.bob.post(o.room, "It is over")
	o.ada.hears("It is over")
	o.ada.isCurrent(o.site)
	if !look[bool](o.ada, `eye.marked`) {
		o.ada.t.Error("the page was loaded anew as a whole")
	}
}

// complained reports whether the browser's console has a line that matches.
func (b *tab) complained(pattern string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(b.console, regexp.MustCompile(pattern).MatchString)
}

func TestPostsDuringADeployArrive(t *testing.T) {
	t.Parallel()
	o := newOutage(t)
	o.ada.allow(status503)
	o.enter()
	o.ada.fill("Message", "As I was say")
	o.proxy.set(unavailable, unavailable)
	o.bob.post(o.room, "Deploying,")
	o.site.restart()
	o.bob.post(o.room, "deployed,")
	eventually(t, "the page tries again and again", func() bool { streams, _ := o.proxy.seen(); return streams >= 3 })
	o.bob.post(o.room, "and nobody hears me.")
	if shown := look[string](o.ada, `document.body.innerText`); strings.Contains(shown, "The proxy's own page") || strings.Contains(shown, "nobody hears me") {
		t.Errorf("during the deploy the page shows what it can't know:\n%s", shown)
	}
	o.ada.typeKeys(kb.Enter)
	o.ada.reads("#composer [role=status]", "Not sent")
	o.proxy.set(none, none)
	o.isOver()
	if got := o.ada.draft(); got != "As I was say" {
		t.Errorf("the draft is %q, want what was written before", got)
	}
	o.ada.typeKeys("ing" + kb.Enter)
	o.ada.hears("As I was saying")
	o.ada.isCurrent(o.site)
}

// Who looks at a page that can't hear the room is told so, also when the network
// is gone, and no longer than that.
func TestTroubleIsShownAndTakenBack(t *testing.T) {
	t.Parallel()
	o := newOutage(t)
	o.ada.allow(status503)
	o.enter()
	for name, trouble := range map[string]struct{ begin, end func() }{
		"no network": {o.proxy.refuse, o.proxy.accept},
		"a deploy":   {func() { o.proxy.set(unavailable, unavailable); o.proxy.cut() }, func() { o.proxy.set(none, none) }},
	} {
		o.ada.shows("#connection", "")
		trouble.begin()
		o.ada.reads("#connection", "Reconnecting…")
		trouble.end()
		o.ada.shows("#connection", "")
		o.bob.post(o.room, "After "+name)
		o.ada.hears("After " + name)
	}
	o.isOver()
}

// The first connect of a stream is the one that htmx itself never tries again.
func TestStreamOpensAfterFailingAtFirst(t *testing.T) {
	t.Parallel()
	o := newOutage(t)
	o.ada.allow(status503)
	o.proxy.set(none, unavailable)
	o.ada.goTo(o.proxy.url + o.room)
	eventually(t, "a stream is answered 503", func() bool { return o.ada.complained("status of 503.*/events") })

	o.proxy.refuse()
	o.bob.post(o.room, "Can you read me?")
	eventually(t, "a stream is refused", func() bool { return o.ada.complained("ERR_CONNECTION_REFUSED.*/events") })

	o.proxy.set(none, hang)
	o.proxy.accept()
	eventually(t, "a stream hangs and is cut", func() bool {
		o.proxy.cut()
		_, hung := o.proxy.seen()
		return hung > 0
	})
	_, cut := o.proxy.seen()
	o.bob.post(o.room, "Or now?")
	eventually(t, "a stream hangs and the page gives it up", func() bool { _, hung := o.proxy.seen(); return hung > cut })
	if opened := look[int](o.ada, `eye.streams`); opened != 0 {
		t.Fatalf("%d streams were opened meanwhile, so those that failed were not the first", opened)
	}

	o.proxy.set(none, none)
	o.ada.isLive()
	o.ada.isCurrent(o.site)
	o.bob.post(o.room, "At last!")
	o.ada.hears("At last!")
	o.ada.isCurrent(o.site)
}

func TestCutConnectionIsResumed(t *testing.T) {
	t.Parallel()
	o := newOutage(t)
	o.enter()
	for range 3 {
		before := look[int](o.ada, `eye.streams`)
		o.proxy.cut()
		o.bob.chatter(o.room, 9)
		o.ada.sees("a new stream", `eye.streams > `+js(before))
		o.ada.isCurrent(o.site)
	}
	o.isOver()
}

// The server is restarted, and then it crashes. Each time messages fall before
// and after, and nobody who was there before comes in once more. That this
// would be seen, a newcomer shows.
func TestRestartAndCrash(t *testing.T) {
	t.Parallel()
	s := start(t)
	carl := s.member("carl")
	room := carl.open("Dogs")
	ada, _ := person(t, s, "ada")
	bob, _ := person(t, s, "bob")
	eve := guest(t)
	open := []*tab{ada, bob, eve}
	for _, b := range open {
		b.allow(noAnswer, htmxCut)
		b.enter(s, room)
	}
	ada.reads("[role=log]", "bob joined")
	for _, b := range open {
		b.notesMoves()
	}

	deaths := []struct {
		how      string
		die      func()
		newcomer string
	}{
		{"a restart", s.stop, "dora"},
		{"a crash", s.kill, "emil"},
	}
	var moves []string
	for i, death := range deaths {
		carl.chatter(room, 5)
		death.die()
		s.run()
		carl.chatter(room, 5)
		for _, b := range open {
			b.sees("the page is live again after "+death.how, `eye.streams === `+js(i+2))
			b.isCurrent(s)
		}
		newcomer, _ := person(t, s, death.newcomer)
		newcomer.allow(noAnswer, htmxCut) // the server may die while the tab is being closed
		newcomer.enter(s, room)
		moves = append(moves, death.newcomer+" joined")
		for _, b := range open {
			b.reads("[role=log]", death.newcomer+" joined")
			if got := b.moves(); !slices.Equal(got, moves) {
				t.Errorf("after %s the log tells of %q, want of newcomers only: %q", death.how, got, moves)
			}
			b.shows("#member-count", "3")
			b.shows("#guest-count", "1")
		}
		ada.say("I never left, in spite of " + death.how)
		do(newcomer, page.Close, cdp.Empty{})
	}
	for _, b := range open {
		b.isCurrent(s)
	}
}

// notesMoves begins to note each line in the log about who came or left.
func (b *tab) notesMoves() {
	b.t.Helper()
	look[bool](b, `(() => {
		eye.moves = [];
		new MutationObserver(changes => changes.flatMap(change => [...change.addedNodes])
			.filter(node => node.matches?.(".event"))
			.forEach(node => eye.moves.push(node.textContent.trim().replace(/\s+/g, " ")))
		).observe(document.querySelector("#messages"), {childList: true});
		return true;
	})()`)
}

func (b *tab) moves() []string {
	b.t.Helper()
	return look[[]string](b, `eye.moves`)
}

// A stream that dies in silence can't be told from a quiet room, so the page
// looks for itself every now and then, however much it has missed. When the
// stream has missed something, it is opened anew.
func TestSilentStreamCostsHalfAMinute(t *testing.T) {
	t.Parallel()
	o := newOutage(t)
	o.enter()
	crowded := o.bob.open("Crowd")
	cleo, _ := person(t, o.site, "cleo")
	cleo.goTo(o.proxy.url + crowded)
	cleo.isLive()
	cleo.fill("Message", "As I was saying")

	before := look[int](o.ada, `eye.streams`)
	o.proxy.swallow()
	o.bob.chatter(crowded, 520)
	o.bob.chatter(o.room, 9)
	missed := time.Now()
	o.ada.isCurrentWithin(o.site, 30*time.Second)
	cleo.isCurrentWithin(o.site, 30*time.Second-time.Since(missed))
	if got := cleo.draft(); got != "As I was saying" {
		t.Errorf("the draft is %q, want what was written before the silence", got)
	}
	o.renews(before, "Is anybody there?")
	o.isOver()
}

// renews lets Bob talk until the page finds out that its stream has missed some
// of it, and opens another.
func (o *outage) renews(streams int, text string) {
	o.ada.t.Helper()
	for begun := time.Now(); look[int](o.ada, `eye.streams`) == streams; time.Sleep(time.Second) { // between two messages
		if time.Since(begun) > patience {
			o.ada.t.Fatal("the dead stream is not opened anew")
		}
		o.bob.post(o.room, text)
	}
}

// Who slept for hours has missed more than is worth sending one by one. The page
// shows the room anew, and what is being written stays.
func TestMorningAfter(t *testing.T) {
	t.Parallel()
	o := newOutage(t)
	o.enter()
	o.ada.fill("Message", "What I was about to s")
	look[bool](o.ada, `(() => {
		document.querySelector("#body").setSelectionRange(4, 4);
		addEventListener("reload", () => eye.reloads = (eye.reloads ?? 0) + 1);
		return true;
	})()`)
	o.proxy.refuse()
	o.bob.chatter(o.room, 520)
	o.proxy.accept()
	o.isOver()
	if reloads := look[int](o.ada, `eye.reloads ?? 0`); reloads < 1 || reloads > 2 {
		t.Errorf("the page was told %d times to show the room anew, want once by the stream, and perhaps by the poll", reloads)
	}
	if rows := o.ada.rows(); len(rows) < 50 || len(rows) > 99+3 {
		t.Errorf("the page holds %d messages, want as many as a fresh page", len(rows))
	}
	if !look[bool](o.ada, hasFocus+` && document.querySelector("#body").selectionStart === 4`) {
		t.Error("the cursor is not any more where it was in the draft")
	}
	o.ada.typeKeys(kb.End + "ay" + kb.Enter)
	o.ada.hears("What I was about to say")
	o.ada.isCurrent(o.site)
}
