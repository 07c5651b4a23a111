package live_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/twilightbark/twilightbark/live"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// database is the rooms' logs as Live is to see them. A message is its number,
// with a "!" for each time it was edited.
type database struct {
	mu      sync.Mutex        // guards what follows
	rooms   map[int64][]int64 // for each revision the number of the message that changed
	edits   map[int64]map[int64]int
	down    error // what is asked fails with it
	loads   int
	watched []int64 // rooms that were last asked for
	here    int     // presences rendered
	moves   int     // lines rendered

	renewals []live.Renewal // in their order
	ended    []string       // sessions
	bans     []live.Ban
	states   []live.State
}

func newDatabase() *database {
	return &database{rooms: map[int64][]int64{}, edits: map[int64]map[int64]int{}}
}

// start gives a Live of the database, closed when the test ends.
func (d *database) start(t *testing.T) *live.Live {
	t.Helper()
	l := d.open()
	t.Cleanup(l.Close)
	return l
}

// open gives a Live of the database.
func (d *database) open() *live.Live {
	return live.New(live.Config{
		Load: d.load, Revisions: d.revisions, Renewals: d.listRenewals, Ended: d.listEnded, Bans: d.listBans, Lifted: d.listLifted, States: d.listStates, Here: d.renderHere, Moves: d.renderMoves,
		Log: slog.New(slog.DiscardHandler),
	})
}

// post adds n messages to the room, and gives its revision.
func (d *database) post(room int64, n int) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	for range n {
		d.rooms[room] = append(d.rooms[room], d.count(room)+1)
	}
	return int64(len(d.rooms[room]))
}

// count gives how many messages the room has. The caller holds mu.
func (d *database) count(room int64) int64 {
	return slices.Max(append([]int64{0}, d.rooms[room]...))
}

// edit changes a message of the room, and gives the room's revision.
func (d *database) edit(room, number int64) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.edits[room] == nil {
		d.edits[room] = map[int64]int{}
	}
	d.edits[room][number]++
	d.rooms[room] = append(d.rooms[room], number)
	return int64(len(d.rooms[room]))
}

// restore puts the room back to how it was at an earlier revision, in a history
// without edits.
func (d *database) restore(room, revision int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rooms[room] = d.rooms[room][:revision:revision]
}

func (d *database) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.down = err
}

func (d *database) load(_ context.Context, room, after int64, limit int) (entries []live.Entry, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.loads++
	if d.down != nil {
		return nil, d.down
	}
	for revision := after + 1; revision <= int64(len(d.rooms[room])) && len(entries) < limit; revision++ {
		number := d.rooms[room][revision-1]
		first := !slices.Contains(d.rooms[room][:revision-1], number)
		text := fmt.Sprint(number, strings.Repeat("!", d.edits[room][number]))
		sign := "~"
		if first {
			sign = "+"
		}
		entries = append(entries, live.Entry{
			Revision: revision, New: first, Number: number,
			Frame: frame("%s%s@%d", sign, text, revision), Item: frame("=%s", text),
			Other: func(form string) (live.Frame, live.Frame) {
				return frame("%s%s@%d in %s", sign, text, revision, form), frame("=%s in %s", text, form)
			},
		})
	}
	return entries, nil
}

// want gives what a viewer with that cursor is to get, if all of it at once: "+"
// before what is new and "~" before what changed, "@" before the revision.
func (d *database) want(room, after int64) (frames []string) {
	entries, _ := d.load(context.Background(), room, after, 1<<30)
	for _, entry := range entries {
		frames = append(frames, string(entry.Frame.Text))
	}
	return frames
}

func (d *database) revisions(_ context.Context, rooms []int64) (map[int64]int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.watched = slices.Sorted(slices.Values(rooms))
	if d.down != nil {
		return nil, d.down
	}
	revisions := map[int64]int64{}
	for _, room := range rooms {
		if log, ok := d.rooms[room]; ok {
			revisions[room] = int64(len(log))
		}
	}
	return revisions, nil
}

func (d *database) listEnded(_ context.Context, sessions []string) (ended []string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, session := range sessions {
		if slices.Contains(d.ended, session) {
			ended = append(ended, session)
		}
	}
	return ended, d.down
}

func (d *database) listBans(context.Context, int64) ([]live.Ban, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.bans, d.down
}

