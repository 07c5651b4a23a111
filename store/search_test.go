package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
	"github.com/twilightbark/twilightbark/words"
)

// saying counts what is said, so that each is sent once.
var saying atomic.Int64

// said posts the texts, each as a message of the room's, and gives them back.
func said(t testing.TB, s *store.Store, room chat.Room, author chat.User, texts ...string) (messages []chat.Message) {
	t.Helper()
	for _, text := range texts {
		messages = append(messages, post(t, s, draft(room.ID, author.ID, int(saying.Add(1)), text)))
	}
	return messages
}

// search gives the numbers of what is found on the first page, in order.
func search(t testing.TB, s *store.Store, look store.Search) (numbers []int64) {
	t.Helper()
	found, _, err := s.Search(context.Background(), look, 1)
	if err != nil {
		t.Fatalf("search for %+q: %v", look.Tokens(), err)
	}
	for _, m := range found {
		numbers = append(numbers, m.Number)
	}
	return numbers
}

func wantFound(t testing.TB, s *store.Store, look store.Search, want ...int64) {
	t.Helper()
	if got := search(t, s, look); !slices.Equal(got, want) {
		t.Errorf("search for %q in room %d by author %d: got the messages %v, want %v", look.Tokens(), look.RoomID, look.AuthorID, got, want)
	}
}

func text(look string) store.Search { return store.Search{Query: words.Parse(look)} }

// The same corpus gives the same hits on both databases.
func TestSearch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ada, room := storetest.User(t, s, "ada"), storetest.Room(t, s, "dogs")
		said(t, s, room, ada,
			"Dogs bark at the moon",                // 1
			"Two dogs barked, embarking on 2 CV",   // 2
			"Ein Café in der Straße, à la crème",   // 3
			"犬が東京で吠えた",                             // 4
			"猫は京都",                                 // 5
			"ภาษาไทย และ 한국어를",                     // 6
			"well done 👍🏽 🇩🇪",                      // 7
			"100% of x_y, a\\b 'quoted' \"twice\"", // 8
			"NEAR(a b) OR body:x AND -c* ^d",       // 9
		)
		catchUp(t, s)
		for look, want := range map[string][]int64{
			"dogs":           {2, 1},
			"DOG":            {2, 1},
			"bark":           {2, 1},
			"mbarkin":        {2},
			"moon dogs":      {1},
			"moon embarking": nil,
			"cv":             {2},
			"2":              {2},
			"b":              {9, 8, 2, 1},
			"cafe":           {3},
			"STRASSE creme":  {3},
			"犬":              {4},
			"京":              {5, 4},
			"東京":             {4},
			"京東":             nil,
			"猫は":             {5},
			"ไทย":            {6},
			"국어":             {6},
			"👍":              {7},
			"🇩🇪":             {7},
			"👎":              nil,
			"%":              nil,
			"_":              nil,
			`\`:              nil,
			"'":              nil,
			`"`:              nil,
			`"quoted`:        {8},
			"*":              nil,
			"do*":            {7, 2, 1},
			"NEAR(a b)":      {9},
			"body:x":         {9},
			"-":              nil,
			"OR":             {9},
			"()":             nil,
			"a & b":          {9, 8, 1},
			":*":             nil,
			"!":              nil,
			"100%":           {8},
			"x_y":            {8},
			"the":            {1},
			"qqq":            nil,
			"\x00":           nil,
			"‹d":             {9, 7, 3, 2, 1},
		} {
			wantFound(t, s, text(look), want...)
		}
	})
}

