package store_test

import (
	"fmt"
	"strings"
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
		if _, err := a.db.NoticeMentions(a.Context(), 10*time.Minute, 10); err != nil {
			return struct{}{}, err
		}
		_, err := a.db.NoticeRooms(a.Context(), 10*time.Minute, 0, 10)
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
		a.clock.pass(time.Minute)
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

// That she was back counts at once, however lately she had been there before.
func TestReturnIsNotedAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		a := newAway(t, db, true)
		for range 3 {
			a.says(a.ada.ID)
			a.clock.pass(10 * time.Minute)
			a.want("a mention", chat.MentionLetter)
			a.clock.pass(time.Second)
			a.returns()
			a.clock.pass(time.Second)
		}
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
		a.clock.pass(10 * time.Minute)
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

// missed gives what a letter of now would tell ada, in short.
func (a *away) missed() string {
	a.Helper()
	missed, err := a.db.Missed(a.Context(), chat.Letter{UserID: a.ada.ID, CreatedAt: chat.At(a.clock.now())})
	if err != nil {
		a.Fatal(err)
	}
	told := ""
	for _, m := range missed.Mentions {
		told += fmt.Sprintf("%s/%d ", m.RoomSlug, m.Number)
	}
	if missed.MoreMentions {
		told += "… "
	}
	for _, room := range missed.Rooms {
		told += fmt.Sprintf("%s:%d ", room.Slug, room.Messages)
		if room.More {
			told += "… "
		}
	}
	if missed.MoreRooms > 0 {
		told += fmt.Sprintf("+%d ", missed.MoreRooms)
	}
	if missed.None() != (told == "") {
		a.Errorf("None is %v of %q", missed.None(), told)
	}
	return told
}

func (a *away) wantMissed(what, want string) {
	a.Helper()
	if got := a.missed(); got != want {
		a.Errorf("%s: a letter tells of %q, want %q", what, got, want)
	}
}

func (a *away) must(err error) {
	a.Helper()
	if err != nil {
		a.Fatal(err)
	}
}

// A letter tells of what is still there and still unread when it leaves, and of
// nothing that its member is not to see.
func TestMissed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		a := newAway(t, db, true)
		a.wantMissed("nothing was said", "")
		first, second := a.says(a.ada.ID), a.says(a.ada.ID)
		a.says()
		a.wantMissed("two mentions", "dogs/2 dogs/1 ")
		a.must(a.db.Follow(t.Context(), a.ada.ID, a.room.ID, true)) // what there was is read then
		a.wantMissed("who begins to follow has read all", "")
		a.must(a.db.MarkUnread(t.Context(), chat.Shown{UserID: a.ada.ID, RoomID: a.room.ID, Number: 1}))
		a.wantMissed("rooms that nobody asked to be told of", "dogs/2 dogs/1 ")
		a.choose(chat.RoomNotices)
		if _, err := a.db.Post(t.Context(), draft(a.room.ID, a.ada.ID, 1, "her own"), chat.Rate{}); err != nil {
			t.Fatal(err)
		}
		a.wantMissed("but for her own", "dogs/2 dogs/1 dogs:3 ")

		a.must(a.db.Ignore(t.Context(), a.ada.ID, a.bob.ID))
		a.wantMissed("whom she ignores", "")
		a.must(a.db.Listen(t.Context(), a.ada.ID, a.bob.ID))
		for _, room := range []int64{a.room.ID, 0} {
			a.must(a.db.Sanction(t.Context(), chat.Sanction{UserID: a.ada.ID, RoomID: room, Kind: chat.Ban, Reason: "spam", EndsAt: chat.At(a.clock.now().Add(time.Hour))}))
			a.wantMissed("where she is banned", "")
			a.must(a.db.Lift(t.Context(), a.ada.ID, room))
		}
		a.must(a.db.Sanction(t.Context(), chat.Sanction{UserID: a.ada.ID, RoomID: a.room.ID, Kind: chat.Mute, Reason: "spam"}))
		a.wantMissed("where she is muted", "dogs/2 dogs/1 dogs:3 ")
		if _, _, err := a.db.Delete(t.Context(), a.room.ID, first.Number, a.bob.ID); err != nil {
			t.Fatal(err)
		}
		a.wantMissed("a deleted message", "dogs/2 dogs:2 ")
		a.must(a.db.SeeMentions(t.Context(), a.ada.ID, []int64{second.ID}))
		a.wantMissed("a mention that was seen", "dogs:2 ")
		a.must(a.db.Read(t.Context(), chat.Shown{UserID: a.ada.ID, RoomID: a.room.ID, Number: 2}))
		a.wantMissed("what was read meanwhile", "dogs:1 ")
		a.clock.pass(49 * time.Hour)
		a.wantMissed("what is older than a letter may be", "")
	})
}

