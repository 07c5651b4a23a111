package store_test

import (
	"bytes"
	"strconv"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// named gives the profile of a user under another name.
func named(name string) chat.Profile { return chat.Profile{Username: name, HideEmail: true} }

func avatar(digit string) *chat.Avatar {
	return &chat.Avatar{Hash: digit, Large: []byte("large " + digit), Small: []byte("small " + digit)}
}

func TestChangeProfile(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		time := newClock()
		s = s.WithClock(time.now)
		ada := storetest.User(t, s, "ada")
		got, err := s.ChangeProfile(t.Context(), ada.ID, chat.Profile{Username: "Ada.L", TimeZone: "Europe/London"}, avatar("1"))
		if err != nil {
			t.Fatal(err)
		}
		want := ada
		want.Username, want.HideEmail, want.TimeZone, want.Avatar, want.RenewedAt = "Ada.L", false, "Europe/London", "1", chat.At(time.now())
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if stored, err := s.UserByName(t.Context(), "ada.l"); err != nil || stored != want {
			t.Errorf("stored: got %+v, %v, want %+v", stored, err, want)
		}

		time.pass(1e9)
		got, err = s.ChangeProfile(t.Context(), ada.ID, chat.Profile{Username: "Ada.L", HideEmail: true}, nil)
		want.HideEmail, want.TimeZone = true, ""
		if err != nil || got != want {
			t.Errorf("without name and picture: got %+v, %v, want them and their time kept: %+v", got, err, want)
		}
	})
}

func TestChangeProfileToATakenName(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ada, bob := storetest.User(t, s, "ada"), storetest.User(t, s, "bob")
		_, err := s.ChangeProfile(t.Context(), bob.ID, named("ADA"), avatar("1"))
		wantKind(t, err, chat.Conflict, "another's name")
		if problem, ok := err.(*chat.Error); !ok || problem.Fields["username"] == "" { //nolint:errorlint // it is to be seen by who asks
			t.Errorf("got %v, want a sentence for the field", err)
		}
		if stored, err := s.UserByName(t.Context(), "bob"); err != nil || stored != bob {
			t.Errorf("got %+v, %v, want nothing changed: %+v", stored, err, bob)
		}
		_, err = s.AvatarPicture(t.Context(), "1", true)
		wantKind(t, err, chat.NotFound, "the picture that came with it")
		if _, err := s.ChangeProfile(t.Context(), ada.ID, named("Ada"), nil); err != nil {
			t.Errorf("one's own name in another case: %v", err)
		}
		_, err = s.ChangeProfile(t.Context(), 99, named("eve"), nil)
		wantKind(t, err, chat.NotFound, "an account that is none")

		_, errs := parallel(2, func(i int) (chat.User, error) {
			return s.ChangeProfile(t.Context(), []int64{ada.ID, bob.ID}[i], named("carol"), nil)
		})
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Errorf("two take one name: got %v and %v, want one to get it", errs[0], errs[1])
		}
	})
}

func TestFormerNamesLeadToTheAccount(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		time := newClock()
		s = s.WithClock(time.now)
		ada := storetest.User(t, s, "ada")
		rename := func(id int64, name string) {
			t.Helper()
			time.pass(1e9)
			if _, err := s.ChangeProfile(t.Context(), id, named(name), nil); err != nil {
				t.Fatalf("rename to %s: %v", name, err)
			}
		}
		leads := func(name string, to int64) {
			t.Helper()
			if got, err := s.UserByFormerName(t.Context(), name); err != nil || got.ID != to {
				t.Errorf("%s: got account %d, %v, want %d", name, got.ID, err, to)
			}
		}
		ends := func(name string) {
			t.Helper()
			_, err := s.UserByFormerName(t.Context(), name)
			wantKind(t, err, chat.NotFound, name)
		}
		rename(ada.ID, "lovelace")
		leads("ADA", ada.ID)
		bob, err := s.Register(t.Context(), chat.Registration{Email: "bob@example.com", Username: "Ada", PasswordHash: "none"})
		if err != nil {
			t.Fatalf("take a name that is free: %v", err)
		}
		ends("ada")
		rename(bob.ID, "bob")
		leads("ada", bob.ID)
		rename(ada.ID, "ada")
		ends("ada")
		leads("lovelace", ada.ID)
		for i := range 21 {
			rename(ada.ID, "name-"+strconv.Itoa(i))
		}
		ends("lovelace")
		ends("ada")
		leads("name-0", ada.ID)
	})
}

func TestAvatarPicture(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ada, bob := storetest.User(t, s, "ada"), storetest.User(t, s, "bob")
		change := func(user chat.User, avatar *chat.Avatar) {
			t.Helper()
			if _, err := s.ChangeProfile(t.Context(), user.ID, named(user.Username), avatar); err != nil {
				t.Fatal(err)
			}
		}
		shows := func(hash string, want bool) {
			t.Helper()
			for large, picture := range map[bool]string{true: "large ", false: "small "} {
				got, err := s.AvatarPicture(t.Context(), hash, large)
				if want && (err != nil || !bytes.Equal(got, []byte(picture+hash))) {
					t.Errorf("%s%s: got %q, %v", picture, hash, got, err)
				}
				if !want {
					wantKind(t, err, chat.NotFound, picture+hash)
				}
			}
		}
		change(ada, avatar("1"))
		change(bob, avatar("1"))
		shows("1", true)
		change(ada, avatar("2"))
		shows("1", true) // Bob's
		shows("2", true)
		change(bob, &chat.Avatar{})
		shows("1", false)
		shows("", false)
	})
}

func TestRenewals(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		time := newClock()
		s = s.WithClock(time.now)
		begun := chat.At(time.now())
		for _, name := range []string{"ada", "bob", "carol"} {
			user := storetest.User(t, s, name)
			time.pass(1e9)
			if _, err := s.ChangeProfile(t.Context(), user.ID, named(name+"-2"), nil); err != nil {
				t.Fatal(err)
			}
		}
		for _, tt := range []struct {
			after chat.Micros
			limit int
			want  string
		}{
			{0, 10, "ada-2 bob-2 carol-2 "}, {begun + 1e6, 10, "bob-2 carol-2 "}, {0, 2, "bob-2 carol-2 "}, {begun + 3e6, 10, ""},
		} {
			users, err := s.Renewals(t.Context(), tt.after, tt.limit)
			got := ""
			for _, user := range users {
				got += user.Username + " "
			}
			if err != nil || got != tt.want {
				t.Errorf("after %d, at most %d: got %q, %v, want %q", tt.after-begun, tt.limit, got, err, tt.want)
			}
		}
	})
}

func TestLatestBy(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada, bob, dogs, cats := storetest.User(t, s, "ada"), storetest.User(t, s, "bob"), storetest.Room(t, s, "dogs"), storetest.Room(t, s, "Cats")
		for i, d := range []chat.Draft{draft(dogs.ID, ada.ID, 1, "one"), draft(cats.ID, ada.ID, 2, "two"), draft(dogs.ID, bob.ID, 3, "bob's"), draft(dogs.ID, ada.ID, 4, "three")} {
			clock.pass(time.Duration(i) * time.Second)
			if _, err := s.Post(t.Context(), d, chat.Rate{}); err != nil {
				t.Fatal(err)
			}
		}
		latest, err := s.LatestBy(t.Context(), ada.ID, 2)
		if err != nil || len(latest) != 2 || latest[0].Body != "three" || latest[1].Body != "two" || latest[1].RoomName != "Cats" {
			t.Errorf("got %+v, %v, want the last two of hers, the newest first", latest, err)
		}
	})
}
