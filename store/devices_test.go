package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

func logIn(t *testing.T, s *store.Store, user chat.User, token string) {
	t.Helper()
	if err := s.Begin(t.Context(), store.Session{TokenHash: []byte(token), User: user, UserAgent: "Firefox", IPPrefix: "192.0.2.0/24"}, nil); err != nil {
		t.Fatal(err)
	}
}

func TestDevices(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada, bob := storetest.User(t, s, "ada"), storetest.User(t, s, "bob")
		logIn(t, s, ada, "desk")
		clock.pass(time.Hour)
		logIn(t, s, ada, "phone")
		logIn(t, s, bob, "his")
		devices, err := s.Devices(t.Context(), ada.ID)
		if err != nil || len(devices) != 2 || string(devices[0].TokenHash) != "phone" {
			t.Fatalf("got %+v, %v, want hers, the one seen last first", devices, err)
		}
		then := chat.At(clock.now().Add(-time.Hour))
		if got := devices[1]; got.UserAgent != "Firefox" || got.IPPrefix != "192.0.2.0/24" || got.BegunAt != then || got.SeenAt != then {
			t.Errorf("got %+v", got)
		}
		if err := s.EndOthers(t.Context(), ada.ID, []byte("desk")); err != nil {
			t.Fatal(err)
		}
		if devices, err := s.Devices(t.Context(), ada.ID); err != nil || len(devices) != 1 || string(devices[0].TokenHash) != "desk" {
			t.Errorf("after the others were ended: got %+v, %v", devices, err)
		}
		if devices, err := s.Devices(t.Context(), bob.ID); err != nil || len(devices) != 1 {
			t.Errorf("another's: got %+v, %v", devices, err)
		}
	})
}

func TestEnded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada, bob := storetest.User(t, s, "ada"), storetest.User(t, s, "bob")
		logIn(t, s, ada, "old")
		clock.pass(store.SessionIdle)
		logIn(t, s, ada, "changed")
		logIn(t, s, bob, "his")
		logIn(t, s, bob, "left")
		if _, err := s.ChangePassword(t.Context(), ada.ID, "new"); err != nil {
			t.Fatal(err)
		}
		if err := s.End(t.Context(), []byte("left")); err != nil {
			t.Fatal(err)
		}
		asked := [][]byte{[]byte("old"), []byte("changed"), []byte("his"), []byte("left"), []byte("never")}
		for i := range 1000 { // more than one statement takes
			asked = append(asked, fmt.Appendf(nil, "other %d", i))
		}
		ended, err := s.Ended(t.Context(), asked)
		if err != nil || len(ended) != len(asked)-1 || fmt.Sprintf("%s", ended[:4]) != "[old changed left never]" {
			t.Errorf("got %d ended, %v, want all but Bob's", len(ended), err)
		}
	})
}

func TestKnownBrowsers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada, bob := storetest.User(t, s, "ada"), storetest.User(t, s, "bob")
		know := func(user chat.User, browser string) {
			t.Helper()
			clock.pass(time.Second)
			if err := s.KnowBrowser(t.Context(), user.ID, []byte(browser)); err != nil {
				t.Fatal(err)
			}
		}
		known := func(email, browser string, want bool) {
			t.Helper()
			if got, err := s.BrowserKnown(t.Context(), email, []byte(browser)); err != nil || got != want {
				t.Errorf("%s with %s: got %v, %v, want %v", email, browser, got, err, want)
			}
		}
		know(ada, "desk")
		know(bob, "desk") // one browser, two accounts
		know(ada, "desk")
		known("ADA@example.com", "desk", true)
		known("bob@example.com", "desk", true)
		known("ada@example.com", "phone", false)
		known("nobody@example.com", "desk", false)
		for i := range 50 {
			know(ada, fmt.Sprint(i))
		}
		known("ada@example.com", "desk", false)
		known("ada@example.com", "0", true)
		known("bob@example.com", "desk", true)
		if _, err := s.ChangePassword(t.Context(), ada.ID, "new"); err != nil {
			t.Fatal(err)
		}
		known("ada@example.com", "0", false)
		clock.pass(store.SessionMost)
		known("bob@example.com", "desk", false)
	})
}
