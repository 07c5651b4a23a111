package handlers

import (
	"net/url"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/store/storetest"
)

// Whoever sends a form after their session has ended is led to log in, and then
// to a page, whatever form it was.
func TestWhatLoggingInLeadsBackToIsAPage(t *testing.T) {
	s := newSite(t)
	room, ada := storetest.Room(t, s.Store, "dogs"), s.member("ada")
	fill(s, room, s.account("ada"), 1, 1)
	storetest.User(t, s.Store, "somebody")
	filled := strings.NewReplacer(":slug", "dogs", ":number", "1", ":username", "somebody", ":id", "1", ":token", "x")
	led := 0
	for _, route := range s.routes().(*gin.Engine).Routes() {
		if route.Method != "POST" {
			continue
		}
		path := filled.Replace(route.Path)
		for _, from := range []string{"", "/rooms/dogs", "/rooms/dogs?reply=1", "/rooms/dogs/messages", "/rooms/dogs/1/unread", "/settings/password", "/nothing", "//evil.example", path} {
			for _, guest := range []*visitor{s.guest(), s.guest().withHTMX()} {
				if from != "" {
					guest = guest.with("Referer", "http://example.com"+from).with("HX-Current-URL", "http://example.com"+from)
				}
				refused := guest.post(path, url.Values{})
				var nexts []string
				if to := refused.Header().Get("Location"); strings.HasPrefix(to, "/login") {
					nexts = append(nexts, to)
				}
				for _, link := range refused.doc().Find(`a[href^="/login"]`).EachIter() {
					to, _ := link.Attr("href")
					nexts = append(nexts, to)
				}
				for _, to := range nexts {
					u, err := url.Parse(to)
					if err != nil {
						t.Fatal(err)
					}
					next := u.Query().Get("next")
					if next == "" {
						continue
					}
					led++
					answer := ada.get(next)
					if on, _, _ := strings.Cut(answer.Header().Get("Location"), "#"); answer.Code == 303 {
						answer = ada.get(on)
					}
					if answer.Code != 200 {
						t.Errorf("POST %s from %q: after logging in, %s gives status %d", path, from, next, answer.Code)
					}
				}
			}
		}
	}
	if led < 100 {
		t.Errorf("%d answers led anywhere: this showed little", led)
	}
}

func TestLoggingInLeadsBackToTheForm(t *testing.T) {
	s := newSite(t)
	fill(s, storetest.Room(t, s.Store, "dogs"), storetest.User(t, s.Store, "somebody"), 1, 1)
	tests := []struct{ path, from, next string }{
		{"/mark-all-read", "", ""},
		{"/mark-all-read", "http://example.com/rooms/dogs/page/1?x=y", "/rooms/dogs/page/1?x=y"},
		{"/mark-all-read", "http://evil.example/rooms/dogs", ""},
		{"/mark-all-read", "javascript:alert(1)", ""},
		{"/mark-all-read", "http://example.com//evil.example/", ""},
		{"/mark-all-read", "http://example.com/rooms/dogs/messages", "/rooms/dogs"},
		{"/users/somebody/ignore", "", "/users/somebody"},
		{"/settings/sessions/abc/end", "", "/settings/sessions"},
		{"/settings/password", "", "/settings/password"},
		{"/rooms/dogs/1/report", "", "/rooms/dogs/1/report"},
		{"/rooms/dogs/1/report", "http://example.com/rooms/dogs/1/report", "/rooms/dogs/1/report"},
		{"/settings/confirm-email", "http://example.com/login", "/login"}, // and from there home
	}
	for _, tt := range tests {
		guest := s.guest()
		if tt.from != "" {
			guest = guest.with("Referer", tt.from)
		}
		want := "/login"
		if tt.next != "" {
			want += "?next=" + url.QueryEscape(tt.next)
		}
		if got := guest.post(tt.path, url.Values{}).status(303).Header().Get("Location"); got != want {
			t.Errorf("POST %s from %q leads to %s, want %s", tt.path, tt.from, got, want)
		}
	}
	s.guest().get("/mentions?room=dogs").status(303).location("/login?next=%2Fmentions%3Froom%3Ddogs")
	s.guest().with("Referer", "http://example.com/rooms/dogs").post("/rooms/dogs/1/delete", url.Values{}).status(401).has(`href="/login?next=%2Frooms%2Fdogs"`)
}
