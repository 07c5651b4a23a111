package store_test

import (
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

func TestDeleteAccountLeavesNothingOfItsOwner(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		s := db.Store
		ada := storetest.User(t, s, "ada")
		if _, err := s.ChangeProfile(t.Context(), ada.ID, chat.Profile{Username: "lovelace", TimeZone: "Asia/Tokyo"}, avatar("1")); err != nil {
			t.Fatal(err)
		}
		logIn(t, s, ada, "desk")
		if err := s.KnowBrowser(t.Context(), ada.ID, []byte("1")); err != nil {
			t.Fatal(err)
		}
		giveToken(t, s, chat.ResetLetter, ada, ada.Email, "1")
		giveToken(t, s, chat.ConfirmLetter, ada, ada.Email, "2")
		if err := s.AskEmail(t.Context(), ada, "new@example.com"); err != nil {
			t.Fatal(err)
		}
		if err := s.DeleteAccount(t.Context(), ada.ID, false); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"avatars", "former_usernames", "sessions", "known_browsers", "tokens"} {
			var rows int
			if err := db.raw.Get(&rows, `SELECT COUNT(*) FROM `+table); err != nil || rows != 0 {
				t.Errorf("%s: got %d rows, %v, want none", table, rows, err)
			}
		}
		if letter := take(t, s, chat.AccountDeletedLetter); letter.Recipient != "ada@example.com" {
			t.Errorf("got the letter %+v", letter)
		}
		noLetter(t, s, "after the last")
		user, err := s.User(t.Context(), ada.ID)
		want := chat.User{ID: ada.ID, Email: user.Email, Username: chat.FormerMember, HideEmail: true, AuthVersion: ada.AuthVersion + 1, CreatedAt: ada.CreatedAt, RenewedAt: user.RenewedAt, Role: chat.Member}
		if err != nil || user != want || user.RenewedAt == 0 || chat.EmailProblem(user.Email) == "" {
			t.Errorf("got %+v, %v, want %+v with no email that can be one", user, err, want)
		}
		for _, name := range []string{"lovelace", "ada", chat.FormerMember, user.Email} {
			_, err := s.UserByName(t.Context(), name)
			wantKind(t, err, chat.NotFound, name)
			_, err = s.UserByFormerName(t.Context(), name)
			wantKind(t, err, chat.NotFound, "formerly "+name)
		}
		// All of it can be had anew, and by two former members too.
		again := storetest.User(t, s, "ada")
		if err := s.DeleteAccount(t.Context(), again.ID, true); err != nil {
			t.Errorf("a second former member: %v", err)
		}
	})
}

// removeAll removes until there is nothing left, and gives the rooms' last revisions.
func removeAll(t *testing.T, s *store.Store) map[int64]int64 {
	t.Helper()
	revisions := map[int64]int64{}
	for {
		room, err := s.RemoveMessages(t.Context())
		if chat.KindOf(err) == chat.NotFound {
			return revisions
		}
		if err != nil {
			t.Fatal(err)
		}
		if room.ID != 0 {
			revisions[room.ID] = room.Revision
		}
	}
}

func TestRemovedMessagesAreChangesLikeAnyOther(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		s := db.Store
		ada, bob := storetest.User(t, s, "ada"), storetest.User(t, s, "bob")
		dogs, cats := storetest.Room(t, s, "dogs"), storetest.Room(t, s, "cats")
		for i := range 120 {
			author, room := ada, dogs
			if i%3 == 0 {
				author = bob
			}
			if i%10 == 1 {
				room = cats
			}
			if _, err := s.Post(t.Context(), draft(room.ID, author.ID, i, "secret"), chat.Rate{}); err != nil {
				t.Fatal(err)
			}
		}
		before, err := s.Room(t.Context(), "dogs")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.DeleteAccount(t.Context(), ada.ID, true); err != nil {
			t.Fatal(err)
		}
		_, errs := parallel(3, func(int) (chat.Room, error) { return s.RemoveMessages(t.Context()) }) // several nodes
		for _, err := range errs {
			if err != nil {
				t.Fatal(err)
			}
		}
		revisions := removeAll(t, s)

		changes, err := s.Changes(t.Context(), dogs.ID, before.Revision, 500)
		if err != nil || len(changes) == 0 {
			t.Fatalf("got %d changes, %v", len(changes), err)
		}
		for i, change := range changes {
			if change.Revision != before.Revision+int64(i)+1 || change.AuthorID != ada.ID || change.Body != "" || change.DeletedAt == 0 {
				t.Fatalf("change %d: got %+v, want the next revision, a message of hers without its text", i, change)
			}
		}
		after, err := s.Room(t.Context(), "dogs")
		if err != nil || after.Revision != before.Revision+int64(len(changes)) || revisions[dogs.ID] > after.Revision || after.MessageCount != before.MessageCount {
			t.Errorf("got the room %+v after %+v, %v", after, before, err)
		}
		var left int
		if err := db.raw.Get(&left, `SELECT COUNT(*) FROM message_versions v JOIN messages m ON m.id = v.message_id WHERE v.body <> '' AND m.author_id = $1`, ada.ID); err != nil || left != 0 {
			t.Errorf("got %d texts of hers left, %v", left, err)
		}
		page, err := s.Messages(t.Context(), dogs.ID, chat.Page(1))
		if err != nil || len(page) != 50 {
			t.Fatalf("got a page of %d, %v: numbers must stay", len(page), err)
		}
		for _, m := range page {
			if (m.AuthorID == bob.ID) != (m.Body == "secret") {
				t.Errorf("got %+v: his texts stay, hers go", m)
			}
		}
		if latest, err := s.LatestBy(t.Context(), ada.ID, 10); err != nil || len(latest) != 0 {
			t.Errorf("her latest: got %d, %v", len(latest), err)
		}
	})
}

func TestMessagesBy(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada, bob, dogs := storetest.User(t, s, "ada"), storetest.User(t, s, "bob"), storetest.Room(t, s, "dogs")
		for i := range 25 { // many in one moment
			if i%7 == 0 {
				clock.pass(time.Second)
			}
			for author, user := range []chat.User{ada, bob} {
				if _, err := s.Post(t.Context(), draft(dogs.ID, user.ID, 2*i+author, "woof"), chat.Rate{}); err != nil {
					t.Fatal(err)
				}
			}
		}
		var all []chat.Message
		for after := (chat.Message{}); ; after = all[len(all)-1] {
			batch, err := s.MessagesBy(t.Context(), ada.ID, after, 4)
			if err != nil {
				t.Fatal(err)
			}
			if len(batch) == 0 {
				break
			}
			all = append(all, batch...)
		}
		if len(all) != 25 {
			t.Fatalf("got %d messages, want 25", len(all))
		}
		for i, m := range all {
			if m.AuthorID != ada.ID || i > 0 && m.Number <= all[i-1].Number {
				t.Errorf("message %d: got %+v, want hers in order", i, m)
			}
		}
	})
}

func TestSetRoleEndsSessions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ada := storetest.User(t, s, "ada")
		logIn(t, s, ada, "desk")
		if err := s.SetRole(t.Context(), ada.ID, chat.Admin); err != nil {
			t.Fatal(err)
		}
		if user, err := s.User(t.Context(), ada.ID); err != nil || user.Role != chat.Admin {
			t.Errorf("got %+v, %v", user, err)
		}
		_, err := s.SessionUser(t.Context(), []byte("desk"))
		wantKind(t, err, chat.NotFound, "a session with the rights of before")
	})
}
