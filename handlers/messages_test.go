package handlers

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

func TestPostMessage(t *testing.T) {
	long := strings.Repeat("é", chat.MaxBody+1)
	tests := []struct {
		name, path string
		form       url.Values
		status     int
		field      string // what the form then holds
		says       string
	}{
		{"a text", "/rooms/dogs/messages", draft("hello", aNonce()), 0, "", ""},
		{"the longest text", "/rooms/dogs/messages", draft(long[:2*chat.MaxBody], aNonce()), 0, "", ""},
		{"nothing", "/rooms/dogs/messages", draft("", aNonce()), 422, "", "The message is empty"},
		{"nothing to see", "/rooms/dogs/messages", draft(" \u200b\u3164 ", aNonce()), 422, " \u200b\u3164 ", "The message is empty"},
		{"too long a text", "/rooms/dogs/messages", draft(long, aNonce()), 422, long, "too long"},
		{"no nonce", "/rooms/dogs/messages", draft("hello", ""), 422, "hello", "damaged"},
		{"a nonce that is none", "/rooms/dogs/messages", draft("hello", "short"), 422, "hello", "damaged"},
		{"a NUL", "/rooms/dogs/messages", draft("a\x00b", aNonce()), 422, "a\ufffdb", "can&#39;t be read"},
		{"no such room", "/rooms/cats/messages", draft("hello", aNonce()), 404, "hello", "no room"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			ada := s.member("ada")
			room := storetest.Room(t, s.Store, "dogs")

			if tt.status == 0 {
				ada.post(tt.path, tt.form).status(303).location("/rooms/dogs")
				tt.form.Set("nonce", aNonce())
				posted := ada.withHTMX().post(tt.path, tt.form).status(200).has(`<hx-upsert hx-target="#messages"><li id="m-2"`)
				if got := posted.value("#body"); got != "" {
					t.Errorf("the fresh composer holds %q, want nothing", got)
				}
				if got := posted.value("[name=nonce]"); got == tt.form.Get("nonce") || len(got) < 16 {
					t.Errorf("the fresh composer has the nonce %q, want a new one", got)
				}
				return
			}
			for kind, visitor := range map[string]*visitor{"plain": ada, "htmx": ada.withHTMX()} {
				refused := visitor.post(tt.path, tt.form).status(tt.status).has(tt.says)
				if got := refused.value("#body"); got != tt.field {
					t.Errorf("%s: the form holds %.40q, want %.40q", kind, got, tt.field)
				}
				if hasLayout := strings.Contains(refused.Body.String(), "<html"); hasLayout != (kind == "plain") {
					t.Errorf("%s: got a whole page: %v", kind, hasLayout)
				}
			}
			if room, err := s.Store.Room(t.Context(), room.Slug); err != nil || room.MessageCount != 0 || room.Revision != 0 {
				t.Errorf("a refused message left the room at %+v, %v", room, err)
			}
		})
	}
}

func TestPostMessageAsGuestKeepsTheText(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "dogs")
	ada := s.member("ada")
	nonce := ada.get("/rooms/dogs").status(200).value("[name=nonce]")
	ada.post("/logout", url.Values{}).status(303).location("/")

	plain := ada.post("/rooms/dogs/messages", draft("half a thought", nonce)).status(401).has("<html", `href="/login?next=%2Frooms%2Fdogs"`)
	if got := plain.value("#body"); got != "half a thought" {
		t.Errorf("the page's form holds %q", got)
	}
	if got := plain.value("[name=nonce]"); got != nonce {
		t.Errorf("the page's form has nonce %q, want %q: sending it again must not post twice", got, nonce)
	}
	htmx := ada.withHTMX().post("/rooms/dogs/messages", draft("half a thought", nonce)).status(401).lacks("<html").has("/login?next")
	if got := htmx.value("#body"); got != "half a thought" {
		t.Errorf("the fragment's form holds %q", got)
	}
	ada.get("/rooms/dogs").lacks("half a thought")
}

