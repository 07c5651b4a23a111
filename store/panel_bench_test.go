package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// What the panel's lists are measured with.
const (
	manyMembers  = 100_000
	manyRooms    = 10_000
	manyMessages = 1_000_000
	manyEvents   = 1_000_000
)

// BenchmarkPanel tells the median and the 99th percentile of each of the panel's
// lists on a large site. To fill the two databases takes minutes.
func BenchmarkPanel(b *testing.B) {
	for engine, address := range map[string]string{"sqlite": "sqlite:" + filepath.Join(b.TempDir(), "bench.db"), "postgres": storetest.PostgresURL(b)} {
		b.Run(engine, func(b *testing.B) {
			s, err := store.Open(b.Context(), address)
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			fill(b, address)
			for _, list := range panelLists(s) {
				b.Run(list.name, func(b *testing.B) { measure(b, list.read) })
			}
		})
	}
}

// measure reads a list from places of a site, and tells how long that takes.
func measure(b *testing.B, read func(ctx context.Context, n int) (rows int, err error)) {
	b.Helper()
	var took []time.Duration
	for b.Loop() {
		begun := time.Now()
		rows, err := read(b.Context(), 1+rand.IntN(manyMembers))
		took = append(took, time.Since(begun))
		if err != nil || rows == 0 {
			b.Fatalf("got %d rows, %v", rows, err)
		}
	}
	slices.Sort(took)
	for name, at := range map[string]int{"p50-ms": len(took) / 2, "p99-ms": len(took) * 99 / 100} {
		b.ReportMetric(float64(took[at].Microseconds())/1000, name)
	}
}

type panelList struct {
	name string
	read func(ctx context.Context, n int) (rows int, err error)
}

// panelLists are the lists, each from a place that the number n gives.
func panelLists(s *store.Store) []panelList {
	const limit = 51
	members := func(of chat.MemberList) func(context.Context, int) (int, error) {
		return func(ctx context.Context, n int) (int, error) {
			of.After = memberName(n % (manyMembers - limit))
			if of.ByEmail() {
				of.After += "@example.com"
			}
			rows, err := s.FindMembers(ctx, of, limit)
			return len(rows), err
		}
	}
	messages := func(of chat.MessageList, before func(n int) int64) func(context.Context, int) (int, error) {
		return func(ctx context.Context, n int) (int, error) {
			of.Before = before(n)
			rows, err := s.FindMessages(ctx, of, limit)
			return len(rows), err
		}
	}
	events := func(of func(n int) chat.AuditList) func(context.Context, int) (int, error) {
		return func(ctx context.Context, n int) (int, error) {
			rows, err := s.FindEvents(ctx, of(n), limit)
			return len(rows), err
		}
	}
	first := func(int) int64 { return 0 }
	anywhere := func(n int) int64 { return int64(n%9+1) * (manyMessages / 10) }
	return []panelList{
		{"overview", func(ctx context.Context, _ int) (int, error) { _, err := s.Overview(ctx); return 1, err }},
		{"members", members(chat.MemberList{})},
		{"members/beginning", members(chat.MemberList{Begins: "member"})},
		{"members/email", members(chat.MemberList{Begins: "member0"})},
		{"members/one-email", func(ctx context.Context, n int) (int, error) {
			rows, err := s.FindMembers(ctx, chat.MemberList{Begins: memberName(n) + "@"}, limit)
			return len(rows), err
		}},
		{"members/moderators", func(ctx context.Context, _ int) (int, error) {
			rows, err := s.FindMembers(ctx, chat.MemberList{Role: chat.Moderator}, limit)
			return len(rows), err
		}},
		{"members/disabled", func(ctx context.Context, _ int) (int, error) {
			rows, err := s.FindMembers(ctx, chat.MemberList{Begins: "member", Disabled: true}, limit)
			return len(rows), err
		}},
		{"rooms", func(ctx context.Context, n int) (int, error) {
			rows, err := s.FindRooms(ctx, chat.RoomList{After: chat.Place{At: chat.Micros(n%9000 + 1000), ID: 1}}, limit)
			return len(rows), err
		}},
		{"rooms/beginning", func(ctx context.Context, _ int) (int, error) {
			rows, err := s.FindRooms(ctx, chat.RoomList{Begins: "room-7"}, limit)
			return len(rows), err
		}},
		{"messages", messages(chat.MessageList{}, first)},
		{"messages/deep", messages(chat.MessageList{}, anywhere)},
		{"messages/room", messages(chat.MessageList{RoomID: 1}, func(n int) int64 { return int64(n%9+1)*(manyMessages/10) + 1 })},
		{"messages/author", messages(chat.MessageList{AuthorID: 7}, first)},
		{"messages/busy-author", messages(chat.MessageList{AuthorID: 1}, anywhere)},
		{"messages/busy-author-in-a-quiet-room", messages(chat.MessageList{AuthorID: 1, RoomID: 4}, first)},
		{"audit", events(func(n int) chat.AuditList {
			return chat.AuditList{Before: chat.Place{At: chat.Micros(n*9 + 1000), ID: 1}}
		})},
		{"audit/action", events(func(int) chat.AuditList { return chat.AuditList{Action: chat.RoleChanged} })},
		{"audit/actor", events(func(n int) chat.AuditList { return chat.AuditList{ActorID: int64(n)} })},
		{"audit/account", events(func(n int) chat.AuditList { return chat.AuditList{UserID: int64(n)} })},
		{"audit/account-and-action", events(func(n int) chat.AuditList {
			return chat.AuditList{UserID: int64(n), Action: []chat.Action{chat.LoginFailed, chat.LoggedIn}[n%2]}
		})},
	}
}