func (d *database) listLifted(_ context.Context, bans []live.Ban) ([]live.Ban, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.DeleteFunc(bans, func(ban live.Ban) bool { return slices.Contains(d.bans, ban) }), d.down
}

func (d *database) listStates(_ context.Context, after int64) (states []live.State, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, state := range d.states {
		if state.At > after {
			states = append(states, state)
		}
	}
	return states, d.down
}

func (d *database) renderHere(p live.Presence) live.Frame {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.here++
	return frame("here %d %s and %d", p.Count, names(p.Members), p.Guests)
}

func (d *database) renderMoves(m live.Moves) (page, item live.Frame) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.moves++
	line := fmt.Sprintf("joined %s+%d left %s+%d", names(m.Joined), m.MoreJoined, names(m.Left), m.MoreLeft)
	return frame("%s", line), frame("item: %s", line)
}

// counted tells how often Live asked for changes, rendered a presence, and a line.
func (d *database) counted() (loads, here, moves int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.loads, d.here, d.moves
}

func names(members []live.Member) string {
	var names []string
	for _, m := range members {
		names = append(names, m.Name)
	}
	return "[" + strings.Join(names, " ") + "]"
}

func frame(format string, args ...any) live.Frame {
	return live.Frame{Text: fmt.Appendf(nil, format, args...)}
}

// stream is a viewer that reads all it is given.
type stream struct {
	*live.Watcher
	leave context.CancelFunc

	mu    sync.Mutex // guards what follows
	all   []string   // frames, in order
	times []time.Time
	calls int   // how often Next gave frames
	beats int   // how often it gave none
	err   error // with which it ended
}

// read watches a room, and reads in a goroutine of its own until the stream
// ends or close is called.
func read(t *testing.T, l *live.Live, room, after int64, viewer live.Viewer) *stream {
	t.Helper()
	s := &stream{Watcher: l.Watch(room, after, viewer)}
	ctx, leave := context.WithCancel(t.Context())
	s.leave = leave
	var done sync.WaitGroup
	done.Go(func() {
		for {
			frames, err := s.Next(ctx)
			s.mu.Lock()
			for _, frame := range frames {
				s.all = append(s.all, string(frame.Text))
				s.times = append(s.times, time.Now())
			}
			if len(frames) > 0 {
				s.calls++
			} else if err == nil {
				s.beats++
			}
			s.err = err
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	})
	t.Cleanup(func() {
		s.Close()
		leave()
		done.Wait()
	})
	return s
}

// closeTab ends the stream as a browser does.
func (s *stream) closeTab() {
	s.leave()
	s.Close()
}

// changes gives the frames about messages, states the rest.
func (s *stream) changes() []string {
	return s.frames(func(f string) bool { return strings.ContainsAny(f[:1], "+~=") })
}
func (s *stream) states() []string {
	return s.frames(func(f string) bool { return !strings.ContainsAny(f[:1], "+~=") })
}
func (s *stream) lines() []string {
	return s.frames(func(f string) bool { return strings.HasPrefix(f, "joined") })
}

func (s *stream) frames(which func(string) bool) (frames []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, frame := range s.all {
		if which(frame) {
			frames = append(frames, frame)
		}
	}
	return frames
}

// here gives the last presence that the stream was told.
func (s *stream) here() string {
	told := s.frames(func(f string) bool { return strings.HasPrefix(f, "here") })
	if len(told) == 0 {
		return ""
	}
	return told[len(told)-1]
}

func (s *stream) ended() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func wantFrames(t *testing.T, who string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %d frames %.300q, want %d %.300q", who, len(got), got, len(want), want)
	}
}

var (
	guest = live.Viewer{}
	ada   = live.Viewer{Member: live.Member{ID: 1, Name: "ada"}, Session: "ada's"}
	bob   = live.Viewer{Member: live.Member{ID: 2, Name: "bob"}, Session: "bob's"}
)

const dogs, cats = 7, 8

