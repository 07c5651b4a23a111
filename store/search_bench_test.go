package store_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
	"github.com/twilightbark/twilightbark/words"
)

// BenchmarkSearch measures searches among SEARCH_MESSAGES messages, 20,000 if
// that is not set: for what is in every message or in few, for parts of words,
// for several words, and for words that are never together.
//
//	SEARCH_MESSAGES=1000000 go test -run '^$' -bench Search -timeout 1h ./store
func BenchmarkSearch(b *testing.B) {
	count := 20_000
	if given := os.Getenv("SEARCH_MESSAGES"); given != "" {
		var err error
		if count, err = strconv.Atoi(given); err != nil {
			b.Fatalf("SEARCH_MESSAGES: %v", err)
		}
	}
	for _, kind := range []struct {
		name    string
		address func() string
	}{
		{"sqlite", func() string { return "sqlite:" + filepath.Join(b.TempDir(), "test.db") }},
		{"postgres", func() string { return storetest.PostgresURL(b) }},
	} {
		b.Run(kind.name, func(b *testing.B) {
			db := crowded(b, kind.address(), count)
			for _, look := range looks {
				b.Run(look.name, func(b *testing.B) { measureSearch(b, db, look.search, max(look.page, 1)) })
			}
		})
	}
}

var looks = []struct {
	name   string
	search store.Search
	page   int
}{
	{name: "a word in nearly every message", search: store.Search{Query: words.Parse("the")}},
	{name: "the same, page 20", search: store.Search{Query: words.Parse("the")}, page: 20},
	{name: "one letter", search: store.Search{Query: words.Parse("t")}},
	{name: "a frequent word", search: store.Search{Query: words.Parse("people")}},
	{name: "a rare word", search: store.Search{Query: words.Parse("zephyranthes")}},
	{name: "a word that is nowhere", search: store.Search{Query: words.Parse("qqqxqqq")}},
	{name: "a part of words", search: store.Search{Query: words.Parse("eop")}},
	{name: "frequent threes that are in no word", search: store.Search{Query: words.Parse("theithatoth")}},
	{name: "two frequent words", search: store.Search{Query: words.Parse("people water")}},
	{name: "twelve frequent words", search: store.Search{Query: words.Parse("the of and to in is you that it he was for")}},
	{name: "words that are never together", search: store.Search{Query: words.Parse("oldest newest")}},
	{name: "a frequent word of the oldest messages", search: store.Search{Query: words.Parse("oldest")}},
	{name: "a frequent word in a small room", search: store.Search{Query: words.Parse("the"), RoomID: 16}},
	{name: "a frequent word by one author", search: store.Search{Query: words.Parse("the"), AuthorID: 1000}},
	{name: "a frequent word by nobody", search: store.Search{Query: words.Parse("the"), AuthorID: 99_999}},
}

func measureSearch(b *testing.B, db *store.Store, search store.Search, page int) {
	var times []time.Duration
	found := 0
	for b.Loop() {
		begun := time.Now()
		messages, _, err := db.Search(b.Context(), search, page)
		if err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(begun))
		found = len(messages)
	}
	slices.Sort(times)
	b.ReportMetric(float64(found), "found")
	b.ReportMetric(times[len(times)/2].Seconds()*1000, "p50-ms")
	b.ReportMetric(times[len(times)*99/100].Seconds()*1000, "p99-ms")
}

// common are words in the order of how often people use them.
var common = strings.Fields(`the of and to in is you that it he was for on are as with his they at be this have from or one had by word
	but not what all were we when your can said there use an each which she do how their if will up other about out many then them these so
	some her would make like him into time has look two more write go see number no way could people my than first water been call who oil
	its now find long down day did get come made may part over new sound take only little work know place year live me back give most very
	after thing our just name good sentence man think say great where help through much before line right too mean any same tell boy
	follow came want show also around form three small set put end does another well large must big even such because turn here why ask went
	men read need land different home us move try kind hand picture again change off play spell air away animal house point page letter
	mother answer found study still learn should world`)

