package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

func TestRenew(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ada, room := storetest.User(t, s, "ada"), storetest.Room(t, s, "dogs")
		const old, now = store.OutdatedBelow - 1, store.OutdatedBelow
		var posted []chat.Message
		for n, version := range []int64{old, now, old, old, old} {
			d := draft(room.ID, ada.ID, n, "woof")
			d.HTML, d.Rendered = "<em>woof</em>", version
			posted = append(posted, post(t, s, d))
		}
		wantOutdated(t, s, 2, posted[0], posted[2])
		wantOutdated(t, s, 10, posted[0], posted[2], posted[3], posted[4])
		anew, err := s.Outdated(t.Context(), 10)
		if err != nil || anew[1] != (chat.Rendering{ID: posted[2].ID, Body: "woof", HTML: "<em>woof</em>", Rendered: old}) {
			t.Fatalf("got %+v, %v", anew, err)
		}

		// Meanwhile one is edited and one deleted, by a node that still has the rules before.
		change := edit(posted[3], "wau", 0)
		change.Rendered = old
		if _, err := s.Edit(t.Context(), change, noRate); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Delete(t.Context(), room.ID, posted[4].Number, ada.ID); err != nil {
			t.Fatal(err)
		}
		for i := range anew {
			anew[i].HTML, anew[i].Rendered = "<b>woof</b>", now
		}
		for range 2 {
			if err := s.Renew(t.Context(), anew); err != nil {
				t.Fatal(err)
			}
		}
		wantOutdated(t, s, 10, posted[3], posted[4]) // which say something else by now
		for i, want := range []string{"<b>woof</b>", "<em>woof</em>", "<b>woof</b>", "<em>wau</em>", ""} {
			got, err := s.Message(t.Context(), room.ID, posted[i].Number)
			if err != nil || got.HTML != want {
				t.Errorf("message %d: got %q, %v, want %q", i, got.HTML, err, want)
			}
			if i < 3 && (got.Revision != posted[i].Revision || got.ChangedAt != posted[i].ChangedAt) {
				t.Errorf("message %d was changed: %+v", i, got)
			}
		}
		checkLog(t, s, "dogs", 5)
		anew[0].HTML = "<i>woof</i>"
		if err := s.Renew(t.Context(), anew[:1]); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Message(t.Context(), room.ID, 1); err != nil || got.HTML != "<b>woof</b>" {
			t.Errorf("what was renewed already was renewed again: got %q, %v", got.HTML, err)
		}
	})
}

func wantOutdated(t *testing.T, s *store.Store, limit int, want ...chat.Message) {
	t.Helper()
	got, err := s.Outdated(t.Context(), limit)
	same := slices.EqualFunc(got, want, func(r chat.Rendering, m chat.Message) bool { return r.ID == m.ID })
	if err != nil || !same {
		t.Errorf("outdated are %+v, %v, want %+v", got, err, want)
	}
}

// That nothing is outdated must be known without reading all messages, and posting
// must pay nothing for it.
func TestOutdatedHasAnIndexOfItsOwn(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		tx := db.raw.MustBegin()
		defer func() { _ = tx.Rollback() }()
		below := fmt.Sprintf("render_version < %d", store.OutdatedBelow)
		explain, definition := `EXPLAIN QUERY PLAN `, `SELECT sql FROM sqlite_master WHERE name = 'messages_outdated'`
		var steps []struct {
			ID, Parent, NotUsed int
			Detail              string `db:"detail"`
			Plan                string `db:"QUERY PLAN"`
		}
		if db.raw.DriverName() == "postgres" {
			explain, definition = `EXPLAIN `, `SELECT indexdef FROM pg_indexes WHERE indexname = 'messages_outdated'`
			tx.MustExec(`SET LOCAL enable_seqscan = off`) // which is quicker as long as there is nothing
		}
		var index string
		if err := tx.Get(&index, definition); err != nil || !strings.Contains(index, below) {
			t.Errorf("the index is %q, %v: want one of what is %s", index, err, below)
		}
		err := tx.Select(&steps, explain+`SELECT m.id FROM messages m WHERE m.`+below+` ORDER BY m.id LIMIT 100`)
		if plan := fmt.Sprint(steps); err != nil || !strings.Contains(plan, "messages_outdated") {
			t.Errorf("the database looks by %s, %v", plan, err)
		}
	})
}
