package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// away is ada, who is not there, and what happens meanwhile.
type away struct {
	*testing.T
	db       *store.Store
	clock    *clock
	ada, bob chat.User
	room     chat.Room
	drafts   int
}

func newAway(t *testing.T, db *store.Store, confirmed bool) *away {
	t.Helper()
	clock := newClock()
	a := &away{T: t, db: db.WithClock(clock.now), clock: clock}
	a.ada, a.bob, a.room = storetest.User(t, a.db, "ada"), storetest.User(t, a.db, "bob"), storetest.Room(t, a.db, "dogs")
	if err := a.db.Begin(t.Context(), store.Session{TokenHash: []byte("ada's"), User: a.ada}, nil); err != nil {
		t.Fatal(err)
	}
	if confirmed {
		letter := chat.Letter{Kind: chat.ConfirmLetter, UserID: a.ada.ID, Recipient: a.ada.Email}
		if _, err := a.db.Addressee(t.Context(), letter, []byte("confirm")); err != nil {
			t.Fatal(err)
		}
		if _, err := a.db.ConfirmEmail(t.Context(), []byte("confirm")); err != nil {
			t.Fatal(err)
		}
	}
	a.notices()
	return a
}

// says lets bob post a message, which may name ada, and gives its number.
func (a *away) says(mentions ...int64) chat.Message {
	a.Helper()
	a.drafts++
	d := draft(a.room.ID, a.bob.ID, a.drafts, "woof")
	d.Mentions = mentions
	message, err := a.db.Post(a.Context(), d, chat.Rate{})
	if err != nil {
		a.Fatal(err)
	}
	return message
}

// returns lets ada look into the site.
func (a *away) returns() {
	a.Helper()
	if _, err := a.db.SessionUser(a.Context(), []byte("ada's")); err != nil {
		a.Fatal(err)
	}
}

func (a *away) choose(notices chat.Notices) {
	a.Helper()
	if err := a.db.SetNotices(a.Context(), a.ada.ID, notices); err != nil {
		a.Fatal(err)
	}
}

// notices has two nodes look for who is to be told, and gives what ada is told.
func (a *away) notices() (kinds []chat.LetterKind) {
	a.Helper()
	_, errs := parallel(2, func(int) (struct{}, error) {
		if _, err := a.db.NoticeMentions(a.Context(), 10); err != nil {
			return struct{}{}, err
		}
		_, err := a.db.NoticeRooms(a.Context(), 0, 10)
		return struct{}{}, err
	})
	for _, err := range errs {
		if err != nil {
			a.Fatal(err)
		}
	}
	for {
		letter, err := a.db.TakeLetter(a.Context())
		if chat.KindOf(err) == chat.NotFound {
			return kinds
		}
		if err == nil {
			err = a.db.Drop(a.Context(), letter)
		}
		if err != nil {
			a.Fatal(err)
		}
		if letter.Kind.Notice() {
			kinds = append(kinds, letter.Kind)
		}
	}
}

func (a *away) want(what string, want ...chat.LetterKind) {
	a.Helper()
	if got := a.notices(); fmt.Sprint(got) != fmt.Sprint(want) {
		a.Errorf("%s: got the letters %v, want %v", what, got, want)
	}
}

func TestNoticeOfAMention(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		a := newAway(t, db, true)
		a.says(a.ada.ID)
		a.clock.pass(9 * time.Minute)
		a.want("a mention, 9 minutes later")
		a.clock.pass(time.Minute)
		a.want("10 minutes later", chat.MentionLetter)
		a.says(a.ada.ID)
		a.clock.pass(time.Hour)
		a.want("another, before she is back")
		a.returns()
		a.want("the same, when she has been back and did not read it")
		a.clock.pass(time.Minute)
		seen := a.says(a.ada.ID)
		if err := db.Read(t.Context(), chat.Shown{UserID: a.ada.ID, RoomID: a.room.ID, Number: seen.Number}); err != nil {
			t.Fatal(err)
		}
		a.clock.pass(time.Hour)
		a.want("one that she has read")
		a.says()
		a.clock.pass(time.Hour)
		a.want("a message that does not name her")
		a.says(a.ada.ID)
		a.clock.pass(time.Hour)
		a.choose(chat.NoNotices)
		a.want("when she wants no letters")
		a.choose(chat.MentionNotices)
		a.want("and when she does", chat.MentionLetter)
	})
}