func TestMissedIsBounded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		a := newAway(t, db, true)
		a.choose(chat.DailyNotices)
		for i := range 12 {
			room := storetest.Room(t, a.db, fmt.Sprint("room", i))
			a.must(a.db.Follow(t.Context(), a.ada.ID, room.ID, true))
			a.clock.pass(time.Second)
			a.room = room
			a.says(a.ada.ID)
		}
		want := "room11/1 room10/1 room9/1 room8/1 room7/1 room6/1 room5/1 room4/1 room3/1 room2/1 … " +
			"room11:1 room10:1 room9:1 room8:1 room7:1 room6:1 room5:1 room4:1 room3:1 room2:1 +2 "
		a.wantMissed("much", want)
		busy := storetest.Room(t, a.db, "busy")
		a.must(a.db.Follow(t.Context(), a.ada.ID, busy.ID, true))
		a.room = busy
		for range 501 {
			a.says()
		}
		if got := a.missed(); !strings.Contains(got, "… busy:500 … room11:1 ") {
			t.Errorf("a busy room: got %q", got)
		}
	})
}

// A notice that had nothing left to tell is none: the next need not wait.
func TestForgoneNotice(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		a := newAway(t, db, true)
		a.says(a.ada.ID)
		a.clock.pass(time.Hour)
		if _, err := a.db.NoticeMentions(t.Context(), 10*time.Minute, 10); err != nil {
			t.Fatal(err)
		}
		letter := take(t, a.db, chat.MentionLetter)
		if _, _, err := a.db.Delete(t.Context(), a.room.ID, 1, a.bob.ID); err != nil {
			t.Fatal(err)
		}
		a.wantMissed("nothing is left", "")
		a.must(a.db.Forgo(t.Context(), letter))
		a.want("a deleted mention")
		a.says(a.ada.ID)
		a.clock.pass(time.Hour)
		a.want("the next mention", chat.MentionLetter)
		a.must(a.db.Forgo(t.Context(), letter)) // late, when there has been another
		a.says(a.ada.ID)
		a.clock.pass(time.Hour)
		a.want("one more, before she is back")
	})
}

// What a letter could not tell is no reason for one, or it would be made again
// and again.
func TestNoNoticeOfWhatCantBeTold(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		for _, choice := range []chat.Notices{chat.MentionNotices, chat.RoomNotices, chat.DailyNotices} {
			a := newAway(t, db, true)
			a.choose(choice)
			a.must(a.db.Follow(t.Context(), a.ada.ID, a.room.ID, true))
			a.must(a.db.Ignore(t.Context(), a.ada.ID, a.bob.ID))
			a.says(a.ada.ID)
			a.clock.pass(25 * time.Hour)
			a.want(string(choice) + ": by whom she ignores")
			a.must(a.db.Listen(t.Context(), a.ada.ID, a.bob.ID))
			a.must(a.db.Sanction(t.Context(), chat.Sanction{UserID: a.ada.ID, RoomID: a.room.ID, Kind: chat.Ban, Reason: "spam", EndsAt: chat.At(a.clock.now().Add(time.Minute))}))
			a.want(string(choice) + ": where she is banned")
			a.clock.pass(time.Minute)
			if got := a.notices(); len(got) != 1 {
				t.Errorf("%s: when the ban is over: got %v, want one letter", choice, got)
			}
			a.must(a.db.DeleteAccount(t.Context(), a.ada.ID, false)) // for the next
			a.must(a.db.DeleteAccount(t.Context(), a.bob.ID, false))
		}
	})
}
