package handlers

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/store"
)

type timingKey struct{}

// timing is where a request's time goes, in nanoseconds, for who builds the site.
type timing struct {
	begun            time.Time
	database, render atomic.Int64
}

// timeRequest begins to count.
func timeRequest(c *gin.Context) {
	t := &timing{begun: time.Now()}
	ctx := context.WithValue(c.Request.Context(), timingKey{}, t)
	c.Request = c.Request.WithContext(store.Timed(ctx, &t.database))
}

// timeRender counts what is rendered until the function that it gives is called.
func timeRender(ctx context.Context) func() {
	t, ok := ctx.Value(timingKey{}).(*timing)
	if !ok {
		return func() {}
	}
	begun := time.Now()
	return func() { t.render.Add(int64(time.Since(begun))) }
}

// tellTiming says in the answer's headers where the time went, if it was counted.
// Browsers show it beside their own figures.
func tellTiming(c *gin.Context) {
	if t, ok := c.Request.Context().Value(timingKey{}).(*timing); ok {
		c.Header("Server-Timing", fmt.Sprintf("db;dur=%.3f, render;dur=%.3f, total;dur=%.3f",
			milliseconds(t.database.Load()), milliseconds(t.render.Load()), milliseconds(int64(time.Since(t.begun)))))
	}
}

func milliseconds(nanoseconds int64) float64 { return float64(nanoseconds) / 1e6 }