// Many viewers, who come while things change, see all of it, in order.
func TestEverybodySeesEverythingInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		l := d.start(t)
		began := map[*stream]int64{}
		for n := range 300 {
			revision := d.post(dogs, 1)
			switch n % 5 { // the bus is not what to rely on
			case 0:
				l.Hint(dogs, revision)
			case 1:
				l.Hint(dogs, revision)
				l.Hint(dogs, revision)
			case 2: // lost
			case 3:
				time.AfterFunc(3*time.Second, func() { l.Hint(dogs, revision) })
			case 4:
				l.Hint(dogs, revision-3)
			}
			if n%10 == 0 {
				began[read(t, l, dogs, revision, guest)] = revision
			}
			time.Sleep(7 * time.Millisecond)
		}
		time.Sleep(3 * time.Second)
		for viewer, after := range began {
			wantFrames(t, fmt.Sprintf("the viewer since %d", after), viewer.changes(), d.want(dogs, after))
		}
	})
}

func TestLostHintCostsSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		l := d.start(t)
		viewer := read(t, l, dogs, d.post(dogs, 1), guest)
		synctest.Wait()
		d.post(dogs, 3)
		synctest.Wait()
		wantFrames(t, "before anybody looked", viewer.changes(), nil)
		time.Sleep(2600 * time.Millisecond)
		synctest.Wait()
		wantFrames(t, "2.6 s after the hints were lost", viewer.changes(), []string{"+2@2", "+3@3", "+4@4"})
	})
}

func TestHintBringsChangesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		l := d.start(t)
		viewer := read(t, l, dogs, 0, guest)
		time.Sleep(time.Second)
		l.Hint(cats, d.post(cats, 1)) // a room that nobody watches
		l.Hint(dogs, d.post(dogs, 1))
		synctest.Wait()
		wantFrames(t, "as soon as it was posted", viewer.changes(), []string{"+1@1"})
		loads, _, _ := d.counted()
		for range 10 {
			l.Hint(dogs, 1)
			l.Hint(dogs, 0)
			l.Hint(cats, 1)
		}
		time.Sleep(time.Second)
		if again, _, _ := d.counted(); again != loads {
			t.Errorf("hints of what is known or not watched: got %d questions to the database, want none", again-loads)
		}
	})
}

// A viewer resumes from wherever it was; who was away for too long is told to
// load the page again.
func TestResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		d.post(dogs, 700)
		l := d.start(t)
		read(t, l, dogs, 700, guest) // holds the feed open, of which 100 entries are in memory
		synctest.Wait()
		for _, test := range []struct {
			after  int64
			memory bool  // served without a question to the database
			err    error // with which the stream ends
		}{
			{700, true, nil}, {699, true, nil}, {650, true, nil}, {600, true, nil},
			{599, false, nil}, {450, false, nil}, {201, false, nil}, {200, false, nil},
			{199, true, live.ErrReload}, {0, true, live.ErrReload},
		} {
			before, _, _ := d.counted()
			viewer := read(t, l, dogs, test.after, guest)
			synctest.Wait()
			loads, _, _ := d.counted()
			if memory := loads == before; memory != test.memory {
				t.Errorf("resumed after %d: got %d questions to the database, want it served from memory: %v", test.after, loads-before, test.memory)
			}
			if !errors.Is(viewer.ended(), test.err) || test.err != nil && len(viewer.changes()) > 0 {
				t.Errorf("resumed after %d: got the end %v after %d frames, want %v", test.after, viewer.ended(), len(viewer.changes()), test.err)
			}
			if test.err == nil {
				wantFrames(t, fmt.Sprintf("resumed after %d", test.after), viewer.changes(), d.want(dogs, test.after))
			}
		}
	})
}

// Who was told something from the database goes on from memory, and the other
// way round, without a gap.
func TestResumedStreamGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		d.post(dogs, 700)
		l := d.start(t)
		viewers := map[int64]*stream{}
		for _, after := range []int64{700, 650, 450, 250} {
			viewers[after] = read(t, l, dogs, after, guest)
		}
		synctest.Wait()
		for range 30 {
			l.Hint(dogs, d.post(dogs, 40)) // more than fit the memory, in all
			time.Sleep(30 * time.Millisecond)
		}
		time.Sleep(time.Second)
		for after, viewer := range viewers {
			wantFrames(t, fmt.Sprintf("since %d", after), viewer.changes(), d.want(dogs, after))
		}
	})
}

