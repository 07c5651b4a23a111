package store_test

import (
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// take takes the next letter, which must be of that kind.
func take(t *testing.T, s *store.Store, want chat.LetterKind) chat.Letter {
	t.Helper()
	letter, err := s.TakeLetter(t.Context())
	if err != nil || letter.Kind != want {
		t.Fatalf("got the letter %+v, %v, want one of kind %q", letter, err, want)
	}
	return letter
}

func noLetter(t *testing.T, s *store.Store, when string) {
	t.Helper()
	letter, err := s.TakeLetter(t.Context())
	if err == nil {
		t.Fatalf("%s: got the letter %+v", when, letter)
	}
	wantKind(t, err, chat.NotFound, when)
}

func TestLetterIsTakenByOne(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada := storetest.User(t, s, "ada") // with a letter
		letters, errs := parallel(8, func(int) (chat.Letter, error) { return s.TakeLetter(t.Context()) })
		var taken chat.Letter
		count := 0
		for i, letter := range letters {
			if errs[i] == nil {
				taken = letter
				count++
			}
		}
		if count != 1 || taken.Kind != chat.ConfirmLetter || taken.UserID != ada.ID || taken.Recipient != ada.Email || taken.Tries != 1 {
			t.Fatalf("got %d letters, the last %+v, want one to Ada: %v", count, taken, errs)
		}
		clock.pass(119 * time.Second)
		noLetter(t, s, "while its taker may be at work")
		clock.pass(time.Second)
		if again := take(t, s, chat.ConfirmLetter); again.ID != taken.ID || again.Tries != 2 {
			t.Errorf("when its taker has died: got %+v", again)
		}
		if err := s.Drop(t.Context(), taken); err != nil {
			t.Fatal(err)
		}
		clock.pass(time.Hour)
		noLetter(t, s, "when it was sent")
	})
}

func TestRetriesWaitLongerAndEnd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		storetest.User(t, s, "ada")
		var waits []time.Duration
		for begun := clock.now(); ; {
			letter := take(t, s, chat.ConfirmLetter)
			dropped, err := s.Retry(t.Context(), letter)
			if err != nil {
				t.Fatal(err)
			}
			if dropped {
				if tried := clock.now().Sub(begun); tried < 12*time.Hour || tried > 24*time.Hour {
					t.Errorf("dropped after %v", tried)
				}
				break
			}
			waits = append(waits, letter.NextTry())
			clock.pass(letter.NextTry() - time.Microsecond)
			noLetter(t, s, "before its time")
			clock.pass(time.Microsecond)
		}
		if waits[0] != time.Minute || waits[1] != 2*time.Minute || waits[len(waits)-1] > 6*time.Hour || len(waits) < 8 {
			t.Errorf("got the waits %v", waits)
		}
		clock.pass(48 * time.Hour)
		noLetter(t, s, "when it was dropped")
	})
}

func TestAddressee(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada := storetest.User(t, s, "ada")
		confirm := take(t, s, chat.ConfirmLetter)
		reset := func(email string) (chat.User, error) {
			clock.pass(time.Second)
			return s.Addressee(t.Context(), chat.Letter{Kind: chat.ResetLetter, Recipient: email, Tries: 1}, []byte(clock.now().String()))
		}
		_, err := reset("nobody@example.com")
		wantKind(t, err, chat.NotFound, "an address of nobody")
		for range 3 {
			if user, err := reset(ada.Email); err != nil || user.ID != ada.ID {
				t.Fatalf("got %+v, %v", user, err)
			}
		}
		_, err = reset(ada.Email)
		wantKind(t, err, chat.NotFound, "the fourth within the hour")
		clock.pass(time.Hour)
		if _, err := reset(ada.Email); err != nil {
			t.Errorf("an hour later: %v", err)
		}
		if user, err := s.Addressee(t.Context(), confirm, []byte("1")); err != nil || user.ID != ada.ID {
			t.Errorf("to confirm: got %+v, %v", user, err)
		}
		confirm.Recipient = "old@example.com"
		_, err = s.Addressee(t.Context(), confirm, []byte("2"))
		wantKind(t, err, chat.NotFound, "an address that is no longer wanted")
	})
}