// vocabulary is the common words, and more, up to 60,000, made of syllables.
func vocabulary(random *rand.Rand) []string {
	syllables := strings.Fields(`ba be bi bo bu ca ce ci co da de di do fa fe fi ga ge go ha he hi ho ka la le li lo lu ma me mi mo na ne ni
		no pa pe pi po ra re ri ro sa se si so ta te ti to tra ster lin ment tion ing ard est ver gle ock ish ump quar zen xil`)
	all := slices.Clone(common)
	for len(all) < 60_000 {
		var word strings.Builder
		for range 2 + random.IntN(3) {
			word.WriteString(syllables[random.IntN(len(syllables))])
		}
		all = append(all, word.String())
	}
	return all
}

// crowded gives a database of so many messages, whose words are as frequent as
// words are, by 2,000 authors in 16 rooms, the last of them small. One in ten of
// the first half says "oldest", one in ten of the others "newest", and seven
// name a flower.
func crowded(b *testing.B, address string, count int) *store.Store {
	b.Helper()
	db, err := store.Open(b.Context(), address)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	for i := range 16 {
		storetest.Room(b, db, fmt.Sprint("room ", i+1))
	}
	raw := openRaw(b, address)
	raw.MustExec(`
		INSERT INTO users (email, username, username_key, password_hash, created_at)
		WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
		SELECT 'm' || i, 'm' || i, 'm' || i, '', 0 FROM n`)
	if raw.DriverName() == "postgres" { // which makes an index of all at once much faster
		raw.MustExec(`DROP INDEX message_words_by_word`)
		defer func() {
			tx := raw.MustBegin()
			tx.MustExec(`SET LOCAL maintenance_work_mem = '1GB'`)
			tx.MustExec(`CREATE INDEX message_words_by_word ON message_words USING GIN (words) WITH (fastupdate = off)`)
			if err := tx.Commit(); err != nil {
				b.Fatal(err)
			}
			raw.MustExec(`ANALYZE`)
		}()
	}
	random := rand.New(rand.NewPCG(1, 2))
	known := vocabulary(random)
	zipf := rand.NewZipf(random, 1.07, 3, uint64(len(known)-1))
	say := func(i int) string {
		var body strings.Builder
		for range 3 + random.IntN(17) {
			body.WriteString(known[zipf.Uint64()] + " ")
		}
		switch {
		case i%(count/7) == 0:
			body.WriteString("zephyranthes")
		case i%10 == 0 && i < count/2:
			body.WriteString("oldest")
		case i%10 == 0:
			body.WriteString("newest")
		}
		return body.String()
	}
	begun := time.Now()
	var revisions [17]int
	for next := 1; next <= count; {
		first := next
		next = min(next+500, count+1)
		if err := insertMessages(raw.MustBegin(), first, next, &revisions, random, say); err != nil {
			b.Fatal(err)
		}
		catchUp(b, db)
		if next%100_000 == 1 {
			b.Logf("%d messages after %v", next-1, time.Since(begun).Round(time.Second))
		}
	}
	b.Logf("filled with %d messages in %v", count, time.Since(begun).Round(time.Second))
	return db
}

// insertMessages posts the messages with the ids first to before next.
func insertMessages(tx *sqlx.Tx, first, next int, revisions *[17]int, random *rand.Rand, say func(int) string) error {
	message, err := tx.Prepare(`
		INSERT INTO messages (id, room_id, number, author_id, body, nonce, posted_revision, revision, posted_at, changed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`)
	if err != nil {
		return err
	}
	version, err := tx.Prepare(`
		INSERT INTO message_versions (room_id, revision, message_id, body, changed_by, changed_at) VALUES ($1, $2, $3, '', 1, $4)`)
	if err != nil {
		return err
	}
	for id := first; id < next; id++ {
		room := 1 + id%15
		if id%5000 == 0 {
			room = 16
		}
		revisions[room]++
		revision := revisions[room]
		_, err := message.Exec(id, room, revision, 1+random.IntN(2000), say(id), fmt.Sprint("nonce", id), revision, revision, id, id)
		if err == nil {
			_, err = version.Exec(room, revision, id, id)
		}
		if err != nil {
			return err
		}
	}
	for room := 1; room <= 16; room++ {
		if _, err := tx.Exec(`UPDATE rooms SET revision = $1, message_count = $2 WHERE id = $3`, revisions[room], revisions[room], room); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// catchUp has the index see all that there is.
func catchUp(t testing.TB, s *store.Store) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = s.Index(t.Context()); err != nil {
			t.Fatalf("index: %v", err)
		}
	}
}