func TestNoticeWaitsForAnAddress(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		a := newAway(t, db, false)
		a.choose(chat.RoomNotices)
		if err := a.db.Follow(t.Context(), a.ada.ID, a.room.ID, true); err != nil {
			t.Fatal(err)
		}
		a.says(a.ada.ID)
		a.clock.pass(time.Hour)
		a.want("an address that is not confirmed")
	})
}

func TestNoNoticeToADisabledAccount(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		a := newAway(t, db, true)
		if err := a.db.Disable(t.Context(), a.ada.ID); err != nil {
			t.Fatal(err)
		}
		a.says(a.ada.ID)
		a.clock.pass(chat.NoticeAfter)
		a.want("while it is disabled")
		if err := a.db.Enable(t.Context(), a.ada.ID); err != nil {
			t.Fatal(err)
		}
		a.want("when it can be used again", chat.MentionLetter)
	})
}

func TestNoticeOfARoom(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		a := newAway(t, db, true)
		a.choose(chat.RoomNotices)
		a.says()
		a.clock.pass(time.Hour)
		a.want("a room that she does not follow")
		if err := a.db.Follow(t.Context(), a.ada.ID, a.room.ID, true); err != nil {
			t.Fatal(err)
		}
		a.says()
		a.clock.pass(9 * time.Minute)
		a.want("9 minutes later")
		a.clock.pass(time.Minute)
		a.want("10 minutes later", chat.RoomLetter)
		a.says(a.ada.ID)
		a.clock.pass(time.Hour)
		a.want("before she is back")
		a.returns()
		a.clock.pass(time.Minute)
		last := a.says()
		a.clock.pass(time.Hour)
		if err := a.db.Read(t.Context(), chat.Shown{UserID: a.ada.ID, RoomID: a.room.ID, Number: last.Number}); err != nil {
			t.Fatal(err)
		}
		a.want("what she has read")
		if _, err := a.db.Post(t.Context(), draft(a.room.ID, a.ada.ID, 1, "her own"), chat.Rate{}); err != nil {
			t.Fatal(err)
		}
		a.clock.pass(time.Hour)
		a.want("her own message")
	})
}

func TestDigest(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		a := newAway(t, db, true)
		a.choose(chat.DailyNotices)
		a.clock.pass(24 * time.Hour)
		a.want("a day without anything")
		a.says(a.ada.ID)
		a.clock.pass(time.Hour)
		a.want("a mention", chat.DigestLetter)
		a.clock.pass(time.Minute)
		a.says(a.ada.ID)
		a.clock.pass(23*time.Hour + 58*time.Minute)
		a.want("the same day")
		a.clock.pass(time.Minute)
		a.want("a day later, though she was not back", chat.DigestLetter)
		a.want("and no more")
	})
}

func TestUnsubscribe(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		a := newAway(t, db, true)
		letter := chat.Letter{Kind: chat.MentionLetter, UserID: a.ada.ID, Recipient: a.ada.Email}
		for _, token := range []string{"one", "two"} {
			if _, err := a.db.Addressee(t.Context(), letter, []byte(token)); err != nil {
				t.Fatal(err)
			}
		}
		wantKind(t, a.db.Unsubscribe(t.Context(), []byte("none")), chat.NotFound, "a token that never was")
		for range 2 {
			if err := a.db.Unsubscribe(t.Context(), []byte("one")); err != nil {
				t.Errorf("an earlier letter's token: %v", err)
			}
		}
		if got, err := a.db.Notices(t.Context(), a.ada.ID); err != nil || got != chat.NoNotices {
			t.Errorf("got %q, %v", got, err)
		}
		_, err := a.db.Addressee(t.Context(), letter, []byte("three"))
		wantKind(t, err, chat.NotFound, "a letter that waits when they are ended")
		a.clock.pass(91 * 24 * time.Hour)
		wantKind(t, a.db.Unsubscribe(t.Context(), []byte("one")), chat.NotFound, "after 91 days")
	})
}
