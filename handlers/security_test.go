package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// every is a request to each route, and to what is none, with the status that
// each kind of visitor gets.
var every = []struct {
	method, path                    string
	guest, member, moderator, admin int
}{
	{"GET", "/", 200, 200, 200, 200},
	{"HEAD", "/", 200, 200, 200, 200},
	{"GET", "/healthz", 200, 200, 200, 200},
	{"GET", "/readyz", 200, 200, 200, 200},
	{"GET", "/favicon.ico", 302, 302, 302, 302},
	{"GET", "/manifest.webmanifest", 200, 200, 200, 200},
	{"GET", "/robots.txt", 200, 200, 200, 200},
	{"GET", "/sitemap.xml", 200, 200, 200, 200},
	{"GET", "/sitemaps/1.xml", 200, 200, 200, 200},
	{"GET", "/sitemaps/2.xml", 404, 404, 404, 404},
	{"GET", "/avatars/paw-3/96", 200, 200, 200, 200},
	{"GET", "/avatars/paw-36/96", 404, 404, 404, 404},
	{"GET", "/avatars/paw-03/96", 404, 404, 404, 404},
	{"GET", "/fragments/not-sent", 200, 200, 200, 200},
	{"GET", "/fragments/reconnecting", 200, 200, 200, 200},
	{"GET", "/fragments/connected", 200, 200, 200, 200},
	{"GET", "/static/none.css", 404, 404, 404, 404},
	{"GET", "/kit", 404, 404, 404, 404},
	{"GET", "/about", 404, 404, 404, 404},
	{"GET", "/register", 200, 303, 303, 303},
	{"GET", "/login", 200, 303, 303, 303},
	{"POST", "/login", 422, 422, 422, 422},
	{"POST", "/register", 422, 422, 422, 422},
	{"POST", "/logout", 303, 303, 303, 303},
	{"GET", "/users/ada", 404, 404, 404, 404},
	{"GET", "/search?q=x&room=dogs&author=ada&page=2", 200, 200, 200, 200},
	{"POST", "/rooms", 422, 422, 422, 422},
	{"GET", "/rooms/dogs", 200, 200, 200, 200},
	{"HEAD", "/rooms/dogs", 200, 200, 200, 200},
	{"GET", "/rooms/none", 404, 404, 404, 404},
	{"GET", "/rooms/dogs/page/1", 200, 200, 200, 200},
	{"GET", "/rooms/dogs/1", 404, 404, 404, 404},
	{"GET", "/rooms/dogs/1/actions", 404, 404, 404, 404},
	{"GET", "/rooms/cats/1/actions", 200, 200, 200, 200},
	{"GET", "/rooms/cats/1/edit", 303, 403, 403, 403},
	{"POST", "/rooms/cats/1/edit", 401, 403, 403, 403},
	{"GET", "/rooms/cats/1/delete", 303, 403, 200, 200},
	{"POST", "/rooms/cats/1/delete", 401, 403, 303, 303},
	{"GET", "/rooms/cats/1/versions", 404, 404, 200, 200},
	{"POST", "/rooms/dogs/composer", 401, 200, 200, 200},
	{"POST", "/rooms/dogs/messages", 401, 422, 422, 422},
	{"GET", "/rooms/dogs/changes?after=0-0", 204, 204, 204, 204},
	{"GET", "/nothing", 404, 404, 404, 404},
	{"DELETE", "/", 405, 405, 405, 405},
	{"PUT", "/rooms/dogs", 405, 405, 405, 405},
	{"TRACE", "/", 405, 405, 405, 405},
	{"OPTIONS", "/login", 405, 405, 405, 405},
	{"FOO", "/login", 405, 405, 405, 405},
	{"GET", "//evil.example", 404, 404, 404, 404},
	{"GET", "/rooms/../login", 404, 404, 404, 404},
	{"GET", "/logout", 405, 405, 405, 405},
	{"GET", "/rooms/dogs/messages", 404, 404, 404, 404},
	{"GET", "/settings", 303, 200, 200, 200},
	{"POST", "/settings", 303, 303, 303, 303},
	{"POST", "/settings/confirm-email", 303, 200, 200, 200},
	{"GET", "/settings/password", 303, 200, 200, 200},
	{"POST", "/settings/password", 303, 422, 422, 422},
	{"GET", "/settings/sessions", 303, 200, 200, 200},
	{"POST", "/settings/sessions/x/end", 303, 303, 303, 303},
	{"POST", "/settings/sessions/end-others", 303, 303, 303, 303},
	{"GET", "/settings/data", 303, 200, 200, 200},
	{"POST", "/settings/data", 303, 200, 200, 200},
	{"GET", "/settings/delete", 303, 200, 200, 200},
	{"POST", "/settings/delete", 303, 422, 422, 422},
	{"GET", "/password-reset", 200, 200, 200, 200},
	{"POST", "/password-reset", 422, 422, 422, 422},
	{"GET", "/password-reset/x", 410, 410, 410, 410},
	{"POST", "/password-reset/x", 410, 410, 410, 410},
	{"GET", "/rooms/dogs/log", 200, 200, 200, 200}, {"GET", "/rooms/dogs/1/report", 303, 404, 404, 404}, {"POST", "/rooms/dogs/1/report", 303, 404, 404, 404},
	{"GET", "/rooms/dogs/settings", 404, 404, 200, 200}, {"POST", "/rooms/dogs/settings", 404, 404, 303, 303},
	{"POST", "/users/ada/removals", 404, 404, 404, 404}, {"POST", "/users/ada/removals/1/restore", 404, 404, 404, 404},
	{"POST", "/users/ada/ignore", 303, 404, 404, 404}, {"POST", "/users/ada/listen", 303, 404, 404, 404},
	{"GET", "/admin/reports", 404, 404, 200, 200}, {"POST", "/admin/reports/1", 404, 404, 400, 400},
	{"GET", "/users/ada/sanctions", 404, 404, 404, 404}, {"POST", "/users/ada/sanctions", 404, 404, 404, 404}, {"POST", "/users/ada/sanctions/lift", 404, 404, 404, 404},
	{"POST", "/rooms/dogs/follow", 303, 303, 303, 303},
	{"POST", "/rooms/dogs/unfollow", 303, 303, 303, 303},
	{"POST", "/rooms/dogs/1/unread", 404, 404, 404, 404},
	{"GET", "/unread", 303, 204, 204, 204},
	{"POST", "/mark-all-read", 303, 303, 303, 303},
	{"GET", "/rooms/dogs/feed.atom", 200, 200, 200, 200},
	{"GET", "/rooms/none/feed.atom", 404, 404, 404, 404},
	{"GET", "/feeds/x.atom", 404, 404, 404, 404},
	{"GET", "/settings/letters", 303, 200, 200, 200},
	{"POST", "/settings/letters", 303, 422, 422, 422},
	{"GET", "/unsubscribe/x", 410, 410, 410, 410},
	{"POST", "/unsubscribe/x", 410, 410, 410, 410},
	{"GET", "/settings/feed", 303, 200, 200, 200},
	{"POST", "/settings/feed", 303, 200, 200, 200},
	{"GET", "/mentions", 303, 200, 200, 200},
	{"GET", "/me.css", 303, 200, 200, 200},
	{"POST", "/rooms/dogs/names", 200, 200, 200, 200},
	{"POST", "/rooms/dogs/complete", 401, 200, 200, 200},
	{"GET", "/confirm-email/x", 410, 410, 410, 410},
	{"POST", "/confirm-email/x", 410, 410, 410, 410},
	{"GET", "/admin", 404, 404, 200, 200},
	{"HEAD", "/admin/members", 404, 404, 200, 200},
	{"GET", "/admin/members", 404, 404, 200, 200},
	{"GET", "/admin/members/1", 404, 404, 200, 200},
	{"GET", "/admin/rooms", 404, 404, 200, 200},
	{"GET", "/admin/messages", 404, 404, 200, 200},
	{"GET", "/admin/audit", 404, 404, 200, 200},
	{"GET", "/admin/sanctions?kind=ban&room=dogs&user=ada&site=1", 404, 404, 200, 200},
	{"GET", "/admin/settings", 404, 404, 404, 200},
	{"POST", "/admin/settings", 404, 404, 404, 303},
	{"POST", "/admin/members/1/role", 404, 404, 404, 422},
	{"POST", "/admin/members/1/disable", 404, 404, 404, 303},
	{"POST", "/admin/members/1/enable", 404, 404, 404, 303},
	{"POST", "/admin/members/1/end-sessions", 404, 404, 404, 303},
	{"POST", "/admin/members/1/reset-password", 404, 404, 404, 303},
}

