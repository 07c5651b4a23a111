package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/views"
)

// showConfirmEmail shows the button that confirms an address. Programs that look
// into mail follow links, so this changes nothing.
func (h *Handlers) showConfirmEmail(c *gin.Context) error {
	c.Header("Cache-Control", "no-store")
	user, err := h.Store.TokenUser(c.Request.Context(), chat.ConfirmLetter, hashOf(c.Param("token")))
	if chat.KindOf(err) == chat.NotFound {
		return h.showStaleConfirmation(c)
	}
	if err != nil {
		return err
	}
	return h.show(c, http.StatusOK, views.Page{Title: "Confirm your email", Path: "/"}, views.ConfirmEmail(c.Request.URL.Path, user.Username))
}

func (h *Handlers) showStaleConfirmation(c *gin.Context) error {
	return h.show(c, http.StatusGone, views.Page{Title: "This link is spent", Path: "/settings"}, views.StaleLink("/settings", "Go to your settings for a new one"))
}

func (h *Handlers) confirmEmail(c *gin.Context) error {
	c.Header("Cache-Control", "no-store")
	ctx := c.Request.Context()
	err := h.Store.InTx(ctx, func(s *store.Store) error {
		user, err := s.ConfirmEmail(ctx, hashOf(c.Param("token")))
		if err != nil {
			return err
		}
		return s.Record(ctx, audit(c, chat.EmailConfirmed, user.ID, user.ID))
	})
	if chat.KindOf(err) == chat.NotFound {
		return h.showStaleConfirmation(c)
	}
	if err != nil {
		return err
	}
	h.letterWaits()
	return h.show(c, http.StatusOK, views.Page{Title: "Your email is confirmed", Path: "/"}, views.EmailConfirmed())
}

// sendConfirmation sends the letter that confirms an address once more.
func (h *Handlers) sendConfirmation(c *gin.Context) error {
	user := viewer(c)
	address := user.PendingEmail
	if address == "" && user.EmailConfirmedAt == 0 {
		address = user.Email
	}
	if address == "" {
		return seeOther(c, "/settings")
	}
	if err := h.attempts.try("letter " + address); err != nil {
		return err
	}
	if err := h.Store.Send(c.Request.Context(), chat.Letter{Kind: chat.ConfirmLetter, UserID: user.ID, Recipient: address}); err != nil {
		return err
	}
	h.letterWaits()
	return h.show(c, http.StatusOK, views.Page{Title: "Look into your mail"}, views.ConfirmationSent(address))
}
