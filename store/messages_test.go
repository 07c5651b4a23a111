package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

var noRate chat.Rate

// checkLog fails unless the room's log is whole: count messages, numbered
// without gaps, and revisions that are gapless, each with its version and cursor.
func checkLog(t testing.TB, s *store.Store, slug string, count int64) {
	t.Helper()
	ctx := context.Background() // of a rapid test there may be none
	room, err := s.Room(ctx, slug)
	if err != nil || room.MessageCount != count {
		t.Fatalf("room %q: got %d messages, %v, want %d", slug, room.MessageCount, err, count)
	}
	var last int64
	for page := int64(1); page <= room.Pages(); page++ {
		messages, err := s.Messages(ctx, room.ID, chat.Page(page))
		if err != nil {
			t.Fatalf("page %d: %v", page, err)
		}
		for _, m := range messages {
			if last++; m.Number != last {
				t.Fatalf("got message %d, want %d: numbers have no gaps", m.Number, last)
			}
		}
	}
	if last != count {
		t.Errorf("got messages up to %d, want %d", last, count)
	}
	seen := map[string]bool{}
	for revision := int64(1); revision <= room.Revision; revision++ {
		cursor, err := s.Cursor(ctx, room.ID, revision)
		if err != nil || cursor.Revision != revision || seen[cursor.String()] {
			t.Fatalf("revision %d of %d: got the cursor %v, %v, want one of its own", revision, room.Revision, cursor, err)
		}
		seen[cursor.String()] = true
	}
	_, err = s.Cursor(ctx, room.ID, room.Revision+1)
	wantKind(t, err, chat.NotFound, "the revision after the last")
}

func post(t testing.TB, s *store.Store, d chat.Draft) chat.Message {
	t.Helper()
	m, err := s.Post(context.Background(), d, noRate)
	if err != nil {
		t.Fatalf("post %+v: %v", d, err)
	}
	return m
}

func TestPost(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		ada, bob, room := storetest.User(t, s, "Ada"), storetest.User(t, s, "bob"), storetest.Room(t, s, "Dogs")
		clock.pass(time.Minute)
		first := clock.now()
		got := post(t, s, draft(room.ID, ada.ID, 1, "  woof\r\n🐕 \x01"))
		want := chat.Message{
			ID: got.ID, RoomID: room.ID, RoomSlug: "dogs", RoomName: "Dogs", Number: 1, AuthorID: ada.ID, Author: "Ada", Body: "woof\n🐕",
			PostedRevision: 1, Revision: 1, PostedAt: chat.At(first), ChangedAt: chat.At(first),
		}
		if got != want || got.ID == 0 {
			t.Errorf("the first message: got %+v, want %+v", got, want)
		}
		clock.pass(time.Minute)
		got = post(t, s, draft(room.ID, bob.ID, 1, "wau"))
		want = chat.Message{
			ID: got.ID, RoomID: room.ID, RoomSlug: "dogs", RoomName: "Dogs", Number: 2, AuthorID: bob.ID, Author: "bob", Body: "wau",
			PostedRevision: 2, Revision: 2, PostedAt: chat.At(clock.now()), ChangedAt: chat.At(clock.now()),
			PreviousAuthorID: ada.ID, PreviousPostedAt: chat.At(first),
		}
		if got != want {
			t.Errorf("the second message, with a nonce that another author used: got %+v, want %+v", got, want)
		}
		if room, err := s.Room(t.Context(), "dogs"); err != nil || room.Revision != 2 || room.MessageCount != 2 || room.LastPostedAt != chat.At(clock.now()) {
			t.Errorf("the room: got %+v, %v, want 2 revisions, 2 messages, the last just now", room, err)
		}
		checkLog(t, s, "dogs", 2)
	})
}

func TestPostKeepsWhatWasRendered(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		ada, room := storetest.User(t, db.Store, "ada"), storetest.Room(t, db.Store, "dogs")
		d := draft(room.ID, ada.ID, 1, "*woof*")
		d.HTML, d.Rendered = "<em>woof</em>", 7
		if got := post(t, db.Store, d); got.HTML != d.HTML || got.Body != d.Body {
			t.Errorf("got %+v, want the text and its HTML", got)
		}
		changes, err := db.Changes(t.Context(), room.ID, 0, 1)
		if err != nil || changes[0].HTML != d.HTML {
			t.Errorf("got the changes %+v, %v, want the HTML in them", changes, err)
		}
		var version int64
		if err := db.raw.Get(&version, `SELECT render_version FROM messages`); err != nil || version != 7 {
			t.Errorf("got the version %d, %v, want 7", version, err)
		}
		if err := db.DeleteAccount(t.Context(), ada.ID, true); err != nil {
			t.Fatal(err)
		}
		removeAll(t, db.Store)
		var html string
		if err := db.raw.Get(&html, `SELECT html FROM messages`); err != nil || html != "" {
			t.Errorf("of a removed message stays %q, %v", html, err)
		}
	})
}

