package store_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// wantLine fails unless err is one line that holds each part.
func wantLine(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("got no error, want one with %q", parts)
		return
	}
	missing := func(part string) bool { return !strings.Contains(err.Error(), part) }
	if strings.Contains(err.Error(), "\n") || slices.ContainsFunc(parts, missing) {
		t.Errorf("got the error %q, want one line with %q", err, parts)
	}
}

func TestOpenRefusesAddresses(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ address, want string }{
		{"", "must begin with"},
		{"sqlite:", "must begin with"},
		{"mysql://localhost/x", "must begin with"},
		{"twilightbark.db", "must begin with"},
		{"postgres:", "open the database"},
		{"postgres://%zz", "must begin with"},
		{"sqlite:" + text, "not a database"},
		{"sqlite:" + text + "/below", "not a directory"},
		{"sqlite:" + folder, "open the database"},
		{"postgres://localhost:1/x?sslmode=disable", "refused"},
		{"postgres://localhost:1/x?sslmode=nonsense", "sslmode"},
	} {
		t.Run(test.address, func(t *testing.T) {
			s, err := store.Open(t.Context(), test.address)
			if err == nil {
				_ = s.Close()
			}
			wantLine(t, err, test.want)
		})
	}
}

func TestOpenKeepsWhatThereIs(t *testing.T) {
	eachAddress(t, func(t *testing.T, address string) {
		first := open(t, address)
		ada := storetest.User(t, first, "ada")
		if err := first.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
		if got, err := open(t, address).UserByName(t.Context(), "ada"); err != nil || got != ada {
			t.Errorf("opened again: got %+v, %v, want %+v", got, err, ada)
		}
	})
}

// Nodes that start at the same moment, on an empty database, all start.
func TestOpenInParallel(t *testing.T) {
	eachAddress(t, func(t *testing.T, address string) {
		stores, errs := parallel(6, func(int) (*store.Store, error) { return store.Open(t.Context(), address) })
		for i, err := range errs {
			if err != nil {
				t.Errorf("got %v, want all to open it", err)
				continue
			}
			if err := stores[i].Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		}
	})
}

func TestOpenRefusesANewerDatabase(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		storetest.User(t, db.Store, "ada")
		db.raw.MustExec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, TRUE)`)
		s, err := store.Open(t.Context(), db.address)
		if err == nil {
			_ = s.Close()
		}
		wantLine(t, err, "newer", "99999")
		if _, err := db.UserByName(t.Context(), "ada"); err != nil {
			t.Errorf("what was there: got %v, want it untouched", err)
		}
	})
}

func TestMigrationsUpDownUp(t *testing.T) {
	for _, test := range []struct {
		name    string
		dialect goose.Dialect
		open    func(t *testing.T) string
		tables  string // query for the names of all tables
	}{
		{
			"sqlite", goose.DialectSQLite3,
			func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "test.db") },
			`SELECT name FROM sqlite_master WHERE type IN ('table', 'index') AND name NOT LIKE 'sqlite_%' ORDER BY name`,
		},
		{
			"postgres", goose.DialectPostgres,
			func(t *testing.T) string { return storetest.PostgresURL(t) },
			`SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY relname`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			address := test.open(t)
			raw := openRaw(t, address)
			provider, err := goose.NewProvider(test.dialect, raw.DB, os.DirFS(filepath.Join("migrations", test.name)))
			if err != nil {
				t.Fatal(err)
			}
			names := func() (names []string) {
				if err := raw.Select(&names, test.tables); err != nil {
					t.Fatal(err)
				}
				return slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, "goose_") })
			}
			if _, err := provider.Up(t.Context()); err != nil {
				t.Fatalf("up: %v", err)
			}
			full := names()
			if !slices.Contains(full, "messages") {
				t.Fatalf("after up: got %q, want messages among them", full)
			}
			if _, err := provider.DownTo(t.Context(), 0); err != nil {
				t.Fatalf("down: %v", err)
			}
			if left := names(); len(left) > 0 {
				t.Errorf("after down: got %q, want nothing left", left)
			}
			if _, err := provider.Up(t.Context()); err != nil {
				t.Fatalf("up again: %v", err)
			}
			if again := names(); !slices.Equal(again, full) {
				t.Errorf("after up again: got %q, want %q", again, full)
			}
			storetest.User(t, open(t, address), "ada")
		})
	}
}

func TestOddPaths(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	for _, path := range []string{
		filepath.Join(folder, "a b.db"),
		filepath.Join(folder, "100%41.db"),
		filepath.Join(folder, "what?mode=memory#x&y=z.db"),
		filepath.Join(folder, `quo'te"s;--.db`),
		filepath.Join(folder, "犬.db"),
		filepath.Join(folder, "new", "folders", "x.db"),
		"relative.db",
		"./new/relative.db",
		"a:b.db",
	} {
		t.Run(path, func(t *testing.T) {
			s := open(t, "sqlite:"+path)
			ada := storetest.User(t, s, "ada")
			if err := s.Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("the file of that very name: %v", err)
			}
			if got, err := open(t, "sqlite:"+path).UserByName(t.Context(), "ada"); err != nil || got != ada {
				t.Errorf("opened again: got %+v, %v, want %+v", got, err, ada)
			}
		})
	}
	s := open(t, "sqlite://"+filepath.Join(folder, "a b.db"))
	if _, err := s.UserByName(t.Context(), "ada"); err != nil {
		t.Errorf("the address with //: got %v, want the same file", err)
	}
}

