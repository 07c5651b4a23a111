package handlers

import (
	"net/netip"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// again logs the same member in with another browser.
func (s *site) again(name, userAgent string) *visitor {
	s.t.Helper()
	v := s.guest().with("User-Agent", userAgent)
	v.post("/login", credentials(strings.ToLower(name)+"@example.com", goodPassword)).status(303)
	return v
}

// expires waits until the stream is told that its session is over, and ends.
func (l *listener) expires() {
	l.Helper()
	told := false
	for {
		event, ok := l.next()
		if !ok {
			break
		}
		told = told || event.name == "expired"
	}
	if !told {
		l.Error("the stream ended without a word")
	}
}

const (
	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	iphone  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1"
)

func TestDevices(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		desk := s.registered("ada")
		phone, tablet := s.again("ada", iphone), s.again("ada", firefox)
		bob := s.registered("bob")
		address := s.serve() + storetest.Room(t, db, "dogs").Path() + "/events"
		onPhone, onTablet, onDesk := phone.listen(address), tablet.listen(address), desk.listen(address)

		list := desk.get("/settings/sessions").status(200).has("Safari on iPhone", "Firefox on Linux", "192.0.2.0/24", "This device")
		forms := list.doc().Find(".devices form")
		if forms.Length() != 3 {
			t.Fatalf("got %d devices, want 3", forms.Length())
		}
		end := list.doc().Find(".devices li").FilterFunction(func(_ int, li *goquery.Selection) bool {
			return strings.Contains(li.Text(), "iPhone")
		}).Find("form").AttrOr("action", "")

		bob.post(end, url.Values{}).status(303) // it is not his: nothing happens
		phone.get("/settings").status(200)
		desk.post(end, url.Values{}).status(303).location("/settings/sessions")
		onPhone.expires()
		phone.get("/settings").status(303)
		tablet.get("/settings").status(200)
		desk.post(end, url.Values{}).status(303) // it is gone already

		desk.post("/settings/sessions/end-others", url.Values{}).status(303)
		onTablet.expires()
		tablet.get("/settings").status(303)
		bob.get("/settings").status(200)
		desk.get("/settings/sessions").status(200).lacks("Log out all other devices")
		if got := s.actions("ada")[0]; got != chat.SessionsEnded {
			t.Errorf("the audit table remembers %q last", got)
		}

		own := desk.get("/settings/sessions").doc().Find(".devices form").AttrOr("action", "")
		desk.post(own, url.Values{}).status(303).location("/")
		onDesk.expires()
		desk.get("/settings").status(303)
	})
}

func TestChangePassword(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		desk := s.registered("ada")
		phone := s.again("ada", iphone)
		address := s.serve() + storetest.Room(t, db, "dogs").Path() + "/events"
		onPhone, onDesk := phone.listen(address), desk.listen(address)
		onDesk.until("ada")

		form := twice(newPasswordText)
		desk.post("/settings/password", form).status(422).has("Enter your current password")
		form.Set("current_password", "wrong")
		desk.post("/settings/password", form).status(422).has("not your password").lacks(newPasswordText)
		form.Set("current_password", goodPassword)
		form.Set("password_confirm", "other")
		desk.post("/settings/password", form).status(422).has("differ")
		form.Set("password_confirm", newPasswordText)
		old := *desk
		desk.post("/settings/password", form).status(303).location("/users/ada")

		changed := time.Now()
		onPhone.expires()
		if took := time.Since(changed); took > 2*time.Second {
			t.Errorf("the other device's stream ended after %v, want 2 s at most", took)
		}
		phone.get("/settings").status(303)
		old.get("/settings").status(303) // its token is another now
		desk.get("/settings").status(200)
		if last := onDesk.ended(); last.name == "expired" {
			t.Error("the page that it was changed on was told that it is logged out")
		}
		s.letter("ada@example.com", "has changed")
		s.guest().post("/login", credentials("ada@example.com", goodPassword)).status(422)
		s.guest().post("/login", credentials("ada@example.com", newPasswordText)).status(303)
		if got := s.actions("ada"); got[2] != chat.PasswordChanged {
			t.Errorf("the audit table remembers %q", got)
		}
	})
}

