package handlers

import (
	"context"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
)

// audit gives the entry of the audit table for what the actor did about a
// user's account; 0 stands for a stranger.
func audit(c *gin.Context, action chat.Action, actorID, userID int64) chat.Event {
	return chat.Event{Action: action, ActorID: actorID, UserID: userID, IPPrefix: neighbourhood(c), UserAgent: userAgent(c.Request)}
}

// together is how far apart failed logins are written, so that a flood of them
// does not keep the database from what is said in the rooms.
const together = time.Second

// ledger writes events that may come in floods: the first at once, and those of
// the second after it in one go. Who records one waits until it is written.
type ledger struct {
	write   func(context.Context, ...chat.Event) error
	pace    time.Duration // between two writings
	entries chan entry
	stopped chan struct{} // closed when work has ended
}

type entry struct {
	event chat.Event
	done  chan<- error
}

func newLedger(write func(context.Context, ...chat.Event) error) *ledger {
	return &ledger{write: write, pace: together, entries: make(chan entry), stopped: make(chan struct{})}
}

// record writes the event, with others. What work has taken is written even if
// ctx ends meanwhile.
func (l *ledger) record(ctx context.Context, event chat.Event) error {
	done := make(chan error, 1)
	select {
	case l.entries <- entry{event, done}:
		return <-done
	case <-ctx.Done():
		return ctx.Err()
	case <-l.stopped:
		return l.write(ctx, event)
	}
}

// work writes what is recorded until ctx ends.
func (l *ledger) work(ctx context.Context) {
	defer close(l.stopped)
	for {
		select {
		case <-ctx.Done():
			return
		case first := <-l.entries:
			l.writeAll(context.WithoutCancel(ctx), l.gather(first))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(l.pace):
		}
	}
}

// gather gives the first entry and all that wait with it, as many as one
// statement takes.
func (l *ledger) gather(first entry) (batch []entry) {
	const most = 1000
	for batch = []entry{first}; len(batch) < most; {
		select {
		case next := <-l.entries:
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

func (l *ledger) writeAll(ctx context.Context, batch []entry) {
	events := make([]chat.Event, len(batch))
	for i, entry := range batch {
		events[i] = entry.event
	}
	err := l.write(ctx, events...)
	for _, entry := range batch {
		entry.done <- err
	}
}

const (
	forgetEvery = time.Hour
	forgetBatch = 1000 // events deleted at once, so that nobody waits long for them
)

// forget deletes from the audit table what is older than the host wants to
// keep, now and every hour, until ctx ends.
func (h *Handlers) forget(ctx context.Context) {
	if h.AuditRetention == 0 {
		return
	}
	again := time.NewTicker(forgetEvery)
	defer again.Stop()
	for {
		forgotten, err := h.Store.Forget(ctx, chat.At(time.Now().Add(-h.AuditRetention)), forgetBatch)
		if err != nil && ctx.Err() == nil {
			h.Log.WarnContext(ctx, "can't forget old events; will try again", "error", err)
		}
		if forgotten == forgetBatch {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}
