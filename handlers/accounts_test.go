package handlers

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

func registration(email, username, password string) url.Values {
	return url.Values{"email": {email}, "username": {username}, "password": {password}, "password_confirm": {password}}
}

func TestRegister(t *testing.T) {
	tests := []struct {
		name   string
		form   url.Values
		fields map[string]string // error by field; nil for success
	}{
		{"all well", registration("bob@example.com", "bob", goodPassword), nil},
		{"email taken in another case", registration("ADA@Example.com", "bob", goodPassword), map[string]string{"email": "account with this email"}},
		{"name taken in another case", registration("bob@example.com", "ADA", goodPassword), map[string]string{"username": "taken"}},
		{"both taken", registration("ada@example.com", "ada", goodPassword), map[string]string{"email": "account", "username": "taken"}},
		{"no email", registration("", "bob", goodPassword), map[string]string{"email": "email address"}},
		{"an email with a second line", registration("a@b.cd\r\nBcc: x@y.zz", "bob", goodPassword), map[string]string{"email": "email address"}},
		{"a name of another script", registration("bob@example.com", "аlice", goodPassword), map[string]string{"username": "2 to 30"}},
		{"a reserved name", registration("bob@example.com", "Admin", goodPassword), map[string]string{"username": "kept"}},
		{"a short password", registration("bob@example.com", "bob", "seven77"), map[string]string{"password": "8 characters"}},
		{"a common password", registration("bob@example.com", "bob", "password1"), map[string]string{"password": "many people use"}},
		{"only digits", registration("bob@example.com", "bob", "8402746193"), map[string]string{"password": "digits"}},
		{"like the name", registration("bob@example.com", "bobolink", "bobolink-9"), map[string]string{"password": "too close"}},
		{"like the email", registration("bobolink@example.com", "bob", "bobolink9!"), map[string]string{"password": "too close"}},
		{"another password confirmed", url.Values{"email": {"bob@example.com"}, "username": {"bob"}, "password": {goodPassword}, "password_confirm": {"other"}}, map[string]string{"password_confirm": "differ"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			s.guest().post("/register", registration("ada@example.com", "ada", goodPassword)).status(303)

			bob := s.guest()
			answer := bob.post("/register", tt.form)
			if tt.fields == nil {
				answer.status(303).location("/")
				bob.get("/").has("Log out")
				return
			}
			doc := answer.status(422).doc()
			for field, says := range tt.fields {
				input := doc.Find("#" + field)
				if got := doc.Find("#" + field + "-error").Text(); !strings.Contains(strings.ToLower(got), strings.ToLower(says)) {
					t.Errorf("beside %s: got %q, want %q", field, got, says)
				}
				if input.AttrOr("aria-invalid", "") != "true" || !strings.Contains(input.AttrOr("aria-describedby", ""), field+"-error") {
					t.Errorf("the field %s is not linked to its error", field)
				}
			}
			if got := doc.Find("[aria-invalid]").Length(); got != len(tt.fields) {
				t.Errorf("got %d fields with an error, want %d", got, len(tt.fields))
			}
			if answer.value("#email") != tt.form.Get("email") && !strings.ContainsAny(tt.form.Get("email"), "\r\n") || answer.value("#username") != tt.form.Get("username") {
				t.Errorf("what was typed is not kept: %s", answer.Body)
			}
			answer.lacks(goodPassword)
			if bob.cookie != "" {
				t.Error("a refused registration set a cookie")
			}
		})
	}
}

func TestRegisterInParallel(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		statuses := make([]int, 4)
		var all sync.WaitGroup
		for i := range statuses {
			all.Go(func() {
				statuses[i] = s.guest().post("/register", registration("ada@example.com", "ada", goodPassword)).Code
			})
		}
		all.Wait()
		counts := map[int]int{}
		for _, status := range statuses {
			counts[status]++
		}
		if counts[303] != 1 || counts[422] != 3 {
			t.Errorf("got statuses %v, want one 303 and the rest 422", statuses)
		}
	})
}

func TestRegistrationClosed(t *testing.T) {
	s := newSite(t, func(c *Config) { c.RegistrationOpen = false })
	s.guest().get("/register").status(403)
	s.guest().post("/register", registration("ada@example.com", "ada", goodPassword)).status(403)
	s.guest().get("/").lacks(`href="/register"`)
}

