package handlers

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/live"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/views"
)

func (h *Handlers) showDeletion(c *gin.Context) error {
	return h.showDeletionForm(c, http.StatusOK, views.DeletionProps{})
}

func (h *Handlers) showDeletionForm(c *gin.Context, status int, form views.DeletionProps) error {
	form.Username = viewer(c).Username
	return h.show(c, status, views.Page{Title: "Delete account"}, views.Deletion(form))
}

// deleteAccount deletes the viewer's account. Messages that are to go too are
// removed from then on, by whichever node gets to it.
func (h *Handlers) deleteAccount(c *gin.Context) error {
	ctx, user := c.Request.Context(), viewer(c)
	form := views.DeletionProps{Messages: c.PostForm("messages")}
	err := h.checkDeletion(c, form.Messages)
	if err == nil {
		err = h.Store.InTx(ctx, func(s *store.Store) error {
			if err := s.DeleteAccount(ctx, user.ID, form.Messages == "remove"); err != nil {
				return err
			}
			return s.Record(ctx, audit(c, chat.AccountDeleted, user.ID, user.ID))
		})
	}
	if problem, ok := formProblem(err); ok {
		form.Errors = problem.Fields
		if len(form.Errors) == 0 {
			form.Error = problem.Message
		}
		return h.showDeletionForm(c, h.problemStatus(c, problem), form)
	}
	if err != nil {
		return err
	}
	h.letterWaits()
	h.live.Renew()
	h.live.EndMember(user.ID, "", live.ErrExpired)
	wake(h.removals)
	return h.logout(c)
}

func (h *Handlers) checkDeletion(c *gin.Context, messages string) error {
	err := h.checkPassword(c)
	if messages == "keep" || messages == "remove" {
		return err
	}
	problem := &chat.Error{Kind: chat.Invalid, Message: "Please look at the fields below.", Fields: map[string]string{"messages": "Choose what becomes of your messages."}}
	if wrong, ok := formProblem(err); ok && wrong.Kind == chat.Invalid {
		problem.Fields["current_password"] = wrong.Fields["current_password"]
	} else if err != nil {
		return err
	}
	return problem
}

// removalLook is how often a node looks for messages to be removed that nobody
// told it of: left over by a node that stopped.
const removalLook = 10 * time.Second

// removeMessages removes the messages of those who wanted that, and removes and
// restores what moderators want, some at a time, until ctx ends.
func (h *Handlers) removeMessages(ctx context.Context) {
	look := time.NewTicker(removalLook)
	defer look.Stop()
	for {
		for h.removeSome(ctx) {
		}
		select {
		case <-ctx.Done():
			return
		case <-h.removals:
		case <-look.C:
		}
	}
}

// removeSome reports whether there may be more to remove.
func (h *Handlers) removeSome(ctx context.Context) bool {
	room, err := h.Store.RemoveMessages(ctx)
	if chat.KindOf(err) == chat.NotFound {
		room, err = h.Store.ContinueRemoval(ctx)
	}
	if err == nil && room.ID != 0 {
		h.changed(room.ID, room.Revision)
	}
	if err != nil && chat.KindOf(err) != chat.NotFound && ctx.Err() == nil {
		h.Log.WarnContext(ctx, "can't remove messages; will try again", "error", err)
	}
	return err == nil
}

// wake tells a task that there is something to do. It never blocks.
func wake(task chan struct{}) {
	select {
	case task <- struct{}{}:
	default: // one is waiting already, and will look after this too
	}
}
