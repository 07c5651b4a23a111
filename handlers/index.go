package handlers

import (
	"context"
	"maps"
	"slices"
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

	// indexedAtOnce is how many rooms are looked at in one transaction.
	indexedAtOnce = 100

	// settleTime is how long a search waits for what was posted just before.
	settleTime = 500 * time.Millisecond
)

// index is what the task that indexes messages and those who wait for it share.
type index struct {
	wake  chan struct{} // holds one: something changed
	hurry chan struct{} // holds one: somebody searches

	mu    sync.Mutex     // guards what follows
	rooms map[int64]bool // that changed since the task last looked
	asked int            // how many changes there were
	seen  int            // how many of them are indexed
	moved chan struct{}  // closed when more are
}

func newIndex() *index {
	return &index{wake: make(chan struct{}, 1), hurry: make(chan struct{}, 1), rooms: map[int64]bool{}, moved: make(chan struct{})}
}

// ask tells the task that a room changed. It never blocks.
func (x *index) ask(roomID int64) {
	x.mu.Lock()
	x.asked++
	x.rooms[roomID] = true
	x.mu.Unlock()
	wake(x.wake)
}

// take gives the rooms that changed, for the task to look at, and how many
// changes there have been.
func (x *index) take() (rooms []int64, due int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	rooms = slices.Collect(maps.Keys(x.rooms))
	clear(x.rooms)
	return rooms, x.asked
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
	h.index.ask(roomID)
}

// indexMessages keeps the index of words up with what is said, until ctx ends.
func (h *Handlers) indexMessages(ctx context.Context) {
	look := time.NewTicker(indexLook)
	defer look.Stop()
	h.indexRooms(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
			h.indexRooms(ctx)
			continue
		case <-h.index.wake:
		}
		pause := time.NewTimer(indexPause)
		select {
		case <-ctx.Done():
		case <-h.index.hurry:
		case <-pause.C:
		}
		pause.Stop()
		rooms, due := h.index.take()
		for some := range slices.Chunk(rooms, indexedAtOnce) {
			h.indexRooms(ctx, some...)
		}
		h.index.done(due)
	}
}

// indexRooms indexes all that is new in those rooms, or in any if none are named.
func (h *Handlers) indexRooms(ctx context.Context, rooms ...int64) {
	for more := true; more; {
		var err error
		more, err = h.Store.Index(ctx, rooms...)
		if err != nil && ctx.Err() == nil {
			h.Log.WarnContext(ctx, "can't index messages; will try again", "error", err)
		}
		more = more && err == nil && ctx.Err() == nil
	}
}
