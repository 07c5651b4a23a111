package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

func TestOpenRoom(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada, bob := storetest.User(t, s, "ada"), storetest.User(t, s, "bob")
		opened, err := s.OpenRoom(t.Context(), chat.RoomName{Name: "Good Dogs", Slug: "good-dogs"}, ada.ID)
		want := chat.Room{ID: opened.ID, Slug: "good-dogs", Name: "Good Dogs", CreatedAt: chat.At(clock.now()), LastPostedAt: chat.At(clock.now())}
		if err != nil || opened != want || opened.ID == 0 {
			t.Fatalf("open a room: got %+v, %v, want %+v", opened, err, want)
		}
		clock.pass(time.Hour)
		again, err := s.OpenRoom(t.Context(), chat.RoomName{Name: "GOOD dogs", Slug: "good-dogs"}, bob.ID)
		if err != nil || again != opened {
			t.Errorf("open it again, by another and in capitals: got %+v, %v, want the same room, %+v", again, err, opened)
		}
		_, err = s.Room(t.Context(), "cats")
		wantKind(t, err, chat.NotFound, "a room that was never opened")
	})
}

func TestOpenRoomInParallel(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ada := storetest.User(t, s, "ada")
		rooms, errs := parallel(20, func(i int) (chat.Room, error) {
			return s.OpenRoom(t.Context(), chat.RoomName{Name: fmt.Sprintf("DOGS %d", i), Slug: "dogs"}, ada.ID)
		})
		for i, room := range rooms {
			if errs[i] != nil || room != rooms[0] {
				t.Errorf("got %+v, %v, want the room everybody got, %+v", room, errs[i], rooms[0])
			}
		}
		if all, err := s.Rooms(t.Context(), chat.Directory{}, 100); err != nil || len(all) != 1 {
			t.Errorf("got %d rooms, %v, want 1", len(all), err)
		}
	})
}

func TestRoomsByLatestActivity(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada := storetest.User(t, s, "ada")
		var rooms []chat.Room
		for _, name := range []string{"first", "second", "third"} {
			clock.pass(time.Minute)
			rooms = append(rooms, storetest.Room(t, s, name))
		}
		wantOrder := func(limit int, want ...string) {
			t.Helper()
			list, err := s.Rooms(t.Context(), chat.Directory{}, limit)
			if err != nil {
				t.Fatalf("Rooms: %v", err)
			}
			var got []string
			for _, room := range list {
				got = append(got, room.Slug)
			}
			if !slices.Equal(got, want) {
				t.Errorf("Rooms(%d): got %q, want %q", limit, got, want)
			}
		}
		wantOrder(100, "third", "second", "first")
		wantOrder(2, "third", "second")
		clock.pass(time.Minute)
		if _, err := s.Post(t.Context(), draft(rooms[0].ID, ada.ID, 1, "woof"), chat.Rate{}); err != nil {
			t.Fatalf("post: %v", err)
		}
		wantOrder(100, "first", "third", "second")
	})
}

func TestDirectoryPagesAndFilters(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		for i, name := range []string{"Big Dogs", "cats", "small dogs", "Собаки", "dogs and cats"} {
			if i%2 == 0 { // two of one moment
				clock.pass(time.Minute)
			}
			storetest.Room(t, s, name)
		}
		for _, test := range []struct{ contains, want string }{
			{"", "dogs-and-cats собаки small-dogs cats big-dogs "},
			{"dogs", "dogs-and-cats small-dogs big-dogs "},
			{"СОБ", "собаки "},
			{"Dogs, and", "dogs-and-cats "},
			{"100%", ""}, {"s_cats", ""}, {"nothing", ""},
		} {
			got := ""
			for of := (chat.Directory{Contains: chat.SlugPart(test.contains)}); ; {
				rooms, err := s.Rooms(t.Context(), of, 2)
				if err != nil {
					t.Fatal(err)
				}
				if len(rooms) == 0 {
					break
				}
				for _, room := range rooms {
					got += room.Slug + " "
				}
				of.After = rooms[len(rooms)-1].Place()
			}
			if got != test.want {
				t.Errorf("%q: got %q, want %q", test.contains, got, test.want)
			}
		}
	})
}

func TestRevisions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ada := storetest.User(t, s, "ada")
		dogs, cats := storetest.Room(t, s, "dogs"), storetest.Room(t, s, "cats")
		for n := range 3 {
			if _, err := s.Post(t.Context(), draft(dogs.ID, ada.ID, n, "woof"), chat.Rate{}); err != nil {
				t.Fatalf("post: %v", err)
			}
		}
		missing := int64(1_000_000)
		many := []int64{dogs.ID}
		for n := range int64(1200) {
			many = append(many, missing+n)
		}
		many = append(many, cats.ID)
		for _, test := range []struct {
			name string
			ids  []int64
			want map[int64]int64
		}{
			{"none", nil, map[int64]int64{}},
			{"two", []int64{cats.ID, dogs.ID}, map[int64]int64{dogs.ID: 3, cats.ID: 0}},
			{"one of them twice", []int64{dogs.ID, dogs.ID}, map[int64]int64{dogs.ID: 3}},
			{"one that is missing", []int64{missing, dogs.ID, -1, 0}, map[int64]int64{dogs.ID: 3}},
			{"1,200 that are missing, between the two", many, map[int64]int64{dogs.ID: 3, cats.ID: 0}},
		} {
			got, err := s.Revisions(t.Context(), test.ids)
			if err != nil || fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("Revisions of %s: got %v, %v, want %v", test.name, got, err, test.want)
			}
		}
	})
}

func TestRoomsFromWalksThroughAllRooms(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		if newest, err := s.NewestRoom(t.Context()); newest != 0 || err != nil {
			t.Errorf("without rooms: got %d, %v, want 0", newest, err)
		}
		want := map[string]bool{}
		var last chat.Room
		for _, name := range []string{"one", "two", "three", "four", "five"} {
			last = storetest.Room(t, s, name)
			want[name] = true
		}
		newest, err := s.NewestRoom(t.Context())
		if newest != last.ID || err != nil {
			t.Errorf("got %d, %v, want %d", newest, err, last.ID)
		}
		for after := int64(0); after < newest; after += 2 {
			rooms, err := s.RoomsFrom(t.Context(), after, 2)
			if err != nil || len(rooms) > 2 {
				t.Fatalf("got %d rooms, %v, want at most 2", len(rooms), err)
			}
			for _, room := range rooms {
				if !want[room.Slug] {
					t.Errorf("got %s twice", room.Slug)
				}
				delete(want, room.Slug)
			}
		}
		if len(want) > 0 {
			t.Errorf("got none of %v", want)
		}
	})
}
