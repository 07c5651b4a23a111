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

func edit(m chat.Message, body string, seen int64) chat.Edit {
	return chat.Edit{RoomID: m.RoomID, Number: m.Number, EditorID: m.AuthorID, Body: body, HTML: "<em>" + body + "</em>", Rendered: 1, Seen: seen}
}

func TestEdit(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada, room := storetest.User(t, s, "ada"), storetest.Room(t, s, "dogs")
		first := post(t, s, draft(room.ID, ada.ID, 1, "woof"))
		post(t, s, draft(room.ID, ada.ID, 2, "more"))
		clock.pass(time.Minute)

		want := first
		want.Body, want.HTML, want.Revision, want.ChangedAt, want.EditedAt = "bark", "<em> bark\r\n</em>", 3, chat.At(clock.now()), chat.At(clock.now())
		for _, seen := range []int64{first.Revision, first.Revision, 0} { // sent once, twice, and by a script
			got, err := s.Edit(t.Context(), edit(first, " bark\r\n", seen), noRate)
			if err != nil || got != want {
				t.Errorf("edit, having seen %d: got %+v, %v, want %+v", seen, got, err, want)
			}
			clock.pass(time.Minute)
		}
		got, err := s.Edit(t.Context(), edit(first, "wau", first.Revision), noRate)
		wantKind(t, err, chat.Conflict, "an edit of the text before")
		if got != want {
			t.Errorf("with the conflict: got %+v, want the message as it is, %+v", got, want)
		}
		for _, bad := range []string{"", " \u200b", "a\x00", "a\xff"} {
			_, err := s.Edit(t.Context(), edit(first, bad, 0), noRate)
			wantKind(t, err, chat.Invalid, bad)
		}
		nowhere := first
		nowhere.Number = 3
		_, err = s.Edit(t.Context(), edit(nowhere, "bark", 0), noRate)
		wantKind(t, err, chat.NotFound, "a message that is none")
		if got, err := s.Message(t.Context(), room.ID, 1); err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		checkLog(t, s, "dogs", 2)
	})
}

func TestEditsInParallel(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ada, room := storetest.User(t, s, "ada"), storetest.Room(t, s, "dogs")
		first := post(t, s, draft(room.ID, ada.ID, 1, "woof"))
		_, errs := parallel(20, func(i int) (chat.Message, error) {
			return s.Edit(t.Context(), edit(first, fmt.Sprint("text ", i%2), first.Revision), noRate)
		})
		taken := 0
		for _, err := range errs {
			if err == nil {
				taken++
			} else if chat.KindOf(err) != chat.Conflict {
				t.Errorf("got %v, want Conflict", err)
			}
		}
		if taken != 10 { // of the same text each, and that once
			t.Errorf("got %d edits taken, want the 10 with the text that came first", taken)
		}
		if room, err := s.Room(t.Context(), "dogs"); err != nil || room.Revision != 2 {
			t.Errorf("got revision %d, %v, want 2", room.Revision, err)
		}
		checkLog(t, s, "dogs", 1)
	})
}

// What is counted is stored, so that several nodes count together.
func TestEditRate(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		clock := newClock()
		s, other := db.WithClock(clock.now), open(t, db.address).WithClock(clock.now)
		rate := chat.Rate{Count: 3, Window: 10 * time.Second}
		ada, room := storetest.User(t, s, "ada"), storetest.Room(t, s, "dogs")
		first := post(t, s, draft(room.ID, ada.ID, 1, "woof"))
		for n, node := range []*store.Store{s, other, s} {
			clock.pass(time.Second)
			for range 2 { // sent twice is once
				if _, err := node.Edit(t.Context(), edit(first, fmt.Sprint("text ", n), 0), rate); err != nil {
					t.Fatalf("edit %d of 3: %v", n+1, err)
				}
			}
		}
		_, err := other.Edit(t.Context(), edit(first, "one too many", 0), rate)
		wantKind(t, err, chat.TooFast, "one too many")
		if refusal, _ := errors.AsType[*chat.Error](err); refusal.After != 8*time.Second {
			t.Errorf("got told to wait %v, want 8s", refusal.After)
		}
		if _, err := s.Edit(t.Context(), edit(first, "text 2", 0), rate); err != nil {
			t.Errorf("the text that it has: got %v, want it taken", err)
		}
		if _, err := s.Post(t.Context(), draft(room.ID, ada.ID, 2, "more"), rate); err != nil {
			t.Errorf("a message: got %v, want it posted: edits are counted apart", err)
		}
		if _, err := s.Edit(t.Context(), edit(first, "without a limit", 0), noRate); err != nil {
			t.Errorf("without a limit: got %v", err)
		}
		clock.pass(10 * time.Second)
		_, errs := parallel(9, func(i int) (chat.Message, error) {
			return []*store.Store{s, other}[i%2].Edit(t.Context(), edit(first, fmt.Sprint("at once ", i), 0), rate)
		})
		taken := 0
		for _, err := range errs {
			if err == nil {
				taken++
			} else if chat.KindOf(err) != chat.TooFast {
				t.Errorf("got %v, want TooFast", err)
			}
		}
		if taken != 3 {
			t.Errorf("got %d edits taken at once, want 3", taken)
		}
	})
}

