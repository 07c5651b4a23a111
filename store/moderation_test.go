package store_test

import (
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
		report := func(message chat.Message, reporter chat.User, reason string) {
			t.Helper()
			clock.pass(time.Minute)
			if err := s.Report(t.Context(), message.ID, reporter.ID, reason); err != nil {
				t.Fatal(err)
			}
		}
		report(first, ada, "  an\nad ")
		report(first, ada, "again") // changes nothing
		report(first, bob, "shoes")
		report(second, bob, "hats")
		wantKind(t, s.Report(t.Context(), first.ID, ada.ID, " "), chat.Invalid, "without a reason")

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
		settled, err := s.Settle(t.Context(), got.ID, ada.ID, chat.Resolved)
		if err != nil || settled.Outcome != chat.Resolved || settled.SettledBy != "ada" || settled.SettledAt != chat.At(clock.now()) {
			t.Errorf("got %+v, %v", settled, err)
		}
		if again, err := s.Settle(t.Context(), got.ID, bob.ID, chat.Dismissed); err != nil || again != settled {
			t.Errorf("settled again: got %+v, %v, want %+v", again, err, settled)
		}
		_, err = s.Settle(t.Context(), 999, ada.ID, chat.Resolved)
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
			if err = s.Report(t.Context(), m.ID, ada.ID, "boring"); err == nil {
				reported++
			}
		}
		wantKind(t, err, chat.TooFast, "one more")
		if reported != 20 {
			t.Errorf("got %d reports within an hour, want 20", reported)
		}
		clock.pass(time.Hour)
		if err := s.Report(t.Context(), post(t, s, draft(room.ID, ada.ID, 100, "woof")).ID, ada.ID, "boring"); err != nil {
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
		want := chat.Sanction{UserID: ada.ID, Username: "ada", RoomID: dogs.ID, RoomSlug: "dogs", RoomName: "dogs", Kind: chat.Ban, Reason: "too loud", GivenBy: mia.ID, Giver: "mia", GivenAt: chat.At(clock.now())}
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
		_, err := s.SessionUser(t.Context(), []byte("desk"))
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
