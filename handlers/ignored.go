package handlers

import (
	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
)

// ignore hides from the viewer what another member writes.
func (h *Handlers) ignore(c *gin.Context) error {
	user, err := h.other(c)
	if err == nil {
		err = h.Store.Ignore(c.Request.Context(), viewer(c).ID, user.ID)
	}
	if err != nil {
		return err
	}
	return seeOther(c, user.Path())
}

// listen shows it again.
func (h *Handlers) listen(c *gin.Context) error {
	user, err := h.other(c)
	if err == nil {
		err = h.Store.Listen(c.Request.Context(), viewer(c).ID, user.ID)
	}
	if err != nil {
		return err
	}
	return seeOther(c, user.Path())
}

// other gives the member that the request's path names, who is not the viewer.
func (h *Handlers) other(c *gin.Context) (chat.User, error) {
	user, err := h.pathMember(c)
	if err == nil && user.ID == viewer(c).ID {
		err = &chat.Error{Kind: chat.Forbidden, Message: "This is yourself."}
	}
	return user, err
}
