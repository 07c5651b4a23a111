package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store/storetest"
)

const (
	// modelTime bounds how long each database is held against the model, once it
	// was for leastRounds, below which a test means nothing.
	modelTime   = 4 * time.Second
	leastRounds = 3
)

// model is what a store must do, in a few maps and lists.
type model struct {
	db      database
	clock   *clock
	authors []chat.User
	rooms   []chat.Room
	rate    chat.Rate

	logs    map[int64][]entry      // by room, by number
	changes map[int64][]int64      // by room and revision: the number that changed
	sent    map[string]*chat.Draft // by author and nonce: what is stored
	posted  map[int64][]time.Time  // by author
	numbers map[string]int64       // by author and nonce: the message's number
}

type entry struct {
	author   int64
	body     string
	deleted  bool
	posted   int64 // revision
	revision int64
	at       time.Time
}

func key(d chat.Draft) string { return fmt.Sprint(d.AuthorID, d.Nonce) }

// TestModel lets random acts pass in a store and in a model of it, and wants the
// same from both.
func TestModel(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		clock := newClock()
		db.Store = db.WithClock(clock.now)
		end := time.Now().Add(modelTime)
		round := 0
		rapid.Check(t, func(r *rapid.T) {
			if round >= leastRounds && time.Now().After(end) {
				return
			}
			round++
			m := newModel(t, db, clock, round)
			r.Repeat(map[string]func(*rapid.T){
				"post": m.post, "postAgain": m.postAgain, "postRival": m.postRival, "edit": m.edit, "delete": m.delete,
				"pass": m.pass, "look": m.look, "changes": m.lookAtChanges, "": m.check,
			})
		})
	})
}

func newModel(t *testing.T, db database, clock *clock, round int) *model {
	m := &model{
		db: db, clock: clock, rate: chat.Rate{Count: 4, Window: time.Minute},
		logs: map[int64][]entry{}, changes: map[int64][]int64{}, sent: map[string]*chat.Draft{}, posted: map[int64][]time.Time{}, numbers: map[string]int64{},
	}
	for i := range 2 {
		m.authors = append(m.authors, storetest.User(t, db.Store, fmt.Sprintf("author%d.%d", i, round)))
		m.rooms = append(m.rooms, storetest.Room(t, db.Store, fmt.Sprintf("room %d %d", i, round)))
	}
	clock.pass(24 * time.Hour) // nobody is a newcomer any more
	return m
}

func (m *model) drawDraft(r *rapid.T) chat.Draft {
	room, author := rapid.SampledFrom(m.rooms).Draw(r, "room"), rapid.SampledFrom(m.authors).Draw(r, "author")
	body := rapid.SampledFrom([]string{"woof", "wau", " woof\r", "", "a\x00", "犬"}).Draw(r, "body")
	return draft(room.ID, author.ID, rapid.IntRange(0, 30).Draw(r, "nonce"), body)
}

func (m *model) post(r *rapid.T) { m.tryPost(r, m.drawDraft(r)) }

// postAgain sends what is stored once more.
func (m *model) postAgain(r *rapid.T) {
	if d := m.drawSent(r); d != nil {
		m.tryPost(r, *d)
	}
}

// postRival sends a nonce that is used with something else.
func (m *model) postRival(r *rapid.T) {
	d := m.drawSent(r)
	if d == nil {
		return
	}
	rival := *d
	switch rapid.IntRange(0, 2).Draw(r, "what differs") {
	case 0:
		rival.Body += "!"
	case 1:
		rival.RoomID = m.rooms[0].ID + m.rooms[1].ID - d.RoomID
	case 2:
		rival.AuthorID = m.authors[0].ID + m.authors[1].ID - d.AuthorID // no rival at all
	}
	m.tryPost(r, rival)
}

