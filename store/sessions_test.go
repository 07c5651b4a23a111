package store_test

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// token gives the hash of the n-th token.
func token(n int) []byte {
	hash := sha256.Sum256(fmt.Append(nil, n))
	return hash[:]
}

func begin(t *testing.T, s *store.Store, user chat.User, n int, old []byte) {
	t.Helper()
	err := s.Begin(t.Context(), store.Session{TokenHash: token(n), User: user, UserAgent: "Test/1", IPPrefix: "192.0.2.0/24"}, old)
	if err != nil {
		t.Fatalf("begin session %d: %v", n, err)
	}
}

// wantSession fails unless session n is that of the user, or is dead when the
// user is nil.
func wantSession(t *testing.T, s *store.Store, n int, user *chat.User, when string) {
	t.Helper()
	got, err := s.SessionUser(t.Context(), token(n))
	if user == nil {
		if chat.KindOf(err) != chat.NotFound {
			t.Errorf("session %d %s: got %q, %v, want NotFound", n, when, got.Username, err)
		}
	} else if err != nil || got != *user {
		t.Errorf("session %d %s: got %+v, %v, want %+v", n, when, got, err, *user)
	}
}

func TestSessions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ada, bob := storetest.User(t, s, "ada"), storetest.User(t, s, "bob")
		wantSession(t, s, 1, nil, "before it began")
		begin(t, s, ada, 1, nil)
		begin(t, s, ada, 2, []byte{})
		begin(t, s, bob, 3, nil)
		wantSession(t, s, 1, &ada, "begun")
		wantSession(t, s, 2, &ada, "begun on another device")
		wantSession(t, s, 3, &bob, "begun by another")

		begin(t, s, bob, 4, token(1))
		wantSession(t, s, 1, nil, "that another replaced")
		wantSession(t, s, 4, &bob, "in its place")
		wantSession(t, s, 2, &ada, "beside it")

		for range 2 { // ending what is ended is no error
			if err := s.End(t.Context(), token(2)); err != nil {
				t.Fatalf("end: %v", err)
			}
		}
		wantSession(t, s, 2, nil, "ended")
		wantSession(t, s, 3, &bob, "after another ended")
		for _, hash := range [][]byte{nil, {}, token(4)[:31], {0}} {
			_, err := s.SessionUser(t.Context(), hash)
			wantKind(t, err, chat.NotFound, fmt.Sprintf("the session %x", hash))
		}
	})
}

func TestSessionExpiry(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada := storetest.User(t, s, "ada")

		begin(t, s, ada, 1, nil)
		clock.pass(store.SessionIdle - time.Second)
		wantSession(t, s, 1, &ada, "a second before 30 unused days")
		clock.pass(store.SessionIdle - time.Second)
		wantSession(t, s, 1, &ada, "used in between")
		clock.pass(store.SessionIdle)
		wantSession(t, s, 1, nil, "unused for 30 days")

		begin(t, s, ada, 2, nil)
		for range 8 {
			clock.pass(20 * 24 * time.Hour)
			wantSession(t, s, 2, &ada, "used every 20 days")
		}
		clock.pass(20*24*time.Hour - time.Second)
		wantSession(t, s, 2, &ada, "a second before 180 days")
		clock.pass(time.Second)
		wantSession(t, s, 2, nil, "after 180 days, however used")
	})
}

// A reader of pages writes to the database once in 10 minutes.
func TestSessionTouch(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		clock := newClock()
		s := db.WithClock(clock.now)
		ada := storetest.User(t, s, "ada")
		begin(t, s, ada, 1, nil)
		begun := clock.now()
		for _, step := range []struct {
			after time.Duration // since the step before
			seen  time.Duration // since the beginning
		}{
			{0, 0},
			{10*time.Minute - time.Microsecond, 0},
			{time.Microsecond, 10 * time.Minute},
			{time.Minute, 10 * time.Minute},
			{9 * time.Minute, 20 * time.Minute},
		} {
			clock.pass(step.after)
			wantSession(t, s, 1, &ada, "used")
			var seen, expires chat.Micros
			if err := db.raw.QueryRow(`SELECT seen_at, expires_at FROM sessions`).Scan(&seen, &expires); err != nil {
				t.Fatalf("look at the session: %v", err)
			}
			if want := chat.At(begun.Add(step.seen)); seen != want {
				t.Errorf("%v after it began: got it seen at %v, want %v", clock.now().Sub(begun), seen.Time(), want.Time())
			}
			if want := chat.At(begun.Add(step.seen + store.SessionIdle)); expires != want {
				t.Errorf("%v after it began: got it to expire at %v, want %v", clock.now().Sub(begun), expires.Time(), want.Time())
			}
		}
	})
}

func TestSessionDiesWithTheAccountsVersion(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		ada, bob := storetest.User(t, db.Store, "ada"), storetest.User(t, db.Store, "bob")
		begin(t, db.Store, ada, 1, nil)
		begin(t, db.Store, bob, 2, nil)
		wantSession(t, db.Store, 1, &ada, "begun")
		db.raw.MustExec(`UPDATE users SET auth_version = auth_version + 1 WHERE id = $1`, ada.ID)
		wantSession(t, db.Store, 1, nil, "of an older version of the account")
		wantSession(t, db.Store, 2, &bob, "of another account")

		begin(t, db.Store, ada, 3, nil) // by a request that loaded the account before
		wantSession(t, db.Store, 3, nil, "begun with what is outdated")
		ada.AuthVersion++
		begin(t, db.Store, ada, 4, nil)
		wantSession(t, db.Store, 4, &ada, "begun anew")
	})
}

func TestAtMost50Sessions(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		clock := newClock()
		s := db.WithClock(clock.now)
		ada, bob := storetest.User(t, s, "ada"), storetest.User(t, s, "bob")
		begin(t, s, bob, 1000, nil)
		for n := range 60 {
			clock.pass(time.Second)
			begin(t, s, ada, n, nil)
		}
		for n := range 10 {
			wantSession(t, s, n, nil, "of the oldest")
		}
		for n := 10; n < 60; n++ {
			wantSession(t, s, n, &ada, "of the newest 50")
		}
		wantSession(t, s, 1000, &bob, "of another account")

		clock.pass(store.SessionIdle)
		begin(t, s, bob, 1001, nil)
		var left int
		if err := db.raw.Get(&left, `SELECT count(*) FROM sessions`); err != nil || left != 1 {
			t.Errorf("after all but one expired: got %d rows, %v, want 1", left, err)
		}
	})
}

func TestOneSessionPerToken(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ada, bob := storetest.User(t, s, "ada"), storetest.User(t, s, "bob")
		begin(t, s, ada, 1, nil)
		if err := s.Begin(t.Context(), store.Session{TokenHash: token(1), User: bob}, nil); err == nil {
			t.Error("a second session of one token: got no error, want one")
		}
		wantSession(t, s, 1, &ada, "begun first")
	})
}
