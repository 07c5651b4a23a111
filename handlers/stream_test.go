package handlers

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// received is one event as a client's parser reads it.
type received struct{ id, name, data string }

// listener reads a stream as EventSource does.
type listener struct {
	testing.TB
	*http.Response
	events chan received // closed when the stream ends
	beats  chan string   // comments
}

// serve puts the site behind a real server.
func (s *site) serve() string {
	s.t.Helper()
	server := httptest.NewServer(s)
	s.t.Cleanup(server.Close)
	s.t.Cleanup(s.Drain) // first, or Close would wait for streams
	return server.URL
}

// listen opens a stream. headers are pairs of name and value.
func (v *visitor) listen(address string, headers ...string) *listener {
	v.site.t.Helper()
	ctx, cancel := context.WithCancel(v.site.t.Context())
	v.site.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		v.site.t.Fatal(err)
	}
	r.Header = v.header.Clone()
	r.Header.Set("Accept", "text/html, text/event-stream")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return v.follow(r)
}

// follow reads what is answered to a request for a stream.
func (v *visitor) follow(r *http.Request) *listener {
	v.site.t.Helper()
	v.addCookies(r)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		v.site.t.Fatal(err)
	}
	v.site.t.Cleanup(func() { _ = response.Body.Close() })
	l := &listener{TB: v.site.t, Response: response, events: make(chan received, 2000), beats: make(chan string, 100)}
	go l.read()
	return l
}

func (l *listener) read() {
	defer close(l.events)
	var event received
	var data []string
	lines := bufio.NewScanner(l.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case lines.Text() == "":
			if data != nil {
				event.data = strings.Join(data, "\n")
				l.events <- event
			}
			event, data = received{}, nil
		case name == "":
			l.beats <- value
		case name == "id":
			event.id = value
		case name == "event":
			event.name = value
		case name == "data":
			data = append(data, value)
		}
	}
}

// next gives the next event, or false when the stream has ended.
func (l *listener) next() (received, bool) {
	l.Helper()
	select {
	case event, ok := <-l.events:
		return event, ok
	case <-time.After(patience):
		l.Fatal("nothing came")
		return received{}, false
	}
}

// change gives the next event that carries a change in the room.
func (l *listener) change() received {
	l.Helper()
	for {
		event, ok := l.next()
		if !ok {
			l.Fatal("the stream ended")
		}
		if event.id != "" {
			return event
		}
	}
}

// until gives the next event whose data contains the text.
func (l *listener) until(text string) received {
	l.Helper()
	for {
		event, ok := l.next()
		if !ok {
			l.Fatalf("the stream ended before %q", text)
		}
		if strings.Contains(event.data, text) {
			return event
		}
	}
}

// ended waits for the stream's end.
func (l *listener) ended() (last received) {
	l.Helper()
	for {
		event, ok := l.next()
		if !ok {
			return last
		}
		last = event
	}
}

func TestStreamCarriesEachChangeOnceInOrder(t *testing.T) {
	s := newSite(t)
	room, ada := storetest.Room(t, s.Store, "dogs"), storetest.User(t, s.Store, "ada")
	base := s.serve() + "/rooms/dogs/events"
	cursor := s.guest().get("/rooms/dogs").value("#cursor")
	live := s.guest().listen(base + "?after=" + cursor)
	fill(s, room, ada, 1, 60)
	s.live.Hint(room.ID, 60)

	var ids []string
	for i := 1; i <= 60; i++ {
		event := live.change()
		if strings.Count(event.data, "<hx-upsert") != 1 || !strings.Contains(event.data, fmt.Sprintf(`id="m-%d"`, i)) || strings.Contains(event.data, "outerMorph") {
			t.Fatalf("event %d is %s", i, event.data)
		}
		if !strings.Contains(event.data, `value="`+event.id+`"`) {
			t.Errorf("event %d does not bring the page's cursor to %s: %s", i, event.id, event.data)
		}
		if len(event.data) > 1000 {
			t.Errorf("a typical message takes %d bytes, want fewer than 1,000", len(event.data))
		}
		ids = append(ids, event.id)
	}
	// Every place in the log can be resumed from, by header or by address; the header wins.
	for _, seen := range []int{1, 30, 59} {
		for _, resumed := range []*listener{
			s.guest().listen(base, "Last-Event-ID", ids[seen-1]),
			s.guest().listen(base + "?after=" + ids[seen-1]),
			s.guest().listen(base+"?after="+ids[0], "Last-Event-ID", ids[seen-1]),
		} {
			for i := seen; i < 60; i++ {
				if got := resumed.change().id; got != ids[i] {
					t.Fatalf("after %d: got %s, want %s", seen, got, ids[i])
				}
			}
		}
	}
}