// giveToken makes the account's link of that kind.
func giveToken(t *testing.T, s *store.Store, kind chat.LetterKind, user chat.User, email, token string) {
	t.Helper()
	if _, err := s.Addressee(t.Context(), chat.Letter{Kind: kind, UserID: user.ID, Recipient: email, Tries: 2}, []byte(token)); err != nil {
		t.Fatal(err)
	}
}

func TestTokenWorksOnceAndInTime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada := storetest.User(t, s, "ada")
		giveToken(t, s, chat.ResetLetter, ada, ada.Email, "1")
		giveToken(t, s, chat.ResetLetter, ada, ada.Email, "2")
		leads := func(token string, want bool) {
			t.Helper()
			user, err := s.TokenUser(t.Context(), chat.ResetLetter, []byte(token))
			if (err == nil && user.ID == ada.ID) != want {
				t.Errorf("token %s: got %+v, %v, want it to lead to Ada: %v", token, user, err, want)
			}
		}
		leads("1", false) // a newer one took its place
		leads("2", true)
		_, err := s.TokenUser(t.Context(), chat.ConfirmLetter, []byte("2"))
		wantKind(t, err, chat.NotFound, "a token of another kind")
		clock.pass(time.Hour - time.Microsecond)
		leads("2", true)
		clock.pass(time.Microsecond)
		leads("2", false)
		_, err = s.ResetPassword(t.Context(), []byte("2"), "late")
		wantKind(t, err, chat.NotFound, "a link out of date")

		giveToken(t, s, chat.ResetLetter, ada, ada.Email, "3")
		_, errs := parallel(20, func(i int) (chat.User, error) { return s.ResetPassword(t.Context(), []byte("3"), string(rune('a'+i))) })
		done := 0
		for _, err := range errs {
			if err == nil {
				done++
			} else {
				wantKind(t, err, chat.NotFound, "a link that another uses")
			}
		}
		if done != 1 {
			t.Errorf("20 at once: got %d successes, want 1", done)
		}
	})
}

func TestResetPasswordEndsSessions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ada, bob := storetest.User(t, s, "ada"), storetest.User(t, s, "bob")
		for _, user := range []chat.User{ada, bob} {
			if err := s.Begin(t.Context(), store.Session{TokenHash: []byte(user.Username), User: user}, nil); err != nil {
				t.Fatal(err)
			}
		}
		giveToken(t, s, chat.ResetLetter, ada, ada.Email, "1")
		user, err := s.ResetPassword(t.Context(), []byte("1"), "new hash")
		if err != nil || user.PasswordHash != "new hash" || user.AuthVersion != ada.AuthVersion+1 {
			t.Fatalf("got %+v, %v", user, err)
		}
		_, err = s.SessionUser(t.Context(), []byte("ada"))
		wantKind(t, err, chat.NotFound, "her session")
		if _, err := s.SessionUser(t.Context(), []byte("bob")); err != nil {
			t.Errorf("another's session: %v", err)
		}
		take(t, s, chat.ConfirmLetter)
		take(t, s, chat.ConfirmLetter)
		if letter := take(t, s, chat.PasswordChangedLetter); letter.Recipient != ada.Email {
			t.Errorf("got the letter %+v", letter)
		}
	})
}