func TestPostMessageTwiceIsOneMessage(t *testing.T) {
	for name, s := range map[string]func(testing.TB) *store.Store{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		t.Run(name, func(t *testing.T) {
			s := newSiteOn(t, s(t), func(c *Config) { c.PostRate = chat.Rate{Count: 2, Window: time.Minute} })
			storetest.Room(t, s.Store, "dogs")
			ada := s.member("ada")
			form := draft("once", aNonce())

			var posts sync.WaitGroup
			answers := make([]*answer, 50)
			for i := range answers {
				posts.Go(func() { answers[i] = ada.withHTMX().post("/rooms/dogs/messages", form) })
			}
			posts.Wait()
			for i, a := range answers {
				if a.Code != 200 || !strings.Contains(a.Body.String(), `id="m-1"`) {
					t.Fatalf("answer %d: got status %d, want 200 and message 1: %s", i, a.Code, a.Body)
				}
			}
			if got := ada.get("/rooms/dogs").messages(); len(got) != 1 {
				t.Errorf("got messages %q, want one", got)
			}
		})
	}
}

func TestPostMessageNonceOfAnotherText(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "dogs")
	ada := s.member("ada")
	nonce := aNonce()
	ada.post("/rooms/dogs/messages", draft("first", nonce)).status(303)
	for kind, visitor := range map[string]*visitor{"plain": ada, "htmx": ada.withHTMX()} {
		conflict := visitor.post("/rooms/dogs/messages", draft("second "+kind, nonce)).status(409)
		if got := conflict.value("#body"); got != "second "+kind {
			t.Errorf("%s: the form holds %q", kind, got)
		}
		fresh := conflict.value("[name=nonce]")
		if fresh == nonce {
			t.Errorf("%s: the form has the spent nonce again", kind)
		}
		visitor.post("/rooms/dogs/messages", draft("second "+kind, fresh))
	}
	if got := ada.get("/rooms/dogs").messages(); len(got) != 3 {
		t.Errorf("got messages %q, want first and both seconds", got)
	}
}

func TestPostMessageTooFast(t *testing.T) {
	s := newSite(t, func(c *Config) { c.PostRate = chat.Rate{Count: 3, Window: time.Hour} })
	storetest.Room(t, s.Store, "dogs")
	ada := s.member("ada")
	for i := range 3 {
		ada.post("/rooms/dogs/messages", draft(fmt.Sprint("message ", i), aNonce())).status(303)
	}
	for kind, visitor := range map[string]*visitor{"plain": ada, "htmx": ada.withHTMX()} {
		refused := visitor.post("/rooms/dogs/messages", draft("too much", aNonce())).status(429)
		if got := refused.value("#body"); got != "too much" {
			t.Errorf("%s: the form holds %q", kind, got)
		}
		if refused.Header().Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", kind)
		}
	}
	s.member("bob").post("/rooms/dogs/messages", draft("others may", aNonce())).status(303)
}

func TestComposerForSeveralLines(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "dogs")
	ada := s.member("ada")

	box := ada.get("/rooms/dogs?lines=several").status(200)
	if box.doc().Find("textarea#body").Length() != 1 {
		t.Errorf("want a box in: %s", box.Body)
	}
	box = ada.withHTMX().post("/rooms/dogs/composer", url.Values{"lines": {"several"}, "body": {"half a"}}).status(200)
	if got := box.value("textarea#body"); got != "half a" {
		t.Errorf("the box holds %q, want what was written", got)
	}
	sent := ada.withHTMX().post("/rooms/dogs/messages", url.Values{"body": {"one\r\ntwo"}, "nonce": {aNonce()}, "lines": {"several"}}).status(200)
	if got := sent.messages(); len(got) != 1 || got[0] != "one\ntwo" {
		t.Errorf("got %q, want the two lines", got)
	}
	if sent.doc().Find("textarea#body").Length() != 1 {
		t.Errorf("the box did not stay: %s", sent.Body)
	}
	refused := ada.post("/rooms/dogs/messages", draft("one\ntwo", "short")).status(422)
	if got := refused.value("textarea#body"); got != "one\ntwo" {
		t.Errorf("the refused form holds %q, want both lines", got)
	}
	s.guest().withHTMX().post("/rooms/dogs/composer", url.Values{"lines": {"several"}}).status(401)
}

