package handlers

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"image/color"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"github.com/twilightbark/twilightbark/assets"
	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// browserEncodings is what browsers accept today.
const browserEncodings = "gzip, deflate, br, zstd"

// unpacked gives the text of a gzipped answer.
func (a *answer) unpacked() string {
	a.Helper()
	if coding := a.Header().Get("Content-Encoding"); coding != "gzip" {
		a.Fatalf("got Content-Encoding %q, want gzip; headers: %v", coding, a.Header())
	}
	return gunzip(a, a.Body.Bytes())
}

func gunzip(t testing.TB, packed []byte) string {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPagesArePackedWhenAskedFor(t *testing.T) {
	s := newSite(t)
	room := storetest.Room(t, s.Store, "dogs")
	fill(s, room, storetest.User(t, s.Store, "ada"), 1, 60)
	for _, path := range []string{"/", "/rooms/dogs", "/rooms/dogs/page/1", "/login", "/users/ada", "/nothing"} {
		for name, v := range map[string]*visitor{"a page": s.guest(), "a fragment": s.guest().withHTMX()} {
			plain := v.get(path)
			packed := v.with("Accept-Encoding", browserEncodings).get(path)
			if plain.Header().Get("Content-Encoding") != "" {
				t.Errorf("%s as %s: packed for who did not ask", path, name)
			}
			if plain.Body.Len() < worthPacking {
				continue
			}
			for _, answer := range []*answer{plain, packed} {
				if got := answer.Header().Get("Content-Length"); got != strconv.Itoa(answer.Body.Len()) {
					t.Errorf("%s as %s: got Content-Length %s, want %d", path, name, got, answer.Body.Len())
				}
				if got := strings.Join(answer.Header().Values("Vary"), ", "); !strings.Contains(got, "Accept-Encoding") || !strings.Contains(got, "Cookie") {
					t.Errorf("%s as %s: got Vary %q", path, name, got)
				}
			}
			if packed.unpacked() != plain.Body.String() && path != "/nothing" { // which need not be the same
				t.Errorf("%s as %s: another text is packed", path, name)
			}
		}
	}
}

// The length of what is packed tells of what is in it (BREACH).
func TestWhatIsOneMembersAloneIsNotPacked(t *testing.T) {
	s := newSite(t)
	fill(s, storetest.Room(t, s.Store, "dogs"), storetest.User(t, s.Store, "grace"), 1, 20)
	ada := s.member("ada").with("Accept-Encoding", browserEncodings)
	ada.get("/rooms/dogs").unpacked()
	ada.get("/rooms/dogs/page/1").unpacked()
	for _, path := range []string{"/settings", "/settings/password", "/settings/sessions", "/settings/data", "/users/ada"} {
		ada.get(path).status(200).has("<html")
	}
	typed := strings.Repeat("x", 5000)
	ada.post("/rooms/dogs/messages", draft(typed, aNonce())).status(422).has("<html", typed)
	ada.post("/rooms", name(strings.Repeat("x", 100))).status(422).has("<html")
}

// What a member follows is on a page beside what others write.
func TestMembersPagesHaveARandomLength(t *testing.T) {
	s := newSite(t)
	fill(s, storetest.Room(t, s.Store, "dogs"), storetest.User(t, s.Store, "grace"), 1, 20)
	lengths := func(v *visitor) map[int]bool {
		found := map[int]bool{}
		for range 20 {
			answer := v.with("Accept-Encoding", browserEncodings).get("/rooms/dogs").status(200)
			answer.unpacked()
			r, err := gzip.NewReader(bytes.NewReader(answer.Body.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			found[len(r.Name)] = true
		}
		return found
	}
	if got := len(lengths(s.member("ada"))); got < 5 {
		t.Errorf("got %d lengths of the padding for a member, want about 20", got)
	}
	if got := lengths(s.guest()); len(got) != 1 || !got[0] {
		t.Errorf("guests get padding of %v, which would be another text under the same tag", got)
	}
}

func TestEachEncodingHasItsTag(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "dogs")
	plain, packed := s.guest(), s.guest().with("Accept-Encoding", browserEncodings)
	tag, other := plain.get("/rooms/dogs").Header().Get("ETag"), packed.get("/rooms/dogs").Header().Get("ETag")
	if tag == other || tag == "" || strings.HasPrefix(tag, "W/") || strings.HasPrefix(other, "W/") {
		t.Fatalf("got tags %s and %s, want two strong ones", tag, other)
	}
	tests := []struct {
		known  []string
		status int
	}{
		{[]string{tag}, 304},
		{[]string{other}, 200},
		{[]string{"W/" + tag}, 304}, // a proxy in between has packed it
		{[]string{`"a", "b,c",` + tag + ` , "d"`}, 304},
		{[]string{`"a"`, tag}, 304},
		{[]string{"*"}, 304},
		{[]string{`"*"`}, 200},
		{[]string{`"a,*,b"`}, 200},
		{[]string{""}, 200},
		{[]string{strings.Trim(tag, `"`)}, 200},
		{[]string{`"x` + strings.Trim(tag, `"`) + `"`}, 200},
		{[]string{strings.Repeat(`"x", `, 2000)}, 200},
	}
	for _, tt := range tests {
		v := s.guest()
		v.header["If-None-Match"] = tt.known
		answer := v.get("/rooms/dogs").status(tt.status)
		if tt.status == 304 && (answer.Body.Len() > 0 || answer.Header().Get("ETag") != tag || answer.Header().Get("Vary") == "") {
			t.Errorf("%q: got %d bytes, and headers %v", tt.known, answer.Body.Len(), answer.Header())
		}
	}
	packed.with("If-None-Match", other).get("/rooms/dogs").status(304)
	packed.with("If-None-Match", tag).get("/rooms/dogs").status(200)
	s.guest().with("If-None-Match", "*").get("/rooms/none").status(404)
	s.guest().with("If-None-Match", "*").post("/login", draft("", "")).status(422)
}

func TestHistoryIsAnotherPageWhenAnythingOnItChanges(t *testing.T) {
	s := newSite(t)
	room := storetest.Room(t, s.Store, "dogs")
	ada := s.member("ada")
	user, err := s.Store.UserByName(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	fill(s, room, user, 1, 60)
	tags := func() (string, string) {
		return s.guest().get("/rooms/dogs/page/1").status(200).Header().Get("ETag"), s.guest().get("/rooms/dogs/page/2").status(200).Header().Get("ETag")
	}
	first, second := tags()
	steps := []struct {
		what string
		do   func()
		both bool
	}{
		{"a message on the second page", func() { ada.post("/rooms/dogs/messages", draft("hello", aNonce())).status(303) }, false},
		{"their author's name", func() { ada.upload("/settings", profile("lovelace"), "", nil).status(303) }, true},
		{"their author's picture", func() {
			ada.upload("/settings", profile("lovelace"), "a.png", anImage(t, color.White)).status(303)
		}, true},
	}
	for _, step := range steps {
		step.do()
		newFirst, newSecond := tags()
		if newSecond == second || (newFirst != first) != step.both {
			t.Errorf("%s changed: the first page has another tag: %v, the second: %v", step.what, newFirst != first, newSecond != second)
		}
		if again, still := tags(); again != newFirst || still != newSecond {
			t.Errorf("%s changed: two guests get two tags", step.what)
		}
		first, second = newFirst, newSecond
	}
}

func TestHeadIsGetWithoutTheBody(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "dogs")
	fill(s, storetest.Room(t, s.Store, "cats"), storetest.User(t, s.Store, "somebody"), 1, 1)
	address := s.serve()
	browser := newWire(t)
	for _, tt := range every {
		if tt.method != http.MethodGet {
			continue
		}
		var length, kind string
		for _, method := range []string{"GET", "HEAD"} {
			r, err := http.NewRequestWithContext(t.Context(), method, address+tt.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := browser.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			_ = response.Body.Close()
			if err != nil || response.StatusCode != tt.guest || method == "HEAD" && len(body) > 0 {
				t.Errorf("%s %s: got status %d and %d bytes (%v), want status %d", method, tt.path, response.StatusCode, len(body), err, tt.guest)
			}
			if method == "GET" {
				length, kind = response.Header.Get("Content-Length"), response.Header.Get("Content-Type")
			} else if gotLength, gotKind := response.Header.Get("Content-Length"), response.Header.Get("Content-Type"); tt.guest/100 != 3 && (gotLength != length || gotKind != kind) {
				t.Errorf("HEAD %s: got length %s and type %s, want %s and %s", tt.path, gotLength, gotKind, length, kind)
			}
		}
	}
}

// wire counts what comes over its connections.
type wire struct {
	http.Transport
	received atomic.Int64
}

type countedConn struct {
	net.Conn
	received *atomic.Int64
}

func (c countedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.received.Add(int64(n))
	return n, err
}

func newWire(t *testing.T) *wire {
	w := &wire{Transport: http.Transport{DisableCompression: true}}
	w.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		return countedConn{conn, &w.received}, err
	}
	t.Cleanup(w.CloseIdleConnections)
	return w
}

// fetch gets what is at address as a browser does, and tells what came over the
// wire for it, headers included.
func (w *wire) fetch(t *testing.T, address string) (text string, bytes int64) {
	t.Helper()
	before := w.received.Load()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", browserEncodings)
	response, err := w.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 200 {
		t.Fatalf("%s: got status %d (%v)", address, response.StatusCode, err)
	}
	if response.Header.Get("Content-Encoding") == "gzip" {
		body = []byte(gunzip(t, body))
	}
	return string(body), w.received.Load() - before
}

// talk is what people say: of many lengths, with a link now and then.
var talk = []string{
	"hello", "How was the walk with Angel this morning?", "Wonderful! She found a stick that was longer than she is, and would not leave it.",
	"Ha, mine does that too.", "We went up to the lake, the long way around by the mill, and were back before the rain came down over the hills.",
	"https://example.org/maps/lake?from=mill&to=home that is the way we took", "👍", "I'll try that on Sunday",
	"Does anyone know a good place for a swim that has some shade? It gets so warm in the afternoon, and he is thirteen now.",
	"The bay behind the second bridge. Park at the farm, they don't mind, and they sell eggs.",
}

func TestFirstViewOfARoomIsLight(t *testing.T) {
	s := newSite(t)
	room := storetest.Room(t, s.Store, "dogs")
	authors := []chat.User{storetest.User(t, s.Store, "ada"), storetest.User(t, s.Store, "grace"), storetest.User(t, s.Store, "barbara")}
	for i := range 50 {
		said := chat.Draft{RoomID: room.ID, AuthorID: authors[i*i%7%3].ID, Body: talk[i%len(talk)] + " " + strconv.Itoa(i*i), Nonce: aNonce()}
		if _, err := s.Store.Post(t.Context(), said, chat.Rate{}); err != nil {
			t.Fatal(err)
		}
	}
	w, address := newWire(t), s.serve()
	html, total := w.fetch(t, address+"/rooms/dogs")
	if total > 12<<10 {
		t.Errorf("the page takes %d bytes, want at most %d", total, 12<<10)
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(html))
	if err != nil {
		t.Fatal(err)
	}
	if n := doc.Find("[data-number]").Length(); n != 50 {
		t.Fatalf("got %d messages, want 50", n)
	}
	t.Logf("the page: %d bytes", total)
	doc.Find("link[rel=stylesheet], link[rel=icon], link[rel=manifest], link[rel=apple-touch-icon], script[src]").Each(func(_ int, e *goquery.Selection) {
		path := e.AttrOr("href", e.AttrOr("src", ""))
		_, bytes := w.fetch(t, address+path)
		t.Logf("%s: %d bytes", path, bytes)
		total += bytes
	})
	t.Logf("all of it: %d bytes", total)
	if total > 60<<10 {
		t.Errorf("all of it takes %d bytes, want at most %d", total, 60<<10)
	}
}

func TestPublicPagesAreFound(t *testing.T) {
	s := newSite(t)
	room := storetest.Room(t, s.Store, "Dogs & “Cats”")
	fill(s, room, storetest.User(t, s.Store, "ada"), 1, 51)
	for path, title := range map[string]string{
		"/":                     "Test Bark",
		room.Path():             "Dogs & “Cats”",
		room.Path() + "/page/1": "Dogs & “Cats”, page 1",
	} {
		// Our address is the configured one, whatever the request says.
		r := httptest.NewRequestWithContext(t.Context(), "GET", path+"?utm=x", nil)
		r.Host = "evil.example"
		doc := s.guest().do(r).status(200).lacks("evil.example", "utm").doc()
		for selector, want := range map[string]string{
			"link[rel=canonical]":           "http://example.com" + path,
			`meta[property="og:url"]`:       "http://example.com" + path,
			`meta[property="og:title"]`:     title,
			`meta[property="og:site_name"]`: "Test Bark",
			`meta[property="og:type"]`:      "website",
		} {
			found := doc.Find("head " + selector)
			if got := found.AttrOr("content", found.AttrOr("href", "")); found.Length() != 1 || got != want {
				t.Errorf("%s: got %q for %s, want %q", path, got, selector, want)
			}
		}
		description := doc.Find("head meta[name=description]").AttrOr("content", "")
		if description == "" || doc.Find(`head meta[property="og:description"]`).AttrOr("content", "") != description {
			t.Errorf("%s: got the description %q, and another for links", path, description)
		}
		if doc.Find("meta[name=robots]").Length() > 0 {
			t.Errorf("%s is hidden from search engines", path)
		}
	}
	ada := s.member("grace")
	for path, v := range map[string]*visitor{
		"/login": s.guest(), "/register": s.guest(), "/password-reset": s.guest(), "/nothing": s.guest(), "/rooms/none": s.guest(), "/users/ada": s.guest(),
		"/settings": ada, "/settings/data": ada,
	} {
		doc := v.get(path).doc()
		if doc.Find(`head meta[name=robots][content=noindex]`).Length() != 1 || doc.Find("link[rel=canonical]").Length() > 0 {
			t.Errorf("%s is for search engines", path)
		}
	}
}

func TestWhoRunsTheSiteHasAWord(t *testing.T) {
	own, err := assets.NewFile("own.css", []byte(":root { --tag: darkgreen }"))
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, func(c *Config) {
		c.Stylesheet, c.Footer, c.About = own, "Run by <b>Ada</b>, https://ada.example/", "A **site** for dogs.\n\n<b>See</b> https://dogs.example"
	})
	storetest.Room(t, s.Store, "dogs")
	home := s.guest().get("/").status(200).doc()
	if sheets := home.Find("link[rel=stylesheet]"); sheets.Length() != 2 || sheets.Last().AttrOr("href", "") != own.Path {
		t.Errorf("got %d style sheets, want the site's own last", sheets.Length())
	}
	s.guest().get(own.Path).status(200).has("darkgreen")
	if got := home.Find("footer p").Text(); got != "Run by <b>Ada</b>, https://ada.example/" || home.Find("footer b").Length() > 0 {
		t.Errorf("the footer says %q", got)
	}
	if link := home.Find("footer p a").AttrOr("href", ""); link != "https://ada.example/" {
		t.Errorf("the footer's link leads to %q", link)
	}
	s.guest().get(home.Find("footer > a").AttrOr("href", "")).status(200).has("A <strong>site</strong> for dogs.", "&lt;b&gt;See", `href="https://dogs.example"`, "<h1>About Test Bark</h1>").lacks("noindex")
	s.guest().get("/rooms/dogs").status(200).has(own.Path).lacks("<footer")
	s.guest().get("/rooms/dogs/page/1").status(200).lacks("<footer")

	plain := newSite(t)
	plain.guest().get("/").status(200).lacks("<footer", "/about", "own-")
	plain.guest().get("/about").status(404)
}

func TestWhoBuildsTheSiteSeesWhereTimeGoes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for _, dev := range []bool{true, false} {
			site := newSiteOn(t, s, func(c *Config) { c.Dev = dev })
			room := storetest.Room(t, s, "dogs")
			ada := site.member(fmt.Sprint("ada-", dev))
			for what, answer := range map[string]*answer{
				"a page": ada.get(room.Path()).status(200), "a post": ada.post(room.Path()+"/messages", draft("hello", aNonce())).status(303),
			} {
				timing := answer.Header().Get("Server-Timing")
				if !dev && timing != "" {
					t.Errorf("%s tells everybody: %s", what, timing)
				}
				var database, render, total float64
				if _, err := fmt.Sscanf(timing, "db;dur=%f, render;dur=%f, total;dur=%f", &database, &render, &total); dev && (err != nil || database <= 0 || database+render > total || (render > 0) != (what == "a page")) {
					t.Errorf("%s says %q (%v)", what, timing, err)
				}
			}
		}
	})
}