func TestConfirmEmail(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ada, bob := storetest.User(t, s, "ada"), storetest.User(t, s, "bob")
		take(t, s, chat.ConfirmLetter)
		take(t, s, chat.ConfirmLetter)
		giveToken(t, s, chat.ConfirmLetter, ada, ada.Email, "1")
		user, err := s.ConfirmEmail(t.Context(), []byte("1"))
		if err != nil || user.EmailConfirmedAt == 0 || user.Email != ada.Email {
			t.Fatalf("the first address: got %+v, %v", user, err)
		}
		noLetter(t, s, "since nothing has changed")

		wantKind(t, s.AskEmail(t.Context(), ada, bob.Email), chat.Conflict, "another's address")
		if err := s.AskEmail(t.Context(), ada, "NEW@example.com"); err != nil {
			t.Fatal(err)
		}
		if letter := take(t, s, chat.ConfirmLetter); letter.Recipient != "new@example.com" {
			t.Errorf("got the letter %+v", letter)
		}
		if letter := take(t, s, chat.EmailChangingLetter); letter.Recipient != ada.Email {
			t.Errorf("got the letter %+v", letter)
		}
		if _, err := s.UserByEmail(t.Context(), "new@example.com"); err == nil {
			t.Error("the address changed before it was confirmed")
		}
		giveToken(t, s, chat.ConfirmLetter, ada, "new@example.com", "2")
		user, err = s.ConfirmEmail(t.Context(), []byte("2"))
		if err != nil || user.Email != "new@example.com" || user.PendingEmail != "" {
			t.Fatalf("the new address: got %+v, %v", user, err)
		}
		if letter := take(t, s, chat.EmailChangedLetter); letter.Recipient != ada.Email {
			t.Errorf("got the letter %+v", letter)
		}
		_, err = s.ConfirmEmail(t.Context(), []byte("2"))
		wantKind(t, err, chat.NotFound, "the link again")

		// Somebody registers with the address before it is confirmed.
		if err := s.AskEmail(t.Context(), bob, "carol@example.com"); err != nil {
			t.Fatal(err)
		}
		giveToken(t, s, chat.ConfirmLetter, bob, "carol@example.com", "3")
		storetest.User(t, s, "carol")
		_, err = s.ConfirmEmail(t.Context(), []byte("3"))
		wantKind(t, err, chat.Conflict, "an address that was taken meanwhile")
	})
}

func TestAuditIsKeptForATime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		for _, action := range []chat.Action{chat.LoginFailed, chat.LoggedIn, chat.EmailAsked} {
			if err := s.Record(t.Context(), chat.Event{Action: action, ActorID: 1, UserID: 7, Detail: "it", IPPrefix: "192.0.2.0/24", UserAgent: "Firefox"}); err != nil {
				t.Fatal(err)
			}
			clock.pass(time.Hour)
		}
		events, err := s.Events(t.Context(), 7, 2)
		if err != nil || len(events) != 2 || events[0].Action != chat.EmailAsked {
			t.Fatalf("got %+v, %v, want the last two", events, err)
		}
		want := chat.Event{At: chat.At(clock.now().Add(-2 * time.Hour)), Action: chat.LoggedIn, ActorID: 1, UserID: 7, Detail: "it", IPPrefix: "192.0.2.0/24", UserAgent: "Firefox"}
		if events[1] != want {
			t.Errorf("got %+v, want %+v", events[1], want)
		}
		if n, err := s.Forget(t.Context(), chat.At(clock.now().Add(-time.Hour)), 1); n != 1 || err != nil {
			t.Errorf("forget one: got %d, %v", n, err)
		}
		if n, err := s.Forget(t.Context(), chat.At(clock.now().Add(-time.Hour)), 10); n != 1 || err != nil {
			t.Errorf("forget the rest: got %d, %v", n, err)
		}
		if events, err := s.Events(t.Context(), 7, 10); err != nil || len(events) != 1 || events[0].Action != chat.EmailAsked {
			t.Errorf("got %+v, %v, want what is not old", events, err)
		}
	})
}

// What is asked of the outbox and the audit table in a transaction that fails
// never was.
func TestNothingLeavesARolledBackTransaction(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		storetest.User(t, s, "ada")
		take(t, s, chat.ConfirmLetter)
		_, err := s.Register(t.Context(), chat.Registration{Email: "ada@example.com", Username: "eve", PasswordHash: "none"})
		wantKind(t, err, chat.Conflict, "a taken address")
		noLetter(t, s, "after a registration that failed")
	})
}
