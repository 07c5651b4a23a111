package handlers

import (
	"bufio"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/store/storetest"
)

// Where a browser goes that is sent on to what localPath gives, it stays here.
func FuzzNext(f *testing.F) {
	f.Fuzz(func(t *testing.T, next string) {
		got := localPath(next)
		if got == "" {
			return
		}
		w := httptest.NewRecorder()
		http.Redirect(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/login", nil), got, http.StatusSeeOther)
		here, _ := url.Parse("https://example.com/login")
		for _, location := range []string{got, w.Header().Get("Location")} {
			there, err := here.Parse(location)
			if err != nil || there.Host != "example.com" || there.Scheme != "https" || there.User != nil {
				t.Errorf("%q leads to %v, %v", next, there, err)
			}
			// A browser takes \ for /, and drops line ends and tabs.
			if location[0] != '/' || strings.HasPrefix(location, "//") || strings.ContainsFunc(location, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' }) {
				t.Errorf("%q leads to %q", next, location)
			}
		}
		if again := localPath(got); again != got && len(got) <= 2048 {
			t.Errorf("%q became %q, and that %q", next, got, again)
		}
	})
}

// An address is the peer's own unless a proxy that is trusted tells another, and
// always one that limits can count.
func FuzzClientAddress(f *testing.F) {
	gin.SetMode(gin.ReleaseMode)
	proxies := netip.MustParsePrefix("10.0.0.0/8")
	router := gin.New()
	(&Handlers{Config: Config{TrustedProxies: []netip.Prefix{proxies}}}).trustProxies(router)
	var address netip.Addr
	var counted netip.Prefix
	router.GET("/", func(c *gin.Context) { address, counted = clientAddress(c), addressPrefix(c) })
	f.Fuzz(func(t *testing.T, forwarded, remote string) {
		peer, err := netip.ParseAddrPort(remote)
		if err != nil {
			return // a connection's peer has an address
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.RemoteAddr = peer.String()
		r.Header = http.Header{"X-Forwarded-For": {forwarded}, "X-Real-Ip": {"6.6.6.6"}, "Forwarded": {"for=6.6.6.6"}}
		router.ServeHTTP(httptest.NewRecorder(), r)
		if counted.Bits() != 32 && counted.Bits() != 64 || !counted.Contains(address.WithZone("")) {
			t.Fatalf("peer %v, X-Forwarded-For %q: %v is counted as %v", peer, forwarded, address, counted)
		}
		if own := peer.Addr().Unmap(); !proxies.Contains(own) && address != own {
			t.Errorf("peer %v, X-Forwarded-For %q: got %v", peer, forwarded, address)
		}
	})
}

// Whatever cookies come, they are a guest's.
func FuzzCookies(f *testing.F) {
	s := newSite(f)
	f.Fuzz(func(t *testing.T, cookies string) {
		s.log.Reset()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set("Cookie", cookies)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "Log out") || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("got status %d, %v: %s", w.Code, w.Header(), w.Body)
		}
		s.healthy(t)
	})
}

// Whatever is sent, it is answered, and no fault of ours.
func FuzzRequest(f *testing.F) {
	s := newSite(f)
	storetest.Room(f, s.Store, "dogs")
	cookie := s.registered("ada").cookie
	s.post.fail(errors.New("there is no post while we try")) // nobody takes the letters out
	f.Fuzz(func(t *testing.T, text string) {
		for _, cookie := range []string{"", cookie} {
			r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
			if err != nil || strings.HasSuffix(r.URL.Path, "/events") || strings.HasSuffix(r.URL.Path, "/live") {
				return // the server refuses it, or the answer never ends
			}
			if cookie != "" && r.URL.Path == "/logout" {
				return
			}
			s.log.Reset()
			r = r.WithContext(t.Context())
			r.RemoteAddr = "192.0.2.1:1234"
			r.Header.Set("Cookie", cookie)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code >= http.StatusInternalServerError {
				t.Errorf("got status %d: %s", w.Code, w.Body)
			}
			if location, err := url.Parse(w.Header().Get("Location")); err != nil || location.Host != "" || location.Scheme != "" {
				t.Errorf("it leads to %q", w.Header().Get("Location"))
			}
			if w.Header().Get("Content-Security-Policy") != contentSecurityPolicy {
				t.Errorf("got the headers %v", w.Header())
			}
			s.healthy(t)
		}
	})
}

// healthy fails the test if the site met a fault of its own.
func (s *site) healthy(t testing.TB) {
	t.Helper()
	for line := range strings.Lines(s.log.String()) {
		if strings.Contains(line, "level=ERROR") {
			t.Errorf("the site logged: %s", line)
		}
	}
}