func TestSearchFollowsWhatChanges(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		ada, room := storetest.User(t, db.Store, "ada"), storetest.Room(t, db.Store, "dogs")
		m := said(t, db.Store, room, ada, "a terrier", "a poodle", "a terrier too")
		wantFound(t, db.Store, text("terrier"))
		catchUp(t, db.Store)
		wantFound(t, db.Store, text("terrier"), 3, 1)
		if more, err := db.Index(t.Context()); more || err != nil {
			t.Errorf("to index what is indexed: got %v, %v, want nothing to do", more, err)
		}

		db.edit(t, m[0], "a spaniel")
		wantFound(t, db.Store, text("terrier"), 3) // at once, since its text is looked at
		catchUp(t, db.Store)
		wantFound(t, db.Store, text("terrier"), 3)
		wantFound(t, db.Store, text("spaniel"), 1)

		if err := db.DeleteAccount(t.Context(), ada.ID, true); err != nil {
			t.Fatal(err)
		}
		removeAll(t, db.Store)
		for _, when := range []string{"before", "after"} {
			wantFound(t, db.Store, text("terrier"))
			wantFound(t, db.Store, store.Search{Query: words.Parse("a"), AuthorID: ada.ID})
			if t.Failed() {
				t.Errorf("deleted messages are found %s they are taken out of the index", when)
			}
			catchUp(t, db.Store)
		}
		var left int
		if err := db.raw.Get(&left, `SELECT COUNT(*) FROM message_words`); err != nil || left != 0 {
			t.Errorf("the index holds %d deleted messages, %v", left, err)
		}
	})
}

func TestSearchInOneRoomAndByOneAuthor(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ada, bob := storetest.User(t, s, "ada"), storetest.User(t, s, "bob")
		dogs, cats := storetest.Room(t, s, "dogs"), storetest.Room(t, s, "cats")
		said(t, s, dogs, ada, "fur one", "fur two")
		said(t, s, dogs, bob, "fur three")
		said(t, s, cats, ada, "fur four")
		said(t, s, cats, bob, "fur five", "fur six")
		catchUp(t, s)
		wantFound(t, s, store.Search{Query: words.Parse("fur"), RoomID: dogs.ID}, 3, 2, 1)
		wantFound(t, s, store.Search{Query: words.Parse("fur"), AuthorID: bob.ID}, 3, 2, 3)
		wantFound(t, s, store.Search{Query: words.Parse("fur"), RoomID: cats.ID, AuthorID: ada.ID}, 1)
		wantFound(t, s, store.Search{Query: words.Parse("fur"), RoomID: 99})
		wantFound(t, s, store.Search{RoomID: dogs.ID})
	})
}

func TestSearchPages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ada, room := storetest.User(t, s, "ada"), storetest.Room(t, s, "dogs")
		const all = store.SearchPage*store.MaxSearchPages + 5
		for i := range all {
			said(t, s, room, ada, fmt.Sprintf("bark %d", i+1), "another thing")
		}
		catchUp(t, s)
		next := int64(2*all - 1)
		for page := 1; page <= store.MaxSearchPages; page++ {
			found, more, err := s.Search(t.Context(), text("bark"), page)
			if err != nil || len(found) != store.SearchPage || !more {
				t.Fatalf("page %d: got %d messages, more: %v, %v", page, len(found), more, err)
			}
			for _, m := range found {
				if m.Number != next {
					t.Fatalf("page %d: got message %d, want %d", page, m.Number, next)
				}
				next -= 2
			}
		}
		for _, page := range []int{-1, 0, store.MaxSearchPages + 1} {
			if found, more, err := s.Search(t.Context(), text("bark"), page); len(found) != 0 || more || err != nil {
				t.Errorf("page %d: got %d messages, more: %v, %v, want none", page, len(found), more, err)
			}
		}
		if found, more, err := s.Search(t.Context(), text("bark 42"), 1); len(found) != 1 || more || err != nil {
			t.Errorf("a search with one hit: got %d, more: %v, %v", len(found), more, err)
		}
		if found, more, err := s.Search(t.Context(), text("bark 42"), 2); len(found) != 0 || more || err != nil {
			t.Errorf("the page after the only one: got %d, more: %v, %v", len(found), more, err)
		}
	})
}

// Only the text can tell whether a word is in it whose threes are: so more is
// looked at than is shown.
func TestSearchLooksPastWhatOnlySeemsToMatch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ada, room := storetest.User(t, s, "ada"), storetest.Room(t, s, "dogs")
		said(t, s, room, ada, "abcde")
		for range 120 {
			said(t, s, room, ada, "xabcx xbcdx xcdex")
		}
		catchUp(t, s)
		wantFound(t, s, text("abcde"), 1)
	})
}

