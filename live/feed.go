package live

import (
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// feed is one watched room: the end of its log, rendered, and its crowd. A
// goroutine of its own loads what is new; viewers read what is there.
type feed struct {
	live     *Live
	room     int64
	revision atomic.Int64  // how far the log is known
	nudge    chan struct{} // holds one: something may be new, or the crowd changed

	mu       sync.RWMutex // guards what follows
	floor    int64        // the tail holds every message changed after it
	tail     []Entry      // by revision
	resets   int          // how often the log turned out to be another one
	watchers map[*Watcher]struct{}
	crowd    crowd
	renewals []Renewal     // not told yet
	moved    chan struct{} // closed, and replaced, when there is something for the viewers
}

// newFeed begins a little before revision, so that viewers who come back after
// the server was restarted are served from memory.
func newFeed(l *Live, room, revision int64) *feed {
	start := max(0, revision-warmLength)
	f := &feed{
		live: l, room: room, nudge: make(chan struct{}, 1), floor: start,
		watchers: map[*Watcher]struct{}{}, crowd: newCrowd(time.Now()), moved: make(chan struct{}),
	}
	f.revision.Store(start)
	f.poke()
	return f
}

func (f *feed) poke() {
	select {
	case f.nudge <- struct{}{}:
	default: // one is waiting already, and will look after this too
	}
}

func (f *feed) hint(revision int64) {
	if revision > f.revision.Load() {
		f.poke()
	}
}

// run is the feed's goroutine. It ends when the room is deserted.
func (f *feed) run() {
	alarm := time.NewTimer(0)
	defer alarm.Stop()
	for {
		select {
		case <-f.live.ctx.Done():
			return
		case <-f.nudge:
		case <-alarm.C:
		}
		changed := f.catchUp()
		stirred, wait := f.settle(time.Now())
		if changed || stirred {
			f.wake()
		}
		// So a busy room, or a crowd that comes at once, costs 40 rounds a second and no more.
		if f.live.drop(f) || !f.live.rest(pace) {
			return
		}
		alarm.Reset(max(0, wait-pace))
	}
}

// catchUp loads what is new into the tail, and reports whether anything was.
func (f *feed) catchUp() (changed bool) {
	for {
		entries, err := f.live.config.Load(f.live.ctx, f.room, f.revision.Load(), batch)
		if err != nil {
			f.live.trouble(f.live.ctx, "load changes", err) // the next look will poke again
			return changed
		}
		if len(entries) == 0 {
			return changed
		}
		changed = true
		f.extend(entries)
		if len(entries) < batch {
			return true
		}
	}
}

func (f *feed) extend(entries []Entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	// What a change has replaced is not shown again: who is behind it gets
	// everything anew, as it now is.
	if slices.ContainsFunc(entries, func(e Entry) bool { return !e.New }) {
		f.tail, f.floor = nil, f.revision.Load()
	}
	f.tail = append(f.tail, entries...)
	if surplus := len(f.tail) - tailLength; surplus > 0 {
		f.floor = f.tail[surplus-1].Revision
		f.tail = slices.Delete(f.tail, 0, surplus)
	}
	f.revision.Store(entries[len(entries)-1].Revision)
}

// reset begins anew at revision: the log is not the one that viewers have seen.
func (f *feed) reset(revision int64) {
	start := max(0, revision-warmLength)
	f.mu.Lock()
	f.tail, f.floor = nil, start
	f.resets++
	f.revision.Store(start)
	f.mu.Unlock()
	f.wake()
	f.poke()
}

// settle lets time pass for the crowd, and tells of renewals. It reports whether viewers are to be
// told, and when to look again at the latest.
func (f *feed) settle(now time.Time) (stirred bool, wait time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	renewed := f.applyRenewals()
	stirred, wait = f.crowd.settle(now, f.live.config)
	return stirred || renewed, wait
}

func (f *feed) wake() {
	f.mu.Lock()
	defer f.mu.Unlock()
	close(f.moved)
	f.moved = make(chan struct{})
}

func (f *feed) enter(w *Watcher) {
	f.mu.Lock()
	w.feed, w.resets, w.line = f, f.resets, f.crowd.lines
	f.watchers[w] = struct{}{}
	f.crowd.arrive(w.viewer, time.Now())
	f.mu.Unlock()
	f.poke()
}

func (f *feed) leave(w *Watcher) {
	f.mu.Lock()
	delete(f.watchers, w)
	f.crowd.depart(w.viewer, time.Now())
	f.mu.Unlock()
	f.poke()
}

func (f *feed) deserted() bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return len(f.watchers) == 0 && f.crowd.empty()
}

func (f *feed) endAll(of func(Viewer) bool, reason error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for w := range f.watchers {
		if of(w.viewer) {
			w.end(reason)
		}
	}
}

// addBanned adds the bans for which streams of the room are guests'.
func (f *feed) addBanned(to map[Ban]bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for w := range f.watchers {
		if w.viewer.Banned != 0 {
			to[Ban{f.room, w.viewer.Banned}] = true
		}
	}
}

// addSessions adds the sessions that streams of the room hang on.
func (f *feed) addSessions(to map[string]bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for w := range f.watchers {
		if w.viewer.Session != "" {
			to[w.viewer.Session] = true
		}
	}
}

// after gives the entries of the tail that follow the revision. The caller
// holds mu, and has made sure that revision is not below floor.
func (f *feed) after(revision int64) []Entry {
	first := sort.Search(len(f.tail), func(i int) bool { return f.tail[i].Revision > revision })
	return f.tail[first:min(len(f.tail), first+batch)]
}