// Each viewer gets each change after its cursor, with the message as it now is:
// nothing of an older form is left to send.
func TestChangedMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		l := d.start(t)
		l.Hint(dogs, d.post(dogs, 3))
		early := read(t, l, dogs, 0, guest)
		known := read(t, l, dogs, 3, guest)
		synctest.Wait()
		wantFrames(t, "before the change", early.changes(), []string{"+1@1", "+2@2", "+3@3"})
		wantFrames(t, "who knows all, before the change", known.changes(), nil)

		l.Hint(dogs, d.edit(dogs, 2))
		time.Sleep(100 * time.Millisecond)
		for _, test := range []struct {
			who    string
			viewer *stream
			want   []string
		}{
			{"who was told before", early, []string{"+1@1", "+2@2", "+3@3", "~2!@4"}},
			{"who had loaded the page", known, []string{"~2!@4"}},
			{"who comes from before the message", read(t, l, dogs, 1, guest), []string{"+2!@2", "+3@3", "~2!@4"}},
			{"who comes from before all", read(t, l, dogs, 0, guest), []string{"+1@1", "+2!@2", "+3@3", "~2!@4"}},
			{"who comes from just behind the message", read(t, l, dogs, 2, guest), []string{"+3@3", "~2!@4"}},
			{"who comes from the change", read(t, l, dogs, 4, guest), nil},
		} {
			synctest.Wait()
			wantFrames(t, test.who, test.viewer.changes(), test.want)
		}

		l.Hint(dogs, d.post(dogs, 1))
		l.Hint(dogs, d.edit(dogs, 2))
		l.Hint(dogs, d.edit(dogs, 1))
		time.Sleep(100 * time.Millisecond)
		late := read(t, l, dogs, 0, guest)
		synctest.Wait()
		wantFrames(t, "who comes last", late.changes(), []string{"+1!@1", "+2!!@2", "+3@3", "~2!!@4", "+4@5", "~2!!@6", "~1!@7"})
		wantFrames(t, "who was told all", early.changes(), []string{"+1@1", "+2@2", "+3@3", "~2!@4", "+4@5", "~2!!@6", "~1!@7"})
	})
}

// Who resumes, and gets a message from the database in a form that the feed has
// not heard of yet, is not shown an older one after it.
func TestNoOlderFormAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		d.post(dogs, 300)
		l := d.start(t)
		other := read(t, l, dogs, 300, guest)
		resumed := l.Watch(dogs, 200, guest)
		defer resumed.Close()
		synctest.Wait()
		l.Hint(dogs, d.edit(dogs, 300))
		time.Sleep(100 * time.Millisecond)
		d.edit(dogs, 300) // nobody is told
		wantFrames(t, "who resumed, and reads now", drain(t, resumed), d.want(dogs, 200))
		wantFrames(t, "who knew of the first change only", other.changes(), []string{"~300!@301"})
		time.Sleep(3 * time.Second)
		wantFrames(t, "who knew of the first change only, later", other.changes(), []string{"~300!@301", "~300!!@302"})
	})
}

// A page that is written on and on can only be added to.
func TestItems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		d.post(dogs, 2)
		l := d.start(t)
		items := live.Viewer{Member: ada.Member, Items: true}
		page, other := read(t, l, dogs, 2, items), read(t, l, dogs, 2, guest)
		time.Sleep(time.Second)
		l.Hint(dogs, d.edit(dogs, 1))
		time.Sleep(time.Second)
		wantFrames(t, "another viewer, told of a change", other.changes(), []string{"~1!@3"})
		wantFrames(t, "the page, on which the change can't be shown", page.changes(), nil)
		l.Hint(dogs, d.post(dogs, 1))
		time.Sleep(time.Second)
		wantFrames(t, "the page", page.changes(), []string{"=3"})
		wantFrames(t, "a page that comes from the middle", settled(read(t, l, dogs, 1, items)).changes(), []string{"=2", "=3"})
		wantFrames(t, "the page, of who is here", page.states(), []string{"item: joined [ada]+0 left []+0"})
		if want := "here 1 [ada] and 1"; other.here() != want {
			t.Errorf("another viewer: got told %q, want %q: who reads a page is here too", other.here(), want)
		}

		for range 250 { // more changes at once than are handed out together, and nothing to show of them
			d.edit(dogs, 1)
		}
		l.Hint(dogs, d.post(dogs, 1))
		time.Sleep(time.Second)
		wantFrames(t, "the page after many changes", page.changes(), []string{"=3", "=4"})
	})
}

