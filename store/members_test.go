package store_test

import (
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

func admin(t *testing.T, s *store.Store, name string) chat.User {
	t.Helper()
	user := storetest.User(t, s, name)
	if err := s.SetRole(t.Context(), user.ID, chat.Admin); err != nil {
		t.Fatalf("make %s an admin: %v", name, err)
	}
	return account(t, s, user.ID)
}

func account(t *testing.T, s *store.Store, id int64) chat.User {
	t.Helper()
	user, err := s.User(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return user
}

func TestDisabledAccountHasNoSessions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada, bob := storetest.User(t, s, "ada"), storetest.User(t, s, "bob")
		begin(t, s, ada, 1, nil)
		begin(t, s, bob, 2, nil)
		if err := s.MakeResetToken(t.Context(), ada, []byte("reset")); err != nil {
			t.Fatal(err)
		}
		if err := s.RenewFeed(t.Context(), ada.ID, []byte("feed")); err != nil {
			t.Fatal(err)
		}
		if err := s.Disable(t.Context(), ada.ID); err != nil {
			t.Fatal(err)
		}
		wantSession(t, s, 1, nil, "of a disabled account")
		_, err := s.FeedUser(t.Context(), []byte("feed"))
		wantKind(t, err, chat.NotFound, "the feed of a disabled account")
		wantSession(t, s, 2, &bob, "of another account")
		begin(t, s, ada, 3, nil) // by a request that loaded the account before
		wantSession(t, s, 3, nil, "begun with what is outdated")
		disabled := account(t, s, ada.ID)
		if disabled.DisabledAt != chat.At(clock.now()) {
			t.Errorf("got it disabled at %v, want now", disabled.DisabledAt.Time())
		}
		begin(t, s, disabled, 4, nil)
		wantSession(t, s, 4, nil, "begun while it is disabled")
		_, err = s.TokenUser(t.Context(), chat.ResetLetter, []byte("reset"))
		wantKind(t, err, chat.NotFound, "a link to reset the password")

		if err := s.Enable(t.Context(), ada.ID); err != nil {
			t.Fatal(err)
		}
		wantSession(t, s, 1, nil, "that ended")
		if user, err := s.FeedUser(t.Context(), []byte("feed")); err != nil || user.ID != ada.ID {
			t.Errorf("the feed: got %+v, %v", user, err)
		}
		enabled := account(t, s, ada.ID)
		begin(t, s, enabled, 5, nil)
		wantSession(t, s, 5, &enabled, "of an account that can be used again")

		if err := s.EndSessions(t.Context(), ada.ID); err != nil {
			t.Fatal(err)
		}
		wantSession(t, s, 5, nil, "that an admin ended")
		wantSession(t, s, 2, &bob, "of another account")
	})
}

func TestTheLastAdminStays(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		bob := storetest.User(t, s, "bob")
		ada := admin(t, s, "ada")
		wantKind(t, s.SetRole(t.Context(), ada.ID, chat.Moderator), chat.Conflict, "take the role away")
		wantKind(t, s.Disable(t.Context(), ada.ID), chat.Conflict, "disable the account")
		wantKind(t, s.DeleteAccount(t.Context(), ada.ID, true), chat.Conflict, "delete the account")
		if got := account(t, s, ada.ID); got != ada {
			t.Errorf("after that: got %+v, want it as before", got)
		}
		if err := s.SetRole(t.Context(), ada.ID, chat.Admin); err != nil {
			t.Errorf("give the role again: %v", err)
		}
		if err := s.Disable(t.Context(), bob.ID); err != nil {
			t.Errorf("disable a member: %v", err)
		}

		cleo := admin(t, s, "cleo")
		if err := s.Disable(t.Context(), cleo.ID); err != nil {
			t.Errorf("disable one of two: %v", err)
		}
		wantKind(t, s.SetRole(t.Context(), ada.ID, chat.Member), chat.Conflict, "beside a disabled admin, take the role away")
		if err := s.Enable(t.Context(), cleo.ID); err != nil {
			t.Fatal(err)
		}
		if err := s.SetRole(t.Context(), ada.ID, chat.Member); err != nil {
			t.Errorf("of two, take one's role away: %v", err)
		}
	})
}