func TestPostTwice(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		ada, bob := storetest.User(t, db.Store, "ada"), storetest.User(t, db.Store, "bob")
		dogs, cats := storetest.Room(t, db.Store, "dogs"), storetest.Room(t, db.Store, "cats")
		first := post(t, db.Store, draft(dogs.ID, ada.ID, 1, "woof"))
		for _, body := range []string{"woof", " woof\r\n"} {
			if again := post(t, db.Store, draft(dogs.ID, ada.ID, 1, body)); again != first {
				t.Errorf("the same draft again, as %q: got %+v, want %+v", body, again, first)
			}
		}
		_, err := db.Post(t.Context(), draft(dogs.ID, ada.ID, 1, "Woof"), noRate)
		wantKind(t, err, chat.Conflict, "the same nonce with another text")
		_, err = db.Post(t.Context(), draft(cats.ID, ada.ID, 1, "woof"), noRate)
		wantKind(t, err, chat.Conflict, "the same nonce in another room")
		post(t, db.Store, draft(dogs.ID, bob.ID, 1, "woof"))

		db.edit(t, first, "bark")
		if again := post(t, db.Store, draft(dogs.ID, ada.ID, 1, "woof")); again.ID != first.ID || again.Body != "bark" {
			t.Errorf("the draft of a message that was edited: got %+v, want message %d as it now is", again, first.ID)
		}
		_, err = db.Post(t.Context(), draft(dogs.ID, ada.ID, 1, "bark"), noRate)
		wantKind(t, err, chat.Conflict, "its nonce with the text it was edited to")
		checkLog(t, db.Store, "dogs", 2)
		checkLog(t, db.Store, "cats", 0)
	})
}

func TestSameDraftInParallel(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		room := storetest.Room(t, s, "dogs")
		for i, rate := range []chat.Rate{noRate, {Count: 1, Window: time.Hour}} {
			author := storetest.User(t, s, fmt.Sprintf("author%d", i))
			messages, errs := parallel(50, func(int) (chat.Message, error) {
				return s.Post(t.Context(), draft(room.ID, author.ID, 1, "woof"), rate)
			})
			for i, m := range messages {
				if errs[i] != nil || m != messages[0] {
					t.Errorf("with the rate %+v: got %+v, %v, want the answer all got, %+v", rate, m, errs[i], messages[0])
				}
			}
			checkLog(t, s, "dogs", int64(i)+1)
		}
	})
}

// One nonce, pressed in two rooms or with two texts at once, is one message,
// and everybody else is told of the conflict.
func TestRivalDraftsInParallel(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		dogs, cats, ada := storetest.Room(t, s, "dogs"), storetest.Room(t, s, "cats"), storetest.User(t, s, "ada")
		for n := range 5 {
			rivals := []chat.Draft{draft(dogs.ID, ada.ID, n, "woof"), draft(cats.ID, ada.ID, n, "woof"), draft(dogs.ID, ada.ID, n, "meow")}
			messages, errs := parallel(12, func(i int) (chat.Message, error) { return s.Post(t.Context(), rivals[i%3], noRate) })
			winners := map[int64]bool{}
			for i, err := range errs {
				if err == nil {
					winners[messages[i].ID] = true
				} else if chat.KindOf(err) != chat.Conflict {
					t.Errorf("got %v of kind %d, want Conflict", err, chat.KindOf(err))
				}
			}
			if len(winners) != 1 {
				t.Errorf("got %d messages of one nonce, want 1", len(winners))
			}
		}
		inDogs, _ := s.Room(t.Context(), "dogs")
		checkLog(t, s, "dogs", inDogs.MessageCount)
		checkLog(t, s, "cats", 5-inDogs.MessageCount)
	})
}