func TestStreamWithoutCursorBeginsNow(t *testing.T) {
	s := newSite(t)
	room, ada := storetest.Room(t, s.Store, "dogs"), storetest.User(t, s.Store, "ada")
	fill(s, room, ada, 1, 3)
	live := s.guest().listen(s.serve() + "/rooms/dogs/events")
	fill(s, room, ada, 4, 4)
	s.live.Hint(room.ID, 4)
	if got := live.change().data; !strings.Contains(got, "message 4") {
		t.Errorf("the first change is %s", got)
	}
}

func TestStreamSaysReloadWhenItCannotResume(t *testing.T) {
	s := newSite(t)
	room, ada := storetest.Room(t, s.Store, "dogs"), storetest.User(t, s.Store, "ada")
	fill(s, room, ada, 1, 502)
	other := storetest.Room(t, s.Store, "cats")
	fill(s, other, ada, 1, 5)
	foreign, err := s.Store.Cursor(t.Context(), other.ID, 5)
	if err != nil {
		t.Fatal(err)
	}
	base := s.serve() + "/rooms/dogs/events"
	for name, id := range map[string]string{
		"junk": "x", "long": strings.Repeat("1", 10_000), "the future": "503-00000000", "another room's": foreign.String(),
		"wrong check": "500-zzzzzzzz", "negative": "-1-0", "too long ago": "1-" + strings.Repeat("0", 8), "before the first": "0-0", "huge": "9223372036854775808-00000000",
	} {
		live := s.guest().listen(base, "Last-Event-ID", id)
		if live.StatusCode != 200 {
			t.Errorf("%s: got status %d, want 200", name, live.StatusCode)
		}
		if got := live.ended(); got.name != "reload" || got.data == "" {
			t.Errorf("%s: the stream ended with %+v, want a reload", name, got)
		}
		poll := s.guest().withHTMX().get("/rooms/dogs/changes?after=" + url.QueryEscape(id)).status(200)
		if poll.Header().Get("HX-Trigger") != "reload" {
			t.Errorf("%s: the poll does not say reload, but %v", name, poll.Header())
		}
	}
}

func TestStreamCompressed(t *testing.T) {
	s := newSite(t)
	room, ada := storetest.Room(t, s.Store, "dogs"), storetest.User(t, s.Store, "ada")
	address := s.serve() + "/rooms/dogs/events?after=0-0"
	plain := s.guest().listen(address, "Accept-Encoding", "identity")
	// The standard client asks for gzip by itself, and decodes it.
	packed := s.guest().listen(address)
	if !packed.Uncompressed || plain.Header.Get("Content-Encoding") != "" {
		t.Errorf("got encodings %v and %v", packed.Header, plain.Header)
	}
	for i := range 5 {
		fill(s, room, ada, i+1, i+1)
		s.live.Hint(room.ID, int64(i+1))
		if got, want := packed.change(), plain.change(); got != want { // each comes at once, not when a buffer is full
			t.Errorf("compressed the event reads %v, plainly %v", got, want)
		}
	}
	s.Drain()
	packed.ended() // with a right trailer, or reading would fail
	if _, err := io.ReadAll(packed.Body); err != nil {
		t.Errorf("the compressed stream ends with %v", err)
	}
}

func TestStreamIsForPages(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "dogs")
	for name, headers := range map[string][2]string{
		"another site":    {"Sec-Fetch-Site", "cross-site"},
		"a sibling site":  {"Sec-Fetch-Site", "same-site"},
		"a person's tab":  {"Sec-Fetch-Mode", "navigate"},
		"an image reader": {"Accept", "image/*"},
	} {
		answer := s.guest().with("Accept", "text/event-stream").with(headers[0], headers[1]).get("/rooms/dogs/events")
		if answer.Code != 403 {
			t.Errorf("%s: got status %d, want 403", name, answer.Code)
		}
	}
	s.guest().get("/rooms/cats/events").status(404).lacks("<html")
}

func TestStreamsOfOneAddressAreLimited(t *testing.T) {
	s := newSite(t, func(c *Config) { c.MaxStreams = 2 })
	storetest.Room(t, s.Store, "dogs")
	base := s.serve() + "/rooms/dogs/events"
	first := s.guest().listen(base)
	s.guest().listen(base)
	third := s.guest().listen(base)
	if third.StatusCode != 200 || third.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" {
		t.Fatalf("got %d %v", third.StatusCode, third.Header)
	}
	if got := third.ended(); !strings.Contains(got.data, "Too many pages") {
		t.Errorf("the third stream says %+v", got)
	}
	_ = first.Body.Close()
	deadline := time.After(patience)
	for again := s.guest().listen(base); ; again = s.guest().listen(base) { // the server sees the end a little later
		if event, ok := again.next(); ok && !strings.Contains(event.data, "Too many pages") {
			break
		}
		select {
		case <-deadline:
			t.Fatal("a stream that ended still counts")
		default:
		}
	}
}

