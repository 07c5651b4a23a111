package handlers

import (
	"encoding/xml"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// readFeed is an Atom feed as a program reads it.
type readFeed struct {
	XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
	Title   string   `xml:"title"`
	ID      string   `xml:"id"`
	Updated string   `xml:"updated"`
	Links   []struct {
		Rel  string `xml:"rel,attr"`
		Href string `xml:"href,attr"`
	} `xml:"link"`
	Entries []struct {
		Title   string `xml:"title"`
		ID      string `xml:"id"`
		Updated string `xml:"updated"`
		Author  string `xml:"author>name"`
		Link    struct {
			Href string `xml:"href,attr"`
		} `xml:"link"`
		Content string `xml:"content"`
	} `xml:"entry"`
}

// feed reads the answer, and checks what every feed must have.
func (a *answer) feed() (feed readFeed) {
	a.Helper()
	if got := a.Header().Get("Content-Type"); got != "application/atom+xml; charset=utf-8" {
		a.Errorf("got Content-Type %q", got)
	}
	if err := xml.Unmarshal(a.Body.Bytes(), &feed); err != nil {
		a.Fatal(err)
	}
	if feed.Title == "" || !strings.HasPrefix(feed.ID, "http://example.com/") {
		a.Errorf("got the title %q and the id %q", feed.Title, feed.ID)
	}
	times := []string{feed.Updated}
	ids := map[string]bool{}
	for _, entry := range feed.Entries {
		times = append(times, entry.Updated)
		if !strings.HasPrefix(entry.Link.Href, "http://example.com/rooms/") || entry.Title == "" || entry.Author == "" || ids[entry.ID] {
			a.Errorf("got the entry %+v", entry)
		}
		ids[entry.ID] = true
	}
	for _, text := range times {
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			a.Error(err)
		}
	}
	return feed
}

func (f readFeed) texts() (texts []string) {
	for _, entry := range f.Entries {
		texts = append(texts, entry.Content)
	}
	return texts
}

const hostileText = `<script>alert(1)</script> ]]> & "quoted" 犬`

func TestRoomFeed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		dogs, bob := storetest.Room(t, db, "Собаки"), s.member("bob")
		path := dogs.Path() + "/feed.atom"
		if empty := s.guest().get(path).status(200).feed(); len(empty.Entries) != 0 {
			t.Errorf("an empty room's feed has %d entries", len(empty.Entries))
		}
		fill(s, dogs, storetest.User(t, db, "ada"), 1, 60)
		bob.post(dogs.Path()+"/messages", draft(hostileText, aNonce())).status(303)
		answer := s.guest().get(path).status(200)
		feed := answer.feed()
		if len(feed.Entries) != 50 || feed.Entries[0].Content != hostileText || feed.Entries[1].Content != "message 60" || feed.Entries[0].Author != "bob" {
			t.Errorf("got %d entries, of them %+v", len(feed.Entries), feed.Entries[:2])
		}
		if feed.Links[0].Href != "http://example.com"+path || feed.Links[1].Href != "http://example.com"+dogs.Path() {
			t.Errorf("got the links %+v", feed.Links)
		}
		if again := s.guest().with("If-None-Match", answer.Header().Get("ETag")).get(path).status(304); again.Body.Len() != 0 {
			t.Error("a 304 has a body")
		}
		if err := db.DeleteAccount(t.Context(), userID(t, db, "bob"), true); err != nil {
			t.Fatal(err)
		}
		for err := error(nil); err == nil; {
			_, err = db.RemoveMessages(t.Context())
		}
		changed := s.guest().with("If-None-Match", answer.Header().Get("ETag")).get(path).status(200).feed()
		if got := changed.texts(); got[0] != "message 60" {
			t.Errorf("after the deletion the first entry is %q", got[0])
		}
		s.guest().get(dogs.Path()).has(`<link rel="alternate" type="application/atom+xml"`, `href="`+path+`"`)
	})
}

func TestFeedsNameOnlyOurOwnAddress(t *testing.T) {
	s := newSite(t)
	fill(s, storetest.Room(t, s.Store, "dogs"), storetest.User(t, s.Store, "ada"), 1, 1)
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/rooms/dogs/feed.atom", nil)
	r.Host = "evil.example"
	r.Header.Set("X-Forwarded-Host", "evil.example")
	s.guest().do(r).status(200).lacks("evil").feed()
}

func TestOwnFeed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		dogs, cats, birds := storetest.Room(t, db, "dogs"), storetest.Room(t, db, "cats"), storetest.Room(t, db, "birds")
		ada, bob := s.member("ada"), s.member("bob")
		ada.post(dogs.Path()+"/follow", url.Values{}).status(303)
		bob.post(dogs.Path()+"/messages", draft("to the **dogs**", aNonce())).status(303)
		ada.post(dogs.Path()+"/messages", draft("her own", aNonce())).status(303)
		bob.post(dogs.Path()+"/messages", draft("to @ada, among the dogs", aNonce())).status(303)
		bob.post(cats.Path()+"/messages", draft("to @ada, among the cats", aNonce())).status(303)
		bob.post(birds.Path()+"/messages", draft("to the birds", aNonce())).status(303)

		ada.get("/settings/feed").status(200).has("Make an address")
		first := ada.post("/settings/feed", url.Values{}).status(200)
		path := strings.TrimPrefix(first.doc().Find("a#feed").AttrOr("href", ""), s.BaseURL.String())
		answer := s.guest().get(path).status(200)
		feed := answer.feed()
		if got, want := strings.Join(feed.texts(), "|"), "to @ada, among the cats|to @ada, among the dogs|to the dogs"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		s.guest().with("If-None-Match", answer.Header().Get("ETag")).get(path).status(304)
		if got := answer.Header(); got.Get("Cache-Control") != "private, no-cache" || got.Get("X-Robots-Tag") != "noindex" {
			t.Errorf("got headers %v", got)
		}

		ada.get("/settings/feed").status(200).has("Make a new address").lacks("/feeds/")
		second := ada.post("/settings/feed", url.Values{}).status(200).doc().Find("a#feed").AttrOr("href", "")
		s.guest().get(path).status(404)
		s.guest().get(strings.TrimPrefix(second, s.BaseURL.String())).status(200).feed()
		for _, bad := range []string{"/feeds/", "/feeds/x", "/feeds/.atom", "/feeds/%00.atom", strings.TrimSuffix(path, ".atom")} {
			s.guest().get(bad).status(404)
		}
		if secret := strings.TrimSuffix(strings.TrimPrefix(path, "/feeds/"), ".atom"); strings.Contains(s.log.String(), secret) {
			t.Error("the log holds what opens the feed")
		}
	})
}
