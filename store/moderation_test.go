package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

func TestReport(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada, bob, eve, room := storetest.User(t, s, "ada"), storetest.User(t, s, "bob"), storetest.User(t, s, "eve"), storetest.Room(t, s, "Dogs")
		first, second := post(t, s, draft(room.ID, eve.ID, 1, "buy shoes")), post(t, s, draft(room.ID, eve.ID, 2, "and hats"))
		report := func(message chat.Message, reporter chat.User, reason string) (noted bool) {
			t.Helper()
			clock.pass(time.Minute)
			noted, err := s.Report(t.Context(), message.ID, reporter.ID, reason)
			if err != nil {
				t.Fatal(err)
			}
			return noted
		}
		if !report(first, ada, "  an\nad ") || report(first, ada, "again") {
			t.Error("a report is noted once, and again changes nothing")
		}
		report(first, bob, "shoes")
		report(second, bob, "hats")
		_, err := s.Report(t.Context(), first.ID, ada.ID, " ")
		wantKind(t, err, chat.Invalid, "without a reason")

		waiting, err := s.Reports(t.Context(), chat.Place{}, 10)
		if err != nil || len(waiting) != 3 {
			t.Fatalf("got %+v, %v, want three reports", waiting, err)
		}
		got := waiting[0]
		want := chat.Report{
			ID: got.ID, MessageID: first.ID, RoomSlug: "dogs", RoomName: "Dogs", Number: 1, AuthorID: eve.ID, Author: "eve", Body: "buy shoes",
			Reporter: "ada", Reason: "an ad", ReportedAt: got.ReportedAt,
		}
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if rest, err := s.Reports(t.Context(), waiting[1].Place(), 10); err != nil || len(rest) != 1 || rest[0].Reason != "hats" {
			t.Errorf("after the second: got %+v, %v", rest, err)
		}
		if mine, err := s.ReportBy(t.Context(), first.ID, bob.ID); err != nil || mine.Reason != "shoes" {
			t.Errorf("bob's: got %+v, %v", mine, err)
		}
		_, err = s.ReportBy(t.Context(), second.ID, ada.ID)
		wantKind(t, err, chat.NotFound, "what ada did not report")

		clock.pass(time.Hour)
		settled, byAda, err := s.Settle(t.Context(), got.ID, ada.ID, chat.Resolved)
		if err != nil || !byAda || settled.Outcome != chat.Resolved || settled.SettledBy != "ada" || settled.SettledAt != chat.At(clock.now()) {
			t.Errorf("got %+v, %v", settled, err)
		}
		if again, byBob, err := s.Settle(t.Context(), got.ID, bob.ID, chat.Dismissed); err != nil || byBob || again != settled {
			t.Errorf("settled again: got %+v, %v, want %+v", again, err, settled)
		}
		_, _, err = s.Settle(t.Context(), 999, ada.ID, chat.Resolved)
		wantKind(t, err, chat.NotFound, "a report that is none")
		if waiting, err = s.Reports(t.Context(), chat.Place{}, 10); err != nil || len(waiting) != 1 || waiting[0].Reason != "hats" {
			t.Errorf("what waits still: got %+v, %v: both about one message are settled at once", waiting, err)
		}
		done, err := s.SettledReports(t.Context(), chat.Place{}, 10)
		if err != nil || len(done) != 2 {
			t.Fatalf("what is settled: got %+v, %v", done, err)
		}
		if rest, err := s.SettledReports(t.Context(), done[0].Place(), 10); err != nil || len(rest) != 1 || rest[0] != done[1] {
			t.Errorf("after the first: got %+v, %v", rest, err)
		}
	})
}