func settled(s *stream) *stream {
	synctest.Wait()
	return s
}

// A busy room wakes its viewers 40 times a second, and no more.
func TestChangesGather(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		l := d.start(t)
		viewer := read(t, l, dogs, 0, live.Viewer{Items: true}) // woken by changes alone
		time.Sleep(time.Second)
		for range 1000 {
			l.Hint(dogs, d.post(dogs, 1))
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second)
		if len(viewer.changes()) != 1000 {
			t.Errorf("got %d changes, want 1000", len(viewer.changes()))
		}
		if viewer.calls < 20 || viewer.calls > 42 {
			t.Errorf("1,000 changes in a second: got the viewer woken %d times, want about 40", viewer.calls)
		}
		if loads, _, _ := d.counted(); loads > 90 {
			t.Errorf("1,000 changes in a second: got %d questions to the database, want about 40", loads)
		}
	})
}

// Who does not read falls behind, which costs the others nothing.
func TestSlowViewer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		l := d.start(t)
		slow, slower := l.Watch(dogs, 0, guest), l.Watch(dogs, 0, guest)
		defer slow.Close()
		defer slower.Close()
		viewer := read(t, l, dogs, 0, guest)
		synctest.Wait()
		for n := range 12 {
			l.Hint(dogs, d.post(dogs, 40))
			time.Sleep(30 * time.Millisecond)
			if got := len(viewer.changes()); got != 40*(n+1) {
				t.Fatalf("beside who does not read: got %d changes, want %d", got, 40*(n+1))
			}
		}
		wantFrames(t, "who reads at last", drain(t, slow), d.want(dogs, 0))
		l.Hint(dogs, d.post(dogs, 121))
		time.Sleep(time.Second)
		if frames, err := slower.Next(t.Context()); !errors.Is(err, live.ErrReload) {
			t.Errorf("who is 601 changes behind: got %d frames, %v, want %v", len(frames), err, live.ErrReload)
		}
		wantFrames(t, "who reads again", drain(t, slow), d.want(dogs, 480))
	})
}

// drain reads the changes that a watcher has waiting.
func drain(t *testing.T, w *live.Watcher) (frames []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	for {
		got, err := w.Next(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			return frames
		} else if err != nil {
			t.Fatalf("the stream ended: %v", err)
		}
		for _, frame := range got {
			if text := string(frame.Text); strings.ContainsAny(text[:1], "+~=") {
				frames = append(frames, text)
			}
		}
	}
}

func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		l := d.start(t)
		w := l.Watch(dogs, 0, guest)
		defer w.Close()
		next := func(wantFrames int, wantAfter time.Duration) {
			t.Helper()
			begun := time.Now()
			frames, err := w.Next(t.Context())
			if took := time.Since(begun); err != nil || len(frames) != wantFrames || took != wantAfter {
				t.Errorf("got %d frames, %v after %v, want %d after %v", len(frames), err, took, wantFrames, wantAfter)
			}
		}
		next(1, 0) // who is here
		next(0, 20*time.Second)
		next(0, 20*time.Second)
		time.AfterFunc(15*time.Second, func() { l.Hint(dogs, d.post(dogs, 1)) })
		next(1, 15*time.Second)
		next(0, 20*time.Second)
		time.Sleep(time.Minute) // the writer was busy
		next(0, 20*time.Second)
	})
}

func TestNextEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newDatabase().start(t)
		w := l.Watch(dogs, 0, guest)
		defer w.Close()
		ctx, cancel := context.WithCancel(t.Context())
		if _, err := w.Next(ctx); err != nil {
			t.Fatalf("who is here: %v", err)
		}
		time.AfterFunc(time.Second, cancel)
		if frames, err := w.Next(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %d frames, %v, want context.Canceled", len(frames), err)
		}
	})
}

// A session that ended on another node ends its streams here within seconds,
// but not because the database can't be asked.
func TestSessionEndedElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		l := d.start(t)
		hers, his, guests := read(t, l, dogs, 0, ada), read(t, l, dogs, 0, bob), read(t, l, cats, 0, guest)
		d.fail(errors.New("down"))
		time.Sleep(time.Minute)
		d.fail(nil)
		d.mu.Lock()
		d.ended = []string{ada.Session}
		d.mu.Unlock()
		time.Sleep(3 * time.Second)
		if !errors.Is(hers.ended(), live.ErrExpired) || his.ended() != nil || guests.ended() != nil {
			t.Errorf("got %v, %v, %v, want only hers to end, with ErrExpired", hers.ended(), his.ended(), guests.ended())
		}
	})
}

func TestEndSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		l := d.start(t)
		phone := ada
		phone.Session = "ada's phone"
		streams := map[string]*stream{
			"ada in dogs": read(t, l, dogs, 0, ada), "ada in cats": read(t, l, cats, 0, ada), "ada's second tab": read(t, l, dogs, 0, ada),
			"ada's phone": read(t, l, dogs, 0, phone), "bob": read(t, l, dogs, 0, bob), "a guest": read(t, l, cats, 0, guest),
		}
		time.Sleep(time.Second)
		l.EndSession("nobody's", live.ErrExpired)
		synctest.Wait()
		for who, stream := range streams {
			if stream.ended() != nil {
				t.Errorf("%s, when nobody's session ended: got %v, want the stream to go on", who, stream.ended())
			}
		}
		l.EndSession(ada.Session, live.ErrExpired)
		synctest.Wait()
		l.Hint(dogs, d.post(dogs, 1))
		l.Hint(cats, d.post(cats, 1))
		time.Sleep(time.Second)
		for who, stream := range streams {
			if who == "ada in dogs" || who == "ada in cats" || who == "ada's second tab" {
				if !errors.Is(stream.ended(), live.ErrExpired) || len(stream.changes()) > 0 {
					t.Errorf("%s: got the end %v and %q, want %v and nothing after it", who, stream.ended(), stream.changes(), live.ErrExpired)
				}
			} else {
				if stream.ended() != nil {
					t.Errorf("%s: got the end %v, want the stream to go on", who, stream.ended())
				}
				wantFrames(t, who, stream.changes(), []string{"+1@1"})
			}
		}
		l.EndSession(phone.Session, live.ErrClosed) // another session takes its place
		synctest.Wait()
		if got := streams["ada's phone"].ended(); !errors.Is(got, live.ErrClosed) {
			t.Errorf("ada's phone: got the end %v, want %v", got, live.ErrClosed)
		}
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		l := d.start(t)
		streams := []*stream{read(t, l, dogs, 0, ada), read(t, l, dogs, 0, guest), read(t, l, cats, 0, bob)}
		unread := l.Watch(dogs, 0, guest)
		time.Sleep(time.Second)
		l.Close()
		synctest.Wait()
		for i, stream := range streams {
			if !errors.Is(stream.ended(), live.ErrClosed) {
				t.Errorf("stream %d: got the end %v, want %v", i, stream.ended(), live.ErrClosed)
			}
		}
		l.Close()
		late := l.Watch(dogs, 0, ada)
		for who, w := range map[string]*live.Watcher{"who did not read": unread, "who comes late": late} {
			if frames, err := w.Next(t.Context()); !errors.Is(err, live.ErrClosed) {
				t.Errorf("%s: got %d frames, %v, want %v", who, len(frames), err, live.ErrClosed)
			}
			w.Close()
			w.Close()
		}
		l.Hint(dogs, d.post(dogs, 1))
		l.EndSession(ada.Session, live.ErrExpired)
		if got := l.Presence(cats); got.Guests != 0 {
			t.Errorf("presence after the end: got %+v, want no guest", got)
		}
	})
}

// A database put back to an earlier state: every page must be loaded again, and
// then the room goes on.
func TestRestoredDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		d.post(dogs, 300)
		d.post(cats, 5)
		l := d.start(t)
		early, late, elsewhere := read(t, l, dogs, 250, guest), read(t, l, dogs, 300, ada), read(t, l, cats, 5, guest)
		time.Sleep(time.Second)
		d.restore(dogs, 280)
		time.Sleep(3 * time.Second)
		for _, viewer := range []*stream{early, late} {
			if !errors.Is(viewer.ended(), live.ErrReload) {
				t.Errorf("a viewer of what is no more: got the end %v, want %v", viewer.ended(), live.ErrReload)
			}
			viewer.closeTab()
		}
		again := read(t, l, dogs, 280, guest)
		l.Hint(dogs, d.post(dogs, 3))
		l.Hint(cats, d.post(cats, 1))
		time.Sleep(5 * time.Second)
		wantFrames(t, "who loaded the page again", again.changes(), []string{"+281@281", "+282@282", "+283@283"})
		wantFrames(t, "another room", elsewhere.changes(), []string{"+6@6"})
		if again.ended() != nil || elsewhere.ended() != nil {
			t.Errorf("got the ends %v and %v, want the streams to go on", again.ended(), elsewhere.ended())
		}
	})
}

