package store

import (
	"context"
	"sync/atomic"
	"time"
)

// spentKey marks a context whose statements are timed.
type spentKey struct{}

// Timed gives a context in which every statement, and every transaction as a
// whole, adds the nanoseconds that it takes to spent, the wait for a free
// connection included.
func Timed(ctx context.Context, spent *atomic.Int64) context.Context {
	return context.WithValue(ctx, spentKey{}, spent)
}

// timed gives an end that also adds the time from now to then, if ctx asks for it.
func timed(ctx context.Context, end context.CancelFunc) context.CancelFunc {
	spent, ok := ctx.Value(spentKey{}).(*atomic.Int64)
	if !ok {
		return end
	}
	begun := time.Now()
	return func() {
		spent.Add(int64(time.Since(begun)))
		end()
	}
}