func TestReportsAreLimited(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada, room := storetest.User(t, s, "ada"), storetest.Room(t, s, "dogs")
		var err error
		reported := 0
		for i := 1; err == nil; i++ {
			m := post(t, s, draft(room.ID, ada.ID, i, "woof"))
			if _, err = s.Report(t.Context(), m.ID, ada.ID, "boring"); err == nil {
				reported++
			}
		}
		wantKind(t, err, chat.TooFast, "one more")
		if reported != 20 {
			t.Errorf("got %d reports within an hour, want 20", reported)
		}
		clock.pass(time.Hour)
		if _, err := s.Report(t.Context(), post(t, s, draft(room.ID, ada.ID, 100, "woof")).ID, ada.ID, "boring"); err != nil {
			t.Errorf("an hour later: got %v", err)
		}
	})
}

func TestWhoIsSanctionedCannotWrite(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada, mia := storetest.User(t, s, "ada"), storetest.User(t, s, "mia")
		dogs, cats := storetest.Room(t, s, "dogs"), storetest.Room(t, s, "cats")
		n := 0
		writes := func(room chat.Room) error {
			n++
			_, err := s.Post(t.Context(), draft(room.ID, ada.ID, n, "woof"), chat.Rate{})
			return err
		}
		give := func(room int64, kind chat.SanctionKind, lasts time.Duration) {
			t.Helper()
			given := chat.Sanction{UserID: ada.ID, RoomID: room, Kind: kind, Reason: "too loud", GivenBy: mia.ID}
			if lasts > 0 {
				given.EndsAt = chat.At(clock.now().Add(lasts))
			}
			if err := s.Sanction(t.Context(), given); err != nil {
				t.Fatal(err)
			}
		}
		if err := writes(dogs); err != nil {
			t.Fatal(err)
		}
		sent := draft(dogs.ID, ada.ID, n, "woof")
		give(dogs.ID, chat.Mute, time.Hour)
		wantKind(t, writes(dogs), chat.Forbidden, "muted in the room")
		if err := writes(cats); err != nil {
			t.Errorf("in another room: got %v", err)
		}
		if _, err := s.Post(t.Context(), sent, chat.Rate{}); err != nil {
			t.Errorf("what was sent before, sent again: got %v, want that message", err)
		}
		clock.pass(time.Hour)
		if err := writes(dogs); err != nil {
			t.Errorf("when the time is over: got %v", err)
		}
		give(0, chat.Mute, 0)
		wantKind(t, writes(cats), chat.Forbidden, "muted everywhere")
		if err := s.Lift(t.Context(), ada.ID, 0); err != nil {
			t.Fatal(err)
		}
		if err := writes(cats); err != nil {
			t.Errorf("when it is taken back: got %v", err)
		}
		wantKind(t, s.Lift(t.Context(), ada.ID, 0), chat.NotFound, "taken back twice")
		checkLog(t, s, "dogs", 2)
		checkLog(t, s, "cats", 2)
		give(dogs.ID, chat.Mute, time.Hour)
		give(dogs.ID, chat.Ban, 0) // takes the other's place
		on, err := s.SanctionsOn(t.Context(), ada.ID, 10)
		want := chat.Sanction{UserID: ada.ID, Username: "ada", Role: chat.Member, RoomID: dogs.ID, RoomSlug: "dogs", RoomName: "dogs", Kind: chat.Ban, Reason: "too loud", GivenBy: mia.ID, Giver: "mia", GivenAt: chat.At(clock.now())}
		if err != nil || len(on) != 1 || on[0] != want {
			t.Errorf("got %+v, %v, want %+v", on, err, want)
		}
		if ban, err := s.BanIn(t.Context(), ada.ID, dogs.ID); err != nil || ban != want {
			t.Errorf("the ban: got %+v, %v", ban, err)
		}
		if ban, err := s.BanIn(t.Context(), ada.ID, cats.ID); err != nil || ban.Given() {
			t.Errorf("in another room: got %+v, %v", ban, err)
		}
		if bans, err := s.Bans(t.Context(), chat.At(clock.now())-1, 10); err != nil || len(bans) != 1 || bans[0] != want {
			t.Errorf("bans of late: got %+v, %v", bans, err)
		}
		if bans, err := s.Bans(t.Context(), chat.At(clock.now()), 10); err != nil || len(bans) != 0 {
			t.Errorf("bans since: got %+v, %v", bans, err)
		}
		wantKind(t, s.Sanction(t.Context(), chat.Sanction{UserID: ada.ID, Kind: chat.Mute}), chat.Invalid, "without a reason")
	})
}