func TestHostileTextStaysText(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "dogs")
	ada := s.member("ada")
	texts := []string{
		`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `"><svg/onload=alert(1)>`, `{{7*7}} ${7*7} <!-- ]]>`,
		`</textarea><script>alert(1)</script>`, `<div hx-get="/logout" hx-trigger="load">`, `<a id="messages">`,
		`<hx-partial hx-target="#messages">`, "a\rdata: x\r\revent: y", "javascript:alert(1) //evil https://user:pw@host.example/",
		"\u202eturned around \u2066 and open", `</ol></hx-upsert>`,
	}
	for _, text := range texts {
		answer := ada.withHTMX().post("/rooms/dogs/messages", draft(text, aNonce())).status(200)
		if found := answer.doc().Find(".text *"); found.Length() != 0 {
			t.Errorf("%q made elements: %s", text, answer.Body)
		}
	}
	page := ada.get("/rooms/dogs").status(200)
	if found := page.doc().Find(".text *"); found.Length() != 0 {
		t.Errorf("the page shows elements in messages: %s", found.Nodes[0].Data)
	}
	for i, got := range page.messages() {
		if want := strings.ReplaceAll(texts[i], "\r", "\n"); got != want {
			t.Errorf("message %d reads %q, want %q", i, got, want)
		}
	}
}

func TestLinksInMessages(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "dogs")
	ada := s.member("ada")
	link := ada.withHTMX().post("/rooms/dogs/messages", draft("see https://example.org/a?b=c&d.", aNonce())).status(200).doc().Find(".text a")
	if link.Length() != 1 || link.Text() != "https://example.org/a?b=c&d" || link.AttrOr("href", "") != link.Text() || link.AttrOr("rel", "") != "nofollow ugc noopener" {
		html, _ := link.Parent().Html()
		t.Errorf("got %s", html)
	}
}

// What a message looks like is the same wherever it is shown: in the answer, the
// room, its history, the stream and the poll.
func TestFormatsShowEverywhere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		room := storetest.Room(t, db, "dogs")
		ada := s.member("ada")
		base, cursor := s.serve(), ada.get("/rooms/dogs").value("#cursor")
		live := s.guest().listen(base + "/rooms/dogs/events?after=" + cursor)
		const want = `<div class="text" dir="auto" hx-ignore><blockquote>one</blockquote><strong>two</strong> &lt;b&gt;<ul><li><code>three</code></li></ul></div>`
		body := "> one\n**two** <b>\n- `three`"
		ada.withHTMX().post("/rooms/dogs/messages", draft(body, aNonce())).status(200).has(want)
		for _, path := range []string{"/rooms/dogs", "/rooms/dogs/page/1", "/rooms/dogs/changes?after=" + cursor} {
			s.guest().get(path).status(200).has(want)
		}
		if got := live.change().data; !strings.Contains(got, want) {
			t.Errorf("the stream brings %s", got)
		}
		// What was stored before there were formats shows as it stands.
		old := chat.Draft{RoomID: room.ID, AuthorID: 1, Body: "**old** https://example.org", Nonce: aNonce()}
		if _, err := db.Post(t.Context(), old, chat.Rate{}); err != nil {
			t.Fatal(err)
		}
		s.guest().get("/rooms/dogs").has(`hx-ignore>**old** <a href="https://example.org"`)
	})
}
