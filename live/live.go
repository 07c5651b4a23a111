// Package live carries the changes in rooms, and who is in them, to those who
// watch. It knows no SQL, no HTML and no HTTP: it is given ways to load
// rendered changes and to render presence, and hands out bytes that all
// viewers share. What it says of the log it has loaded from the database,
// which alone is the truth; a hint only makes it look sooner.
//
// All functions may be called from many goroutines at once, except that a
// Watcher's Next is for one goroutine at a time.
package live

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// Heartbeat is the longest silence: after it, Next returns no frames, so that
	// something is written before a proxy takes the stream for dead.
	Heartbeat = 20 * time.Second

	// FarBehind is how many changes a viewer may have missed and still be given
	// them one by one; beyond it, loading the page again costs everybody less.
	FarBehind = 500

	look       = 1500 * time.Millisecond // between looks for what nobody told of, give or take a quarter more: less than two seconds
	pace       = 25 * time.Millisecond   // least time between two wakings of a room's viewers
	tailLength = 500                     // entries a feed keeps in memory
	warmLength = 100                     // of them loaded when a room is first watched
	batch      = 100                     // entries loaded, or handed to a viewer, at a time
)

// What Next returns when a stream is to end, beside its context's error.
var (
	ErrReload  = errors.New("live: the viewer's page can't be brought up to date by changes")
	ErrExpired = errors.New("live: the viewer's session ended")
	ErrClosed  = errors.New("live: shutting down")
)

// Frame is something to send, as text and as a deflate block of the same. The
// bytes are shared by all viewers and never change.
type Frame struct {
	Text, Deflated []byte

	// After gives a smaller deflate block, for a stream whose last text was
	// before, and that very slice; or nil. A Frame may come without it.
	After func(before []byte) []byte
}

// Entry is one change in a room, rendered for everybody: a message's first
// appearance, or a later change of one. Either shows the message as it now is.
type Entry struct {
	Revision int64 // its place in the log
	New      bool  // the message's first appearance
	Number   int64 // the message's place in the room
	Frame    Frame // for an open page
	Item     Frame // the message alone, for a page that is written on and on

	// Other gives the same two in another form, for viewers who have asked for
	// one. It is called for each of them, and remembers what it has rendered.
	Other func(form string) (frame, item Frame)
}

// Config is what a Live is given. All of it is called from many goroutines.
type Config struct {
	// Load returns up to limit of the room's changes after the revision, in order,
	// each revision once.
	Load func(ctx context.Context, room, after int64, limit int) ([]Entry, error)
	// Revisions tells how far the rooms' logs have come.
	Revisions func(ctx context.Context, rooms []int64) (map[int64]int64, error)
	// Renewals gives the members whose name or picture changed after a moment, in
	// order, each with the last change; of very many the latest.
	Renewals func(ctx context.Context, after int64) ([]Renewal, error)
	// States gives the rooms whose name, topic or rules changed after a moment, in
	// order, each with the last change; of very many the latest.
	States func(ctx context.Context, after int64) ([]State, error)
	// Ended tells which of the sessions have ended.
	Ended func(ctx context.Context, sessions []string) ([]string, error)
	// Bans tells who was banned from a room after a moment.
	Bans func(ctx context.Context, after int64) ([]Ban, error)
	// Lifted tells which of the bans hold no more.
	Lifted func(ctx context.Context, bans []Ban) ([]Ban, error)
	// Here renders who is in a room now.
	Here func(Presence) Frame
	// Moves renders who came and who left since the last time, for an open page
	// and for one that is written on and on.
	Moves func(Moves) (frame, item Frame)
	Log   *slog.Logger
}

// Live is the feeds of all rooms that somebody watches.
type Live struct {
	config Config
	ctx    context.Context // ends with Close; what the feeds do belongs to no request
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	renewal chan struct{}   // holds one: somebody may have a new name or picture
	renewed atomic.Int64    // moment of the latest renewal told
	told    map[int64]int64 // moments of the renewals told lately, by member; the lookout's alone
	stated  int64           // moment of the latest change of a room told; the lookout's alone
	states  map[int64]int64 // moments of the changes told lately, by room; the lookout's alone

	mu     sync.RWMutex // guards what follows; taken before a feed's own
	feeds  map[int64]*feed
	closed bool
}

// New starts a Live. Close stops it.
func New(config Config) *Live {
	ctx, cancel := context.WithCancel(context.Background())
	l := &Live{
		config: config, ctx: ctx, cancel: cancel, feeds: map[int64]*feed{},
		renewal: make(chan struct{}, 1), told: map[int64]int64{}, states: map[int64]int64{}, stated: time.Now().UnixMicro(),
	}
	l.tasks.Go(l.lookout)
	return l
}

// Close ends all streams with ErrClosed and stops everything that was started.
// It may be called twice.
func (l *Live) Close() {
	l.mu.Lock()
	l.closed = true
	for _, f := range l.feeds {
		f.endAll(func(Viewer) bool { return true }, ErrClosed)
	}
	l.mu.Unlock()
	l.cancel()
	l.tasks.Wait()
}

