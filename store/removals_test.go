package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// finish continues removals until there is nothing left to do.
func finish(t *testing.T, s *store.Store) {
	t.Helper()
	for {
		if _, err := s.ContinueRemoval(t.Context()); chat.KindOf(err) == chat.NotFound {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// bodies gives what stands in a room's log, deleted messages as "-".
func bodies(t *testing.T, s *store.Store, slug string) (texts string) {
	t.Helper()
	room, err := s.Room(t.Context(), slug)
	if err != nil {
		t.Fatal(err)
	}
	messages, err := s.Messages(t.Context(), room.ID, room.Newest())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		if m.DeletedAt != 0 {
			m.Body = "-" + m.Body + m.HTML
		}
		texts += m.Body + " "
	}
	return texts
}

func TestRemovalOfTheLastHours(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		eve, bob, mia := storetest.User(t, s, "eve"), storetest.User(t, s, "bob"), storetest.User(t, s, "mia")
		dogs, cats := storetest.Room(t, s, "dogs"), storetest.Room(t, s, "cats")
		n := 0
		writes := func(who chat.User, room chat.Room, body string) chat.Message {
			n++
			d := draft(room.ID, who.ID, n, body)
			d.HTML, d.Rendered = "<p>"+body+"</p>", 3
			return post(t, s, d)
		}
		writes(eve, dogs, "before")
		clock.pass(2 * time.Hour)
		spam := writes(eve, dogs, "spam1")
		writes(bob, dogs, "answer")
		writes(eve, cats, "spam2")
		clock.pass(time.Minute)
		before, err := s.Room(t.Context(), "dogs")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.OrderRemoval(t.Context(), eve.ID, mia.ID, time.Hour, "of the last hour"); err != nil {
			t.Fatal(err)
		}
		clock.pass(time.Second)
		writes(eve, dogs, "sorry") // after the order
		finish(t, s)
		if got := bodies(t, s, "dogs") + "| " + bodies(t, s, "cats"); got != "before - answer sorry | - " {
			t.Errorf("got %q", got)
		}
		changes, err := s.Changes(t.Context(), dogs.ID, before.Revision+1, 10)
		if err != nil || len(changes) != 1 || changes[0].ID != spam.ID || changes[0].Body != "" {
			t.Errorf("got the changes %+v, %v, want the removal as one", changes, err)
		}
		checkLog(t, s, "dogs", 4)
		checkLog(t, s, "cats", 1)
		for _, room := range []chat.Room{dogs, cats} {
			log, err := s.LogOf(t.Context(), room.ID, chat.Place{}, 10)
			if err != nil || len(log) != 1 || log[0].Act != chat.LogRemoved || log[0].Username != "eve" || log[0].Actor != "mia" || log[0].Detail != "of the last hour" {
				t.Errorf("%s: got the log %+v, %v", room.Slug, log, err)
			}
		}
		removals, err := s.Removals(t.Context(), eve.ID, 10)
		if err != nil || len(removals) != 1 || removals[0].Messages != 2 || removals[0].Unfinished || removals[0].OrderedBy != "mia" {
			t.Fatalf("got %+v, %v", removals, err)
		}

		_, err = s.OrderRestoration(t.Context(), removals[0].ID, bob.ID, mia.ID)
		wantKind(t, err, chat.NotFound, "another's removal")
		_, err = s.OrderRestoration(t.Context(), 999, eve.ID, mia.ID)
		wantKind(t, err, chat.NotFound, "none")
		for i := range 2 { // the second changes nothing
			if ordered, err := s.OrderRestoration(t.Context(), removals[0].ID, eve.ID, mia.ID); err != nil || ordered != (i == 0) {
				t.Fatal(ordered, err)
			}
			finish(t, s)
		}
		if got := bodies(t, s, "dogs") + "| " + bodies(t, s, "cats"); got != "before spam1 answer sorry | spam2 " {
			t.Errorf("restored: got %q", got)
		}
		page, err := s.Messages(t.Context(), cats.ID, chat.Page(1))
		if err != nil || len(page) != 1 || page[0].HTML != "<p>spam2</p>" || page[0].Revision != 3 {
			t.Errorf("got %+v, %v, want the message as it was, by a revision of its own", page, err)
		}
		checkLog(t, s, "dogs", 4)
		if removals, err = s.Removals(t.Context(), eve.ID, 10); err != nil || removals[0].Messages != 0 || removals[0].Unfinished || removals[0].RestoredAt == 0 {
			t.Errorf("got %+v, %v", removals, err)
		}
	})
}

