package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// reader is a member's place in a room as a model keeps it.
type reader struct {
	read, followed, chose, kept bool
	number                      int
}

// followingModel is what a store must know of who has read what, in a few maps.
type followingModel struct {
	db      *store.Store
	members []chat.User
	rooms   []chat.Room
	logs    map[int64][]int64 // authors by room and number
	readers map[[2]int64]*reader
	nonces  int
}

func (m *followingModel) pick(r *rapid.T) (chat.User, chat.Room, *reader) {
	member, room := rapid.SampledFrom(m.members).Draw(r, "member"), rapid.SampledFrom(m.rooms).Draw(r, "room")
	at := [2]int64{member.ID, room.ID}
	if m.readers[at] == nil {
		m.readers[at] = &reader{}
	}
	return member, room, m.readers[at]
}

func (m *followingModel) post(r *rapid.T) {
	member, room, reader := m.pick(r)
	m.nonces++
	if _, err := m.db.Post(r.Context(), draft(room.ID, member.ID, m.nonces, "woof"), chat.Rate{}); err != nil {
		r.Fatal(err)
	}
	m.logs[room.ID] = append(m.logs[room.ID], member.ID)
	if n := len(m.logs[room.ID]); !reader.read || reader.number == n-1 {
		reader.number = n
	}
	reader.read = true
	reader.followed = reader.followed || !reader.chose
}

func (m *followingModel) open(r *rapid.T) {
	member, room, reader := m.pick(r)
	n := rapid.IntRange(0, len(m.logs[room.ID])).Draw(r, "number") // it may be an older page of the room
	if err := m.db.Read(r.Context(), chat.Shown{UserID: member.ID, RoomID: room.ID, Number: int64(n)}); err != nil {
		r.Fatal(err)
	}
	reader.read, reader.kept, reader.number = true, false, max(reader.number, n)
}

func (m *followingModel) readAlong(r *rapid.T) {
	var shown []chat.Shown
	seen := map[[2]int64]bool{}
	for range rapid.IntRange(1, 4).Draw(r, "places") {
		member, room, reader := m.pick(r)
		at := [2]int64{member.ID, room.ID}
		if seen[at] {
			continue
		}
		seen[at] = true
		n := rapid.IntRange(0, len(m.logs[room.ID])).Draw(r, "number")
		shown = append(shown, chat.Shown{UserID: member.ID, RoomID: room.ID, Number: int64(n)})
		if !reader.kept {
			reader.number = max(reader.number, n)
		}
		reader.read = true
	}
	if err := m.db.ReadAlong(r.Context(), shown); err != nil {
		r.Fatal(err)
	}
}

func (m *followingModel) follow(r *rapid.T) {
	member, room, reader := m.pick(r)
	follow := rapid.Bool().Draw(r, "follow")
	if err := m.db.Follow(r.Context(), member.ID, room.ID, follow); err != nil {
		r.Fatal(err)
	}
	if !reader.read {
		reader.read, reader.number = true, len(m.logs[room.ID])
	}
	reader.followed, reader.chose = follow, true
}

func (m *followingModel) markUnread(r *rapid.T) {
	member, room, reader := m.pick(r)
	if len(m.logs[room.ID]) == 0 {
		return
	}
	n := rapid.IntRange(1, len(m.logs[room.ID])).Draw(r, "number")
	if err := m.db.MarkUnread(r.Context(), chat.Shown{UserID: member.ID, RoomID: room.ID, Number: int64(n)}); err != nil {
		r.Fatal(err)
	}
	*reader = readerMarked(n)
}

func readerMarked(n int) reader {
	return reader{read: true, followed: true, chose: true, kept: true, number: n - 1}
}

func (m *followingModel) readAll(r *rapid.T) {
	member := rapid.SampledFrom(m.members).Draw(r, "member")
	if err := m.db.ReadAll(r.Context(), member.ID); err != nil {
		r.Fatal(err)
	}
	for at, reader := range m.readers {
		if at[0] == member.ID && reader.followed {
			reader.kept, reader.number = false, len(m.logs[at[1]])
		}
	}
}

func (m *followingModel) check(r *rapid.T) {
	var want []string
	var ids []int64
	for _, member := range m.members {
		ids = append(ids, member.ID)
		for _, room := range m.rooms {
			reader := m.readers[[2]int64{member.ID, room.ID}]
			if reader == nil || !reader.followed {
				continue
			}
			unread := 0
			for _, author := range m.logs[room.ID][reader.number:] {
				if author != member.ID {
					unread++
				}
			}
			want = append(want, fmt.Sprint(member.ID, room.Slug, unread, reader.kept))
		}
	}
	rooms, err := m.db.Following(r.Context(), ids)
	if err != nil {
		r.Fatal(err)
	}
	var got []string
	for _, room := range rooms {
		got = append(got, fmt.Sprint(room.UserID, room.Slug, room.Unread, room.KeptUnread))
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		r.Fatalf("got %q, want %q", got, want)
	}
}