// Two admins who take each other's role away at the same moment can't both.
func TestTheLastAdminStaysInParallel(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		admins := []chat.User{admin(t, s, "ada"), admin(t, s, "bob"), admin(t, s, "cleo")}
		_, errs := parallel(len(admins), func(i int) (any, error) {
			if i == 0 {
				return nil, s.Disable(t.Context(), admins[i].ID)
			}
			return nil, s.SetRole(t.Context(), admins[i].ID, chat.Member)
		})
		left, done := 0, 0
		for i, admin := range admins {
			if got := account(t, s, admin.ID); got.Role == chat.Admin && got.DisabledAt == 0 {
				left++
			}
			if errs[i] == nil {
				done++
			} else if kind := chat.KindOf(errs[i]); kind != chat.Conflict && kind != chat.Unavailable {
				t.Errorf("got the error %v", errs[i])
			}
		}
		if left == 0 || left+done != len(admins) {
			t.Errorf("got %d admins left and %d made none, of %d", left, done, len(admins))
		}
	})
}

func TestSessionIsConfirmedForAnHour(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada := storetest.User(t, s, "ada")
		begin(t, s, ada, 1, nil)
		begin(t, s, ada, 2, nil)
		wantConfirmed := func(n int, want bool, when string) {
			t.Helper()
			if got, err := s.Confirmed(t.Context(), token(n)); err != nil || got != want {
				t.Errorf("session %d %s: got %v, %v, want %v", n, when, got, err, want)
			}
		}
		wantConfirmed(1, true, "just begun")
		wantConfirmed(3, false, "that is none")
		clock.pass(store.SessionConfirmed - time.Microsecond)
		wantConfirmed(1, true, "almost an hour later")
		clock.pass(time.Microsecond)
		wantConfirmed(1, false, "an hour later")
		if err := s.Confirm(t.Context(), token(1)); err != nil {
			t.Fatal(err)
		}
		wantConfirmed(1, true, "confirmed")
		wantConfirmed(2, false, "beside it")
		clock.pass(store.SessionConfirmed)
		wantConfirmed(1, false, "an hour after that")
	})
}

func TestLetterOfAnAdminIsNotAmongTheStrangers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ada := storetest.User(t, s, "ada")
		stranger := chat.Letter{Kind: chat.ResetLetter, Recipient: ada.Email, Tries: 1}
		for range 3 {
			if _, err := s.Addressee(t.Context(), stranger, token(1)); err != nil {
				t.Fatal(err)
			}
		}
		_, err := s.Addressee(t.Context(), stranger, token(1))
		wantKind(t, err, chat.NotFound, "a fourth letter")
		letter := stranger
		letter.UserID = ada.ID
		if got, err := s.Addressee(t.Context(), letter, token(2)); err != nil || got != ada {
			t.Errorf("an admin's letter: got %+v, %v", got, err)
		}
		letter.Recipient = "old@example.com"
		_, err = s.Addressee(t.Context(), letter, token(3))
		wantKind(t, err, chat.NotFound, "an admin's letter to an address that changed meanwhile")
	})
}

func TestSettings(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		set := func(name chat.Setting, value, want string) {
			t.Helper()
			if before, err := s.Set(t.Context(), name, value); err != nil || before != want {
				t.Errorf("set %s to %q: got %q before, %v, want %q", name, value, before, err, want)
			}
		}
		wantSet := func(want map[chat.Setting]string) {
			t.Helper()
			got, err := s.Settings(t.Context())
			if err != nil || len(got) != len(want) {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
			for name, value := range want {
				if got[name] != value {
					t.Errorf("%s: got %q, want %q", name, got[name], value)
				}
			}
		}
		wantSet(nil)
		set(chat.SiteNameSetting, "", "")
		set(chat.SiteNameSetting, "Barks", "")
		set(chat.PostRateSetting, "0", "")
		set(chat.SiteNameSetting, "Woofs", "Barks")
		wantSet(map[chat.Setting]string{chat.SiteNameSetting: "Woofs", chat.PostRateSetting: "0"})
		set(chat.SiteNameSetting, "", "Woofs")
		wantSet(map[chat.Setting]string{chat.PostRateSetting: "0"})
	})
}