func TestLogInAndOut(t *testing.T) {
	s := newSite(t)
	s.guest().post("/register", registration("ada@example.com", "ada", goodPassword)).status(303)

	ada := s.guest()
	wrong := ada.post("/login", url.Values{"email": {"ada@example.com"}, "password": {"wrong"}}).status(422)
	unknown := ada.post("/login", url.Values{"email": {"eve@example.com"}, "password": {"wrong"}}).status(422)
	if same := strings.ReplaceAll(wrong.Body.String(), "ada@", "eve@"); same != unknown.Body.String() {
		t.Errorf("a wrong password and an unknown account read differently:\n%s\n%s", wrong.Body, unknown.Body)
	}
	if got := wrong.value("#email"); got != "ada@example.com" {
		t.Errorf("the email typed is not kept, but %q", got)
	}

	ada.post("/login", url.Values{"email": {"ADA@example.com "}, "password": {goodPassword}, "next": {"/rooms/dogs"}}).status(303).location("/rooms/dogs")
	ada.get("/").has("Log out", `href="/users/ada"`)
	ada.get("/login?next=/rooms/dogs").status(303).location("/rooms/dogs")

	copied := &visitor{site: s, cookie: ada.cookie, header: http.Header{}}
	ada.post("/logout", url.Values{}).status(303).location("/")
	copied.get("/").has("Log in").lacks("Log out")
	ada.get("/logout").status(405)
}

func TestSessionCookie(t *testing.T) {
	s := newSite(t, func(c *Config) { c.BaseURL = &url.URL{Scheme: "https", Host: "example.com"} })
	preset := s.guest()
	preset.cookie = "__Host-twilight=" + randomName(tokenBytes)
	fixed := preset.cookie
	answer := preset.post("/register", registration("ada@example.com", "ada", goodPassword)).status(303)
	cookies := answer.Result().Cookies()
	if len(cookies) != 2 || cookies[0].Name != "__Host-twilight" || cookies[1].Name != "__Host-twilight-known" {
		t.Fatalf("got the cookies %v, want the session's, and the one by which the browser is known", cookies)
	}
	for _, c := range cookies {
		if !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || len(c.Value) < 43 {
			t.Errorf("got cookie %v", c)
		}
	}
	if preset.cookie == fixed {
		t.Error("a token that was there before was adopted")
	}
	thief := s.guest()
	thief.cookie = fixed
	thief.get("/").lacks("Log out")

	for _, junk := range []string{"__Host-twilight=", "__Host-twilight=%%%", "__Host-twilight=" + strings.Repeat("A", 8000), "__Host-twilight=AAAA; __Host-twilight=BBBB", "a=b; c=d"} {
		guest := s.guest()
		guest.cookie = junk
		answer := guest.get("/").status(200)
		if answer.Header().Get("Set-Cookie") != "" {
			t.Errorf("a guest with cookie %.30q got one", junk)
		}
	}
	if strings.Contains(s.log.String(), "level=ERROR") {
		t.Errorf("junk cookies were logged as errors: %s", s.log)
	}
}

func TestLoggingInAgainKeepsOtherTabsLive(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "dogs")
	ada := s.guest()
	ada.post("/register", registration("ada@example.com", "ada", goodPassword)).status(303)
	tab := ada.listen(s.serve() + "/rooms/dogs/events")
	tab.until("member-count")
	ada.post("/login", url.Values{"email": {"ada@example.com"}, "password": {goodPassword}}).status(303)
	if last := tab.ended(); last.name == "expired" || strings.Contains(last.data, "logged out") {
		t.Errorf("the other tab was told %+v", last)
	}
}