func (m *model) drawSent(r *rapid.T) *chat.Draft {
	if len(m.sent) == 0 {
		return nil
	}
	keys := make([]string, 0, len(m.sent))
	for key := range m.sent {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return m.sent[rapid.SampledFrom(keys).Draw(r, "sent")]
}

// tryPost posts the draft, and holds the answer against what the model says.
func (m *model) tryPost(r *rapid.T, d chat.Draft) {
	got, err := m.db.Post(r.Context(), d, m.rate)
	cleaned, invalid := d.Clean()
	first := m.sent[key(cleaned)]
	switch {
	case invalid != nil:
		wantKind(r, err, chat.Invalid, "a text that can't be")
	case first != nil && (first.RoomID != d.RoomID || first.Body != cleaned.Body):
		wantKind(r, err, chat.Conflict, "a nonce that is used")
	case first != nil:
		m.wantMessage(r, got, err, d.RoomID, m.numbers[key(cleaned)])
	case m.recent(d.AuthorID) >= m.rate.Count:
		wantKind(r, err, chat.TooFast, "one message too many")
	default:
		revision := int64(len(m.changes[d.RoomID])) + 1
		log := append(m.logs[d.RoomID], entry{author: d.AuthorID, body: cleaned.Body, posted: revision, revision: revision, at: m.clock.now()})
		number := int64(len(log))
		m.logs[d.RoomID] = log
		m.changes[d.RoomID] = append(m.changes[d.RoomID], number)
		m.sent[key(cleaned)], m.numbers[key(cleaned)] = &cleaned, number
		m.posted[d.AuthorID] = append(m.posted[d.AuthorID], m.clock.now())
		m.wantMessage(r, got, err, d.RoomID, number)
	}
}

func (m *model) recent(author int64) (count int) {
	for _, at := range m.posted[author] {
		if m.clock.now().Sub(at) < m.rate.Window {
			count++
		}
	}
	return count
}

func (m *model) wantMessage(r *rapid.T, got chat.Message, err error, room, number int64) {
	if err != nil {
		r.Fatalf("got the error %v, want message %d of room %d", err, number, room)
	}
	want := m.logs[room][number-1]
	if got.RoomID != room || got.Number != number || (got.DeletedAt != 0) != want.deleted || got.AuthorID != want.author || got.Body != want.body ||
		got.PostedRevision != want.posted || got.Revision != want.revision || got.PostedAt != chat.At(want.at) {
		r.Fatalf("got %+v, want message %d of room %d, %+v", got, number, room, want)
	}
	if number > 1 && (got.PreviousAuthorID != m.logs[room][number-2].author || got.PreviousPostedAt != chat.At(m.logs[room][number-2].at)) {
		r.Fatalf("got %+v, want the one before it to be %+v", got, m.logs[room][number-2])
	}
}

// drawEntry chooses one of a room's messages; its number is 0 if there is none.
func (m *model) drawEntry(r *rapid.T) (room chat.Room, number int64) {
	room = rapid.SampledFrom(m.rooms).Draw(r, "room")
	if count := len(m.logs[room.ID]); count > 0 {
		number = rapid.Int64Range(1, int64(count)).Draw(r, "number")
	}
	return room, number
}

func (m *model) edit(r *rapid.T) {
	room, number := m.drawEntry(r)
	if number == 0 {
		return
	}
	now := &m.logs[room.ID][number-1]
	body := rapid.SampledFrom([]string{"edited", " edited again\r", ""}).Draw(r, "body")
	edit := chat.Edit{RoomID: room.ID, Number: number, EditorID: now.author, Body: body, Seen: rapid.SampledFrom([]int64{0, now.revision, now.posted}).Draw(r, "seen")}
	got, err := m.db.Edit(r.Context(), edit, noRate)
	cleaned, invalid := edit.Clean()
	switch {
	case invalid != nil:
		wantKind(r, err, chat.Invalid, "a text that can't be")
		return
	case now.deleted:
		wantKind(r, err, chat.Conflict, "an edit of what is deleted")
		err = nil
	case cleaned.Body == now.body:
	case edit.Seen != 0 && edit.Seen != now.revision:
		wantKind(r, err, chat.Conflict, "an edit of what has changed")
		err = nil
	default:
		m.changed(room, number)
		now.body = cleaned.Body
	}
	m.wantMessage(r, got, err, room.ID, number)
}

func (m *model) delete(r *rapid.T) {
	room, number := m.drawEntry(r)
	if number == 0 {
		return
	}
	now := &m.logs[room.ID][number-1]
	standing := !now.deleted
	if standing {
		m.changed(room, number)
		now.body, now.deleted = "", true
	}
	got, deleted, err := m.db.Delete(r.Context(), room.ID, number, m.authors[0].ID)
	m.wantMessage(r, got, err, room.ID, number)
	if deleted != standing {
		r.Errorf("message %d: told that it was deleted by this: %v, want %v", number, deleted, standing)
	}
}

// changed takes the room's next revision for a change of the message.
func (m *model) changed(room chat.Room, number int64) {
	m.changes[room.ID] = append(m.changes[room.ID], number)
	m.logs[room.ID][number-1].revision = int64(len(m.changes[room.ID]))
}

func (m *model) pass(r *rapid.T) {
	m.clock.pass(time.Duration(rapid.IntRange(1, 40).Draw(r, "seconds")) * time.Second)
}

func (m *model) look(r *rapid.T) {
	room := rapid.SampledFrom(m.rooms).Draw(r, "room")
	within := chat.Range{First: rapid.Int64Range(-2, 12).Draw(r, "first"), Last: rapid.Int64Range(-2, 12).Draw(r, "last")}
	got, err := m.db.Messages(r.Context(), room.ID, within)
	if err != nil {
		r.Fatalf("Messages: %v", err)
	}
	number := max(1, within.First)
	for _, message := range got {
		m.wantMessage(r, message, nil, room.ID, number)
		number++
	}
	if last := min(within.Last, int64(len(m.logs[room.ID]))); number <= last {
		r.Fatalf("Messages %+v: got them up to %d, want up to %d", within, number-1, last)
	}
}

func (m *model) lookAtChanges(r *rapid.T) {
	room := rapid.SampledFrom(m.rooms).Draw(r, "room")
	changes := m.changes[room.ID]
	after, limit := rapid.Int64Range(0, int64(len(changes))+1).Draw(r, "after"), rapid.IntRange(1, 8).Draw(r, "limit")
	want := changes[min(after, int64(len(changes))):] // the number of the message that each revision changed
	want = want[:min(len(want), limit)]
	messages, err := m.db.Changes(r.Context(), room.ID, after, limit)
	if err != nil {
		r.Fatalf("Changes: %v", err)
	}
	var got []int64
	for i, message := range messages {
		got = append(got, message.Number)
		if revision := after + int64(i) + 1; message.Revision != revision {
			r.Fatalf("got revision %d, want %d", message.Revision, revision)
		}
		cursor := message.Cursor()
		message.Revision = m.logs[room.ID][message.Number-1].revision // the rest is as it now is
		m.wantMessage(r, message, nil, room.ID, message.Number)
		if stored, err := m.db.Cursor(r.Context(), room.ID, cursor.Revision); err != nil || stored != cursor {
			r.Fatalf("the cursor of revision %d: got %v, %v, want %v", cursor.Revision, stored, err, cursor)
		}
	}
	if !slices.Equal(got, want) {
		r.Fatalf("Changes after %d, at most %d: got the messages %d, want %d", after, limit, got, want)
	}
}

// check holds after every act.
func (m *model) check(r *rapid.T) {
	ids := []int64{m.rooms[0].ID, m.rooms[1].ID}
	revisions, err := m.db.Revisions(r.Context(), ids)
	if err != nil {
		r.Fatalf("Revisions: %v", err)
	}
	for _, room := range m.rooms {
		now, err := m.db.Room(r.Context(), room.Slug)
		count, revision := int64(len(m.logs[room.ID])), int64(len(m.changes[room.ID]))
		if err != nil || now.MessageCount != count || now.Revision != revision || revisions[room.ID] != revision {
			r.Fatalf("room %d: got %+v, %v and revision %d in the list, want %d messages and revision %d", room.ID, now, err, revisions[room.ID], count, revision)
		}
		if revision > 0 {
			_, errLast := m.db.Cursor(r.Context(), room.ID, revision)
			_, errNext := m.db.Cursor(r.Context(), room.ID, revision+1)
			if errLast != nil || chat.KindOf(errNext) != chat.NotFound {
				r.Fatalf("cursors at the end of room %d: got %v, want the last and none after it", room.ID, errors.Join(errLast, errNext))
			}
		}
	}
}