// Whatever is refused or breaks off takes neither a number nor a revision.
func TestRefusedPostsLeaveNoGap(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		room, ada := storetest.Room(t, s, "dogs"), storetest.User(t, s, "ada")
		rate := chat.Rate{Count: 2, Window: time.Minute}
		nobody, nowhere := ada.ID+1000, room.ID+1000
		clock.pass(24 * time.Hour) // ada is no newcomer any more
		for n := range 5 {
			clock.pass(time.Hour)
			for i := range 2 {
				if _, err := s.Post(t.Context(), draft(room.ID, ada.ID, 2*n+i, "woof"), rate); err != nil {
					t.Fatalf("post: %v", err)
				}
			}
			for _, refused := range []struct {
				name  string
				draft chat.Draft
				want  chat.Kind
			}{
				{"an empty text", draft(room.ID, ada.ID, 99, " \u200b"), chat.Invalid},
				{"a long text", draft(room.ID, ada.ID, 99, strings.Repeat("a", 4001)), chat.Invalid},
				{"a NUL", draft(room.ID, ada.ID, 99, "a\x00b"), chat.Invalid},
				{"invalid UTF-8", draft(room.ID, ada.ID, 99, "a\xffb"), chat.Invalid},
				{"no nonce", chat.Draft{RoomID: room.ID, AuthorID: ada.ID, Body: "woof"}, chat.Invalid},
				{"another text for a nonce", draft(room.ID, ada.ID, n, "meow"), chat.Conflict},
				{"too many", draft(room.ID, ada.ID, 99, "woof"), chat.TooFast},
				{"a room that does not exist", draft(nowhere, ada.ID+1, 99, "woof"), chat.NotFound},
				{"an author who does not exist", draft(room.ID, nobody, 99, "woof"), chat.NotFound},
			} {
				_, err := s.Post(t.Context(), refused.draft, rate)
				wantKind(t, err, refused.want, refused.name)
			}
			// All in one: several at once, of which the rate lets two pass.
			clock.pass(time.Hour)
			parallel(6, func(i int) (chat.Message, error) {
				return s.Post(t.Context(), draft(room.ID, ada.ID, 1000+10*n+i, fmt.Sprint("woof ", i)), rate)
			})
		}
		checkLog(t, s, "dogs", 20)
		if room, err := s.Room(t.Context(), "dogs"); err != nil || room.Revision != 20 {
			t.Errorf("got revision %d, %v, want 20", room.Revision, err)
		}
	})
}

func TestPostRate(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock := newClock()
		s = s.WithClock(clock.now)
		dogs, cats := storetest.Room(t, s, "dogs"), storetest.Room(t, s, "cats")
		ada, bob := storetest.User(t, s, "ada"), storetest.User(t, s, "bob")
		rate := chat.Rate{Count: 3, Window: 10 * time.Second}
		tryPost := func(room, author int64, n int) error {
			_, err := s.Post(t.Context(), draft(room, author, n, fmt.Sprint("woof ", n)), rate)
			return err
		}
		wantWait := func(err error, want time.Duration) {
			t.Helper()
			wantKind(t, err, chat.TooFast, "one too many")
			if refusal, _ := errors.AsType[*chat.Error](err); refusal.After != want {
				t.Errorf("one too many: got told to wait %v, want %v", refusal.After, want)
			}
		}
		for n := range 3 {
			if err := tryPost(dogs.ID, ada.ID, n); err != nil {
				t.Fatalf("message %d of 3: %v", n+1, err)
			}
			clock.pass(time.Second)
		}
		wantWait(tryPost(dogs.ID, ada.ID, 3), 7*time.Second)
		wantWait(tryPost(cats.ID, ada.ID, 3), 7*time.Second)
		if err := tryPost(dogs.ID, ada.ID, 2); err != nil {
			t.Errorf("the last message again: got %v, want it found", err)
		}
		if err := tryPost(dogs.ID, bob.ID, 3); err != nil {
			t.Errorf("another author: got %v, want no refusal", err)
		}
		clock.pass(6500 * time.Millisecond)
		wantWait(tryPost(dogs.ID, ada.ID, 3), time.Second)
		clock.pass(500*time.Millisecond - time.Microsecond)
		wantWait(tryPost(dogs.ID, ada.ID, 3), time.Second)
		clock.pass(time.Microsecond)
		if err := tryPost(dogs.ID, ada.ID, 3); err != nil {
			t.Errorf("10 seconds after the first: got %v, want it posted: what was refused does not count", err)
		}
		wantWait(tryPost(dogs.ID, ada.ID, 4), time.Second)
	})
}

func TestPostRateInParallel(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		room, ada := storetest.Room(t, s, "dogs"), storetest.User(t, s, "ada")
		rate := chat.Rate{Count: 5, Window: time.Hour}
		_, errs := parallel(40, func(i int) (chat.Message, error) {
			return s.Post(t.Context(), draft(room.ID, ada.ID, i, fmt.Sprint("woof ", i)), rate)
		})
		posted := 0
		for _, err := range errs {
			if err == nil {
				posted++
			} else if chat.KindOf(err) != chat.TooFast {
				t.Errorf("got %v of kind %d, want TooFast", err, chat.KindOf(err))
			}
		}
		if posted != rate.Count {
			t.Errorf("got %d messages posted, want %d", posted, rate.Count)
		}
		checkLog(t, s, "dogs", int64(rate.Count))
	})
}