// Several nodes remove and restore at once, a moderator changes her mind
// meanwhile, and nothing is lost.
func TestRemovalTakenBackMeanwhile(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		eve, mia, room := storetest.User(t, s, "eve"), storetest.User(t, s, "mia"), storetest.Room(t, s, "dogs")
		want := ""
		for i := range 99 {
			body := fmt.Sprint("spam", i)
			post(t, s, draft(room.ID, eve.ID, i, body))
			want += body + " "
		}
		if err := s.OrderRemoval(t.Context(), eve.ID, mia.ID, time.Hour, ""); err != nil {
			t.Fatal(err)
		}
		removals, err := s.Removals(t.Context(), eve.ID, 1)
		if err != nil || len(removals) != 1 {
			t.Fatal(removals, err)
		}
		_, errs := parallel(4, func(i int) (int, error) {
			if i == 3 {
				_, err := s.OrderRestoration(t.Context(), removals[0].ID, eve.ID, mia.ID)
				return 0, err
			}
			for range 3 {
				if _, err := s.ContinueRemoval(t.Context()); err != nil && chat.KindOf(err) != chat.NotFound {
					return 0, err
				}
			}
			return 0, nil
		})
		for _, err := range errs {
			if err != nil {
				t.Fatal(err)
			}
		}
		finish(t, s)
		if got := bodies(t, s, "dogs"); got != want {
			t.Errorf("got %q", got)
		}
		checkLog(t, s, "dogs", 99)
	})
}

// Who deletes the account with its messages takes those along that a moderator
// removed before, or was about to remove.
func TestRemovedMessagesGoWithTheAccount(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		s := db.Store
		mia, room := storetest.User(t, s, "mia"), storetest.Room(t, s, "dogs")
		for n, unfinished := range []bool{false, true} {
			eve := storetest.User(t, s, fmt.Sprint("eve", n))
			post(t, s, draft(room.ID, eve.ID, 1, "spam"))
			if err := s.OrderRemoval(t.Context(), eve.ID, mia.ID, time.Hour, ""); err != nil {
				t.Fatal(err)
			}
			if !unfinished {
				finish(t, s)
			}
			if err := s.DeleteAccount(t.Context(), eve.ID, true); err != nil {
				t.Fatal(err)
			}
			finish(t, s)
			var left int
			if err := db.raw.Get(&left, `SELECT COUNT(*) FROM removed_messages`); err != nil || left != 0 {
				t.Errorf("unfinished %v: got %d messages that could be restored, %v", unfinished, left, err)
			}
		}
	})
}

func TestIgnore(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ada, bob, eve := storetest.User(t, s, "ada"), storetest.User(t, s, "Bob"), storetest.User(t, s, "eve")
		for _, other := range []chat.User{eve, bob, bob} {
			if err := s.Ignore(t.Context(), ada.ID, other.ID); err != nil {
				t.Fatal(err)
			}
		}
		ignored, err := s.Ignored(t.Context(), ada.ID)
		if err != nil || len(ignored) != 2 || ignored[0] != bob || ignored[1] != eve {
			t.Errorf("got %+v, %v", ignored, err)
		}
		if does, err := s.Ignores(t.Context(), ada.ID, eve.ID); err != nil || !does {
			t.Errorf("got %v, %v", does, err)
		}
		if does, err := s.Ignores(t.Context(), eve.ID, ada.ID); err != nil || does {
			t.Errorf("the other way: got %v, %v", does, err)
		}
		if err := s.Listen(t.Context(), ada.ID, eve.ID); err != nil {
			t.Fatal(err)
		}
		if ignored, err := s.Ignored(t.Context(), ada.ID); err != nil || len(ignored) != 1 {
			t.Errorf("got %+v, %v", ignored, err)
		}
	})
}
