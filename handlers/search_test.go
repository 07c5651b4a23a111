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

// results gives what a page of results shows, each as its address and its text.
func (a *answer) results() (results []string) {
	a.Helper()
	a.doc().Find(".results > li > a").Each(func(_ int, link *goquery.Selection) {
		results = append(results, link.AttrOr("href", "")+" "+link.Text())
	})
	return results
}

func searchPath(fields ...string) string {
	query := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		query.Set(fields[i], fields[i+1])
	}
	return "/search?" + query.Encode()
}

func TestSearchFindsWhatWasPostedJustBefore(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, s.Store, "dogs")
		ada := s.member("ada")
		for i := range 3 {
			body := fmt.Sprintf("bark <b>%d</b> &amp; EMBARK", i)
			ada.post("/rooms/dogs/messages", draft(body, aNonce())).status(303)
			want := fmt.Sprintf("/rooms/dogs/%d %s", i+1, body)
			page := s.guest().get(searchPath("q", "bark")).status(200).has("<html", "<mark>bark</mark>", "EM<mark>BARK</mark>").lacks("<b>")
			if got := page.results(); len(got) != i+1 || got[0] != want {
				t.Errorf("got %q, want %d with %q first", got, i+1, want)
			}
			part := s.guest().withHTMX().get(searchPath("q", "bark")).status(200).lacks("<html")
			if got := part.results(); len(got) != i+1 {
				t.Errorf("the fragment has %q, want %d", got, i+1)
			}
			if page.doc().Find(`head meta[name=robots][content=noindex]`).Length() != 1 {
				t.Error("results are for search engines")
			}
		}
		first := s.guest().get("/search").status(200)
		if first.doc().Find("#results").Length() != 0 || first.value("#q") != "" {
			t.Errorf("before anything is looked for: %s", first.Body)
		}
	})
}