func TestPostInParallel(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		room := storetest.Room(t, s, "dogs")
		var authors []chat.User
		for i := range 8 {
			authors = append(authors, storetest.User(t, s, fmt.Sprintf("author%d", i)))
		}
		_, errs := parallel(len(authors), func(i int) (struct{}, error) {
			for n := range 10 {
				if _, err := s.Post(t.Context(), draft(room.ID, authors[i].ID, n, "woof"), noRate); err != nil {
					return struct{}{}, err
				}
			}
			return struct{}{}, nil
		})
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		checkLog(t, s, "dogs", 80)
	})
}

func TestMessages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ada, dogs, cats := storetest.User(t, s, "ada"), storetest.Room(t, s, "dogs"), storetest.Room(t, s, "cats")
		for n := range 125 {
			post(t, s, draft(dogs.ID, ada.ID, n, fmt.Sprintf("message %d", n+1)))
		}
		post(t, s, draft(cats.ID, ada.ID, 1000, "meow"))
		const huge = 1<<63 - 1
		for _, test := range []struct {
			name        string
			within      chat.Range
			first, last int64 // want; first 0 for none
		}{
			{"a page", chat.Page(2), 51, 100},
			{"the last page, not full", chat.Page(3), 101, 125},
			{"a page beyond the last", chat.Page(4), 0, 0},
			{"one", chat.Range{First: 17, Last: 17}, 17, 17},
			{"more than two pages", chat.Range{First: 1, Last: 125}, 26, 125},
			{"the newest", chat.Room{MessageCount: 125}.Newest(), 51, 125},
			{"below the first", chat.Range{First: -5, Last: 2}, 1, 2},
			{"none", chat.Range{First: 1, Last: 0}, 0, 0},
			{"backward", chat.Range{First: 9, Last: 3}, 0, 0},
			{"at the end of numbers", chat.Range{First: huge - 1, Last: huge}, 0, 0},
			{"before all numbers", chat.Range{First: -huge, Last: -huge + 200}, 0, 0},
		} {
			got, err := s.Messages(t.Context(), dogs.ID, test.within)
			if err != nil {
				t.Fatalf("%s: %v", test.name, err)
			}
			var count int64
			if test.first > 0 {
				count = test.last - test.first + 1
			}
			if int64(len(got)) != count {
				t.Fatalf("%s: got %d messages, want %d", test.name, len(got), count)
			}
			for i, m := range got {
				number := test.first + int64(i)
				if m.Number != number || m.Body != fmt.Sprintf("message %d", number) || m.RoomID != dogs.ID || number > 1 && m.PreviousAuthorID != ada.ID {
					t.Errorf("%s: got %+v, want message %d and who wrote the one before", test.name, m, number)
				}
			}
		}
	})
}

// A room's log gives each change once, in order and without gaps, with the
// message as it is now.
func TestChanges(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		ada, room := storetest.User(t, db.Store, "ada"), storetest.Room(t, db.Store, "dogs")
		var posted []chat.Message
		for n := range 5 {
			posted = append(posted, post(t, db.Store, draft(room.ID, ada.ID, n, "woof")))
		}
		post(t, db.Store, draft(storetest.Room(t, db.Store, "cats").ID, ada.ID, 100, "meow"))
		db.edit(t, posted[2], "bark")  // revision 6
		db.edit(t, posted[4], "wau")   // 7
		db.edit(t, posted[2], "bark!") // 8
		for _, test := range []struct {
			after int64
			limit int
			want  string // number@revision:text
		}{
			{0, 100, "1@1:woof 2@2:woof 3@3:bark! 4@4:woof 5@5:wau 3@6:bark! 5@7:wau 3@8:bark!"},
			{0, 3, "1@1:woof 2@2:woof 3@3:bark!"},
			{2, 2, "3@3:bark! 4@4:woof"},
			{4, 100, "5@5:wau 3@6:bark! 5@7:wau 3@8:bark!"},
			{6, 100, "5@7:wau 3@8:bark!"},
			{8, 100, ""},
			{1 << 62, 100, ""},
			{-5, 1, "1@1:woof"},
			{0, 0, ""},
		} {
			changes, err := db.Changes(t.Context(), room.ID, test.after, test.limit)
			if err != nil {
				t.Fatalf("Changes after %d: %v", test.after, err)
			}
			var got []string
			for _, m := range changes {
				got = append(got, fmt.Sprintf("%d@%d:%s", m.Number, m.Revision, m.Body))
				if cursor, err := db.Cursor(t.Context(), room.ID, m.Revision); err != nil || cursor != m.Cursor() {
					t.Errorf("the cursor of revision %d: got %v, %v, want the change's, %v", m.Revision, cursor, err, m.Cursor())
				}
				if want := posted[m.Number-1]; m.ID != want.ID || m.PostedRevision != m.Number || m.PostedAt != want.PostedAt || m.Author != "ada" {
					t.Errorf("the change of message %d: got %+v, want what was posted, %+v", m.Number, m, want)
				}
			}
			if text := strings.Join(got, " "); text != test.want {
				t.Errorf("Changes after %d, at most %d: got %s, want %s", test.after, test.limit, text, test.want)
			}
		}
		checkLog(t, db.Store, "dogs", 5)
	})
}