func TestEveryAnswerHasTheSecurityHeaders(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "dogs")
	fill(s, storetest.Room(t, s.Store, "cats"), storetest.User(t, s.Store, "somebody"), 1, 1)
	for _, tt := range every {
		answer := s.guest().tries(tt.method, tt.path, tt.guest)
		for header, want := range map[string]string{
			"Content-Security-Policy": contentSecurityPolicy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Strict-Transport-Security": "",
			"Access-Control-Allow-Origin": "", "Server": "", "X-Powered-By": "",
		} {
			if got := answer.Header().Get(header); got != want {
				t.Errorf("%s %s: %s is %q, want %q", tt.method, tt.path, header, got, want)
			}
		}
		if answer.Code == 405 && answer.Header().Get("Allow") == "" {
			t.Errorf("%s %s: 405 without Allow", tt.method, tt.path)
		}
		if strings.HasPrefix(tt.path, "/avatars/") || strings.HasPrefix(tt.path, "/sitemap") || strings.HasSuffix(tt.path, ".atom") {
			continue // what is XML names its namespace
		}
		answer.lacks("style=", "<style", "onclick", "<script>")
		for _, foreign := range []string{`="http://`, `="https://`} { // our own address is for the world outside
			if strings.Contains(strings.ReplaceAll(answer.Body.String(), `="http://example.com/`, ""), foreign) {
				t.Errorf("%s %s: names another site: %s", tt.method, tt.path, answer.Body)
			}
		}
	}
}

