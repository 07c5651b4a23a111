package live

import (
	"context"
	"sync"
	"time"
)

// Viewer says who watches.
type Viewer struct {
	Member  Member // the zero value for a guest
	Session string // names the login the stream hangs on; empty for a guest
	Resumed bool   // the stream goes on after a cut, so its member did not come just now
	Items   bool   // wants Entry.Item, and nothing about presence
}

// Watcher is one viewer's stream: a cursor in the room's log.
type Watcher struct {
	feed    *feed
	viewer  Viewer
	cursor  int64 // the last revision handed out
	resets  int   // of the feed, when the stream began
	here    int   // version of the presence last handed out
	line    int   // number of the last line about moves handed out
	silence *time.Timer

	once   sync.Once
	ended  chan struct{}
	reason error // set before ended is closed
}

// Close ends the stream and the viewer's presence. It may be called twice.
func (w *Watcher) Close() {
	w.end(ErrClosed)
	w.silence.Stop()
	if w.feed != nil {
		w.feed.leave(w)
		w.feed = nil
	}
}

func (w *Watcher) end(reason error) {
	w.once.Do(func() {
		w.reason = reason
		close(w.ended)
	})
}

// Next waits for something to send and returns it, oldest first; or nothing
// after a silence of Heartbeat. When the stream is to end it returns ErrReload,
// ErrExpired, ErrClosed or ctx's error. That the database can't be asked is no
// reason to end: Next then waits until it can.
func (w *Watcher) Next(ctx context.Context) ([]Frame, error) {
	w.silence.Reset(Heartbeat)
	for {
		before := w.cursor
		frames, moved, behind, err := w.pending()
		if behind {
			frames, err = w.load(ctx)
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

// pending collects what the feed holds for the viewer. It tells when there will
// be more, or that the viewer is behind what the feed still holds.
func (w *Watcher) pending() (frames []Frame, moved <-chan struct{}, behind bool, err error) {
	select {
	case <-w.ended:
		return nil, nil, false, w.reason
	default:
	}
	f := w.feed
	f.mu.RLock()
	defer f.mu.RUnlock()
	if w.resets != f.resets {
		return nil, nil, false, ErrReload
	}
	if w.cursor < f.floor {
		return nil, f.moved, true, nil
	}
	entries := f.after(w.cursor)
	frames = make([]Frame, 0, len(entries)+2)
	if !w.viewer.Items && w.here != f.crowd.version {
		frames = append(frames, f.crowd.here)
		w.here = f.crowd.version
	}
	frames = w.take(frames, entries)
	if !w.viewer.Items {
		frames = append(frames, f.crowd.linesAfter(w.line)...)
		w.line = f.crowd.lines
	}
	return frames, f.moved, false, nil
}

// load serves a viewer who is behind the feed's memory from the database.
func (w *Watcher) load(ctx context.Context) ([]Frame, error) {
	f := w.feed
	if f.revision.Load()-w.cursor > FarBehind {
		return nil, ErrReload
	}
	entries, err := f.live.config.Load(ctx, f.room, w.cursor, batch)
	if err != nil {
		f.live.trouble("load changes for a viewer", err)
		return nil, ctx.Err()
	}
	return w.take(nil, entries), nil
}

func (w *Watcher) take(frames []Frame, entries []Entry) []Frame {
	for i := range entries {
		entry := &entries[i]
		switch {
		case w.viewer.Items && entry.Posted > w.cursor:
			frames = append(frames, entry.Item)
		case w.viewer.Items: // what is written can't be taken back; the page shows it when it is loaded again
		case entry.Posted > w.cursor:
			frames = append(frames, entry.Added)
		default:
			frames = append(frames, entry.Changed)
		}
		w.cursor = entry.Revision
	}
	return frames
}
