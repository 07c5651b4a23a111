package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// through collects a list page by page, as somebody reads it, until it ends.
func through[T any](t *testing.T, page func(last *T) ([]T, error)) (all []T) {
	t.Helper()
	var last *T
	for range 1000 {
		rows, err := page(last)
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) == 0 {
			return all
		}
		all = append(all, rows...)
		last = &all[len(all)-1]
	}
	t.Fatal("the list never ends")
	return nil
}

func TestFindMembers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ids := map[string]int64{}
		for _, name := range []string{"Ada", "adam", "Bob", "a_a", "abc", "zoe", "a-b", "gone"} {
			ids[name] = storetest.User(t, s, name).ID
		}
		for _, err := range []error{
			s.SetRole(t.Context(), ids["zoe"], chat.Admin), s.SetRole(t.Context(), ids["adam"], chat.Moderator),
			s.Disable(t.Context(), ids["Bob"]), s.Disable(t.Context(), ids["adam"]), s.DeleteAccount(t.Context(), ids["gone"], false),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		tests := []struct {
			of   chat.MemberList
			want string
		}{
			{chat.MemberList{}, "a-b a_a abc Ada adam Bob zoe"},
			{chat.MemberList{Begins: "AD"}, "Ada adam"},
			{chat.MemberList{Begins: "adam"}, "adam"},
			{chat.MemberList{Begins: "adams"}, ""},
			{chat.MemberList{Begins: "%"}, ""},
			{chat.MemberList{Begins: "a_"}, "a_a"},
			{chat.MemberList{Begins: "gone"}, ""},
			{chat.MemberList{Begins: "former"}, ""},
			{chat.MemberList{Begins: "Ada@"}, "Ada"},
			{chat.MemberList{Begins: " bob@example.com "}, "Bob"},
			{chat.MemberList{Begins: "@"}, ""},
			{chat.MemberList{Role: chat.Admin}, "zoe"},
			{chat.MemberList{Role: chat.Moderator}, "adam"},
			{chat.MemberList{Disabled: true}, "adam Bob"},
			{chat.MemberList{Disabled: true, Begins: "b"}, "Bob"},
			{chat.MemberList{Disabled: true, Role: chat.Moderator}, "adam"},
		}
		for _, tt := range tests {
			members := through(t, func(last *chat.User) ([]chat.User, error) {
				if last != nil {
					tt.of.After = tt.of.Place(*last)
				}
				return s.FindMembers(t.Context(), tt.of, 2)
			})
			var names []string
			for _, member := range members {
				names = append(names, member.Username)
			}
			if got := strings.Join(names, " "); got != tt.want {
				t.Errorf("%+v: got %q, want %q", tt.of, got, tt.want)
			}
		}
	})
}

func TestFindRooms(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		for n, name := range []string{"Dogs", "Dog walks", "犬", "犬の話", "Cats", "Собаки", "do"} {
			if n%2 == 0 {
				clock.pass(time.Minute) // two are opened at each moment
			}
			storetest.Room(t, s, name)
		}
		tests := []struct{ begins, want string }{
			{"", "do Собаки Cats 犬の話 犬 Dog walks Dogs"},
			{"do", "do Dog walks Dogs"},
			{"dogs", "Dogs"},
			{"犬", "犬 犬の話"},
			{"соб", "Собаки"},
			{"x", ""},
		}
		for _, tt := range tests {
			of := chat.RoomList{Begins: tt.begins}
			rooms := through(t, func(last *chat.Room) ([]chat.Room, error) {
				if last != nil {
					of.After, of.AfterSlug = last.Place(), last.Slug
				}
				return s.FindRooms(t.Context(), of, 2)
			})
			var names []string
			for _, room := range rooms {
				names = append(names, room.Name)
			}
			if got := strings.Join(names, " "); got != tt.want {
				t.Errorf("%q: got %q, want %q", tt.begins, got, tt.want)
			}
		}
	})
}

func TestFindMessages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada, bob := storetest.User(t, s, "ada"), storetest.User(t, s, "bob")
		dogs, cats := storetest.Room(t, s, "dogs"), storetest.Room(t, s, "cats")
		for n, post := range []struct {
			room   chat.Room
			author chat.User
		}{{dogs, ada}, {cats, ada}, {dogs, bob}, {dogs, ada}, {cats, bob}, {dogs, ada}} {
			if n%2 == 0 {
				clock.pass(time.Minute)
			}
			if _, err := s.Post(t.Context(), draft(post.room.ID, post.author.ID, n, fmt.Sprint(n)), chat.Rate{}); err != nil {
				t.Fatal(err)
			}
		}
		tests := []struct {
			of   chat.MessageList
			want string
		}{
			{chat.MessageList{}, "543210"},
			{chat.MessageList{RoomID: dogs.ID}, "5320"},
			{chat.MessageList{AuthorID: ada.ID}, "5310"},
			{chat.MessageList{RoomID: cats.ID, AuthorID: bob.ID}, "4"},
			{chat.MessageList{RoomID: dogs.ID, AuthorID: ada.ID}, "530"},
			{chat.MessageList{AuthorID: -1}, ""},
		}
		for _, tt := range tests {
			got := ""
			for _, message := range through(t, func(last *chat.Message) ([]chat.Message, error) {
				if last != nil {
					tt.of.Before = last.ID
				}
				return s.FindMessages(t.Context(), tt.of, 2)
			}) {
				got += message.Body
			}
			if got != tt.want {
				t.Errorf("%+v: got %s, want %s", tt.of, got, tt.want)
			}
		}
		if _, _, err := s.Delete(t.Context(), dogs.ID, 4, ada.ID); err != nil {
			t.Fatal(err)
		}
		for _, of := range []chat.MessageList{{}, {RoomID: dogs.ID}, {AuthorID: ada.ID}, {RoomID: dogs.ID, AuthorID: ada.ID}} {
			if messages, err := s.FindMessages(t.Context(), of, 1); err != nil || len(messages) != 1 || messages[0].Number != 4 || messages[0].DeletedAt == 0 {
				t.Errorf("%+v: got %+v, %v, want the deleted message first", of, messages, err)
			}
		}
		_, err := s.FindMessages(t.Context(), chat.MessageList{Before: 1 << 60}, 2)
		wantKind(t, err, chat.NotFound, "before a message that is none")
	})
}