// Who may do what is the policy's; that each route asks it shows here.
func TestEveryRouteAsksWhoIsThere(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "dogs")
	fill(s, storetest.Room(t, s.Store, "cats"), storetest.User(t, s.Store, "somebody"), 1, 1)
	for i, tt := range every {
		for role, status := range map[chat.Role]int{chat.Member: tt.member, chat.Moderator: tt.moderator, chat.Admin: tt.admin} {
			s.as(role, fmt.Sprintf("%s-%d", role, i)).tries(tt.method, tt.path, status)
		}
	}
}

// tries sends a request, if it is a POST with an empty form, and checks the status.
func (v *visitor) tries(method, path string, status int) *answer {
	v.site.t.Helper()
	var form url.Values
	if method == "POST" {
		form = url.Values{}
	}
	answer := v.send(method, path, form)
	if answer.Code != status {
		v.site.t.Errorf("%s %s: got status %d, want %d", method, path, answer.Code, status)
	}
	return answer
}

// A route that this file does not try is one whose answers nobody looked at.
func TestEveryRouteIsTried(t *testing.T) {
	s := newSite(t)
	tried := map[string]bool{"GET /rooms/:slug/events": true, "GET /rooms/:slug/live": true} // never end: see stream_test.go
	router := s.routes().(*gin.Engine)
	for _, tt := range every {
		path, _, _ := strings.Cut(tt.path, "?")
		for _, route := range router.Routes() {
			if route.Method == tt.method && matches(route.Path, path) {
				tried[route.Method+" "+route.Path] = true
			}
		}
	}
	for _, route := range router.Routes() {
		if route.Method != http.MethodHead && !tried[route.Method+" "+route.Path] {
			t.Errorf("%s %s is not tried", route.Method, route.Path)
		}
	}
}

// matches reports whether path is one of the pattern's.
func matches(pattern, path string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	for i, part := range want {
		if strings.HasPrefix(part, "*") {
			return true
		}
		if i >= len(got) || !strings.HasPrefix(part, ":") && part != got[i] {
			return false
		}
	}
	return len(want) == len(got)
}

func TestProxyThatIsNotConfiguredIsNamedOnce(t *testing.T) {
	s := newSite(t)
	for range 3 {
		s.guest().with("X-Forwarded-For", "203.0.113.9").get("/").status(200)
	}
	if got := strings.Count(s.log.String(), "TRUSTED_PROXIES"); got != 1 {
		t.Errorf("got %d warnings, want 1: %s", got, s.log)
	}
}

func TestErrorsArePagesAndFragments(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "dogs")
	broken := errors.New("the secret of the engine room")
	s.router = s.withRoutes(map[string]error{
		"/broken":   broken,
		"/full":     &chat.Error{Kind: chat.Unavailable, Message: "Come back soon.", After: 1500 * time.Millisecond, Err: broken},
		"/mine":     &chat.Error{Kind: chat.Forbidden, Message: "This is not yours."},
		"/too-fast": &chat.Error{Kind: chat.TooFast, Message: "Wait.", After: time.Second},
	})
	tests := []struct {
		path   string
		status int
		says   string
	}{
		{"/nothing", 404, "There is no such page."},
		{"/broken", 500, "This is our fault"},
		{"/full", 503, "Come back soon."},
		{"/mine", 403, "This is not yours."},
		{"/too-fast", 429, "Wait."},
		{"/panic", 500, "This is our fault"},
	}
	for _, tt := range tests {
		s.log.Reset()
		page := s.guest().get(tt.path).status(tt.status).has("<html", "Test Bark", tt.says).lacks("secret", "goroutine")
		errors, warnings := strings.Count(s.log.String(), "level=ERROR"), strings.Count(s.log.String(), "level=WARN")
		if (errors == 1) != (tt.status == 500) || (warnings == 1) != (tt.status == 503) {
			t.Errorf("%s: %d lines at level ERROR, %d at WARN: %s", tt.path, errors, warnings, s.log)
		}
		id := page.Header().Get("X-Request-Id")
		for line := range strings.Lines(s.log.String()) {
			if !strings.Contains(line, "request="+id) {
				t.Errorf("%s: a line without the request's id %s: %s", tt.path, id, line)
			}
		}
		if tt.status >= 500 {
			page.has(id)
		}
		s.guest().withHTMX().get(tt.path).status(tt.status).has(`<hx-partial hx-target="#notice"`, tt.says).lacks("<html", "secret")
	}
	if got := s.guest().get("/full").Header().Get("Retry-After"); got != "2" {
		t.Errorf("got Retry-After %q, want 2", got)
	}
}