func TestLoginIsLimitedForAddressAndAccount(t *testing.T) {
	limited := func(c *Config) { c.LoginRate = chat.Rate{Count: 2, Window: time.Hour} }
	attempt := func(v *visitor, email string) *answer {
		return v.post("/login", url.Values{"email": {email}, "password": {"wrong"}})
	}
	t.Run("one address, many accounts", func(t *testing.T) {
		s := newSite(t, limited)
		attempt(s.guest(), "a@example.com").status(422)
		attempt(s.guest(), "b@example.com").status(422)
		refused := attempt(s.guest(), "c@example.com").status(429)
		if refused.Header().Get("Retry-After") == "" || refused.value("#email") != "c@example.com" {
			t.Errorf("got Retry-After %q and email %q", refused.Header().Get("Retry-After"), refused.value("#email"))
		}
		attempt(s.guest().with("X-Forwarded-For", "203.0.113.9"), "d@example.com").status(429) // nobody is believed by default
	})
	t.Run("many addresses, one account", func(t *testing.T) {
		s := newSite(t, limited, func(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} }) // httptest's own address
		from := func(address string) *visitor { return s.guest().with("X-Forwarded-For", address) }
		attempt(from("203.0.113.1"), "ada@example.com").status(422)
		attempt(from("203.0.113.2"), "Ada@example.com").status(422)
		attempt(from("203.0.113.3"), "ada@example.com").status(429)
		attempt(from("203.0.113.3"), "bob@example.com").status(422)
	})
	t.Run("who is stopped can't use up what others may try", func(t *testing.T) {
		s := newSite(t, limited, func(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} })
		from := func(address string) *visitor { return s.guest().with("X-Forwarded-For", address) }
		attempt(from("203.0.113.1"), "a@example.com").status(422)
		attempt(from("203.0.113.1"), "b@example.com").status(422)
		for range 5 {
			attempt(from("203.0.113.1"), "ada@example.com").status(429)
		}
		attempt(from("203.0.113.2"), "ada@example.com").status(422)
		attempt(from("203.0.113.2"), "b@example.com").status(422) // one attempt counted, not more
	})
	t.Run("what is typed does not fill the memory", func(t *testing.T) {
		s := newSite(t, limited)
		attempt(s.guest(), strings.Repeat("x", 60_000)).status(422)
		for key := range s.attempts.keys {
			if len(key) > len("login ")+chat.MaxEmail+1 {
				t.Errorf("a key of %d bytes is kept", len(key))
			}
		}
	})
	t.Run("one household's IPv6", func(t *testing.T) {
		s := newSite(t, limited, func(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} })
		from := func(address string) *visitor { return s.guest().with("X-Forwarded-For", address) }
		attempt(from("2001:db8:1:2::1"), "a@example.com").status(422)
		attempt(from("2001:db8:1:2::2"), "b@example.com").status(422)
		attempt(from("2001:db8:1:2::3"), "c@example.com").status(429)
		attempt(from("2001:db8:1:3::3"), "c@example.com").status(422)
	})
}

func TestAccountPage(t *testing.T) {
	s := newSite(t)
	ada := s.guest()
	ada.post("/register", registration("ada@example.com", "Ada", goodPassword)).status(303)
	ada.get("/users/ada").status(200).has("Ada", "ada@example.com", "Joined")
	s.guest().get("/users/ADA").status(200).has("Ada", "**********").lacks("ada@example.com")
	for _, name := range []string{"bob", "%00", "%ff", strings.Repeat("x", 300), "..%2f"} {
		s.guest().get("/users/" + name).status(404)
	}
}

func TestNextLeadsNowhereElse(t *testing.T) {
	s := newSite(t)
	s.guest().post("/register", registration("ada@example.com", "ada", goodPassword)).status(303)
	for next, want := range map[string]string{
		"/rooms/dogs": "/rooms/dogs", "/ok?x=//evil": "/ok?x=//evil", "/ok#frag": "/ok#frag", "/rooms/犬": "/rooms/%E7%8A%AC",
		"//evil": "/", `/\evil`: "/", "/%5cevil": "/", "/%2fevil": "/", "https:evil": "/", "https://evil": "/", "javascript:alert(1)": "/",
		"/\t/evil": "/", "\x00/": "/", " /": "/", "evil": "/", "": "/", "/" + strings.Repeat("a", 5000): "/",
	} {
		form := credentials("ada@example.com", goodPassword)
		form.Set("next", next)
		s.guest().post("/login", form).status(303).location(want)
		if got := s.guest().get("/login?next="+url.QueryEscape(next)).status(200).doc().Find("[name=next]").AttrOr("value", "/"); got != want {
			t.Errorf("%q: the form goes on to %q, want %q", next, got, want)
		}
	}
	for query, want := range map[string]string{"next=/a&next=//b": "/a", "next=//b&next=/a": "/", "next[]=/a": "/", "next=%2Fa%00": "/", "next": "/"} {
		s.guest().post("/login?"+query, credentials("ada@example.com", goodPassword)).status(303).location(want)
	}
}
