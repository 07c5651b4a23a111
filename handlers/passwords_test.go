package handlers

import (
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// registered gives a browser in which a new member is logged in, with goodPassword.
func (s *site) registered(name string) *visitor {
	s.t.Helper()
	v := s.guest()
	v.post("/register", registration(strings.ToLower(name)+"@example.com", name, goodPassword)).status(303)
	return v
}

func twice(password string) url.Values {
	return url.Values{"password": {password}, "password_confirm": {password}}
}

func credentials(email, password string) url.Values {
	return url.Values{"email": {email}, "password": {password}}
}

// actions gives what the audit table remembers about a user, the latest first.
func (s *site) actions(name string) (actions []chat.Action) {
	s.t.Helper()
	user, err := s.Store.UserByName(s.t.Context(), name)
	if err != nil {
		s.t.Fatal(err)
	}
	events, err := s.Store.Events(s.t.Context(), user.ID, 100)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, event := range events {
		actions = append(actions, event.Action)
	}
	return actions
}

const newPasswordText = "another horse entirely"

func TestForgottenPassword(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		ada := s.registered("ada")
		stream := ada.listen(s.serve() + storetest.Room(t, db, "dogs").Path() + "/events")
		stream.until("ada")
		s.guest().get("/login").has(`href="/password-reset"`)
		s.guest().post("/password-reset", url.Values{"email": {" ADA@example.com"}}).status(200).has("on its way")
		letter := s.letter("ada@example.com", "new password")
		path := s.link(letter)

		for range 2 { // programs that look into mail follow links too
			s.guest().get(path).status(200).has(`action="`+path+`"`, "Confirm password")
		}
		eve := s.guest()
		eve.post(path, url.Values{"password": {newPasswordText}, "password_confirm": {"x"}}).status(422).has("differ").lacks(newPasswordText)
		eve.post(path, twice("password1")).status(422).has("Many people use")
		eve.post(path, twice("ada@example.com")).status(422).has("too close")
		done := eve.post(path, twice(newPasswordText)).status(303).location("/login")
		if got := done.Header().Get("Cache-Control"); got != "no-store" {
			t.Errorf("got Cache-Control %q", got)
		}
		stream.expires()
		ada.get("/settings").status(303) // her session is over
		eve.get("/settings").status(303) // nobody is logged in by it
		s.guest().post("/login", credentials("ada@example.com", goodPassword)).status(422)
		s.guest().post("/login", credentials("ada@example.com", newPasswordText)).status(303)
		s.letter("ada@example.com", "has changed")
		for _, again := range []*answer{eve.get(path), eve.post(path, twice(newPasswordText)), eve.get("/password-reset/" + strings.Repeat("x", 43)), eve.get("/password-reset/%00")} {
			again.status(410).has(`href="/password-reset"`)
		}
		if got := s.actions("ada"); len(got) != 5 || got[0] != chat.LoggedIn || got[1] != chat.LoginFailed || got[2] != chat.PasswordReset || got[3] != chat.ResetAsked || got[4] != chat.Registered {
			t.Errorf("the audit table remembers %q", got)
		}
		if strings.Contains(s.log.String(), strings.TrimPrefix(path, "/password-reset/")) {
			t.Error("the log holds what opens the door")
		}
	})
}

// Neither the answer nor the work depends on whether there is such an account.
func TestResetTellsNobodyWhoHasAnAccount(t *testing.T) {
	s := newSite(t)
	s.registered("ada")
	known := s.guest().post("/password-reset", url.Values{"email": {"ada@example.com"}}).status(200)
	unknown := s.guest().post("/password-reset", url.Values{"email": {"bob@example.com"}}).status(200)
	if got, want := strings.ReplaceAll(unknown.Body.String(), "bob", "ada"), known.Body.String(); got != want {
		t.Errorf("got %s\nand for an account %s", got, want)
	}
	s.letter("ada@example.com", "new password")
	if len(s.post.letters) > 0 {
		t.Error("nobody got a letter")
	}
	for range 5 {
		s.guest().post("/password-reset", url.Values{"email": {"ada@example.com"}}).status(200)
	}
	s.letter("ada@example.com", "new password")
	s.letter("ada@example.com", "new password")
	s.guest().post("/password-reset", url.Values{"email": {"ada"}}).status(422).has("one email address")
	// The letter after those that are not sent shows that they would have come.
	s.registered("carol")
	if letter := <-s.post.letters; letter.To != "carol@example.com" {
		t.Errorf("got a fourth letter within the hour: %+v", letter)
	}
}

func TestResetIsLimited(t *testing.T) {
	s := newSite(t, func(c *Config) { c.LoginRate = chat.Rate{Count: 3, Window: time.Minute} })
	for range 3 {
		s.guest().post("/password-reset", url.Values{"email": {"ada@example.com"}}).status(200)
	}
	s.guest().post("/password-reset", url.Values{"email": {"ada@example.com"}}).status(429).has("ada@example.com")
}

func TestOneLinkOnePassword(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		s.registered("ada")
		s.guest().post("/password-reset", url.Values{"email": {"ada@example.com"}}).status(200)
		path := s.link(s.letter("ada@example.com", "new password"))
		statuses := make([]int, 20)
		var all sync.WaitGroup
		for i := range statuses {
			all.Go(func() {
				for { // all passwords are hashed, in turn
					if statuses[i] = s.guest().post(path, twice(newPasswordText)).Code; statuses[i] != 503 {
						return
					}
				}
			})
		}
		all.Wait()
		done := 0
		for _, status := range statuses {
			if status == 303 {
				done++
			} else if status != 410 {
				t.Errorf("got status %d", status)
			}
		}
		if done != 1 {
			t.Errorf("got %d successes, want 1", done)
		}
	})
}