func memberName(n int) string { return fmt.Sprintf("member%08d", n) }

// fill makes a large site. One message in three is in room 1, and one in ten is
// of member 1, a single one of them in room 4.
func fill(b *testing.B, address string) {
	b.Helper()
	raw, analyze := openBench(b, address)
	defer func() { _ = raw.Close() }()
	const numbers = `WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < $1)`
	for _, statement := range []struct {
		text string
		rows int
	}{
		{`INSERT INTO users (id, email, username, username_key, password_hash, created_at, role, disabled_at) ` + numbers + `
			SELECT n, 'member' || substr('00000000' || n, length('' || n) + 1) || '@example.com', 'Member' || substr('00000000' || n, length('' || n) + 1),
				'member' || substr('00000000' || n, length('' || n) + 1), '$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', n,
				CASE WHEN n % 5000 = 0 THEN 'moderator' ELSE 'member' END, CASE WHEN n % 700 = 0 THEN 1 ELSE 0 END FROM s`, manyMembers},
		{`INSERT INTO rooms (id, slug, name, created_by, created_at, last_posted_at) ` + numbers + ` SELECT n, 'room-' || n, 'Room ' || n, 1, n, n FROM s`, manyRooms},
		{`INSERT INTO messages (id, room_id, number, author_id, body, nonce, posted_revision, revision, posted_at, changed_at) ` + numbers + `
			SELECT n, CASE WHEN n % 3 = 1 THEN 1 ELSE 2 + n % 9999 END, n, CASE WHEN n % 10 = 1 AND (n % 9999 <> 2 OR n < 20000) THEN 1 ELSE 2 + n % 99999 END,
				'This is thing ' || n || ' of the many that somebody has to say about dogs.', 'nonce-' || n, n, n, n, n FROM s`, manyMessages},
		{`UPDATE rooms SET message_count = (SELECT COUNT(*) FROM messages WHERE room_id = rooms.id), revision = $1`, 1},
		{`INSERT INTO audit (at, action, actor_id, user_id, detail, ip_prefix, user_agent) ` + numbers + `
			SELECT n, CASE WHEN n % 9973 = 0 THEN 'role changed' WHEN n % 2 = 0 THEN 'logged in' ELSE 'login failed' END, 1 + n % 100000, 1 + n % 100000, '', '192.0.2.0/24', 'Firefox/140.0' FROM s`, manyEvents},
	} {
		if _, err := raw.Exec(statement.text, statement.rows); err != nil {
			b.Fatalf("%s: %v", statement.text, err)
		}
	}
	if _, err := raw.Exec(analyze); err != nil {
		b.Fatal(err)
	}
}

// openBench connects around the store, and tells how the engine learns what it holds.
func openBench(b *testing.B, address string) (raw *sqlx.DB, analyze string) {
	b.Helper()
	driver, source, analyze := "postgres", address, "VACUUM ANALYZE"
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		driver, source, analyze = "sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=synchronous(OFF)", "PRAGMA optimize"
	}
	raw, err := sqlx.ConnectContext(b.Context(), driver, source)
	if err != nil {
		b.Fatal(err)
	}
	return raw, analyze
}