func TestBanFromTheSiteEndsSessions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada, bob := storetest.User(t, s, "ada"), storetest.User(t, s, "bob")
		logIn(t, s, ada, "desk")
		logIn(t, s, bob, "bob's")
		ban := chat.Sanction{UserID: ada.ID, Kind: chat.Ban, Reason: "spam", EndsAt: chat.At(clock.now().Add(time.Hour))}
		if err := s.Sanction(t.Context(), ban); err != nil {
			t.Fatal(err)
		}
		if err := s.RenewFeed(t.Context(), ada.ID, []byte("feed")); err != nil {
			t.Fatal(err)
		}
		_, err := s.FeedUser(t.Context(), []byte("feed"))
		wantKind(t, err, chat.NotFound, "the member's own feed")
		_, err = s.SessionUser(t.Context(), []byte("desk"))
		wantKind(t, err, chat.NotFound, "a session from before")
		logIn(t, s, ada, "phone") // as by a request that was under way
		_, err = s.SessionUser(t.Context(), []byte("phone"))
		wantKind(t, err, chat.NotFound, "a session begun since")
		ended, err := s.Ended(t.Context(), [][]byte{[]byte("phone"), []byte("bob's")})
		if err != nil || len(ended) != 1 || string(ended[0]) != "phone" {
			t.Errorf("what has ended: got %q, %v", ended, err)
		}
		clock.pass(time.Hour)
		if _, err := s.SessionUser(t.Context(), []byte("phone")); err != nil {
			t.Errorf("when the ban is over: got %v", err)
		}
		if _, err := s.FeedUser(t.Context(), []byte("feed")); err != nil {
			t.Errorf("the feed, when the ban is over: got %v", err)
		}
	})
}