func TestLinksAreOfOurOwnSite(t *testing.T) {
	s := newSite(t)
	s.registered("ada")
	s.guest().with("Host", "evil.example").with("X-Forwarded-Host", "evil.example").post("/password-reset", url.Values{"email": {"ada@example.com"}}).status(200)
	if letter := s.letter("ada@example.com", "new password"); strings.Contains(letter.Text, "evil") || !strings.Contains(letter.Text, "\nhttp://example.com/password-reset/") {
		t.Errorf("got %s", letter.Text)
	}
}

// A dead mail server holds up letters, and nothing else.
func TestDeadMailServer(t *testing.T) {
	db := storetest.SQLite(t)
	var clock sync.Mutex // guards now
	now := time.Now()
	s := newSiteOn(t, db.WithClock(func() time.Time { clock.Lock(); defer clock.Unlock(); return now }))
	s.post.fail(errors.New("connection refused"))
	ada := s.registered("ada")
	ada.get("/").status(200).has("Log out")
	for tried := false; !tried; {
		s.post.mu.Lock()
		tried = s.post.sent > 0
		s.post.mu.Unlock()
	}
	s.post.fail(nil)
	for came := false; !came; {
		select {
		case letter := <-s.post.letters:
			came = letter.To == "ada@example.com"
		case <-time.After(20 * time.Millisecond): // a minute of the site's
			clock.Lock()
			now = now.Add(time.Minute)
			clock.Unlock()
			s.letterWaits()
		}
	}
}

func TestConfirmEmail(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		ada := s.registered("ada")
		path := s.link(s.letter("ada@example.com", "Confirm"))
		ada.get("/settings").has("not confirmed yet")
		for range 2 {
			s.guest().get(path).status(200).has("Confirm", "ada")
		}
		s.guest().post(path, url.Values{}).status(200).has("confirmed")
		s.guest().post(path, url.Values{}).status(410)
		s.guest().get(path).status(410)
		ada.get("/settings").lacks("not confirmed yet", "Send the letter again")
		ada.post("/settings/confirm-email", url.Values{}).status(303)

		form := profile("ada")
		form.Set("email", "New@example.com")
		ada.post("/settings", form).status(422).has("Enter your current password")
		form.Set("current_password", "wrong")
		ada.post("/settings", form).status(422).has("not your password").has("New@example.com")
		form.Set("current_password", goodPassword)
		form.Set("email", "new@")
		ada.post("/settings", form).status(422).has("one email address")
		form.Set("email", "New@example.com")
		ada.post("/settings", form).status(303)
		path = s.link(s.letter("new@example.com", "Confirm"))
		s.letter("ada@example.com", "A new email")
		ada.get("/settings").has("We have sent a letter to new@example.com")
		ada.post("/settings/confirm-email", url.Values{}).status(200).has("new@example.com")
		s.guest().get(s.link(s.letter("new@example.com", "Confirm"))).status(200)
		s.guest().post(path, url.Values{}).status(410) // the newer letter took its place
		ada.post("/settings/confirm-email", url.Values{}).status(200)
		s.guest().post(s.link(s.letter("new@example.com", "Confirm")), url.Values{}).status(200)
		s.letter("ada@example.com", "has changed")
		s.guest().post("/login", credentials("ada@example.com", goodPassword)).status(422)
		s.guest().post("/login", credentials("new@example.com", goodPassword)).status(303)
	})
}

func TestEmailOfAnother(t *testing.T) {
	s := newSite(t)
	s.registered("bob")
	ada := s.registered("ada")
	form := profile("lovelace")
	form.Set("email", "bob@example.com")
	form.Set("current_password", goodPassword)
	ada.post("/settings", form).status(422).has("account with this email")
	s.guest().get("/users/lovelace").status(404) // nothing of it was done
}

// Who guesses with somebody's session is stopped, and that somebody can still log in.
func TestGuessingTheCurrentPasswordIsLimited(t *testing.T) {
	s := newSite(t, func(c *Config) { c.LoginRate = chat.Rate{Count: 3, Window: time.Minute} })
	ada := s.registered("ada")
	form := profile("ada")
	form.Set("email", "new@example.com")
	form.Set("current_password", "wrong")
	for range 3 {
		ada.post("/settings", form).status(422)
	}
	ada.post("/settings", form).status(429).has("new@example.com")
	s.guest().post("/login", credentials("ada@example.com", goodPassword)).status(303)
}

// What is asked for leaves the same behind, whoever has an account. Who has one
// is looked for only when a letter leaves.
func TestResetDoesTheSameForAll(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		s.registered("ada")
		s.letter("ada@example.com", "Confirm")
		s.Drain() // no letter leaves from now on
		emails := []string{"ada@example.com", "nobody@example.com"}
		for _, email := range emails {
			s.guest().post("/password-reset", url.Values{"email": {email}}).status(200)
		}
		for _, email := range emails {
			letter, err := db.TakeLetter(t.Context())
			if err != nil || letter.Kind != chat.ResetLetter || letter.Recipient != email || letter.UserID != 0 {
				t.Errorf("%s: got %+v, %v, want a letter that names no account", email, letter, err)
			}
		}
	})
}

func BenchmarkReset(b *testing.B) {
	s := newSite(b)
	s.registered("ada")
	s.Drain()
	alike(b, func(email string) { s.guest().post("/password-reset", url.Values{"email": {email}}).status(200) })
}
