package handlers

import (
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
)

// removeLatest has everything removed that a member posted in the last hours, by
// whichever node gets to it.
func (h *Handlers) removeLatest(c *gin.Context) error {
	user, err := h.target(c)
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseInt(c.PostForm("within"), 10, 32)
	within := time.Duration(seconds) * time.Second
	if err != nil || !slices.Contains(chat.RemovalTimes, within) {
		return errDamagedForm
	}
	ctx, moderator := c.Request.Context(), viewer(c).ID
	detail := "of the last " + chat.Pause(within)
	err = h.Store.InTx(ctx, func(s *store.Store) error {
		if err := s.OrderRemoval(ctx, user.ID, moderator, within, detail); err != nil {
			return err
		}
		event := audit(c, chat.MessagesRemoved, moderator, user.ID)
		event.Detail = detail
		return s.Record(ctx, event)
	})
	if err != nil {
		return err
	}
	wake(h.removals)
	return seeOther(c, user.Path()+"/sanctions")
}

// restoreRemoved has the messages of a removal restored.
func (h *Handlers) restoreRemoved(c *gin.Context) error {
	user, err := h.target(c)
	if err != nil {
		return err
	}
	id, ok := ordinal(c.Param("id"))
	if !ok {
		return h.notFound(c)
	}
	ctx, moderator := c.Request.Context(), viewer(c).ID
	err = h.Store.InTx(ctx, func(s *store.Store) error {
		if ordered, err := s.OrderRestoration(ctx, id, user.ID, moderator); err != nil || !ordered {
			return err
		}
		return s.Record(ctx, audit(c, chat.MessagesRestored, moderator, user.ID))
	})
	if err != nil {
		return err
	}
	wake(h.removals)
	return seeOther(c, user.Path()+"/sanctions")
}
