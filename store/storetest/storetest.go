// Package storetest gives tests real databases to work on: a new and empty one
// for each test, on SQLite and on PostgreSQL, gone when the test ends. It is
// for tests only. All its functions may be called from parallel tests.
package storetest

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
)

// Each runs test on both databases, as the parallel subtests "sqlite" and
// "postgres". They may still run after Each has returned, as all parallel
// subtests do, so nothing should follow it in its caller.
func Each(t *testing.T, test func(t *testing.T, s *store.Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, SQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, Postgres(t))
	})
}

// SQLite gives a store in a new SQLite file.
func SQLite(t testing.TB) *store.Store {
	t.Helper()
	return open(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
}

// Postgres gives a store in a new PostgreSQL database. Without a PostgreSQL the
// test fails, and says what to install.
func Postgres(t testing.TB) *store.Store {
	t.Helper()
	return open(t, PostgresURL(t))
}

func open(t testing.TB, address string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return s
}

// User registers a member called name, who can't log in: no password has the
// hash that is stored.
func User(t testing.TB, s *store.Store, name string) chat.User {
	t.Helper()
	user, err := s.Register(t.Context(), chat.Registration{
		Email:        strings.ToLower(name) + "@example.com",
		Username:     name,
		PasswordHash: "none",
	})
	if err != nil {
		t.Fatalf("register %q: %v", name, err)
	}
	return user
}

// Room gives the room called name. If it is new, its opener is a member called
// "opener".
func Room(t testing.TB, s *store.Store, name string) chat.Room {
	t.Helper()
	roomName, err := chat.NameRoom(name)
	if err != nil {
		t.Fatalf("name a room %q: %v", name, err)
	}
	opener, err := s.UserByName(t.Context(), "opener")
	if chat.KindOf(err) == chat.NotFound {
		opener = User(t, s, "opener")
	} else if err != nil {
		t.Fatalf("find the opener: %v", err)
	}
	room, err := s.OpenRoom(t.Context(), roomName, opener.ID)
	if err != nil {
		t.Fatalf("open the room %q: %v", name, err)
	}
	return room
}
