package handlers

import (
	"context"
	"sync"
	"time"
)

const (
	// indexLook is how often a node looks for changes that nobody told it of: of
	// another node that stopped, or from before there was an index.
	indexLook = 5 * time.Second

	// indexPause is how long changes are gathered, so that a busy site indexes many
	// at once. Who searches does not wait for it.
	indexPause = 100 * time.Millisecond

	// settleTime is how long a search waits for what was posted just before.
	settleTime = 500 * time.Millisecond
)

// index is what the task that indexes messages and those who wait for it share.
type index struct {
	wake  chan struct{} // holds one: something changed
	hurry chan struct{} // holds one: somebody searches

	mu    sync.Mutex // guards what follows
	asked int        // how many changes there were
	seen  int        // how many of them are indexed
	moved chan struct{}
}

func newIndex() *index {
	return &index{wake: make(chan struct{}, 1), hurry: make(chan struct{}, 1), moved: make(chan struct{})}
}

// ask tells the task that something changed. It never blocks.
func (x *index) ask() {
	x.mu.Lock()
	x.asked++
	x.mu.Unlock()
	wake(x.wake)
}

// due gives how many changes there have been.
func (x *index) due() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.asked
}

// done notes that so many changes are indexed, or given up for now.
func (x *index) done(changes int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.seen = max(x.seen, changes)
	close(x.moved)
	x.moved = make(chan struct{})
}

// settle waits, but not for long, until all that changed before is indexed: who
// posts and then searches finds it.
func (x *index) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	for due := x.due(); ; {
		x.mu.Lock()
		settled, moved := x.seen >= due, x.moved
		x.mu.Unlock()
		if settled {
			return
		}
		wake(x.hurry)
		select {
		case <-moved:
		case <-ctx.Done():
			return
		}
	}
}

// changed tells those who follow the room, on screen and in the index, that it is
// at that revision. It never blocks.
func (h *Handlers) changed(roomID, revision int64) {
	h.live.Hint(roomID, revision)
	h.index.ask()
}

// indexMessages keeps the index of words up with what is said, until ctx ends.
func (h *Handlers) indexMessages(ctx context.Context) {
	look := time.NewTicker(indexLook)
	defer look.Stop()
	for {
		due := h.index.due()
		for h.indexSome(ctx) {
		}
		h.index.done(due)
		select {
		case <-ctx.Done():
			return
		case <-h.index.wake:
		case <-look.C:
		}
		pause := time.NewTimer(indexPause)
		select {
		case <-ctx.Done():
		case <-h.index.hurry:
		case <-pause.C:
		}
		pause.Stop()
	}
}

// indexSome reports whether there may be more to index.
func (h *Handlers) indexSome(ctx context.Context) bool {
	more, err := h.Store.Index(ctx)
	if err != nil && ctx.Err() == nil {
		h.Log.WarnContext(ctx, "can't index messages; will try again", "error", err)
	}
	return more && err == nil
}