func TestSearchForAnythingIsAnswered(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, s.Store, "dogs")
		ada := s.member("ada")
		ada.post("/rooms/dogs/messages", draft("100% _under_ \\back\\ 'a' \"b\" unclosed NEAR OR body:x the 犬 東京 👍", aNonce())).status(303)
		for q, found := range map[string]bool{
			"%": false, "_": false, `\`: false, "'": false, `"`: false, `"unclosed`: true, "*": false, "a*": true, "NEAR(a b)": true,
			"body:x": true, "-": false, "OR": true, "()": false, "a & b": true, ":*": false, "!": false,
			"a | zzzz": false, "zzzz OR a": false, "a !zzzz": false, "a -zzzz": false, "the -the": true, "a <-> b": true, "b <-> a": true, "a NOT zzzz": false, "^b": true, "{body}: x": true, "') --": false, "100%": true,
			"x": true, "犬": true, "京": true, "👍": true, "👎": false, "the": true, "THE": true, "the of and": false, "\x00": false, "a\x00b": true, "\xff": false,
			strings.Repeat("x", 10_000): false, strings.Repeat("words ", 5_000): false, strings.Repeat("the ", 2_000): true, " ": false, "unc losed": true, "nclose": true,
		} {
			page := s.guest().get(searchPath("q", q)).status(200)
			if got := len(page.results()) == 1; got != found {
				t.Errorf("%.20q: found: %v, want %v", q, got, found)
			}
			if says := page.doc().Find("section").Text(); !found && !strings.Contains(says, "Nothing found") && !strings.Contains(says, "no word") {
				t.Errorf("%.20q: the page says %q", q, says)
			}
			if cut := strings.Contains(page.Body.String(), "only the first words"); cut != (len(q) > 1000) {
				t.Errorf("%.20q: the page says that not all was looked for: %v", q, cut)
			}
			if want := normal(q); page.value("#q") != want {
				t.Errorf("%.20q: the field holds %.20q", q, page.value("#q"))
			}
		}
	})
}

func TestSearchInARoomAndByAnAuthor(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		tea := storetest.Room(t, s.Store, "Tea Room")
		storetest.Room(t, s.Store, "dogs")
		ada, bob := s.registered("ada"), s.member("Bob")
		ada.post("/rooms/tea-room/messages", draft("fur, by ada", aNonce())).status(303)
		bob.post("/rooms/tea-room/messages", draft("fur, by bob", aNonce())).status(303)
		bob.post("/rooms/dogs/messages", draft("fur of dogs", aNonce())).status(303)
		ada.post("/settings", profile("lovelace")).status(303)
		for _, tt := range []struct {
			room, author string
			want         string
		}{
			{"", "", "[/rooms/dogs/1 fur of dogs /rooms/tea-room/2 fur, by bob /rooms/tea-room/1 fur, by ada]"},
			{"tea-room", "", "[/rooms/tea-room/2 fur, by bob /rooms/tea-room/1 fur, by ada]"},
			{"TEA Room", "bob", "[/rooms/tea-room/2 fur, by bob]"},
			{"", "@BOB", "[/rooms/dogs/1 fur of dogs /rooms/tea-room/2 fur, by bob]"},
			{"", "Lovelace", "[/rooms/tea-room/1 fur, by ada]"},
			{"", "ADA", "[/rooms/tea-room/1 fur, by ada]"}, // as she was called
			{"dogs", "ada", "[]"},
		} {
			page := s.guest().get(searchPath("q", "fur", "room", tt.room, "author", tt.author)).status(200)
			if got := fmt.Sprint(page.results()); got != tt.want {
				t.Errorf("in %q by %q: got %s, want %s", tt.room, tt.author, got, tt.want)
			}
			if page.value("#room") != tt.room || page.value("#author") != tt.author {
				t.Errorf("in %q by %q: the form has %q and %q", tt.room, tt.author, page.value("#room"), page.value("#author"))
			}
		}
		if _, err := db.ChangeRoom(t.Context(), tea.ID, chat.RoomChange{RoomName: chat.RoomName{Name: "Coffee", Slug: "coffee"}}); err != nil {
			t.Fatal(err)
		}
		for _, room := range []string{"Coffee", "Tea Room"} { // as it was called
			if got := fmt.Sprint(s.guest().get(searchPath("q", "ada", "room", room)).status(200).results()); got != "[/rooms/coffee/1 fur, by ada]" {
				t.Errorf("in the room renamed, as %q: got %s", room, got)
			}
		}
		for _, odd := range []string{"nowhere", "!!!", "\x00", strings.Repeat("x", 5000), "'", "former member"} {
			s.guest().get(searchPath("q", "fur", "room", odd)).status(200).has("Nothing found: there is no such room.").lacks("fur, by")
			s.guest().get(searchPath("q", "fur", "author", odd)).status(200).has("Nothing found: there is no such member.").lacks("fur, by")
		}
	})
}

func TestSearchHasPages(t *testing.T) {
	s := newSite(t)
	room, ada := storetest.Room(t, s.Store, "dogs"), storetest.User(t, s.Store, "ada")
	fill(s, room, ada, 1, 45)
	s.index.ask(room.ID)
	path, seen := searchPath("q", "message", "room", "dogs", "author", "ada"), 0
	for page, count := range []int{20, 20, 5} {
		answer := s.guest().get(path).status(200).has(fmt.Sprint("Page ", page+1))
		for _, result := range answer.results() {
			if want := fmt.Sprintf("/rooms/dogs/%d message %d", 45-seen, 45-seen); result != want {
				t.Errorf("page %d: got %q, want %q", page+1, result, want)
			}
			seen++
		}
		if got := len(answer.results()); got != count {
			t.Errorf("page %d: got %d results, want %d", page+1, got, count)
		}
		path = answer.doc().Find("a[rel=next]").AttrOr("href", "")
		if (path == "") != (page == 2) {
			t.Errorf("page %d leads on to %q", page+1, path)
		}
	}
	for _, odd := range []string{"", "0", "-1", "1.5", "1e9", "x", "\x00"} {
		if got := s.guest().get(searchPath("q", "message", "page", odd)).status(200).results(); len(got) != 20 || got[0] != "/rooms/dogs/45 message 45" {
			t.Errorf("page %q: got %q, want the first", odd, got)
		}
	}
	s.guest().get(searchPath("q", "message", "page", "4")).status(200).has("Nothing found", `rel="prev"`)
	for _, far := range []string{"21", "9223372036854775807"} {
		s.guest().get(searchPath("q", "message", "page", far)).status(200).has("go no further back")
	}
}

func TestDeletedMessagesAreNotFound(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		ada, room := s.registered("ada"), storetest.Room(t, db, "dogs")
		ada.post(room.Path()+"/messages", draft("her secret", aNonce())).status(303)
		if got := s.guest().get(searchPath("q", "secret")).results(); len(got) != 1 {
			t.Fatalf("got %q, want the message while it is there", got)
		}
		ada.post("/settings/delete", deletion(goodPassword, "remove")).status(303)
		stream := s.guest().listen(s.serve() + room.Path() + "/events?after=0-0")
		stream.until("was deleted")
		s.guest().get(searchPath("q", "secret")).status(200).has("Nothing found")
		s.guest().get(searchPath("q", "deleted")).status(200).has("Nothing found")
	})
}

// Where there is a field to search with, it searches what is before one's eyes,
// and from there all rooms.
func TestSearchFields(t *testing.T) {
	s := newSite(t)
	room, ada := storetest.Room(t, s.Store, "Dogs & “Cats”"), storetest.User(t, s.Store, "ada")
	for _, room := range []chat.Room{room, storetest.Room(t, s.Store, "others")} {
		fill(s, room, ada, 1, 1)
		s.index.ask(room.ID)
	}
	for path, in := range map[string]string{"/": "", room.Path(): room.Name, room.Path() + "/page/1": room.Name} {
		page := s.guest().get(path).status(200)
		form := page.doc().Find(`main form[action="/search"][method="get"]`)
		if form.Length() != 1 || form.Find(`[name=q][type=search]`).Length() != 1 || form.Find("[name=room]").AttrOr("value", "") != in {
			html, _ := form.Html()
			t.Errorf("%s: the form is %s", path, html)
		}
		link := page.doc().Find(`header a[href^="/search"]`).AttrOr("href", "")
		if got := s.guest().get(link).status(200).value("#room"); got != in {
			t.Errorf("%s: the header leads to a search in %q, want %q", path, got, in)
		}
	}
	found := s.guest().get(searchPath("q", "message", "room", room.Name)).status(200)
	if got := found.results(); len(got) != 1 {
		t.Errorf("in the room: got %q", got)
	}
	anywhere := found.doc().Find("form.search a").AttrOr("href", "none")
	if got := s.guest().get(anywhere).status(200).results(); len(got) != 2 {
		t.Errorf("%s: got %q, want what both rooms have", anywhere, got)
	}
}

// A flood of searches is kept from the rooms: one that has waited is refused.
func TestTooManySearches(t *testing.T) {
	s := newSite(t)
	for range maxSearches {
		s.searches <- struct{}{}
	}
	refused := s.guest().get(searchPath("q", "dogs")).status(503).has("Many people are searching")
	if refused.Header().Get("Retry-After") == "" {
		t.Error("the answer does not say when to try again")
	}
	s.guest().get("/search").status(200)
	s.guest().get("/").status(200)
	<-s.searches
	s.guest().get(searchPath("q", "dogs")).status(200)
}
