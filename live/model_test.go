package live_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/twilightbark/twilightbark/live"
)

// page is an open page as a browser keeps it: loaded once, then changed by what
// its streams bring.
type page struct {
	room   int64
	cursor int64         // the last change that arrived
	forms  map[int64]int // of each message, how often it was edited
	stream *stream       // nil while it is cut off
	taken  int           // frames of the stream that were applied
}

// world is a database, the Live of it, and everybody's open pages.
type world struct {
	t     *testing.T
	d     *database
	l     *live.Live
	pages []*page
}

// TestModel lets posts, edits, lost, doubled and late hints, outages, cuts and
// resumes come in any order, and wants every page to end as a fresh one.
func TestModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Rapid asks a *testing.T for its deadline, which has no meaning in this time.
		rapid.Check(struct{ rapid.TB }{t}, func(r *rapid.T) {
			w := &world{t: t, d: newDatabase()}
			w.l = w.d.open()
			defer func() { w.l.Close() }()
			r.Repeat(map[string]func(*rapid.T){
				"post": w.post, "edit": w.edit, "hint": w.hint, "load": w.loadPage, "cut": w.cut, "resume": w.resume,
				"pass": w.pass, "outage": w.outage, "restart": w.restart, "": w.check,
			})
			w.d.fail(nil)
			for _, p := range w.pages {
				w.connect(p)
			}
			time.Sleep(5 * time.Second)
			for _, p := range w.pages {
				w.receive(r, p, 1<<30)
				if got, want := p.forms, w.forms(p.room); !maps.Equal(got, want) {
					r.Fatalf("a page of room %d in the end: got the messages %v, want %v", p.room, got, want)
				}
			}
			for _, p := range w.pages {
				w.disconnect(p)
			}
		})
	})
}

func drawRoom(r *rapid.T) int64 { return rapid.Int64Range(1, 2).Draw(r, "room") }

// post adds messages; whether anybody is told is chance.
func (w *world) post(r *rapid.T) {
	room := drawRoom(r)
	w.tell(r, room, w.d.post(room, rapid.SampledFrom([]int{1, 1, 1, 2, 30, 120, 300}).Draw(r, "messages")))
}

func (w *world) edit(r *rapid.T) {
	room := drawRoom(r)
	for range rapid.IntRange(1, 4).Draw(r, "edits") {
		if count := int64(len(w.forms(room))); count > 0 {
			w.tell(r, room, w.d.edit(room, rapid.Int64Range(max(1, count-5), count).Draw(r, "number")))
		}
	}
}

func (w *world) tell(r *rapid.T, room, revision int64) {
	switch l := w.l; rapid.IntRange(0, 3).Draw(r, "hint") {
	case 0: // lost
	case 1:
		l.Hint(room, revision)
	case 2:
		l.Hint(room, revision)
		l.Hint(room, revision)
	case 3:
		time.AfterFunc(time.Duration(rapid.IntRange(1, 4000).Draw(r, "ms late"))*time.Millisecond, func() { l.Hint(room, revision) })
	}
}

// hint is one that nothing stands behind, or a very old one.
func (w *world) hint(r *rapid.T) {
	w.l.Hint(drawRoom(r), rapid.Int64Range(0, 1000).Draw(r, "revision"))
}

// loadPage opens a page, as it is now.
func (w *world) loadPage(r *rapid.T) {
	if len(w.pages) == 8 {
		return
	}
	room := drawRoom(r)
	p := &page{room: room, cursor: w.d.revision(room), forms: w.forms(room)}
	w.pages = append(w.pages, p)
	if rapid.Bool().Draw(r, "connected") {
		w.connect(p)
	}
}

// connect opens the page's stream if it has none.
func (w *world) connect(p *page) {
	if p.stream == nil {
		p.stream, p.taken = read(w.t, w.l, p.room, p.cursor, guest), 0
	}
}

func (w *world) disconnect(p *page) {
	if p.stream != nil {
		p.stream.closeTab()
		p.stream = nil
	}
}

// cut ends a stream when some of what was sent has arrived.
func (w *world) cut(r *rapid.T) {
	if p := w.draw(r); p != nil && p.stream != nil {
		synctest.Wait()
		p.stream.closeTab()
		w.receive(r, p, rapid.IntRange(0, 5).Draw(r, "frames that arrive"))
		w.disconnect(p)
	}
}

func (w *world) resume(r *rapid.T) {
	if p := w.draw(r); p != nil {
		w.connect(p)
	}
}

func (w *world) draw(r *rapid.T) *page {
	if len(w.pages) == 0 {
		return nil
	}
	return rapid.SampledFrom(w.pages).Draw(r, "page")
}

func (w *world) pass(r *rapid.T) {
	time.Sleep(time.Duration(rapid.SampledFrom([]int{0, 1, 24, 26, 300, 1000, 3000}).Draw(r, "ms")) * time.Millisecond)
}

func (w *world) outage(r *rapid.T) {
	var down error
	if rapid.Bool().Draw(r, "down") {
		down = errors.New("no route to the database")
	}
	w.d.fail(down)
}

// restart is the server's: all streams end, and nothing is left in memory.
func (w *world) restart(*rapid.T) {
	w.l.Close()
	synctest.Wait()
	w.l = w.d.open()
}

// check holds after every act: what arrives is in order, and each change once.
func (w *world) check(r *rapid.T) {
	synctest.Wait()
	for _, p := range w.pages {
		w.receive(r, p, 1<<30)
	}
}

// receive applies up to limit more frames to the page.
func (w *world) receive(r *rapid.T, p *page, limit int) {
	if p.stream == nil {
		return
	}
	sent := p.stream.changes()
	for _, frame := range sent[p.taken:min(len(sent), p.taken+limit)] {
		p.taken++
		var number, revision int64
		text, _, _ := strings.Cut(frame[1:], "@")
		edits := strings.Count(text, "!")
		if _, err := fmt.Sscanf(strings.ReplaceAll(frame[1:], "!", ""), "%d@%d", &number, &revision); err != nil {
			r.Fatalf("the frame %q: %v", frame, err)
		}
		if revision != p.cursor+1 {
			r.Fatalf("behind revision %d: got %q, want the next revision", p.cursor, frame)
		}
		p.cursor = revision
		known, there := p.forms[number]
		switch {
		case frame[0] == '~' && !there:
			r.Fatalf("got %q, a change of a message that the page has not", frame)
		case edits < known:
			r.Fatalf("got %q, want no older form than one with %d edits", frame, known)
		}
		p.forms[number] = edits
	}
	switch err := p.stream.ended(); {
	case errors.Is(err, live.ErrReload):
		if behind := w.d.revision(p.room) - p.cursor; behind <= live.FarBehind {
			r.Fatalf("a page %d changes behind: got told to load again, want that beyond %d only", behind, live.FarBehind)
		}
		w.disconnect(p)
		p.cursor, p.forms = w.d.revision(p.room), w.forms(p.room)
	case errors.Is(err, live.ErrClosed):
		w.disconnect(p)
	}
}

// forms gives the room's messages as they are now.
func (w *world) forms(room int64) map[int64]int {
	w.d.mu.Lock()
	defer w.d.mu.Unlock()
	forms := map[int64]int{}
	for _, number := range slices.Compact(slices.Sorted(slices.Values(w.d.rooms[room]))) {
		forms[number] = w.d.edits[room][number]
	}
	return forms
}

func (d *database) revision(room int64) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return int64(len(d.rooms[room]))
}