// What people keep in the database is for its owner alone to read.
func TestFilesArePrivate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "test.db")
	release, err := store.Claim("sqlite:" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = release() }()
	storetest.User(t, open(t, "sqlite:"+path), "ada")
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		if info, err := os.Stat(path + suffix); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("test.db%s: got %v, %v, want the rights -rw-------", suffix, info, err)
		}
	}
}

func TestEveryConnectionHasThePragmas(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "test.db")
	s := open(t, "sqlite:"+path)
	ada := storetest.User(t, s, "ada")
	if _, err := s.OpenRoom(t.Context(), chat.RoomName{Name: "Dogs", Slug: "dogs"}, ada.ID+1000); err == nil {
		t.Error("a room opened by nobody: got no error, want foreign keys to be checked")
	}
	raw := openRaw(t, "sqlite:"+path)
	var mode string
	if err := raw.Get(&mode, "PRAGMA journal_mode"); err != nil || mode != "wal" {
		t.Errorf("the journal: got %q, %v, want wal", mode, err)
	}
}

func TestClaim(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "a b?.db")
	release, err := store.Claim("sqlite:" + path)
	if err != nil {
		t.Fatalf("the first: %v", err)
	}
	_, err = store.Claim("sqlite:" + path)
	wantLine(t, err, "another twilightbark", path)
	if other, err := store.Claim("sqlite:" + path + "2"); err != nil {
		t.Errorf("another file: got %v, want no refusal", err)
	} else if err := other(); err != nil {
		t.Errorf("release another file: %v", err)
	}
	if err := release(); err != nil {
		t.Fatalf("release: %v", err)
	}
	again, err := store.Claim("sqlite:" + path)
	if err != nil {
		t.Fatalf("after the release: got %v, want it to be free", err)
	}
	open(t, "sqlite:"+path) // the claim is no lock on the database itself
	if err := again(); err != nil {
		t.Errorf("release: %v", err)
	}
	for range 2 {
		release, err := store.Claim("postgres://localhost/any")
		if err != nil {
			t.Fatalf("PostgreSQL, which any number of servers share: got %v, want nil", err)
		}
		if err := release(); err != nil {
			t.Errorf("release PostgreSQL: %v", err)
		}
	}
	_, err = store.Claim("mysql://localhost")
	wantLine(t, err, "must begin with")
	_, err = store.Claim("sqlite:/proc/nowhere/x.db")
	wantLine(t, err, "/proc/nowhere")
}
