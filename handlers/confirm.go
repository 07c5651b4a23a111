package handlers

import (
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/views"
)

// confirmed lets through what is dangerous if the password was given in this
// session within the last hour, or comes with the form. Anybody else is asked
// for it, in a form that holds what is to be done.
func (h *Handlers) confirmed(c *gin.Context) {
	err := h.confirm(c)
	if problem, ok := formProblem(err); ok {
		err = h.showConfirmation(c, problem)
		c.Abort()
	}
	if err != nil {
		h.fail(c, err)
	}
}

func (h *Handlers) confirm(c *gin.Context) error {
	known, err := h.Store.Confirmed(c.Request.Context(), presentSession(c))
	if known || err != nil {
		return err
	}
	if err := h.checkPassword(c); err != nil {
		return err
	}
	return h.Store.Confirm(c.Request.Context(), presentSession(c))
}

// showConfirmation asks for the password. That it is missing at first is nobody's
// mistake.
func (h *Handlers) showConfirmation(c *gin.Context, problem *chat.Error) error {
	form := views.ConfirmationProps{Username: viewer(c).Username, Path: c.Request.URL.Path, Fields: url.Values{}}
	for name, values := range c.Request.PostForm {
		if name != "current_password" && name != "username" { // which the form brings itself, for password managers
			form.Fields[name] = values
		}
	}
	status, _ := h.explain(c, problem)
	if _, given := c.GetPostForm("current_password"); given || problem.Kind != chat.Invalid {
		form.Error = problem.Message
	}
	return h.show(c, status, views.Page{Title: "Is it you?"}, views.Confirmation(form))
}