// A database that can't be asked for a while ends no stream and loses nothing.
func TestDatabaseOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		d.post(dogs, 400)
		l := d.start(t)
		viewer := read(t, l, dogs, 400, ada)
		time.Sleep(time.Second)
		d.fail(errors.New("no route to the database"))
		revision := d.post(dogs, 10)
		l.Hint(dogs, revision)
		resumed, fresh := read(t, l, dogs, 100, guest), read(t, l, cats, 0, guest) // one below what is in memory, one in a room of its own
		time.Sleep(25 * time.Second)
		for who, stream := range map[string]*stream{"a viewer": viewer, "who resumes": resumed, "who comes": fresh} {
			if stream.ended() != nil || len(stream.changes()) > 0 {
				t.Errorf("%s during the outage: got %q and the end %v, want silence", who, stream.changes(), stream.ended())
			}
			if stream.beats != 1 {
				t.Errorf("%s during the outage: got %d heartbeats in 25 s, want 1", who, stream.beats)
			}
		}
		d.fail(nil)
		d.post(cats, 1)
		time.Sleep(3 * time.Second)
		wantFrames(t, "a viewer", viewer.changes(), d.want(dogs, 400))
		wantFrames(t, "who resumed", resumed.changes(), d.want(dogs, 100))
		wantFrames(t, "who came", fresh.changes(), []string{"+1@1"})
	})
}

// A room that nobody watches costs nothing.
func TestDesertedFeedsAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		l := d.start(t)
		watched := func() string {
			time.Sleep(3 * time.Second) // until somebody looks
			d.mu.Lock()
			defer d.mu.Unlock()
			return fmt.Sprint(d.watched)
		}
		here := read(t, l, 1, 0, guest)
		visitor, member := read(t, l, dogs, 0, guest), read(t, l, cats, 0, ada)
		if got, want := watched(), "[1 7 8]"; got != want {
			t.Fatalf("with all rooms watched: got asked for %s, want %s", got, want)
		}
		visitor.closeTab()
		member.closeTab()
		if got, want := watched(), "[1 8]"; got != want {
			t.Errorf("after a guest and a member left: got asked for %s, want %s: the member may come back", got, want)
		}
		time.Sleep(2 * time.Minute)
		if got, want := watched(), "[1]"; got != want {
			t.Errorf("two minutes later: got asked for %s, want %s", got, want)
		}
		l.Hint(dogs, d.post(dogs, 2))
		wantFrames(t, "who watches a dropped room anew", settled(read(t, l, dogs, 1, guest)).changes(), []string{"+2@2"})
		if here.ended() != nil {
			t.Errorf("who stayed elsewhere: got the end %v, want none", here.ended())
		}
	})
}

// Everything at once, for the race detector; a Watcher may be closed by another
// than the one who reads.
func TestAllAtOnce(t *testing.T) {
	t.Parallel()
	d := newDatabase()
	l := d.start(t)
	var work sync.WaitGroup
	end := time.Now().Add(500 * time.Millisecond)
	for i := range 8 {
		work.Go(func() {
			for n := int64(0); time.Now().Before(end); n++ {
				room := n % 3
				viewer := live.Viewer{Member: live.Member{ID: n % 5, Name: "dog"}, Session: fmt.Sprint(n % 5), Items: n%7 == 0}
				w := l.Watch(room, d.post(room, 1), viewer)
				ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
				var reading sync.WaitGroup
				reading.Go(func() {
					for {
						if _, err := w.Next(ctx); err != nil {
							return
						}
					}
				})
				l.Hint(room, d.post(room, 1))
				l.Presence(room)
				if n%11 == 0 {
					l.EndSession(viewer.Session, live.ErrExpired)
				}
				if i%2 == 0 {
					w.Close()
				}
				reading.Wait()
				w.Close()
				cancel()
			}
		})
	}
	work.Wait()
}