func TestStreamEndsWithTheSession(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "dogs")
	base := s.serve() + "/rooms/dogs/events"
	ada := s.member("ada")
	other := s.guest()
	user, err := s.Store.UserByName(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	other.cookie = "twilight=" + s.session(user) // ada's second device
	mine, theirs, guests := ada.listen(base), other.listen(base), s.guest().listen(base)
	mine.until("member-count")
	ada.post("/logout", url.Values{}).status(303)

	begun := time.Now()
	if got := mine.ended(); got.name != "expired" {
		t.Errorf("the stream ended with %+v, want expired", got)
	}
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("the stream ended after %v, want 2 s at most", took)
	}
	fill(s, storetest.Room(t, s.Store, "dogs"), user, 1, 1)
	s.live.Hint(1, 1)
	theirs.change()
	guests.change()
}

func TestPresenceInStreams(t *testing.T) {
	s := newSite(t)
	room := storetest.Room(t, s.Store, "dogs")
	base := s.serve() + "/rooms/dogs/events"
	guest := s.guest().listen(base)
	ada := s.member("ada")
	ada.listen(base)
	ada.listen(base) // a second tab
	bob := s.member("bob")
	bob.listen(base)

	joined := map[string]int{}
	for joined["ada"] == 0 || joined["bob"] == 0 {
		event, _ := guest.next()
		if event.id != "" {
			t.Errorf("an event about presence has the id %s", event.id)
		}
		for _, name := range []string{"ada", "bob"} {
			joined[name] += strings.Count(event.data, ">"+name+"</a> joined")
		}
	}
	if joined["ada"] != 1 || joined["bob"] != 1 {
		t.Errorf("got joined lines %v, want one each", joined)
	}
	page := s.guest().get("/rooms/dogs").doc()
	if members, guests := page.Find("#member-count").Text(), page.Find("#guest-count").Text(); members != "2" || guests != "1" {
		t.Errorf("the page counts %s members and %s guests, want 2 and 1", members, guests)
	}
	var people []string
	page.Find("#people a").Each(func(_ int, a *goquery.Selection) { people = append(people, a.Text()) })
	if fmt.Sprint(people) != "[ada bob]" {
		t.Errorf("here are %v", people)
	}
	if got := s.live.Presence(room.ID).Count; got != 2 {
		t.Errorf("got %d members", got)
	}
	s.guest().get("/").has(">2 members here<")
}

func TestPollBringsWhatTheStreamMissed(t *testing.T) {
	s := newSite(t)
	room, ada := storetest.Room(t, s.Store, "dogs"), storetest.User(t, s.Store, "ada")
	cursor := s.guest().get("/rooms/dogs").value("#cursor")
	s.guest().withHTMX().get("/rooms/dogs/changes?after=" + cursor).status(204)
	fill(s, room, ada, 1, 3)
	poll := s.guest().withHTMX().get("/rooms/dogs/changes?after=" + cursor).status(200)
	if got := fmt.Sprint(poll.messages()); got != "[message 1 message 2 message 3]" {
		t.Errorf("the poll brings %s", got)
	}
	renewed := poll.value("#cursor") // exactly one, or htmx would take the first
	s.guest().withHTMX().get("/rooms/dogs/changes?after=" + renewed).status(204)
	if poll.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("got %v", poll.Header())
	}
}

// A stream that has not brought what happened a while ago is opened anew; one
// that may be about to is left alone.
func TestPollRenewsTheStream(t *testing.T) {
	s := newSite(t)
	room, ada := storetest.Room(t, s.Store, "dogs"), storetest.User(t, s.Store, "ada")
	cursor := s.guest().get("/rooms/dogs").value("#cursor")
	earlier := s.Store.WithClock(func() time.Time { return time.Now().Add(-2 * tardy) })
	if _, err := earlier.Post(t.Context(), chat.Draft{RoomID: room.ID, AuthorID: ada.ID, Body: "a while ago", Nonce: aNonce()}, chat.Rate{}); err != nil {
		t.Fatal(err)
	}
	poll := s.guest().withHTMX().get("/rooms/dogs/changes?after="+cursor).status(200).has(`hx-target="#live"`, `id="live"`, "run=renewed")
	fill(s, room, ada, 1, 1)
	s.guest().withHTMX().get("/rooms/dogs/changes?after=" + poll.value("#cursor")).status(200).lacks("live")
}

