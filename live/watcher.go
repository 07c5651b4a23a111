package live

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Viewer says who watches.
type Viewer struct {
	Member  Member // the zero value for a guest
	Banned  int64  // the member who, being banned from the room, watches it as a guest does; 0 for none
	Session string // names the login the stream hangs on; empty for a guest
	Resumed bool   // the stream goes on after a cut, so its member did not come just now
	Items   bool   // reads a page that is written on and on
	Form    string // in which the viewer reads changes; empty for the entries' own
}

// Watcher is one viewer's stream: a cursor in the room's log.
type Watcher struct {
	feed    *feed
	viewer  Viewer
	cursor  int64 // the last revision handed out
	behind  bool  // what the feed holds: the database is asked until there is no more
	resets  int   // of the feed, when the stream began
	here    int   // version of the presence last handed out
	line    int   // number of the last line about members handed out
	newest  int64 // number of the newest message handed out
	silence *time.Timer

	own  atomic.Pointer[Frame] // what is to be told to this viewer alone
	told chan struct{}         // holds one: own is set

	once   sync.Once
	ended  chan struct{}
	reason error     // set before ended is closed
	left   sync.Once // the feed
}

// Close ends the stream and the viewer's presence. It may be called twice.
func (w *Watcher) Close() {
	w.end(ErrClosed)
	w.silence.Stop()
	w.left.Do(func() { w.feed.leave(w) })
}

func (w *Watcher) end(reason error) {
	w.once.Do(func() {
		w.reason = reason
		close(w.ended)
	})
}

// Tell hands the viewer a state of its own, which goes out with what comes next
// or alone. One that has not gone out yet is replaced. A page that is written on
// and on has no place for it. It never blocks.
func (w *Watcher) Tell(own Frame) {
	if w.viewer.Items {
		return
	}
	w.own.Store(&own)
	select {
	case w.told <- struct{}{}:
	default: // the viewer looks for it already
	}
}

// Shown tells how far the viewer has been brought: the revision, and the number
// of the newest message handed out, or 0 for none. It is for the goroutine that
// calls Next.
func (w *Watcher) Shown() (revision, newest int64) { return w.cursor, w.newest }

// Next waits for something to send and returns it, oldest first; or nothing
// after a silence of Heartbeat. When the stream is to end it returns ErrReload,
// ErrExpired, ErrClosed or ctx's error. That the database can't be asked is no
// reason to end: Next then waits until it can.
func (w *Watcher) Next(ctx context.Context) ([]Frame, error) {
	w.silence.Reset(Heartbeat)
	for {
		before := w.cursor
		frames, moved, err := w.pending()
		behind := w.behind
		if behind {
			frames, err = w.load(ctx)
		}
		if own := w.own.Swap(nil); own != nil && err == nil {
			frames = append(frames, *own)
		}
		if err != nil || len(frames) > 0 {
			return frames, err
		}
		if w.cursor != before {
			continue // past changes that this viewer is not shown
		}
		var retry <-chan time.Time
		if behind {
			retry = time.After(time.Second)
		}
		select {
		case <-moved:
		case <-w.told:
		case <-retry:
		case <-w.ended:
			return nil, w.reason
		case <-w.silence.C:
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// pending collects what the feed holds for the viewer, unless the viewer is
// behind that, and tells when there will be more.
func (w *Watcher) pending() (frames []Frame, moved <-chan struct{}, err error) {
	select {
	case <-w.ended:
		return nil, nil, w.reason
	default:
	}
	f := w.feed
	f.mu.RLock()
	defer f.mu.RUnlock()
	if w.resets != f.resets {
		return nil, nil, ErrReload
	}
	if w.behind = w.behind || w.cursor < f.floor; w.behind {
		return nil, f.moved, nil
	}
	entries := f.after(w.cursor)
	frames = make([]Frame, 0, len(entries)+2)
	if !w.viewer.Items && w.here != f.crowd.version {
		frames = append(frames, f.crowd.here)
		w.here = f.crowd.version
	}
	frames = w.take(frames, entries)
	for _, line := range f.crowd.linesAfter(w.line) {
		if w.viewer.Items && len(line.item.Text) > 0 {
			frames = append(frames, line.item)
		} else if !w.viewer.Items {
			frames = append(frames, line.frame)
		}
	}
	w.line = f.crowd.lines
	return frames, f.moved, nil
}

// load serves a viewer who is behind the feed's memory from the database, to
// the end: the feed may not know yet of changes that the database has applied
// to messages already, and would show an older form of them again.
func (w *Watcher) load(ctx context.Context) ([]Frame, error) {
	f := w.feed
	if f.revision.Load()-w.cursor > FarBehind {
		return nil, ErrReload
	}
	entries, err := f.live.config.Load(ctx, f.room, w.cursor, batch)
	if err != nil {
		f.live.trouble(ctx, "load changes for a viewer", err)
		return nil, ctx.Err()
	}
	w.behind = len(entries) == batch
	return w.take(nil, entries), nil
}

// take moves the cursor past the entries and adds what the viewer gets of them.
// On a page that is written on and on nothing can be changed: that shows when
// the page is loaded again.
func (w *Watcher) take(frames []Frame, entries []Entry) []Frame {
	for i := range entries {
		entry := &entries[i]
		frame, item := entry.Frame, entry.Item
		if w.viewer.Form != "" {
			frame, item = entry.Other(w.viewer.Form)
		}
		switch {
		case !w.viewer.Items:
			frames = append(frames, frame)
		case entry.New:
			frames = append(frames, item)
		}
		w.cursor = entry.Revision
		w.newest = max(w.newest, entry.Number)
	}
	return frames
}