// Whatever members do, what is unread is what others wrote after the last
// message that they were shown.
func TestFollowingModel(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		end, round := time.Now().Add(modelTime), 0
		rapid.Check(t, func(r *rapid.T) {
			if round >= leastRounds && time.Now().After(end) {
				return
			}
			round++
			m := &followingModel{db: db, logs: map[int64][]int64{}, readers: map[[2]int64]*reader{}}
			for i := range 2 {
				m.members = append(m.members, storetest.User(t, db, fmt.Sprintf("member%d.%d", i, round)))
				m.rooms = append(m.rooms, storetest.Room(t, db, fmt.Sprintf("room %d %d", round, i)))
			}
			r.Repeat(map[string]func(*rapid.T){
				"post": m.post, "open": m.open, "readAlong": m.readAlong, "follow": m.follow,
				"markUnread": m.markUnread, "readAll": m.readAll, "": m.check,
			})
		})
	})
}

func TestMembership(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		room, ada := storetest.Room(t, db, "dogs"), storetest.User(t, db, "ada")
		want := func(act string, want chat.Membership) {
			t.Helper()
			if got, err := db.Membership(t.Context(), ada.ID, room.ID); err != nil || got != want {
				t.Errorf("%s: got %+v, %v, want %+v", act, got, err, want)
			}
		}
		want("never there", chat.Membership{})
		if err := db.Read(t.Context(), chat.Shown{UserID: ada.ID, RoomID: room.ID}); err != nil {
			t.Fatal(err)
		}
		want("there once", chat.Membership{Known: true})
		if _, err := db.Post(t.Context(), draft(room.ID, ada.ID, 1, "woof"), chat.Rate{}); err != nil {
			t.Fatal(err)
		}
		want("wrote", chat.Membership{Known: true, Followed: true, Read: 1})
		if err := db.MarkUnread(t.Context(), chat.Shown{UserID: ada.ID, RoomID: room.ID, Number: 1}); err != nil {
			t.Fatal(err)
		}
		want("marked unread", chat.Membership{Known: true, Followed: true, KeptUnread: true})
		if err := db.DeleteAccount(t.Context(), ada.ID, false); err != nil {
			t.Fatal(err)
		}
		if err := db.ReadAlong(t.Context(), []chat.Shown{{UserID: ada.ID, RoomID: room.ID, Number: 1}}); err != nil {
			t.Fatal(err)
		}
		want("deleted the account", chat.Membership{})
	})
}

// Two nodes that store what the same members have read wait for each other, and
// never for ever.
func TestReadAlongInParallel(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		room := storetest.Room(t, db, "dogs")
		var shown []chat.Shown
		for i := range 50 {
			shown = append(shown, chat.Shown{UserID: storetest.User(t, db, fmt.Sprint("member", i)).ID, RoomID: room.ID})
		}
		_, errs := parallel(8, func(i int) (struct{}, error) {
			mine := make([]chat.Shown, 0, len(shown))
			for n := range shown {
				one := shown[(n*7+i)%len(shown)]
				one.Number = int64(i % 2)
				mine = append(mine, one)
			}
			return struct{}{}, db.ReadAlong(t.Context(), mine)
		})
		for _, err := range errs {
			if err != nil {
				t.Error(err)
			}
		}
	})
}

func TestMovedRooms(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		clock := newClock()
		db = db.WithClock(clock.now)
		ada, dogs := storetest.User(t, db, "ada"), storetest.Room(t, db, "dogs")
		storetest.Room(t, db, "cats")
		clock.pass(time.Minute)
		before := chat.At(clock.now())
		clock.pass(time.Second)
		if _, err := db.Post(t.Context(), draft(dogs.ID, ada.ID, 1, "woof"), chat.Rate{}); err != nil {
			t.Fatal(err)
		}
		rooms, err := db.MovedRooms(t.Context(), before)
		if err != nil || len(rooms) != 1 || rooms[0].ID != dogs.ID || rooms[0].MessageCount != 1 {
			t.Errorf("got %+v, %v, want the one room that moved", rooms, err)
		}
	})
}

// BenchmarkFollowing counts what is unread for 1,000 members, as many as one
// round tells, who follow 20 rooms each. In each room 500 messages are new to
// them, some of them their own.
func BenchmarkFollowing(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *store.Store{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(name, func(b *testing.B) {
			s := open(b)
			ids := make([]int64, 1000)
			for i := range ids {
				ids[i] = storetest.User(b, s, fmt.Sprintf("member%d", i)).ID
			}
			for i := range 20 {
				room := storetest.Room(b, s, fmt.Sprintf("room %d", i))
				for _, id := range ids {
					if err := s.Follow(b.Context(), id, room.ID, true); err != nil {
						b.Fatal(err)
					}
				}
				for n := range 500 {
					post(b, s, draft(room.ID, ids[n], 500*i+n, "Who let the dogs out?"))
				}
			}
			b.ResetTimer()
			for b.Loop() {
				rooms, err := s.Following(b.Context(), ids)
				if err != nil || len(rooms) != 20*len(ids) {
					b.Fatalf("got %d rooms, %v, want 20 for each member", len(rooms), err)
				}
			}
		})
	}
}