func TestModerationLog(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada, mia, room, other := storetest.User(t, s, "ada"), storetest.User(t, s, "mia"), storetest.Room(t, s, "dogs"), storetest.Room(t, s, "cats")
		for i := range int64(5) {
			if i%2 == 0 {
				clock.pass(time.Minute)
			}
			if err := s.Log(t.Context(), chat.LogEntry{RoomID: room.ID, ActorID: mia.ID, Act: chat.LogMuted, UserID: ada.ID, Number: i, Detail: "for good"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Log(t.Context(), chat.LogEntry{RoomID: other.ID, ActorID: mia.ID, Act: chat.LogBanned}); err != nil {
			t.Fatal(err)
		}
		var all []chat.LogEntry
		for after := (chat.Place{}); ; after = all[len(all)-1].Place() {
			entries, err := s.LogOf(t.Context(), room.ID, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(entries) == 0 {
				break
			}
			all = append(all, entries...)
		}
		if len(all) != 5 {
			t.Fatalf("got %d entries, want 5: %+v", len(all), all)
		}
		for i, got := range all {
			want := chat.LogEntry{ID: got.ID, RoomID: room.ID, At: got.At, ActorID: mia.ID, Actor: "mia", Act: chat.LogMuted, UserID: ada.ID, Username: "ada", Number: 4 - int64(i), Detail: "for good"}
			if got != want {
				t.Errorf("entry %d: got %+v, want %+v", i, got, want)
			}
		}
	})
}

func change(t *testing.T, s *store.Store, room chat.Room, name string, set func(*chat.RoomChange)) (chat.Room, error) {
	t.Helper()
	roomName, err := chat.NameRoom(name)
	if err != nil {
		t.Fatal(err)
	}
	change := chat.RoomChange{RoomName: roomName, Topic: room.Topic, SlowSeconds: room.SlowSeconds, Locked: room.LockedAt != 0, Archived: room.ArchivedAt != 0}
	set(&change)
	return s.ChangeRoom(t.Context(), room.ID, change)
}

func TestChangeRoom(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		dogs, cats := storetest.Room(t, s, "Dogs"), storetest.Room(t, s, "Cats")
		clock.pass(time.Minute)
		before, err := change(t, s, dogs, "Hounds", func(c *chat.RoomChange) { c.Topic, c.SlowSeconds, c.Locked, c.Archived = "noses", 30, true, true })
		if err != nil || before != dogs {
			t.Errorf("got the room before as %+v, %v, want %+v", before, err, dogs)
		}
		first := chat.At(clock.now())
		want := dogs
		want.Slug, want.Name, want.Topic, want.SlowSeconds, want.LockedAt, want.ArchivedAt, want.ChangedAt = "hounds", "Hounds", "noses", 30, first, first, first
		hounds, err := s.Room(t.Context(), "hounds")
		if err != nil || hounds != want {
			t.Errorf("got %+v, %v, want %+v", hounds, err, want)
		}
		_, err = s.Room(t.Context(), "dogs")
		wantKind(t, err, chat.NotFound, "the old slug")
		if found, err := s.RoomByFormerSlug(t.Context(), "dogs"); err != nil || found != hounds {
			t.Errorf("by the old slug: got %+v, %v", found, err)
		}
		if rooms, err := s.Rooms(t.Context(), chat.Directory{}, 10); err != nil || len(rooms) != 1 || rooms[0].ID != cats.ID {
			t.Errorf("the list: got %+v, %v, want it without what is archived", rooms, err)
		}
		if changed, err := s.ChangedRooms(t.Context(), first-1, 10); err != nil || len(changed) != 1 || changed[0] != hounds {
			t.Errorf("what changed: got %+v, %v", changed, err)
		}
		if changed, err := s.ChangedRooms(t.Context(), first, 10); err != nil || len(changed) != 0 {
			t.Errorf("what changed since: got %+v, %v", changed, err)
		}

		clock.pass(time.Minute)
		_, err = change(t, s, hounds, "cats", func(*chat.RoomChange) {})
		wantKind(t, err, chat.Conflict, "another room's name")
		if _, err := s.RoomByFormerSlug(t.Context(), "hounds"); chat.KindOf(err) != chat.NotFound {
			t.Errorf("after a change that failed: got %v, want nothing done", err)
		}
		if _, err := change(t, s, cats, "dogs", func(*chat.RoomChange) {}); err != nil {
			t.Errorf("a name that was given up: got %v", err)
		}
		if now, err := s.Room(t.Context(), "dogs"); err != nil || now.ID != cats.ID {
			t.Errorf("who has the name now: got %+v, %v", now, err)
		}
		_, err = s.RoomByFormerSlug(t.Context(), "dogs")
		wantKind(t, err, chat.NotFound, "a slug that is taken again")
		if _, err := change(t, s, hounds, "Hounds", func(c *chat.RoomChange) { c.Archived = false }); err != nil {
			t.Fatal(err)
		}
		if now, err := s.Room(t.Context(), "hounds"); err != nil || now.LockedAt != first || now.ArchivedAt != 0 {
			t.Errorf("got %+v, %v, want it locked since then, and archived no more", now, err)
		}
		_, err = s.ChangeRoom(t.Context(), 999, chat.RoomChange{})
		wantKind(t, err, chat.NotFound, "a room that is none")
	})
}

