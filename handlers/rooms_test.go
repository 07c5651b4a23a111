package handlers

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

func name(text string) url.Values { return url.Values{"name": {text}} }

// fill posts so many messages into the room, by one author.
func fill(s *site, room chat.Room, author chat.User, from, to int) {
	s.t.Helper()
	for i := from; i <= to; i++ {
		draft := chat.Draft{RoomID: room.ID, AuthorID: author.ID, Body: fmt.Sprint("message ", i), Nonce: aNonce()}
		if _, err := s.Store.Post(s.t.Context(), draft, chat.Rate{}); err != nil {
			s.t.Fatal(err)
		}
	}
}

func TestOpenRoom(t *testing.T) {
	tests := []struct{ name, path string }{
		{"dogs", "/rooms/dogs"},
		{"  Tea   Room! ", "/rooms/tea-room"},
		{"Собаки", "/rooms/%D1%81%D0%BE%D0%B1%D0%B0%D0%BA%D0%B8"},
		{"犬", "/rooms/%E7%8A%AC"},
		{"cafe\u0301", "/rooms/caf%C3%A9"}, // the form NFC
		{"a/b?c#d", "/rooms/a-b-c-d"},
		{strings.Repeat("犬", 64), "/rooms/" + strings.Repeat("%E7%8A%AC", 64)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			guest, ada := s.guest(), s.member("ada")
			guest.post("/rooms", name(tt.name)).status(303).location("/login?next=" + url.QueryEscape(tt.path))
			guest.get(tt.path).status(404).has(`action="/rooms"`)
			ada.post("/rooms", name(tt.name)).status(303).location(tt.path)
			ada.get(tt.path).status(200).has("No barks yet. Be the first.")
			guest.post("/rooms", name(tt.name)).status(303).location(tt.path)
			guest.get(tt.path).status(200)
		})
	}
}

func TestOpenRoomBadNames(t *testing.T) {
	for _, bad := range []string{"", "   ", "!!!", "\u202e", strings.Repeat("x", 65), strings.Repeat("é", 65)} {
		s := newSite(t)
		ada := s.member("ada")
		for kind, visitor := range map[string]*visitor{"plain": ada, "htmx": ada.withHTMX()} {
			refused := visitor.post("/rooms", name(bad)).status(422)
			if got := refused.value("#name"); got != bad {
				t.Errorf("%s: the field holds %q, want %q", kind, got, bad)
			}
			if refused.doc().Find("#name-error").Text() == "" {
				t.Errorf("%s: nothing said about %q", kind, bad)
			}
		}
		ada.get("/").has("No rooms yet")
	}
}

func TestOpenRoomAtTheSameMoment(t *testing.T) {
	s := newSite(t)
	var all sync.WaitGroup
	for i := range 8 {
		visitor := s.member(fmt.Sprint("member", i))
		all.Go(func() { visitor.post("/rooms", name("dogs")).status(303).location("/rooms/dogs") })
	}
	all.Wait()
	if got := s.guest().get("/").doc().Find(".rooms > li").Length(); got != 1 {
		t.Errorf("got %d rooms, want 1", got)
	}
}

func TestRoomAddressInAnotherSpelling(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "Tea Room")
	for _, path := range []string{"/rooms/Tea-Room", "/rooms/TEA%20ROOM", "/rooms/tea--room"} {
		s.guest().get(path).status(301).location("/rooms/tea-room")
	}
	for _, path := range []string{"/rooms/%00", "/rooms/%ff", "/rooms/" + strings.Repeat("x", 300), "/rooms/!!!", "/rooms/tea-room/", "/rooms//", "/rooms/a%2Fb"} {
		s.guest().get(path).status(404)
	}
}

func TestHomeListsRoomsByActivity(t *testing.T) {
	s := newSite(t)
	first, second := storetest.Room(t, s.Store, "first"), storetest.Room(t, s.Store, "second")
	ada := storetest.User(t, s.Store, "ada")
	names := func() (names []string) {
		s.guest().get("/").doc().Find(".rooms > li > a").Each(func(_ int, a *goquery.Selection) { names = append(names, a.Text()) })
		return names
	}
	fill(s, second, ada, 1, 1)
	if got := fmt.Sprint(names()); got != "[second first]" {
		t.Errorf("got %s", got)
	}
	fill(s, first, ada, 1, 1)
	if got := fmt.Sprint(names()); got != "[first second]" {
		t.Errorf("got %s", got)
	}
}

func TestRoomShowsItsNewestMessages(t *testing.T) {
	s := newSite(t)
	room, ada := storetest.Room(t, s.Store, "dogs"), storetest.User(t, s.Store, "ada")
	posted := 0
	for _, tt := range []struct {
		count, first int
		older        string
		page         string
	}{
		{0, 1, "", "Page 1"}, {1, 1, "", "Page 1"}, {50, 1, "", "Page 1"}, {99, 1, "", "Page 2"},
		{100, 51, "/rooms/dogs/page/1", "Page 2"}, {101, 51, "/rooms/dogs/page/1", "Page 3"}, {149, 51, "/rooms/dogs/page/1", "Page 3"}, {150, 101, "/rooms/dogs/page/2", "Page 3"},
	} {
		fill(s, room, ada, posted+1, tt.count)
		posted = tt.count
		answer := s.guest().get("/rooms/dogs").status(200)
		messages := answer.messages()
		if len(messages) != tt.count-tt.first+1 || len(messages) > 0 && messages[0] != fmt.Sprint("message ", tt.first) {
			t.Errorf("with %d messages the room shows %d from %q", tt.count, len(messages), messages[:min(1, len(messages))])
		}
		doc := answer.doc()
		if got := doc.Find("a#older").AttrOr("href", ""); got != tt.older {
			t.Errorf("with %d messages the link to older ones is %q, want %q", tt.count, got, tt.older)
		}
		if got := doc.Find("#page-number").Text(); got != tt.page {
			t.Errorf("with %d messages: got %q, want %q", tt.count, got, tt.page)
		}
	}
}

