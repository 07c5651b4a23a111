package handlers

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// wantMentions checks how many mentions a page counts as news.
func (a *answer) wantMentions(want string) *answer {
	a.Helper()
	if got := a.doc().Find("#mention-count").Text(); got != want {
		a.Errorf("%q mentions are new, want %q", got, want)
	}
	return a
}

func TestMentions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, db, "dogs")
		ada, bob := s.member("Ada"), s.member("bob")
		id := userID(t, db, "ada")
		ada.get("/mentions").status(200).has("Nobody has named you yet").wantMentions("0")
		bob.post("/rooms/dogs/messages", draft("Hello @ada, and @nobody and me@ada; `@ada` too", aNonce())).status(303)
		s.guest().get("/rooms/dogs").has(fmt.Sprintf(`Hello <a class="mention" data-user="%d" href="/users/Ada">@ada</a>, and @nobody and me@ada; <code>@ada</code> too`, id))
		ada.get("/").wantMentions("1")
		bob.get("/").wantMentions("0")
		bob.post("/rooms/dogs/messages", draft("@ADA again, and I, @bob", aNonce())).status(303)
		bob.get("/").wantMentions("0")
		listed := ada.get("/mentions").status(200).has(`href="/rooms/dogs/1"`, `href="/rooms/dogs/2"`)
		if got := listed.doc().Find(".latest a").First().Text(); !strings.Contains(got, "again") {
			t.Errorf("the first listed is %q, want the newest", got)
		}
		ada.get("/").wantMentions("0") // she was shown them there
		bob.post("/rooms/dogs/messages", draft("@ada, third", aNonce())).status(303)
		ada.get("/").wantMentions("1")
		ada.get("/rooms/dogs").wantMentions("0") // and here
		if err := db.DeleteAccount(t.Context(), userID(t, db, "bob"), true); err != nil {
			t.Fatal(err)
		}
		for err := error(nil); err == nil; {
			_, err = db.RemoveMessages(t.Context())
		}
		ada.get("/mentions").has("Nobody has named you yet")
		s.guest().get("/mentions").status(303).location("/login?next=%2Fmentions")
	})
}

func TestAtMostTwentyAreMentioned(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "dogs")
	bob, text := s.member("bob"), "@nobody"
	for i := range 25 {
		storetest.User(t, s.Store, fmt.Sprint("member", i))
		text += fmt.Sprint(" @member", i)
	}
	bob.post("/rooms/dogs/messages", draft(text, aNonce())).status(303)
	if got := s.guest().get("/rooms/dogs").doc().Find(".mention").Length(); got != 20 {
		t.Errorf("%d names are links, want 20", got)
	}
	counts, err := s.Store.MentionNews(t.Context(), []int64{userID(t, s.Store, "member0"), userID(t, s.Store, "member19"), userID(t, s.Store, "member20")})
	if err != nil || len(counts) != 2 {
		t.Errorf("got %v, %v, want the first twenty mentioned", counts, err)
	}
	many := strings.Repeat("@x ", 1000) // as many as fit
	bob.post("/rooms/dogs/messages", draft(many, aNonce())).status(303)
}

func TestMentionsByPages(t *testing.T) {
	s := newSite(t)
	dogs, bob, ada := storetest.Room(t, s.Store, "dogs"), storetest.User(t, s.Store, "bob"), s.member("ada")
	for i := range 60 {
		d := chat.Draft{RoomID: dogs.ID, AuthorID: bob.ID, Body: fmt.Sprint("number ", i), Nonce: aNonce(), Mentions: []int64{userID(t, s.Store, "ada")}}
		if _, err := s.Store.Post(t.Context(), d, chat.Rate{}); err != nil {
			t.Fatal(err)
		}
	}
	first := ada.get("/mentions").has("number 59", "number 10<").lacks("number 9<")
	ada.get("/").wantMentions("10")
	ada.get(first.doc().Find("a[rel=next]").AttrOr("href", "")).has("number 9<", "number 0<").lacks("number 10<", "Older")
	ada.get("/").wantMentions("0")
	for _, bad := range []string{"0", "-1", "x", "9223372036854775808", "1%00"} {
		ada.get("/mentions?before=" + bad).status(200)
	}
}

func TestMentionsAreFiltered(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		bob, ada, id := storetest.User(t, db, "bob"), s.member("ada"), userID(t, db, "ada")
		for _, name := range []string{"dogs", "cats"} {
			room := storetest.Room(t, db, name)
			for j := range 60 {
				d := chat.Draft{RoomID: room.ID, AuthorID: bob.ID, Body: fmt.Sprintf("%s %02d", name, j), Nonce: aNonce(), Mentions: []int64{id}}
				if _, err := db.Post(t.Context(), d, chat.Rate{}); err != nil {
					t.Fatal(err)
				}
			}
		}
		listed := func(path string) (texts []string, next string) {
			t.Helper()
			doc := ada.get(path).status(200).doc()
			doc.Find(".latest a").Each(func(_ int, s *goquery.Selection) { texts = append(texts, s.Text()) })
			return texts, doc.Find("a[rel=next]").AttrOr("href", "")
		}
		want := func(path string, count int, first, last string) (next string) {
			t.Helper()
			got, next := listed(path)
			if len(got) != count || count > 0 && (got[0] != first || got[count-1] != last) {
				t.Errorf("%s: got %d: %q, want %d from %q to %q", path, len(got), got, count, first, last)
			}
			return next
		}
		next := want("/mentions?room=Dogs", 50, "dogs 59", "dogs 10")
		next = want(next, 10, "dogs 09", "dogs 00")
		if next != "" {
			t.Errorf("the last page leads to %q", next)
		}
		want("/mentions?room=dogs&unread=on", 0, "", "") // they were shown just now
		next = want("/mentions?unread=on", 50, "cats 59", "cats 10")
		want(next, 10, "cats 09", "cats 00")
		want("/mentions?unread=on", 0, "", "")
		ada.get("/mentions?unread=on").has("There are no such mentions.").wantMentions("0")
		for _, bad := range []string{"room=none", "room=%00%FF", "room=-", "room=" + strings.Repeat("x", 9000), "unread=%00&before=x&room=%27"} {
			want("/mentions?"+bad, 0, "", "")
		}
		ada.get("/mentions?room=Cats").has(`value="Cats"`)
	})
}