// A newcomer's pace of edits is a tenth, as that of messages is.
func TestNewcomersEditRate(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		rate := chat.Rate{Count: 1, Window: 10 * time.Second}
		ada, room := storetest.User(t, s, "ada"), storetest.Room(t, s, "dogs")
		first := post(t, s, draft(room.ID, ada.ID, 1, "woof"))
		edits := func() (taken int) {
			for {
				clock.pass(10 * time.Second)
				_, err := s.Edit(t.Context(), edit(first, fmt.Sprint("text ", taken, clock.now()), 0), rate)
				if taken == 20 || err != nil {
					return taken
				}
				taken++
			}
		}
		if got := edits(); got != 3 {
			t.Errorf("got %d edits of a newcomer, one every 10 seconds, want 3", got)
		}
		clock.pass(24 * time.Hour)
		if got := edits(); got != 20 {
			t.Errorf("a day later: got %d edits, want no end of them", got)
		}
	})
}

func TestDeleteKeepsVersions(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		s := db.Store
		ada, mia, room := storetest.User(t, s, "ada"), storetest.User(t, s, "mia"), storetest.Room(t, s, "dogs")
		first := post(t, s, draft(room.ID, ada.ID, 1, "woof"))
		if _, err := s.Edit(t.Context(), edit(first, "bark", 0), noRate); err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			got, deleted, err := s.Delete(t.Context(), room.ID, 1, mia.ID)
			if err != nil || deleted != (i == 0) || got.Body != "" || got.HTML != "" || got.DeletedAt == 0 || got.Revision != 3 {
				t.Errorf("got %+v, %v, want a message without a text, of revision 3", got, err)
			}
		}
		_, err := s.Edit(t.Context(), edit(first, "again", 2), noRate)
		wantKind(t, err, chat.Conflict, "an edit of what is deleted")
		_, _, err = s.Delete(t.Context(), room.ID, 2, mia.ID)
		wantKind(t, err, chat.NotFound, "a message that is none")
		versions := func() (got []string) {
			t.Helper()
			list, err := s.Versions(t.Context(), first.ID, 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range list {
				got = append(got, fmt.Sprintf("%d %s %s", v.Revision, v.By, v.Body))
			}
			return got
		}
		if got := fmt.Sprintf("%q", versions()); got != `["3 mia " "2 ada bark" "1 ada woof"]` {
			t.Errorf("got the versions %s", got)
		}
		checkLog(t, s, "dogs", 1)

		// Whoever leaves and wants the messages gone takes these texts along.
		if err := s.DeleteAccount(t.Context(), ada.ID, true); err != nil {
			t.Fatal(err)
		}
		removeAll(t, s)
		if got := fmt.Sprintf("%q", versions()); got != `["3 mia " "2 former member " "1 former member "]` {
			t.Errorf("got the versions %s", got)
		}
		checkLog(t, s, "dogs", 1)
	})
}

func TestPostReply(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ada, bob, room := storetest.User(t, s, "ada"), storetest.User(t, s, "bob"), storetest.Room(t, s, "dogs")
		post(t, s, draft(room.ID, ada.ID, 1, "woof"))
		reply := draft(room.ID, bob.ID, 1, "wau")
		reply.ReplyTo = 1
		for range 2 {
			if got := post(t, s, reply); got.ReplyTo != 1 || got.ReplyAuthorID != ada.ID || got.ReplyAuthor != "ada" {
				t.Errorf("got %+v, want an answer to ada's", got)
			}
		}
		for n, number := range []int64{-1, 3, 4, 1 << 62} { // its own number, too
			reply := draft(room.ID, bob.ID, 10+n, "wau")
			reply.ReplyTo = number
			_, err := s.Post(t.Context(), reply, noRate)
			wantKind(t, err, chat.Invalid, fmt.Sprint("an answer to message ", number))
		}
		if err := s.DeleteAccount(t.Context(), ada.ID, true); err != nil {
			t.Fatal(err)
		}
		removeAll(t, s)
		if got, err := s.Message(t.Context(), room.ID, 2); err != nil || got.ReplyTo != 1 || got.ReplyAuthor != chat.FormerMember {
			t.Errorf("got %+v, %v, want an answer to a former member's", got, err)
		}
		checkLog(t, s, "dogs", 2)
	})
}

// A session may be looked up in the moment before its account is deleted.
func TestWhoseAccountIsDeletedWritesNoMore(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		room := storetest.Room(t, s, "dogs")
		for n := range 5 {
			ada := storetest.User(t, s, fmt.Sprint("ada", n))
			first := post(t, s, draft(room.ID, ada.ID, 0, "woof"))
			_, errs := parallel(9, func(i int) (struct{}, error) {
				switch {
				case i == 0:
					return struct{}{}, s.DeleteAccount(t.Context(), ada.ID, true)
				case i%2 == 0:
					_, err := s.Edit(t.Context(), edit(first, fmt.Sprint("bark ", i), 0), noRate)
					return struct{}{}, err
				}
				_, err := s.Post(t.Context(), draft(room.ID, ada.ID, i, "woof"), noRate)
				return struct{}{}, err
			})
			for i, err := range errs {
				if kind := chat.KindOf(err); err != nil && (i == 0 || kind != chat.SignedOut) {
					t.Errorf("act %d: got %v of kind %d, want it done or SignedOut", i, err, kind)
				}
			}
			_, err := s.Post(t.Context(), draft(room.ID, ada.ID, 99, "woof"), noRate)
			wantKind(t, err, chat.SignedOut, "a message of a former member")
			_, err = s.Edit(t.Context(), edit(first, "wau", 0), noRate)
			wantKind(t, err, chat.SignedOut, "an edit by a former member")
			removeAll(t, s)
		}
		now, err := s.Room(t.Context(), "dogs")
		if err != nil {
			t.Fatal(err)
		}
		checkLog(t, s, "dogs", now.MessageCount)
		messages, err := s.Messages(t.Context(), room.ID, now.Newest())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range messages {
			if m.DeletedAt == 0 || m.Body != "" {
				t.Errorf("left behind: %+v", m)
			}
		}
	})
}