func TestPermanentPages(t *testing.T) {
	s := newSite(t)
	room, ada := storetest.Room(t, s.Store, "dogs"), storetest.User(t, s.Store, "ada")
	s.guest().get("/rooms/dogs/page/1").status(200).has("No barks yet")
	s.guest().get("/rooms/dogs/page/2").status(404)
	fill(s, room, ada, 1, 120)

	for page, want := range map[int][2]int{1: {1, 50}, 2: {51, 100}, 3: {101, 120}} {
		path := fmt.Sprint("/rooms/dogs/page/", page)
		whole := s.guest().get(path).status(200).has("<html", fmt.Sprint("Page ", page), `href="/rooms/dogs"`)
		part := s.guest().withHTMX().get(path).status(200).lacks("<html")
		for kind, messages := range map[string][]string{"page": whole.messages(), "fragment": part.messages()} {
			if len(messages) != want[1]-want[0]+1 || messages[0] != fmt.Sprint("message ", want[0]) {
				t.Errorf("%s %d holds %d messages from %s, want %d to %d", kind, page, len(messages), messages[0], want[0], want[1])
			}
		}
		if got := part.doc().Find("a#older").Length() == 1; got != (page > 1) {
			t.Errorf("fragment %d has a link to older messages: %v", page, got)
		}
	}
	for _, bad := range []string{"0", "-1", "4", "9223372036854775807", "9223372036854775808", "1e9", "0x1", "%201", "1%00", "01", "+1", "१", "NaN"} {
		s.guest().get("/rooms/dogs/page/" + bad).status(404)
		s.guest().get("/rooms/dogs/" + bad + "1" + strings.Repeat("0", 3)).status(404)
	}
	s.guest().get("/rooms/dogs/51").status(303).location("/rooms/dogs/page/2#m-51")
	s.guest().get("/rooms/dogs/121").status(404)
}

func TestUnfoldedPage(t *testing.T) {
	s := newSite(t)
	room, ada := storetest.Room(t, s.Store, "dogs"), storetest.User(t, s.Store, "ada")
	fill(s, room, ada, 1, 120)
	s.guest().withHTMX().get("/rooms/dogs/page/2?folded=1").status(200).
		has(`hx-target="#fold-2" hx-swap="outerHTML"`, `id="m-51"`, `id="m-100"`, `#messages:not(:has(#m-50, [data-older=&#39;1&#39;])) &gt; #fold-2`).lacks(`id="m-50"`, `id="m-101"`)
	s.guest().get("/rooms/dogs/page/2?folded=1").status(200).has("<html")
}

func TestGuestsPagesAreTheSameForAllGuests(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "dogs")
	for _, path := range []string{"/", "/rooms/dogs", "/rooms/dogs/page/1", "/login", "/register"} {
		first, second := s.guest().get(path).status(200), s.guest().get(path).status(200)
		if first.Body.String() != second.Body.String() {
			t.Errorf("%s differs between two guests", path)
		}
		tag := first.Header().Get("ETag")
		if tag == "" || first.Header().Get("Cache-Control") != "no-cache" || !strings.Contains(first.Header().Get("Vary"), "Cookie") {
			t.Errorf("%s: got headers %v", path, first.Header())
		}
		if again := s.guest().with("If-None-Match", tag).get(path).status(304); again.Body.Len() != 0 {
			t.Errorf("%s: a 304 has a body", path)
		}
	}
	mine := s.member("ada").get("/rooms/dogs").status(200)
	if mine.Header().Get("ETag") != "" || mine.Header().Get("Cache-Control") != "private, no-cache" {
		t.Errorf("a member's page has headers %v", mine.Header())
	}
}

func TestDirectoryPagesAndFilters(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		ada := storetest.User(t, s.Store, "ada")
		s.guest().get("/").lacks("Find a room").has("No rooms yet.")
		for i := range 120 {
			name, err := chat.NameRoom(fmt.Sprintf("dogs %03d", i))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Store.OpenRoom(t.Context(), name, ada.ID); err != nil {
				t.Fatal(err)
			}
		}
		seen := map[string]bool{}
		for path := "/?q=DOGS"; path != ""; {
			page := s.guest().get(path).status(200).doc()
			page.Find(".rooms > li > a").Each(func(_ int, a *goquery.Selection) { seen[a.Text()] = true })
			path = page.Find("a[rel=next]").AttrOr("href", "")
			if page.Find("[name=q]").AttrOr("value", "") != "DOGS" {
				t.Error("the filter was not kept")
			}
		}
		if len(seen) != 120 {
			t.Errorf("got %d rooms on all pages, want 120", len(seen))
		}
		if got := s.guest().get("/?q=dogs+07").doc().Find(".rooms > li").Length(); got != 10 {
			t.Errorf("got %d rooms, want 10", got)
		}
		for _, query := range []string{"?q=cats", "?q=%25", "?q=%00%FF", "?after=junk&q=none", "?q=" + strings.Repeat("x", 10_000)} {
			s.guest().get("/" + query).status(200)
		}
		for _, nothing := range []string{"cats", "%21%21", "%F0%9F%91%8D"} {
			s.guest().get("/?q="+nothing).has("No room has such a name.").lacks(`rel="next"`, "dogs 1")
		}
		s.guest().get("/?q=+").has("dogs 119")
	})
}