func TestCursor(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ada, room := storetest.User(t, s, "ada"), storetest.Room(t, s, "dogs")
		first := post(t, s, draft(room.ID, ada.ID, 1, "woof"))
		if got, err := s.Cursor(t.Context(), room.ID, 0); err != nil || got != (chat.Cursor{}) {
			t.Errorf("before the first change: got %v, %v, want %v", got, err, chat.Cursor{})
		}
		if got, err := s.Cursor(t.Context(), room.ID, 1); err != nil || got != first.Cursor() {
			t.Errorf("the first change: got %v, %v, want %v", got, err, first.Cursor())
		}
		for _, revision := range []int64{2, -1, 1<<63 - 1} {
			_, err := s.Cursor(t.Context(), room.ID, revision)
			wantKind(t, err, chat.NotFound, fmt.Sprintf("revision %d", revision))
		}
		_, err := s.Cursor(t.Context(), room.ID+1000, 1)
		wantKind(t, err, chat.NotFound, "a room that does not exist")
	})
}

// What chat lets through, both databases take, and give back as it was.
func TestHostileTexts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		room, ada := storetest.Room(t, s, "dogs"), storetest.User(t, s, "ada")
		n := 0
		rapid.Check(t, func(r *rapid.T) {
			n++
			d := draft(room.ID, ada.ID, n, rapid.OneOf(rapid.String(), hostile()).Draw(r, "body"))
			cleaned, invalid := d.Clean()
			got, err := s.Post(t.Context(), d, noRate)
			switch {
			case invalid != nil && chat.KindOf(err) != chat.Invalid:
				r.Fatalf("post %+q: got %v, want it Invalid", d.Body, err)
			case invalid == nil && (err != nil || got.Body != cleaned.Body):
				r.Fatalf("post %+q: got %+q, %v, want %+q", d.Body, got.Body, err, cleaned.Body)
			}
		})
	})
}

func BenchmarkPost(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *store.Store{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(name+"/one room", func(b *testing.B) {
			s := open(b)
			ada, room := storetest.User(b, s, "ada"), storetest.Room(b, s, "dogs")
			for n := 0; b.Loop(); n++ {
				post(b, s, draft(room.ID, ada.ID, n, "Who let the dogs out?"))
			}
		})
		b.Run(name+"/one room that 10,000 follow", func(b *testing.B) {
			s := open(b)
			ada, room := storetest.User(b, s, "ada"), storetest.Room(b, s, "dogs")
			for i := range 10_000 {
				if err := s.Follow(b.Context(), storetest.User(b, s, fmt.Sprintf("follower%d", i)).ID, room.ID, true); err != nil {
					b.Fatal(err)
				}
			}
			b.ResetTimer()
			for n := 0; b.Loop(); n++ {
				post(b, s, draft(room.ID, ada.ID, n, "Who let the dogs out?"))
			}
		})
		b.Run(name+"/16 rooms at once", func(b *testing.B) {
			s := open(b)
			const rooms = 16
			var drafts [rooms]chat.Draft
			for i := range rooms {
				room := storetest.Room(b, s, fmt.Sprintf("room %d", i))
				drafts[i] = draft(room.ID, storetest.User(b, s, fmt.Sprintf("author%d", i)).ID, 0, "Who let the dogs out?")
			}
			b.ResetTimer()
			parallel(rooms, func(i int) (struct{}, error) {
				for n := i; n < b.N; n += rooms {
					d := drafts[i]
					d.Nonce = draft(0, 0, n, "").Nonce
					if _, err := s.Post(context.Background(), d, noRate); err != nil {
						b.Error(err)
					}
				}
				return struct{}{}, nil
			})
		})
	}
}
