package handlers

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/views"
)

const (
	noticeLook      = 30 * time.Second // between two looks for members to be told, if the time a message stays unread is not shorter
	noticeLookLeast = time.Second
	noticeBatch     = 200 // members looked at at a time
)

// lookForAbsent looks for members who are to get a letter about what they miss,
// until ctx ends. Posting has nothing to do with it.
func (h *Handlers) lookForAbsent(ctx context.Context) {
	look := time.NewTicker(max(min(noticeLook, h.NoticeAfter), noticeLookLeast))
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
		if err := h.noticeAbsent(ctx); err != nil && ctx.Err() == nil {
			h.Log.WarnContext(ctx, "can't look for members to be told; will try again", "error", err)
		}
	}
}

// noticeAbsent puts the letters that are due into the outbox.
func (h *Handlers) noticeAbsent(ctx context.Context) error {
	h.storeShown(ctx, 0) // what open pages show is not missed
	for noticed := noticeBatch; noticed == noticeBatch; {
		var err error
		if noticed, err = h.Store.NoticeMentions(ctx, h.NoticeAfter, noticeBatch); err != nil {
			return err
		}
	}
	for after := int64(0); ; {
		last, err := h.Store.NoticeRooms(ctx, h.NoticeAfter, after, noticeBatch)
		if err != nil {
			return err
		}
		if after = last; last == 0 {
			h.letterWaits()
			return nil
		}
	}
}

func (h *Handlers) showNotices(c *gin.Context) error {
	notices, err := h.Store.Notices(c.Request.Context(), viewer(c).ID)
	if err != nil {
		return err
	}
	return h.showNoticesForm(c, http.StatusOK, views.NoticesProps{Chosen: notices})
}

func (h *Handlers) showNoticesForm(c *gin.Context, status int, form views.NoticesProps) error {
	form.Confirmed = viewer(c).EmailConfirmedAt != 0
	return h.show(c, status, views.Page{Title: "Letters"}, views.NoticesForm(form))
}

func (h *Handlers) changeNotices(c *gin.Context) error {
	notices, ok := chat.ParseNotices(c.PostForm("notices"))
	if !ok {
		return h.showNoticesForm(c, http.StatusUnprocessableEntity, views.NoticesProps{Error: "Choose one of these."})
	}
	if err := h.Store.SetNotices(c.Request.Context(), viewer(c).ID, notices); err != nil {
		return err
	}
	return seeOther(c, "/settings/letters")
}

// showUnsubscribe asks once more: programs that look into mail follow links too.
func (h *Handlers) showUnsubscribe(c *gin.Context) error {
	err := h.Store.CanUnsubscribe(c.Request.Context(), hashOf(c.Param("token")))
	if chat.KindOf(err) == chat.NotFound {
		return h.showStaleUnsubscribe(c)
	}
	if err != nil {
		return err
	}
	return h.show(c, http.StatusOK, views.Page{Title: "Unsubscribe", Path: "/"}, views.Unsubscribe(c.Request.URL.Path))
}

// unsubscribe ends the letters to whom the token was sent, who need not log in:
// mail programs do it by themselves, with one press.
func (h *Handlers) unsubscribe(c *gin.Context) error {
	err := h.Store.Unsubscribe(c.Request.Context(), hashOf(c.Param("token")))
	if chat.KindOf(err) == chat.NotFound {
		return h.showStaleUnsubscribe(c)
	}
	if err != nil {
		return err
	}
	return h.show(c, http.StatusOK, views.Page{Title: "Unsubscribed", Path: "/"}, views.Unsubscribed())
}

func (h *Handlers) showStaleUnsubscribe(c *gin.Context) error {
	return h.show(c, http.StatusGone, views.Page{Title: "A spent link", Path: "/"}, views.StaleLink("/settings/letters", "Choose which letters you get"))
}