// What is ended on one node ends the streams on another.
func TestSessionsEndOnEveryNode(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		here, there := newSiteOn(t, db), newSiteOn(t, db)
		ada := here.registered("ada")
		storetest.Room(t, db, "dogs")
		elsewhere := &visitor{site: there, cookie: ada.cookie, header: ada.header}
		stream := elsewhere.listen(there.serve() + "/rooms/dogs/events")
		stream.until("ada")
		ended := time.Now()
		ada.post("/logout", url.Values{}).status(303)
		stream.expires()
		if took := time.Since(ended); took > 3*time.Second { // of which one is for the test itself
			t.Errorf("on the other node the stream ended after %v, want 2 s", took)
		}
		elsewhere.get("/settings").status(303)
	})
}

// Strangers who guess at an account can't keep its owner out, who has logged in
// with the browser before.
func TestGuessesDontLockTheOwnerOut(t *testing.T) {
	s := newSite(t, func(c *Config) {
		c.LoginRate = chat.Rate{Count: 3, Window: time.Hour}
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} // httptest's own address
	})
	ada := s.registered("ada").with("X-Forwarded-For", "203.0.113.1")
	ada.post("/logout", url.Values{}).status(303)
	for _, address := range []string{"203.0.113.2", "203.0.113.3", "203.0.113.4"} {
		s.guest().with("X-Forwarded-For", address).post("/login", credentials("ada@example.com", "guess")).status(422)
	}
	s.guest().with("X-Forwarded-For", "203.0.113.5").post("/login", credentials("ada@example.com", goodPassword)).status(429)
	eve := s.guest().with("X-Forwarded-For", "203.0.113.6")
	eve.post("/register", registration("eve@example.com", "eve", goodPassword)).status(303)
	eve.post("/logout", url.Values{}).status(303)
	eve.post("/login", credentials("ada@example.com", "guess")).status(429) // her browser is known, but not to Ada's account

	ada.post("/login", credentials("ada@example.com", "mistyped")).status(422)
	ada.post("/login", credentials("ada@example.com", goodPassword)).status(303)
	ada.post("/logout", url.Values{}).status(303)
	ada.post("/login", credentials("ada@example.com", "mistyped")).status(422)
	ada.post("/login", credentials("ada@example.com", goodPassword)).status(429) // that has its limit too
}

// A password is hashed for whatever email is typed. What that takes in memory
// shows that it was done.
func TestLoginWorksAsHardForUnknownAccounts(t *testing.T) {
	s := newSite(t)
	s.registered("ada")
	work := func(email string) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s.guest().post("/login", credentials(email, "guess")).status(422)
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	const oneHash = 19 << 20
	for _, email := range []string{"ada@example.com", "nobody@example.com", "no email at all"} {
		if got := work(email); got < oneHash || got > 2*oneHash {
			t.Errorf("%s: got %d bytes, want those of one hash, %d", email, got, oneHash)
		}
	}
}

func TestFailedLoginsAreRemembered(t *testing.T) {
	s := newSite(t)
	s.registered("ada")
	s.guest().with("User-Agent", firefox).post("/login", credentials("ada@example.com", "guess")).status(422)
	s.guest().post("/login", credentials("nobody@example.com", "guess")).status(422)
	user, err := s.Store.UserByName(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[int64]int{user.ID: 2, 0: 1} {
		events, err := s.Store.Events(t.Context(), id, 10)
		if err != nil || len(events) != want || events[0].Action != chat.LoginFailed || events[0].IPPrefix != "192.0.2.0/24" {
			t.Errorf("user %d: got %+v, %v", id, events, err)
		}
	}
}

func BenchmarkLogin(b *testing.B) {
	s := newSite(b)
	s.registered("ada")
	alike(b, func(email string) { s.guest().post("/login", credentials(email, "guess")).status(422) })
}

// alike measures by turns what is asked with the email of an account, ada's, and
// with one that nobody has. The medians it reports must be alike.
func alike(b *testing.B, ask func(email string)) {
	b.Helper()
	took := map[string][]time.Duration{}
	for b.Loop() {
		for name, email := range map[string]string{"known": "ada@example.com", "unknown": "bob@example.com"} {
			begun := time.Now()
			ask(email)
			took[name] = append(took[name], time.Since(begun))
		}
	}
	for name, times := range took {
		slices.Sort(times)
		b.ReportMetric(float64(times[len(times)/2].Microseconds()), name+"-µs")
	}
}