func TestLivePageForBrowsersWithoutScripts(t *testing.T) {
	s := newSite(t)
	room, ada := storetest.Room(t, s.Store, "dogs"), storetest.User(t, s.Store, "ada")
	fill(s, room, ada, 1, 2)
	page := s.guest().get("/rooms/dogs").doc()
	noscript, err := goquery.NewDocumentFromReader(strings.NewReader(page.Find("noscript").Text()))
	if err != nil {
		t.Fatal(err)
	}
	src, ok := noscript.Find("iframe").Attr("src")
	if !ok {
		t.Fatal("the page has no frame for browsers without scripts")
	}
	shown := s.guest().open(s.serve() + src)
	shown.until("<ol")
	fill(s, room, ada, 3, 3)
	s.live.Hint(room.ID, 3)
	shown.until("message 3")
	s.Drain()
	shown.until("</html>")
	if got := shown.shown.String(); strings.Contains(got, "message 2") || !strings.Contains(got, `http-equiv="refresh"`) {
		t.Errorf("got %s", got)
	}
}

// page reads an answer that goes on, as it comes.
type page struct {
	testing.TB
	body  io.Reader
	shown strings.Builder
}

func (v *visitor) open(address string) *page {
	v.site.t.Helper()
	r, err := http.NewRequestWithContext(v.site.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		v.site.t.Fatal(err)
	}
	r.Header.Set("Cookie", v.cookie)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		v.site.t.Fatal(err)
	}
	v.site.t.Cleanup(func() { _ = response.Body.Close() })
	return &page{TB: v.site.t, body: response.Body}
}

// until reads on until the text is there.
func (p *page) until(text string) *page {
	p.Helper()
	for part := make([]byte, 4096); !strings.Contains(p.shown.String(), text); {
		n, err := p.body.Read(part)
		p.shown.Write(part[:n])
		if err != nil && !strings.Contains(p.shown.String(), text) {
			p.Fatalf("the page ended with %v before %q: %s", err, text, p.shown.String())
		}
	}
	return p
}

func TestLivePageGoesOn(t *testing.T) {
	s := newSite(t, func(c *Config) { c.MaxStreams = 1 })
	room, ada := storetest.Room(t, s.Store, "dogs"), storetest.User(t, s.Store, "ada")
	fill(s, room, ada, 1, 2)
	s.guest().with("Sec-Fetch-Site", "cross-site").with("Sec-Fetch-Mode", "no-cors").get("/rooms/dogs/live").status(403)

	base := s.serve() + "/rooms/dogs/live"
	behind := s.guest().open(base + "?after=junk").until("Load the page again")
	fill(s, room, ada, 3, 3)
	s.live.Hint(room.ID, 3)
	behind.until("message 3")
	// One more than may be open is a whole page all the same, which asks again.
	s.guest().open(base).until("refresh").until("</html>")
}

func TestLivePageShowsWhoComes(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "dogs")
	base := s.serve() + "/rooms/dogs"
	frame := s.guest().open(base + "/live").until("<ol")
	s.member("ada").listen(base + "/events")
	frame.until("ada</a> joined")
}

func TestEventsFrameAnyText(t *testing.T) {
	for _, html := range []string{"a", "", "a\nb", "a\r\nb", "a\rb", "\ndata: x\n\nevent: y\n", "a\r\n\r\nid: 7"} {
		text := string(event("1-0", []byte(html)))
		if strings.Count(text, "\n\n") != 1 || !strings.HasSuffix(text, "\n\n") || strings.Contains(text, "\r") {
			t.Errorf("%q became %q", html, text)
		}
		for i, line := range strings.Split(strings.TrimSuffix(text, "\n\n"), "\n") {
			if want := map[bool]string{true: "id: ", false: "data: "}[i == 0]; !strings.HasPrefix(line, want) {
				t.Errorf("%q: line %d is %q", html, i, line)
			}
		}
	}
}

func BenchmarkRoomPage(b *testing.B) {
	for _, total := range []int{100, 10_000} {
		b.Run(strconv.Itoa(total)+" messages in the room", func(b *testing.B) { benchmarkRoomPage(b, total) })
	}
}

func benchmarkRoomPage(b *testing.B, total int) {
	db := storetest.SQLite(b)
	h := New(Config{Store: db, Log: slog.New(slog.DiscardHandler), BaseURL: &url.URL{Scheme: "http", Host: "example.com"}, SiteName: "Bench", Zone: time.UTC})
	b.Cleanup(h.Drain)
	user, err := db.Register(b.Context(), chat.Registration{Email: "a@example.com", Username: "ada", PasswordHash: "-"})
	if err != nil {
		b.Fatal(err)
	}
	room, err := db.OpenRoom(b.Context(), chat.RoomName{Name: "dogs", Slug: "dogs"}, user.ID)
	if err != nil {
		b.Fatal(err)
	}
	for range total {
		if _, err := db.Post(b.Context(), chat.Draft{RoomID: room.ID, AuthorID: user.ID, Body: "a message of a usual length, neither long nor short", Nonce: aNonce()}, chat.Rate{}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/rooms/dogs", nil))
		if w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
}
