package handlers

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// edited gives the form of an edit; seen is 0 for a form that does not say.
func edited(body string, seen int64) url.Values {
	form := url.Values{"body": {body}}
	if seen != 0 {
		form.Set("seen", strconv.FormatInt(seen, 10))
	}
	return form
}

func TestEditMessage(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, db, "dogs")
		ada := s.member("ada")
		ada.post("/rooms/dogs/messages", draft("woof", aNonce())).status(303)

		form := ada.get("/rooms/dogs/1/edit").status(200).has("<html", "<h1>Edit message</h1>")
		if form.value("textarea[name=body]") != "woof" || form.value("[name=seen]") != "1" {
			t.Errorf("got %s", form.Body)
		}
		ada.withHTMX().get("/rooms/dogs/1/edit").status(200).has(`<li class="below">`, `hx-post="/rooms/dogs/1/edit"`).lacks("<html")

		for range 2 { // sent twice is once
			ada.post("/rooms/dogs/1/edit", edited("**bark**", 1)).status(303).location("/rooms/dogs#m-1")
			ada.withHTMX().post("/rooms/dogs/1/edit", edited("**bark**", 1)).status(200).
				has(`<hx-partial hx-target="#m-1" hx-swap="outerMorph">`, "<strong>bark</strong>", `class="edited" title="`, `hx-target="#m-1 + .below"`).lacks("<html", "hx-upsert")
		}
		if room, err := db.Room(t.Context(), "dogs"); err != nil || room.Revision != 2 {
			t.Errorf("got revision %d, %v, want 2", room.Revision, err)
		}
		s.guest().get("/rooms/dogs").status(200).has("<strong>bark</strong>", ">edited<").lacks("woof")
	})
}

// By editing no text comes in that would not by posting, and what was typed stays.
func TestEditRefusedKeepsTheText(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, s.Store, "dogs")
		ada := s.member("ada")
		ada.post("/rooms/dogs/messages", draft("woof", aNonce())).status(303)
		long := strings.Repeat("é", chat.MaxBody+1)
		for name, tt := range map[string]struct{ body, field, says string }{
			"nothing":          {"", "", "The message is empty"},
			"nothing to see":   {" \u200b\u3164 ", " \u200b\u3164 ", "The message is empty"},
			"too long a text":  {long, long, "too long"},
			"too many lines":   {strings.Repeat("a\n", 101), strings.Repeat("a\n", 101), "too many lines"},
			"a NUL":            {"a\x00b", "a\ufffdb", "can&#39;t be read"},
			"what is no UTF-8": {"a\xff", "a\ufffd", "can&#39;t be read"},
		} {
			for kind, visitor := range map[string]*visitor{"plain": ada, "htmx": ada.withHTMX()} {
				refused := visitor.post("/rooms/dogs/1/edit", edited(tt.body, 1)).status(422).has(tt.says)
				if got := refused.value("textarea[name=body]"); got != tt.field {
					t.Errorf("%s, %s: the form holds %.40q, want %.40q", name, kind, got, tt.field)
				}
				if got := refused.value("[name=seen]"); got != "1" {
					t.Errorf("%s, %s: the form was made from revision %s", name, kind, got)
				}
				if hasLayout := strings.Contains(refused.Body.String(), "<html"); hasLayout != (kind == "plain") {
					t.Errorf("%s, %s: got a whole page: %v", name, kind, hasLayout)
				}
			}
		}
		if room, err := s.Store.Room(t.Context(), "dogs"); err != nil || room.Revision != 1 {
			t.Errorf("refused edits left the room at %+v, %v", room, err)
		}
		for _, text := range []string{`<script>alert(1)</script>`, `<div hx-get="/logout" hx-trigger="load">`, "a\rdata: x\r\revent: y", `</ol></hx-upsert>`, "[x](javascript:alert(1))"} {
			answer := ada.withHTMX().post("/rooms/dogs/1/edit", edited(text, 0)).status(200)
			if found := answer.doc().Find(".text *"); found.Length() != 0 {
				t.Errorf("%q made elements: %s", text, answer.Body)
			}
		}
	})
}

func TestTwoEditorsAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, s.Store, "dogs")
		ada := s.member("ada")
		ada.post("/rooms/dogs/messages", draft("woof", aNonce())).status(303)
		ada.post("/rooms/dogs/1/edit", edited("first", 1)).status(303)
		for kind, visitor := range map[string]*visitor{"plain": ada, "htmx": ada.withHTMX()} {
			conflict := visitor.post("/rooms/dogs/1/edit", edited("second", 1)).status(409).has("changed meanwhile", "first")
			if conflict.value("textarea[name=body]") != "second" || conflict.value("[name=seen]") != "2" {
				t.Errorf("%s: got %s", kind, conflict.Body)
			}
		}
		ada.post("/rooms/dogs/1/edit", edited("second", 2)).status(303)
		ada.post("/rooms/dogs/1/delete", url.Values{}).status(303)
		for kind, visitor := range map[string]*visitor{"plain": ada, "htmx": ada.withHTMX()} {
			gone := visitor.post("/rooms/dogs/1/edit", edited("third", 3)).status(409).has("deleted meanwhile")
			if gone.value("textarea[name=body]") != "third" || gone.doc().Find("button:contains(Save)").Length() != 0 {
				t.Errorf("%s: got %s", kind, gone.Body)
			}
		}
		ada.get("/rooms/dogs/1/edit").status(404).has("deleted")
		ada.get("/rooms/dogs/1/delete").status(404).has("deleted")
		ada.get("/rooms/dogs").lacks("third", "second")
	})
}

func TestEditAfterLoggingOutKeepsTheText(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, s.Store, "dogs")
		ada := s.member("ada")
		ada.post("/rooms/dogs/messages", draft("woof", aNonce())).status(303)
		ada.post("/logout", url.Values{})
		for kind, visitor := range map[string]*visitor{"plain": ada, "htmx": ada.withHTMX()} {
			refused := visitor.post("/rooms/dogs/1/edit", edited("bark", 1)).status(401).has("/login?next=%2Frooms%2Fdogs%2F1%2Fedit")
			if refused.value("textarea[name=body]") != "bark" {
				t.Errorf("%s: got %s", kind, refused.Body)
			}
		}
		ada.get("/rooms/dogs/1/edit").status(303).location("/login?next=%2Frooms%2Fdogs%2F1%2Fedit")
		ada.withHTMX().get("/rooms/dogs/1/edit").status(401).has("Log in first.").lacks("<html", "<form")
	})
}

func TestOthersMessages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, s.Store, "dogs")
		ada, bob, mia := s.member("ada"), s.member("bob"), s.as(chat.Moderator, "mia")
		for range 2 {
			ada.post("/rooms/dogs/messages", draft("woof", aNonce())).status(303)
		}
		for _, other := range []*visitor{bob, mia} {
			other.get("/rooms/dogs/1/edit").status(403)
			other.post("/rooms/dogs/1/edit", edited("mine", 1)).status(403)
		}
		bob.get("/rooms/dogs/1/delete").status(403)
		bob.post("/rooms/dogs/1/delete", url.Values{}).status(403)
		bob.get("/rooms/dogs/1/versions").status(404)
		s.guest().post("/rooms/dogs/1/delete", url.Values{}).status(401)
		ada.get("/rooms/dogs").status(200).has("woof").lacks("mine", "deleted")

		ada.post("/rooms/dogs/1/edit", edited("bark", 1)).status(303)
		mia.get("/rooms/dogs/1/versions").status(200).has("woof", "bark")
		mia.post("/rooms/dogs/1/delete", url.Values{}).status(303)
		ada.withHTMX().post("/rooms/dogs/1/delete", url.Values{}).status(200).has("This message was deleted.") // once more is no more
		for _, path := range []string{"/rooms/dogs", "/rooms/dogs/page/1", "/rooms/dogs/changes?after=0-0", "/rooms/dogs/1/actions", "/users/ada"} {
			for _, v := range []*visitor{s.guest(), ada, mia} {
				v.get(path).status(200).lacks("bark")
			}
		}
		mia.get("/rooms/dogs/1/versions").status(200).has("woof", "bark", "mia")
		ada.get("/rooms/dogs/1/versions").status(404)
	})
}

func TestActions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, s.Store, "dogs")
		ada, bob, mia := s.member("ada"), s.member("bob"), s.as(chat.Moderator, "mia")
		ada.post("/rooms/dogs/messages", draft("woof", aNonce())).status(303)
		offered := func(v *visitor) (labels []string) {
			t.Helper()
			page := v.get("/rooms/dogs/1/actions").status(200).has("<html")
			for _, link := range page.doc().Find(".action-list a, .action-list button").EachIter() {
				labels = append(labels, link.Text())
			}
			fragment := v.withHTMX().get("/rooms/dogs/1/actions").status(200).lacks("<html")
			if got := fragment.doc().Find(".actions a, .actions button").Length(); got != len(labels) {
				t.Errorf("the page offers %q, the fragment %d: %s", labels, got, fragment.Body)
			}
			return labels
		}
		want := func(who string, v *visitor, labels ...string) {
			t.Helper()
			if got := fmt.Sprint(offered(v)); got != fmt.Sprint(labels) {
				t.Errorf("%s may do %s, want %s", who, got, labels)
			}
		}
		want("its author", ada, "Reply", "Edit", "Delete", "Mark unread from here", "Link to this message")
		want("another", bob, "Reply", "Mark unread from here", "Report", "Link to this message")
		want("a guest", s.guest(), "Link to this message")
		want("a moderator", mia, "Reply", "Delete", "Mark unread from here", "Report", "Mute or ban", "Link to this message")
		ada.post("/rooms/dogs/1/edit", edited("bark", 0)).status(303)
		want("a moderator", mia, "Reply", "Delete", "Earlier texts", "Mark unread from here", "Report", "Mute or ban", "Link to this message")
		ada.post("/rooms/dogs/1/delete", url.Values{}).status(303)
		want("its author", ada, "Link to this message")
		want("a moderator", mia, "Earlier texts", "Mute or ban", "Link to this message")
		s.guest().get("/rooms/dogs/2/actions").status(404)
		s.guest().get("/rooms/dogs/01/actions").status(404)
	})
}