func TestRulesOfARoom(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada, mia, room, other := storetest.User(t, s, "ada"), storetest.User(t, s, "mia"), storetest.Room(t, s, "dogs"), storetest.Room(t, s, "cats")
		if err := s.SetRole(t.Context(), mia.ID, chat.Moderator); err != nil {
			t.Fatal(err)
		}
		n := 0
		writes := func(who chat.User, where chat.Room) error {
			n++
			_, err := s.Post(t.Context(), draft(where.ID, who.ID, n, "woof"), chat.Rate{})
			return err
		}
		rules := func(set func(*chat.RoomChange)) {
			t.Helper()
			if _, err := change(t, s, room, "dogs", set); err != nil {
				t.Fatal(err)
			}
		}
		rules(func(c *chat.RoomChange) { c.SlowSeconds = 30 })
		if err := writes(ada, room); err != nil {
			t.Fatal(err)
		}
		err := writes(ada, room)
		wantKind(t, err, chat.TooFast, "again at once, in a slow room")
		if told, ok := errors.AsType[*chat.Error](err); !ok || told.After != 30*time.Second {
			t.Errorf("got %+v, want to wait 30 s", err)
		}
		if err := writes(ada, other); err != nil {
			t.Errorf("in another room: got %v", err)
		}
		for range 2 {
			if err := writes(mia, room); err != nil {
				t.Errorf("a moderator in a slow room: got %v", err)
			}
		}
		clock.pass(30 * time.Second)
		if err := writes(ada, room); err != nil {
			t.Errorf("30 seconds later: got %v", err)
		}
		rules(func(c *chat.RoomChange) { c.Locked = true })
		wantKind(t, writes(ada, room), chat.Forbidden, "a member in a locked room")
		if err := writes(mia, room); err != nil {
			t.Errorf("a moderator in a locked room: got %v", err)
		}
		rules(func(c *chat.RoomChange) { c.Archived = true })
		wantKind(t, writes(mia, room), chat.Forbidden, "a moderator in an archived room")
		rules(func(*chat.RoomChange) {})
		if err := writes(ada, room); err != nil {
			t.Errorf("in a room without rules: got %v", err)
		}
	})
}

// For its first day an account has tighter limits, unless there are none at all.
func TestNewcomersAreLimited(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada, room := storetest.User(t, s, "ada"), storetest.Room(t, s, "dogs")
		rate := chat.Rate{Count: 2, Window: 10 * time.Second}
		n := 0
		writes := func(body string, rate chat.Rate) error {
			n++
			_, err := s.Post(t.Context(), draft(room.ID, ada.ID, n, body), rate)
			return err
		}
		const links = "http://a.example http://b.example http://c.example"
		wantKind(t, writes(links, rate), chat.Invalid, "three links")
		if err := writes(links, chat.Rate{}); err != nil {
			t.Errorf("three links without a limit: got %v", err)
		}
		clock.pass(time.Hour)
		if err := writes("http://a.example http://b.example", rate); err != nil {
			t.Errorf("two links: got %v", err)
		}
		var err error
		wrote := 1
		for ; err == nil; clock.pass(10 * time.Second) {
			if err = writes(fmt.Sprint("woof ", wrote), rate); err == nil {
				wrote++
			}
		}
		wantKind(t, err, chat.TooFast, "on and on")
		if wrote != 6 {
			t.Errorf("got %d messages in five minutes, want 6", wrote)
		}
		clock.pass(24 * time.Hour)
		for range 20 {
			if err := writes(links, rate); err != nil {
				t.Fatalf("a day later: got %v", err)
			}
			clock.pass(10 * time.Second)
		}
	})
}