func TestMentionIsCountedLive(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, db, "cats")
		storetest.Room(t, db, "dogs")
		ada, bob := s.member("ada"), s.member("bob")
		stream := ada.listen(s.serve() + "/rooms/cats/events?counts=" + ada.get("/rooms/cats").value("#counts"))
		stream.until("member-count")
		bob.post("/rooms/dogs/messages", draft("hello @ada", aNonce())).status(303) // she does not follow that room
		stream.until(`<span id="mention-count" class="badge">1</span>`)
		ada.get("/mentions").status(200)
		stream.until(`<span id="mention-count" class="badge none">0</span>`)
	})
}

func TestMyStyles(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "dogs")
	ada, bob := s.member("ada"), s.member("bob")
	hers := ada.get("/me.css").status(200).has(fmt.Sprintf(`[data-user="%d"]`, userID(t, s.Store, "ada")))
	if bob.get("/me.css").Body.String() == hers.Body.String() {
		t.Error("two members have the same styles")
	}
	if got := hers.Header(); got.Get("Cache-Control") != "private, no-cache" || got.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("got headers %v", got)
	}
	ada.with("If-None-Match", hers.Header().Get("ETag")).get("/me.css").status(304)
	ada.get("/rooms/dogs").has(`href="/me.css"`)
	s.guest().get("/rooms/dogs").lacks("me.css")
}

// Without scripts a button offers the names, and another puts one in. Nothing that
// was written is lost on the way.
func TestNamesAreOfferedWithoutScripts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		dogs := storetest.Room(t, db, "dogs")
		ada := s.member("ada")
		fill(s, dogs, storetest.User(t, db, "Bella"), 1, 1)
		fields := url.Values{"body": {"hello\n@b"}, "nonce": {aNonce()}, "lines": {"several"}, "reply_to": {"1"}}
		offered := ada.post("/rooms/dogs/complete", fields).status(200).has(`<button name="complete" value="Bella" formaction="/rooms/dogs/composer" formnovalidate>@Bella</button>`, "Replying")
		if got := strings.TrimPrefix(offered.value("#body"), "\n"); got != "hello\n@b" || offered.value("[name=nonce]") != fields.Get("nonce") {
			t.Errorf("the form holds %q, named %s", got, offered.value("[name=nonce]"))
		}
		fields.Set("complete", "Bella")
		completed := ada.post("/rooms/dogs/composer", fields).status(200).has("Replying")
		if got := strings.TrimPrefix(completed.value("#body"), "\n"); got != "hello\n@Bella " || completed.value("[name=nonce]") != fields.Get("nonce") {
			t.Errorf("the form holds %q, named %s", got, completed.value("[name=nonce]"))
		}
		for _, body := range []string{"hello", "@x", "", "@\x00<b>"} {
			ada.post("/rooms/dogs/complete", url.Values{"body": {body}, "nonce": {"junk"}}).status(200).has("No name here begins so.").lacks(`name="complete"`)
		}
		s.guest().post("/rooms/dogs/complete", fields).status(401).has("hello\n@b")
		ada.post("/rooms/none/complete", fields).status(404)
	})
}

func TestNamesAreSuggested(t *testing.T) {
	s := newSite(t)
	dogs := storetest.Room(t, s.Store, "dogs")
	ada := s.member("ada")
	for _, name := range []string{"Bella", "bob", "cleo"} {
		fill(s, dogs, storetest.User(t, s.Store, name), 1, 1)
	}
	suggested := func(body string) []string {
		t.Helper()
		var names []string
		for _, button := range ada.withHTMX().post("/rooms/dogs/names", url.Values{"body": {body}}).status(200).doc().Find("button").EachIter() {
			names = append(names, button.Text())
		}
		return names
	}
	for body, want := range map[string]string{"hello @b": "[@bob @Bella]", "@": "[@cleo @bob @Bella]", "@BE": "[@Bella]", "@x": "[]", "hello": "[]", "": "[]", "@_": "[]", "@%": "[]"} {
		if got := fmt.Sprint(suggested(body)); got != want {
			t.Errorf("%q: got %s, want %s", body, got, want)
		}
	}
	nonce := aNonce()
	completed := ada.withHTMX().post("/rooms/dogs/composer", url.Values{"body": {"hello @b"}, "nonce": {nonce}, "complete": {"bob"}}).status(200)
	if completed.value("#body") != "hello @bob " {
		t.Errorf("got %s", completed.Body)
	}
	ada.post("/rooms/dogs/composer", url.Values{"body": {"hello @b"}, "nonce": {nonce}, "complete": {"bob"}}).status(200).has("<html", `value="hello @bob "`)
	s.guest().withHTMX().post("/rooms/dogs/names", url.Values{"body": {"@b"}}).status(200).lacks("button")
}