func TestFindEvents(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada, bob := storetest.User(t, s, "ada"), storetest.User(t, s, "bob")
		for n, event := range []chat.Event{
			{Action: chat.LoggedIn, ActorID: ada.ID, UserID: ada.ID}, {Action: chat.LoginFailed, UserID: ada.ID},
			{Action: chat.LoggedIn, ActorID: bob.ID, UserID: bob.ID}, {Action: chat.RoleChanged, ActorID: ada.ID, UserID: bob.ID},
			{Action: chat.LoginFailed}, {Action: chat.LoggedIn, ActorID: ada.ID, UserID: ada.ID},
		} {
			if n%2 == 0 {
				clock.pass(time.Minute)
			}
			event.Detail = fmt.Sprint(n)
			if err := s.Record(t.Context(), event); err != nil {
				t.Fatal(err)
			}
		}
		tests := []struct {
			of   chat.AuditList
			want string
		}{
			{chat.AuditList{}, "543210"},
			{chat.AuditList{Action: chat.LoggedIn}, "520"},
			{chat.AuditList{ActorID: ada.ID}, "530"},
			{chat.AuditList{UserID: ada.ID}, "510"},
			{chat.AuditList{Action: chat.LoggedIn, UserID: ada.ID}, "50"},
			{chat.AuditList{ActorID: ada.ID, UserID: bob.ID}, "3"},
			{chat.AuditList{Action: "nothing"}, ""},
		}
		for _, tt := range tests {
			got := ""
			for _, entry := range through(t, func(last *chat.Entry) ([]chat.Entry, error) {
				if last != nil {
					tt.of.Before = last.Place()
				}
				return s.FindEvents(t.Context(), tt.of, 2)
			}) {
				got += entry.Detail
			}
			if got != tt.want {
				t.Errorf("%+v: got %s, want %s", tt.of, got, tt.want)
			}
		}
		entries, err := s.FindEvents(t.Context(), chat.AuditList{Action: chat.RoleChanged}, 2)
		if err != nil || len(entries) != 1 || entries[0].Actor != "ada" || entries[0].User != "bob" {
			t.Errorf("got %+v, %v", entries, err)
		}
	})
}

func TestOverview(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		clock := newClock()
		s := db.WithClock(clock.now)
		empty, err := s.Overview(t.Context())
		if err != nil || empty.Members+empty.Rooms+empty.Messages+empty.Letters != 0 || empty.LettersSince != 0 {
			t.Errorf("of an empty site: got %+v, %v", empty, err)
		}
		ada := storetest.User(t, s, "ada")
		clock.pass(time.Minute)
		gone := storetest.User(t, s, "gone")
		room := storetest.Room(t, s, "dogs")
		for n := range 3 {
			if _, err := s.Post(t.Context(), draft(room.ID, ada.ID, n, "woof"), chat.Rate{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.DeleteAccount(t.Context(), gone.ID, false); err != nil {
			t.Fatal(err)
		}
		for number := range int64(2) {
			message, err := s.Message(t.Context(), room.ID, number+1)
			if err == nil {
				_, err = s.Report(t.Context(), message.ID, gone.ID, "spam")
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := s.Settle(t.Context(), 1, ada.ID, chat.Resolved); err != nil {
			t.Fatal(err)
		}
		got, err := s.Overview(t.Context())
		// Of the three who registered, the opener of the room among them, one has
		// left: the letter to confirm that address is another letter now.
		if err != nil || got.Members != 2 || got.Rooms != 1 || got.Messages != 3 || got.Reports != 1 || got.Letters != 3 || got.LettersSince != chat.At(clock.now().Add(-time.Minute)) {
			t.Errorf("got %+v, %v", got, err)
		}
		engine, onThisDisk := "SQLite 3.", true
		if db.raw.DriverName() == "postgres" {
			engine, onThisDisk = "PostgreSQL ", false
		}
		if !strings.HasPrefix(got.Database, engine) || got.DatabaseBytes < 10_000 || (got.FreeBytes > 0) != onThisDisk {
			t.Errorf("of the database: got %+v", got)
		}
	})
}

// What begins in a way is a range of an index only where texts are in the order
// of their bytes, whatever the language of the server.
func TestNamesAreInTheOrderOfTheirBytes(t *testing.T) {
	db := openRaw(t, migrated(t, storetest.PostgresURL(t)))
	var others []string
	if err := db.Select(&others, `
		SELECT attrelid::regclass || '.' || attname FROM pg_attribute
		WHERE (attrelid = 'users'::regclass AND attname IN ('username_key', 'email') OR attrelid = 'rooms'::regclass AND attname = 'slug')
			AND attcollation <> '"C"'::regcollation`); err != nil || len(others) > 0 {
		t.Errorf("in another order: %v, %v", others, err)
	}
}

// migrated brings a database's tables up to date, and gives its address.
func migrated(t *testing.T, address string) string {
	t.Helper()
	open(t, address)
	return address
}