func TestRoomsOfOneMemberAreLimited(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada, bob := storetest.User(t, s, "ada"), storetest.User(t, s, "bob")
		n := 0
		opens := func(opener chat.User) error {
			n++
			name, err := chat.NameRoom(fmt.Sprint("room ", n))
			if err != nil {
				t.Fatal(err)
			}
			return s.InTx(t.Context(), func(s *store.Store) error {
				if err := s.LimitRooms(t.Context(), opener.ID); err != nil {
					return err
				}
				_, err := s.OpenRoom(t.Context(), name, opener.ID)
				return err
			})
		}
		for i := range 10 {
			if err := opens(ada); err != nil {
				t.Fatalf("room %d on the first day: %v", i, err)
			}
		}
		wantKind(t, opens(ada), chat.TooFast, "the eleventh on the first day")
		if err := opens(bob); err != nil {
			t.Errorf("another member: got %v", err)
		}
		clock.pass(24 * time.Hour)
		for i := range 20 {
			if err := opens(ada); err != nil {
				t.Fatalf("room %d on the second day: %v", i, err)
			}
		}
		wantKind(t, opens(ada), chat.TooFast, "the one after on the second day")
		_, errs := parallel(5, func(int) (int, error) { return 0, s.LimitRooms(t.Context(), ada.ID) })
		for _, err := range errs {
			wantKind(t, err, chat.TooFast, "at once")
		}
	})
}

func TestSecretIsOneForAll(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		secrets, errs := parallel(5, func(i int) ([]byte, error) { return s.Secret(t.Context(), "forms", []byte{byte(i)}) })
		for i, secret := range secrets {
			if errs[i] != nil || len(secret) != 1 || secret[0] != secrets[0][0] {
				t.Errorf("node %d: got %v, %v, want the same as the others", i, secret, errs[i])
			}
		}
	})
}

// Of what a member sends in the moment of a sanction, all that is stored was there
// before it.
func TestNothingIsStoredAfterASanction(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		nodes := []*store.Store{db.Store, open(t, db.address)}
		rooms := []chat.Room{storetest.Room(t, db.Store, "dogs"), storetest.Room(t, db.Store, "cats")}
		for _, given := range []chat.Sanction{{Kind: chat.Ban}, {Kind: chat.Mute}, {Kind: chat.Ban, RoomID: rooms[0].ID}, {Kind: chat.Mute, RoomID: rooms[0].ID}} {
			eve := storetest.User(t, db.Store, fmt.Sprint("eve-", given.Kind, given.RoomID))
			given.UserID, given.Reason = eve.ID, "spam"
			first := post(t, db.Store, draft(rooms[0].ID, eve.ID, 0, "woof"))
			changes := func() (count int) {
				if err := db.raw.Get(&count, `SELECT COUNT(*) FROM message_versions WHERE changed_by = $1`, eve.ID); err != nil {
					t.Error(err)
				}
				return count
			}
			before := 0
			_, errs := parallel(13, func(i int) (struct{}, error) {
				if i == 12 {
					err := nodes[0].Sanction(t.Context(), given)
					before = changes()
					return struct{}{}, err
				}
				var err error
				for try := 0; err == nil && try < 500; try++ {
					node, room, text := nodes[i%2], rooms[0], fmt.Sprint("woof ", i, " ", try)
					if given.RoomID == 0 {
						room = rooms[i/2%2]
					}
					if i%5 == 0 {
						_, err = node.Edit(t.Context(), edit(first, text, 0), noRate)
					} else {
						_, err = node.Post(t.Context(), draft(room.ID, eve.ID, 1000*(i+1)+try, text), noRate)
					}
				}
				return struct{}{}, err
			})
			for i, err := range errs[:12] {
				if chat.KindOf(err) != chat.Forbidden {
					t.Errorf("writer %d: got %v, want to be refused at last", i, err)
				}
			}
			if errs[12] != nil {
				t.Errorf("the sanction: got %v", errs[12])
			}
			if after := changes(); after != before {
				t.Errorf("%s, room %d: %d changes came after it", given.Kind, given.RoomID, after-before)
			}
		}
	})
}