// Hint says that the room's log has come to revision. It never blocks, and may
// be lost, doubled or late without harm.
func (l *Live) Hint(room, revision int64) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if f := l.feeds[room]; f != nil {
		f.hint(revision)
	}
}

// EndSession ends the streams that were opened with the session, with ErrExpired,
// or ErrClosed when another session takes its place.
func (l *Live) EndSession(session string, reason error) {
	l.end(func(v Viewer) bool { return v.Session == session }, reason)
}

// EndMember ends the member's streams with reason, but for those that were
// opened with the session except.
func (l *Live) EndMember(member int64, except string, reason error) {
	l.end(func(v Viewer) bool { return v.Member.ID == member && v.Session != except }, reason)
}

func (l *Live) end(of func(Viewer) bool, reason error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, f := range l.feeds {
		f.endAll(of, reason)
	}
}

// Presence tells who is in the room now.
func (l *Live) Presence(room int64) Presence {
	l.mu.RLock()
	f := l.feeds[room]
	l.mu.RUnlock()
	if f == nil {
		return Presence{}
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.crowd.presence()
}

// Count tells how many members are in the room now.
func (l *Live) Count(room int64) int {
	l.mu.RLock()
	f := l.feeds[room]
	l.mu.RUnlock()
	if f == nil {
		return 0
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.crowd.count()
}

// Viewers tells how many streams there are, in all rooms.
func (l *Live) Viewers() (viewers int) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, f := range l.feeds {
		f.mu.RLock()
		viewers += len(f.watchers)
		f.mu.RUnlock()
	}
	return viewers
}

// Watch begins a stream of what changes in the room after the revision, and
// counts the viewer as present, until the Watcher is closed.
func (l *Live) Watch(room, after int64, viewer Viewer) *Watcher {
	w := &Watcher{viewer: viewer, cursor: after, ended: make(chan struct{}), told: make(chan struct{}, 1), silence: time.NewTimer(Heartbeat)}
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.feeds[room]
	if f == nil {
		f = newFeed(l, room, after)
		if !l.closed {
			l.feeds[room] = f
			l.tasks.Go(f.run)
		}
	}
	f.enter(w)
	if l.closed {
		w.end(ErrClosed)
	}
	return w
}

// drop forgets the feed if nobody has entered since it was last looked at.
func (l *Live) drop(f *feed) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !f.deserted() {
		return false
	}
	delete(l.feeds, f.room)
	return true
}

// lookout asks the database every few seconds how far the watched rooms have
// come, who has a new name or picture, which sessions have ended, and who was
// banned from a room or is no more, so that a lost hint, or what happened on
// another node, is seen late but is seen.
func (l *Live) lookout() {
	l.renew()
	alarm := time.NewTimer(look)
	defer alarm.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-l.renewal:
			l.renew()
			l.restate()
			if !l.rest(calm) {
				return
			}
		case <-alarm.C:
			l.renew()
			l.restate()
			l.compare()
			l.checkSessions()
			l.checkBans()
			l.checkLifted()
			alarm.Reset(look + rand.N(look/4)) //nolint:gosec // jitter, no secret
		}
	}
}

// rest lets things gather. It reports false when all is to end.
func (l *Live) rest(d time.Duration) bool {
	select {
	case <-l.ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func (l *Live) compare() {
	l.mu.RLock()
	feeds := make(map[int64]*feed, len(l.feeds))
	before := make(map[int64]int64, len(l.feeds))
	rooms := make([]int64, 0, len(l.feeds))
	for room, f := range l.feeds {
		feeds[room], before[room] = f, f.revision.Load()
		rooms = append(rooms, room)
	}
	l.mu.RUnlock()
	if len(rooms) == 0 {
		return
	}
	revisions, err := l.config.Revisions(l.ctx, rooms)
	if err != nil {
		l.trouble(l.ctx, "look for changes", err)
		return
	}
	for room, f := range feeds {
		switch now := revisions[room]; {
		case now > before[room]:
			f.hint(now)
		case now < before[room]: // the database was put back to an earlier state
			f.reset(now)
		}
	}
}

// checkSessions ends the streams whose sessions have ended without a word here:
// on another node, or because their time was over.
func (l *Live) checkSessions() {
	open := map[string]bool{}
	l.mu.RLock()
	for _, f := range l.feeds {
		f.addSessions(open)
	}
	l.mu.RUnlock()
	if len(open) == 0 {
		return
	}
	ended, err := l.config.Ended(l.ctx, slices.Collect(maps.Keys(open)))
	if err != nil {
		l.trouble(l.ctx, "look for ended sessions", err)
		return
	}
	for _, session := range ended {
		l.EndSession(session, ErrExpired)
	}
}

func (l *Live) trouble(ctx context.Context, act string, err error) {
	if ctx.Err() == nil {
		l.config.Log.WarnContext(ctx, "live: can't "+act+"; will try again", "error", err)
	}
}