// withRoutes gives the site's router with routes that fail as told.
func (s *site) withRoutes(failures map[string]error) http.Handler {
	router := s.routes().(*gin.Engine)
	for path, err := range failures {
		router.GET(path, s.do(func(*gin.Context) error { return err }))
	}
	router.GET("/panic", s.do(func(*gin.Context) error { panic("the secret of the engine room") }))
	return router
}

func TestMembersStayMembersOnErrorPages(t *testing.T) {
	s := newSite(t)
	ada := s.member("ada")
	for _, path := range []string{"/nothing", "/static/none.css", "/avatars/none/96", "/rooms/none"} {
		ada.get(path).status(404).has("Log out")
	}
	ada.send("PUT", "/", nil).status(405).has("Log out")
}

func TestDatabaseOutage(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "dogs")
	ada := s.member("ada")
	nonce := ada.get("/rooms/dogs").value("[name=nonce]")
	if err := s.Store.Close(); err != nil {
		t.Fatal(err)
	}
	s.guest().get("/").status(503).has("<html")
	s.guest().get("/readyz").status(503)
	s.guest().get("/healthz").status(200)
	refused := ada.post("/rooms/dogs/messages", draft("kept", nonce)).status(503)
	if refused.value("#body") != "kept" || refused.value("[name=nonce]") != nonce || refused.Header().Get("Retry-After") == "" {
		t.Errorf("got %v %s", refused.Header(), refused.Body)
	}
	htmx := ada.withHTMX().post("/rooms/dogs/messages", draft("kept", nonce)).status(503).lacks("<html")
	if htmx.value("#body") != "kept" || htmx.value("[name=nonce]") != nonce {
		t.Errorf("got %s", htmx.Body)
	}
}

func TestOtherSitesCannotPost(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "dogs")
	ada := s.member("ada")
	tests := []struct {
		header, value string
		status        int
	}{
		{"Sec-Fetch-Site", "same-origin", 303},
		{"Sec-Fetch-Site", "none", 303},
		{"Sec-Fetch-Site", "cross-site", 403},
		{"Sec-Fetch-Site", "same-site", 403},
		{"Sec-Fetch-Site", "junk", 403},
		{"Origin", "http://example.com", 303}, // BASE_URL
		{"Origin", "http://evil.example", 403},
		{"Origin", "http://example.com:81", 403},
		{"Origin", "null", 403},
	}
	for _, tt := range tests {
		from := ada.with(tt.header, tt.value)
		from.post("/rooms/dogs/messages", draft("hello", aNonce())).status(tt.status)
		from.withHTMX().post("/rooms/dogs/messages", draft("hello", aNonce())).status(map[int]int{303: 200, 403: 403}[tt.status])
		from.get("/rooms/dogs").status(200)
	}
	// A proxy that rewrites Host leaves Origin as it was.
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/rooms/dogs/messages", strings.NewReader(draft("hello", aNonce()).Encode()))
	r.Host = "inside:8080"
	r.Header = http.Header{"Origin": {"http://example.com"}, "Content-Type": {"application/x-www-form-urlencoded"}}
	ada.do(r).status(303)
}

func TestOtherHostsAreRefusedWhenTheAddressIsSet(t *testing.T) {
	s := newSite(t, func(c *Config) {
		c.OnlyHost = true
		c.BaseURL = &url.URL{Scheme: "https", Host: "Chat.example.com"}
	})
	for _, path := range []string{"/nothing", "/static/none.css"} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", path, nil)
		r.Host = "evil.example"
		s.guest().do(r).status(421)
	}
	for host, status := range map[string]int{"chat.example.com": 200, "CHAT.example.com:443": 200, "chat.example.com:80": 421, "evil.example": 421, "": 421} {
		for _, path := range []string{"/", "/login"} {
			r := httptest.NewRequestWithContext(t.Context(), "GET", path, nil)
			r.Host = host
			s.guest().do(r).status(status)
		}
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/healthz", nil)
		r.Host = host
		s.guest().do(r).status(200)
	}
}