// The two wait for each other, whichever came first.
func TestSanctionAndPostAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		room := storetest.Room(t, s, "dogs")
		waits := func(act string, done chan error) {
			t.Helper()
			select {
			case err := <-done:
				t.Errorf("%s: got %v at once, want it to wait", act, err)
				done <- err
			case <-time.After(100 * time.Millisecond):
			}
		}
		for _, in := range []int64{0, room.ID} {
			eve := storetest.User(t, s, fmt.Sprint("eve", in))
			ban := chat.Sanction{UserID: eve.ID, RoomID: in, Kind: chat.Ban, Reason: "spam"}
			posts := func(s *store.Store, n int) error {
				_, err := s.Post(t.Context(), draft(room.ID, eve.ID, n, "woof"), noRate)
				return err
			}
			done := make(chan error, 1)
			if err := s.InTx(t.Context(), func(inside *store.Store) error {
				if err := posts(inside, 1); err != nil {
					return err
				}
				go func() { done <- s.Sanction(t.Context(), ban) }()
				waits("a ban while a message is being stored", done)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if err := s.Lift(t.Context(), eve.ID, in); err != nil {
				t.Fatal(err)
			}
			if err := s.InTx(t.Context(), func(inside *store.Store) error {
				if err := inside.Sanction(t.Context(), ban); err != nil {
					return err
				}
				go func() { done <- posts(s, 2) }()
				waits("a message while a ban is being given", done)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			wantKind(t, <-done, chat.Forbidden, "the message that waited for the ban")
		}
	})
}

// A newcomer does not say the same in all rooms.
func TestNewcomersDoNotRepeatThemselves(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada, bob, dogs, cats := storetest.User(t, s, "ada"), storetest.User(t, s, "bob"), storetest.Room(t, s, "dogs"), storetest.Room(t, s, "cats")
		rate := chat.Rate{Count: 100, Window: time.Second}
		n := 0
		says := func(room chat.Room, user chat.User, body string) error {
			n++
			_, err := s.Post(t.Context(), draft(room.ID, user.ID, n, body), rate)
			return err
		}
		good := func(err error, act string) {
			t.Helper()
			if err != nil {
				t.Errorf("%s: got %v, want it posted", act, err)
			}
		}
		good(says(dogs, ada, "buy shoes"), "the first")
		wantKind(t, says(dogs, ada, " buy shoes\n"), chat.Invalid, "the same")
		wantKind(t, says(cats, ada, "buy shoes"), chat.Invalid, "the same in another room")
		for range 2 {
			if m, err := s.Post(t.Context(), draft(dogs.ID, ada.ID, 1, "buy shoes"), rate); err != nil || m.Number != 1 {
				t.Errorf("the same form again: got %+v, %v, want the first message", m, err)
			}
		}
		good(says(cats, bob, "buy shoes"), "another's")
		good(says(cats, ada, "buy hats"), "something else")
		other, err := s.Message(t.Context(), cats.ID, 2)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Edit(t.Context(), edit(other, "buy shoes", 0), rate)
		wantKind(t, err, chat.Invalid, "the same by an edit")
		if _, err := s.Post(t.Context(), draft(dogs.ID, ada.ID, 900, "buy shoes"), noRate); err != nil {
			t.Errorf("without limits: got %v", err)
		}
		clock.pass(chat.NewcomerRepeats)
		good(says(cats, ada, "buy shoes"), "five minutes later")
		clock.pass(24 * time.Hour)
		good(says(cats, ada, "woof"), "a day later")
		good(says(dogs, ada, "woof"), "a day later, again")
	})
}

func TestNewcomersDoNotRepeatThemselvesAtOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		nodes := []*store.Store{db.Store, open(t, db.address)}
		ada := storetest.User(t, db.Store, "ada")
		rooms := []chat.Room{storetest.Room(t, db.Store, "dogs"), storetest.Room(t, db.Store, "cats"), storetest.Room(t, db.Store, "birds")}
		posted, errs := parallel(24, func(i int) (chat.Message, error) { // each form is sent twice
			form := draft(rooms[i/2%3].ID, ada.ID, i/2, "buy shoes")
			return nodes[i%2].Post(t.Context(), form, chat.Rate{Count: 100, Window: time.Second})
		})
		id, taken := int64(0), 0
		for i, err := range errs {
			switch {
			case err == nil && id != 0 && posted[i].ID != id:
				t.Errorf("messages %d and %d say the same", id, posted[i].ID)
			case err == nil:
				id = posted[i].ID
				taken++
			case chat.KindOf(err) != chat.Invalid:
				t.Errorf("got %v, want Invalid", err)
			}
		}
		if taken != 2 {
			t.Errorf("%d forms were told that they are posted, want the one that is, both times", taken)
		}
	})
}