// Changes reach an open page, one that was away, and the poll, each once.
func TestEditsAndDeletionsAreLive(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, db, "dogs")
		ada := s.member("ada")
		ada.post("/rooms/dogs/messages", draft("one", aNonce())).status(303)
		ada.post("/rooms/dogs/messages", draft("two", aNonce())).status(303)
		cursor := s.guest().get("/rooms/dogs").value("#cursor")
		base := s.serve() + "/rooms/dogs/events"
		open := s.guest().listen(base + "?after=" + cursor)
		ada.post("/rooms/dogs/1/edit", edited("uno", 0)).status(303)
		ada.post("/rooms/dogs/2/delete", url.Values{}).status(303)
		ada.post("/rooms/dogs/1/edit", edited("eins", 0)).status(303)

		away := s.guest().listen(base, "Last-Event-ID", cursor)
		for _, want := range []string{"m-1", "m-2", "m-1"} {
			for name, stream := range map[string]*listener{"open": open, "away": away} {
				change := stream.change()
				if !strings.Contains(change.data, `hx-target="#`+want+`" hx-swap="outerMorph"`) || strings.Contains(change.data, "upsert") || strings.Contains(change.data, "two") {
					t.Errorf("%s: got %s, want the new form of %s", name, change.data, want)
				}
				if len(change.data) > 1000 {
					t.Errorf("%s: a typical change takes %d bytes, want fewer than 1,000", name, len(change.data))
				}
			}
		}
		poll := s.guest().withHTMX().get("/rooms/dogs/changes?after="+cursor).status(200).has("eins", "This message was deleted.").lacks("uno", "two", "upsert")
		s.guest().withHTMX().get("/rooms/dogs/changes?after=" + poll.value("#cursor")).status(204)
	})
}

// Edits are held to the rate that is in force, on every node, as posts are.
func TestEditsAreLimited(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		start := func(c *Config) { c.PostRate = chat.Rate{Count: 3, Window: time.Hour} }
		s, elsewhere := newSiteOn(t, db, start), newSiteOn(t, db, start)
		storetest.Room(t, db, "dogs")
		ada := s.member("ada")
		there := elsewhere.guest()
		there.cookie = ada.cookie
		ada.post("/rooms/dogs/messages", draft("woof", aNonce())).status(303)
		for i, v := range []*visitor{ada, there, ada} {
			v.post("/rooms/dogs/1/edit", edited(fmt.Sprint("text ", i), 0)).status(303)
		}
		for _, v := range []*visitor{ada, there, ada.withHTMX()} {
			refused := v.post("/rooms/dogs/1/edit", edited("too much", 0)).status(429)
			if refused.value("textarea[name=body]") != "too much" || refused.Header().Get("Retry-After") == "" {
				t.Errorf("got %v %s", refused.Header(), refused.Body)
			}
		}
		if _, err := db.Set(t.Context(), chat.PostRateSetting, "0"); err != nil {
			t.Fatal(err)
		}
		for i, site := range []*site{s, elsewhere} {
			site.lookForSettings(t.Context())
			[]*visitor{ada, there}[i].post("/rooms/dogs/1/edit", edited(fmt.Sprint("no limit ", i), 0)).status(303)
		}
	})
}

// Whom a message names is what its text says now.
func TestEditingNamesPeople(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, db, "dogs")
		ada, bob, eve := s.member("ada"), s.member("bob"), s.member("eve")
		ada.post("/rooms/dogs/messages", draft("hello @bob", aNonce())).status(303)
		bob.get("/mentions").has(`href="/rooms/dogs/1"`)
		ada.withHTMX().post("/rooms/dogs/1/edit", edited("hello @eve", 0)).status(200).has(`href="/users/eve">@eve</a>`)
		bob.get("/mentions").lacks(`href="/rooms/dogs/1"`)
		eve.get("/mentions").has(`href="/rooms/dogs/1"`)
		ada.post("/rooms/dogs/1/delete", url.Values{}).status(303)
		eve.get("/mentions").lacks(`href="/rooms/dogs/1"`)
	})
}