func TestFormsAreBounded(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "dogs")
	ada := s.member("ada")
	many := url.Values{}
	for range 60 {
		many.Set(aNonce(), "x")
	}
	tests := []struct {
		name, kind, body string
		status           int
	}{
		{"a large body", "application/x-www-form-urlencoded", "body=" + strings.Repeat("x", 70_000), 413},
		{"many fields", "application/x-www-form-urlencoded", many.Encode(), 400},
		{"a damaged form", "application/x-www-form-urlencoded", "body=%zz", 400},
		{"another encoding", "application/x-www-form-urlencoded; charset=utf-16", "body=x", 415},
		{"UTF-8 by name", "application/x-www-form-urlencoded; charset=UTF-8", draft("x", aNonce()).Encode(), 303},
		{"JSON", "application/json", `{"body":"x"}`, 415},
		{"no type", "", "body=x", 415},
		{"multipart without a boundary", "multipart/form-data", "x", 400},
		{"a large multipart body", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=body\r\n\r\n" + strings.Repeat("x", 70_000) + "\r\n--b--\r\n", 413},
		{"multipart", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=body\r\n\r\nhi\r\n--b\r\nContent-Disposition: form-data; name=nonce\r\n\r\n" + aNonce() + "\r\n--b--\r\n", 303},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for kind, v := range map[string]*visitor{"plain": ada, "htmx": ada.withHTMX()} {
				r := httptest.NewRequestWithContext(t.Context(), "POST", "/rooms/dogs/messages", strings.NewReader(tt.body))
				r.Header = v.header.Clone()
				r.Header.Set("Content-Type", tt.kind)
				answer := v.do(r)
				if tt.status == 303 && kind == "htmx" {
					answer.status(200)
					continue
				}
				answer.status(tt.status)
			}
		})
	}
}

func TestForwardedAddressIsBelievedFromProxiesOnly(t *testing.T) {
	address := func(proxies, peer, forwarded string) string {
		config := Config{}
		if proxies != "" {
			config.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(proxies)}
		}
		router := gin.New()
		(&Handlers{Config: config}).trustProxies(router)
		got := ""
		router.GET("/", func(c *gin.Context) { got = clientAddress(c).String() })
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.RemoteAddr = peer
		r.Header = http.Header{"X-Forwarded-For": {forwarded}, "X-Real-Ip": {"6.6.6.6"}, "Forwarded": {"for=6.6.6.6"}}
		router.ServeHTTP(httptest.NewRecorder(), r)
		return got
	}
	tests := []struct{ proxies, peer, forwarded, want string }{
		{"", "198.51.100.7:1", "6.6.6.6", "198.51.100.7"},
		{"10.0.0.0/8", "198.51.100.7:1", "6.6.6.6", "198.51.100.7"},
		{"10.0.0.0/8", "10.0.0.1:1", "203.0.113.5", "203.0.113.5"},
		{"10.0.0.0/8", "10.0.0.1:1", "6.6.6.6, 203.0.113.5, 10.0.0.2", "203.0.113.5"},
		{"10.0.0.0/8", "10.0.0.1:1", "junk", "10.0.0.1"},
		{"10.0.0.0/8", "10.0.0.1:1", "", "10.0.0.1"},
		{"fd00::/8", "[fd00::1]:1", "2001:db8::5", "2001:db8::5"},
		{"", "[fe80::1%eth0]:1", "6.6.6.6", "fe80::1%eth0"},
	}
	for _, tt := range tests {
		if got := address(tt.proxies, tt.peer, tt.forwarded); got != tt.want {
			t.Errorf("proxies %q, peer %s, X-Forwarded-For %q: got %s, want %s", tt.proxies, tt.peer, tt.forwarded, got, tt.want)
		}
	}
}

func TestLimiterForgetsTheOldest(t *testing.T) {
	l := newLimiter(chat.Rate{Count: 1, Window: time.Hour})
	for i := range maxKeys + 10 {
		if err := l.try(randomName(6)); err != nil {
			t.Fatalf("key %d: %v", i, err)
		}
	}
	if len(l.keys) != maxKeys || l.recent.Len() != maxKeys {
		t.Errorf("the limiter holds %d keys, want %d", len(l.keys), maxKeys)
	}
}