func TestFindSanctions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		mia, dogs, cats := storetest.User(t, s, "mia"), storetest.Room(t, s, "dogs"), storetest.Room(t, s, "cats")
		ada, bob := storetest.User(t, s, "ada"), storetest.User(t, s, "bob")
		give := func(user chat.User, room int64, kind chat.SanctionKind, reason string, lasts time.Duration) {
			t.Helper()
			given := chat.Sanction{UserID: user.ID, RoomID: room, Kind: kind, Reason: reason, GivenBy: mia.ID}
			if lasts > 0 {
				given.EndsAt = chat.At(clock.now().Add(lasts))
			}
			if err := s.Sanction(t.Context(), given); err != nil {
				t.Fatal(err)
			}
		}
		give(ada, dogs.ID, chat.Ban, "1", time.Hour) // over when they are looked at
		clock.pass(2 * time.Hour)
		give(ada, cats.ID, chat.Ban, "2", 0)
		give(bob, dogs.ID, chat.Ban, "3", time.Hour) // at the same moment
		give(bob, cats.ID, chat.Ban, "4", time.Hour)
		clock.pass(time.Second)
		give(ada, 0, chat.Mute, "5", time.Hour)
		give(bob, 0, chat.Ban, "6", 0)

		all := func(of chat.SanctionList, limit int) (reasons string) {
			t.Helper()
			for {
				page, err := s.FindSanctions(t.Context(), of, limit)
				if err != nil {
					t.Fatal(err)
				}
				for _, sanction := range page {
					reasons += sanction.Reason
				}
				if len(page) < limit {
					return reasons
				}
				of.Before = page[len(page)-1].Place()
				if again := chat.ParseSanctionPlace(of.Before.String()); again != of.Before {
					t.Fatalf("%v is read as %v", of.Before, again)
				}
			}
		}
		for want, of := range map[string]chat.SanctionList{
			"65432": {}, "6432": {Kind: chat.Ban}, "5": {Kind: chat.Mute}, "52": {UserID: ada.ID}, "65": {Site: true}, "3": {RoomID: dogs.ID},
			"42": {RoomID: cats.ID}, "4": {RoomID: cats.ID, UserID: bob.ID}, "": {Kind: chat.Mute, RoomID: dogs.ID},
		} {
			for _, limit := range []int{1, 2, 10} {
				if got := all(of, limit); got != want {
					t.Errorf("%+v, %d at a time: got %q, want %q", of, limit, got, want)
				}
			}
		}
		if page, err := s.FindSanctions(t.Context(), chat.SanctionList{RoomID: dogs.ID}, 1); err != nil || page[0].Username != "bob" || page[0].Giver != "mia" || page[0].RoomName != "dogs" || page[0].Role != chat.Member {
			t.Errorf("got %+v, %v", page, err)
		}
		bans := []chat.Sanction{{UserID: ada.ID, RoomID: dogs.ID}, {UserID: ada.ID, RoomID: cats.ID}, {UserID: bob.ID, RoomID: cats.ID}, {UserID: mia.ID, RoomID: cats.ID}}
		if standing, err := s.StandingBans(t.Context(), bans); err != nil || len(standing) != 2 || standing[0].Reason != "2" || standing[1].Reason != "4" {
			t.Errorf("of the bans stand %+v, %v, want the second and the third", standing, err)
		}
		many := make([]chat.Sanction, 250)
		many[249] = bans[1]
		if standing, err := s.StandingBans(t.Context(), many); err != nil || len(standing) != 1 {
			t.Errorf("of many bans stand %+v, %v, want one", standing, err)
		}
	})
}
