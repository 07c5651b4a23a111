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