// PostgreSQL's index is read in blocks of 8,192 messages, from the newest on.
func TestSearchReadsBlockAfterBlock(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		ada, room := storetest.User(t, db.Store, "ada"), storetest.Room(t, db.Store, "dogs")
		var want []int64
		for i, id := range []int64{1, 8190, 8191, 8192, 8193, 50_000, 65_535, 65_536, 1_000_000} {
			if db.raw.DriverName() == "postgres" {
				db.raw.MustExec(`SELECT setval(pg_get_serial_sequence('messages', 'id'), $1, false)`, id)
			}
			if m := said(t, db.Store, room, ada, "bark")[0]; db.raw.DriverName() == "postgres" && m.ID != id {
				t.Fatalf("got the id %d, want %d", m.ID, id)
			}
			want = append([]int64{int64(i) + 1}, want...)
		}
		catchUp(t, db.Store)
		wantFound(t, db.Store, text("bark"), want...)
	})
}

func TestIndexInParallel(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		ada := storetest.User(t, db.Store, "ada")
		const rooms, each = 5, 70
		for i := range rooms {
			room := storetest.Room(t, db.Store, fmt.Sprint("room ", i))
			for range each {
				said(t, db.Store, room, ada, "bark")
			}
		}
		other := open(t, db.address)
		_, errs := parallel(4, func(i int) (struct{}, error) {
			node := map[bool]*store.Store{true: db.Store, false: other}[i%2 == 0]
			for more := true; more; {
				var err error
				if more, err = node.Index(context.Background()); err != nil {
					return struct{}{}, err
				}
			}
			return struct{}{}, nil
		})
		for _, err := range errs {
			if err != nil {
				t.Errorf("index: %v", err)
			}
		}
		for i := range rooms {
			room := storetest.Room(t, db.Store, fmt.Sprint("room ", i))
			look := store.Search{Query: words.Parse("bark"), RoomID: room.ID}
			first, _, err := db.Search(t.Context(), look, 1)
			last, more, err2 := db.Search(t.Context(), look, 4)
			if err != nil || err2 != nil || len(first) != 20 || len(last) != each-60 || more {
				t.Errorf("room %d: got %d messages on page 1 and %d on page 4, more: %v, %v, %v", i, len(first), len(last), more, err, err2)
			}
		}
	})
}

// hostileLetters are such as mean something to a database.
var hostileLetters = []rune(`aäbß犬東👍 %_\'"*:&|!()<>-+^~§¶¤‹.,;/` + "\x01\ufffd\u0301")

// What somebody types is never a database's language.
func TestSearchForAnythingIsNoError(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ada, room := storetest.User(t, s, "ada"), storetest.Room(t, s, "dogs")
		said(t, s, room, ada, "aäbß犬東👍")
		catchUp(t, s)
		for _, look := range []string{strings.Repeat("x", 10_000), strings.Repeat("word ", 5000), strings.Repeat("abc", 60), "\x00", "\xff"} {
			search(t, s, text(look))
		}
		rapid.Check(t, func(r *rapid.T) {
			search(t, s, text(string(rapid.SliceOf(rapid.SampledFrom(hostileLetters)).Draw(r, "look"))))
		})
	})
}

// Both databases find the same, whatever is looked for.
func FuzzSearch(f *testing.F) {
	stores := []*store.Store{storetest.SQLite(f), storetest.Postgres(f)}
	for _, s := range stores {
		ada, room := storetest.User(f, s, "ada"), storetest.Room(f, s, "dogs")
		said(f, s, room, ada, "Crème brûlée at the CAFÉ", "犬が東京で吠えた", "ok 👍🏽 🇩🇪", "a\\b 'c' \"d\" NEAR(e f) x:y* -z", "ภาษาไทย हिन्दी שָׁלוֹם")
		catchUp(f, s)
	}
	for _, look := range []string{"%", "_", `\`, "'", `"`, `"unclosed`, "a*", "NEAR(a b)", "body:x", "a & b", ":*", "!", "cafe", "京", "👍", "\x00", "\xff", "‹a", "§1"} {
		f.Add(look)
	}
	f.Fuzz(func(t *testing.T, look string) {
		if first, second := search(t, stores[0], text(look)), search(t, stores[1], text(look)); !slices.Equal(first, second) {
			t.Errorf("%q finds %v on SQLite, and %v on PostgreSQL", look, first, second)
		}
	})
}
