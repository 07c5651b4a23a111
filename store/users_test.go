package store_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

func TestRegister(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		time := newClock()
		s = s.WithClock(time.now)
		ada, err := s.Register(t.Context(), chat.Registration{Email: "Ada@Example.com", Username: "Ada.L", PasswordHash: "hash"})
		if err != nil {
			t.Fatalf("register: %v", err)
		}
		want := chat.User{ID: ada.ID, Email: "ada@example.com", Username: "Ada.L", PasswordHash: "hash", HideEmail: true, AuthVersion: 1, CreatedAt: chat.At(time.now()), Role: chat.Member}
		if ada != want || ada.ID == 0 {
			t.Errorf("register: got %+v, want %+v", ada, want)
		}
		for _, email := range []string{"ada@example.com", "ADA@EXAMPLE.COM", " Ada@Example.com "} {
			if got, err := s.UserByEmail(t.Context(), email); err != nil || got != want {
				t.Errorf("UserByEmail(%q): got %+v, %v, want %+v", email, got, err, want)
			}
		}
		for _, name := range []string{"Ada.L", "ada.l", "ADA.L"} {
			if got, err := s.UserByName(t.Context(), name); err != nil || got != want {
				t.Errorf("UserByName(%q): got %+v, %v, want %+v", name, got, err, want)
			}
		}
		_, err = s.UserByEmail(t.Context(), "ada.l")
		wantKind(t, err, chat.NotFound, "an email that nobody has")
		_, err = s.UserByName(t.Context(), "ada")
		wantKind(t, err, chat.NotFound, "a name that nobody has")

		if err := s.SetPasswordHash(t.Context(), ada, "other"); err != nil {
			t.Fatalf("SetPasswordHash: %v", err)
		}
		want.PasswordHash = "other"
		if got, err := s.UserByName(t.Context(), "ada.l"); err != nil || got != want {
			t.Errorf("after SetPasswordHash: got %+v, %v, want %+v", got, err, want)
		}
		if err := s.SetPasswordHash(t.Context(), ada, "the old password, hashed anew"); err != nil {
			t.Fatalf("SetPasswordHash: %v", err)
		}
		if got, err := s.UserByName(t.Context(), "ada.l"); err != nil || got != want {
			t.Errorf("after another hash for a password that is old by now: got %+v, %v, want %+v", got, err, want)
		}
	})
}

func TestRegisterTellsWhatIsTaken(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		storetest.User(t, s, "ada")
		storetest.User(t, s, "bob")
		for _, test := range []struct {
			name, email, username string
			fields                []string
		}{
			{"the email", "ada@example.com", "eve", []string{"email"}},
			{"the email in capitals", "ADA@EXAMPLE.COM", "eve", []string{"email"}},
			{"the name", "eve@example.com", "ada", []string{"username"}},
			{"the name in capitals", "eve@example.com", "ADA", []string{"username"}},
			{"both, of one account", "ada@example.com", "ada", []string{"email", "username"}},
			{"both, of two accounts", "bob@example.com", "ADA", []string{"email", "username"}},
		} {
			_, err := s.Register(t.Context(), chat.Registration{Email: test.email, Username: test.username, PasswordHash: "none"})
			wantKind(t, err, chat.Conflict, test.name)
			problem, _ := errors.AsType[*chat.Error](err)
			if got := slices.Sorted(maps.Keys(problem.Fields)); !slices.Equal(got, test.fields) {
				t.Errorf("%s: got the fields %q, want %q", test.name, got, test.fields)
			}
		}
		if _, err := s.Register(t.Context(), chat.Registration{Email: "eve@example.com", Username: "eve", PasswordHash: "none"}); err != nil {
			t.Errorf("what was refused took nothing: got %v, want it to be free", err)
		}
	})
}

func TestRegisterInParallel(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for _, test := range []struct {
			name         string
			registration func(i int) chat.Registration
		}{
			{"one name", func(i int) chat.Registration {
				return chat.Registration{Email: string(rune('a'+i)) + "@example.com", Username: []string{"ada", "Ada", "ADA"}[i%3], PasswordHash: "none"}
			}},
			{"one email", func(i int) chat.Registration {
				return chat.Registration{Email: "bob@example.com", Username: "bob" + string(rune('a'+i)), PasswordHash: "none"}
			}},
		} {
			_, errs := parallel(12, func(i int) (chat.User, error) { return s.Register(t.Context(), test.registration(i)) })
			done := 0
			for _, err := range errs {
				if err == nil {
					done++
				} else if got := chat.KindOf(err); got != chat.Conflict {
					t.Errorf("%s: got %v of kind %d, want Conflict", test.name, err, got)
				}
			}
			if done != 1 {
				t.Errorf("%s: got %d accounts, want 1", test.name, done)
			}
		}
	})
}

// What chat lets through, both databases take, and give back as it was.
func TestHostileNames(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ada := storetest.User(t, s, "ada")
		rapid.Check(t, func(r *rapid.T) {
			name, err := chat.NameRoom(rapid.OneOf(rapid.String(), rapid.StringN(1, 80, -1), hostile()).Draw(r, "name"))
			if err != nil {
				return
			}
			opened, err := s.OpenRoom(t.Context(), name, ada.ID)
			if err != nil || opened.Slug != name.Slug {
				r.Fatalf("OpenRoom(%+q): got %+q, %v, want it opened", name, opened.Slug, err)
			}
			if got, err := s.Room(t.Context(), name.Slug); err != nil || got != opened {
				r.Fatalf("Room(%+q): got %+v, %v, want %+v", name.Slug, got, err, opened)
			}
		})
	})
}

// hostile draws text that databases have been known to choke on.
func hostile() *rapid.Generator[string] {
	return rapid.Custom(func(r *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{
			"\x00", "\x01", "\xff", "\xed\xa0\x80", "\ufffd", "\ufffe", "\uffff", "\U0010ffff", "\U0001f415", "\u202e", "\u0301", "İ", "ß", "犬",
			"'", "''", "\"", "\\", "\\x00", "$1", "?", ":a", "%", "_", "--", "/*", ";", "E'\\0'", "NULL", "\r\n", "\t", " ", "a", "0",
		}), 0, 12).Draw(r, "pieces"), "")
	})
}
