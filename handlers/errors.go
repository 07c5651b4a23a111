package handlers

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/password"
	"github.com/twilightbark/twilightbark/picture"
	"github.com/twilightbark/twilightbark/views"
)

// refusal is a request that HTTP itself settles, before it is about the chat.
type refusal struct {
	status   int
	sentence string
}

func (r *refusal) Error() string { return r.sentence }

// noRoom is a room that does not exist, and could be opened.
type noRoom struct{ chat.RoomName }

func (n *noRoom) Error() string { return "There is no room of this name yet." }

var statuses = map[chat.Kind]int{
	chat.Internal:    http.StatusInternalServerError,
	chat.Invalid:     http.StatusUnprocessableEntity,
	chat.SignedOut:   http.StatusUnauthorized,
	chat.Forbidden:   http.StatusForbidden,
	chat.NotFound:    http.StatusNotFound,
	chat.Conflict:    http.StatusConflict,
	chat.TooFast:     http.StatusTooManyRequests,
	chat.Unavailable: http.StatusServiceUnavailable,
}

var titles = map[int]string{
	http.StatusBadRequest:            "That can't be read",
	http.StatusUnauthorized:          "Log in first",
	http.StatusForbidden:             "Not allowed",
	http.StatusNotFound:              "Not found",
	http.StatusMethodNotAllowed:      "Not possible here",
	http.StatusConflict:              "Someone was faster",
	http.StatusRequestEntityTooLarge: "Too large",
	http.StatusUnsupportedMediaType:  "Not a form",
	http.StatusMisdirectedRequest:    "Another site",
	http.StatusUnprocessableEntity:   "Something is missing",
	http.StatusTooManyRequests:       "Too fast",
	http.StatusInternalServerError:   "Something went wrong",
	http.StatusServiceUnavailable:    "Back in a moment",
}

// do adapts an action to gin; an error becomes a page or a notice.
func (h *Handlers) do(action func(*gin.Context) error) gin.HandlerFunc {
	return attempt(action, h.fail)
}

// quietly is do for what a page asks by itself: a failure there is tried again,
// and is nothing to show a person.
func (h *Handlers) quietly(action func(*gin.Context) error) gin.HandlerFunc {
	return attempt(action, func(c *gin.Context, err error) {
		if status, _ := h.explain(c, err); !c.Writer.Written() {
			c.String(status, "%s\n", http.StatusText(status))
		}
	})
}

// attempt runs an action for a visitor who could be told, and hands any error on.
func attempt(action func(*gin.Context) error, fail func(*gin.Context, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		err := trouble(c)
		if err == nil {
			err = action(c)
		}
		if err != nil {
			fail(c, err)
		}
	}
}

// fail answers with the error's page, or for htmx with a notice.
func (h *Handlers) fail(c *gin.Context, err error) {
	c.Abort()
	c.Request = c.Request.WithContext(context.WithoutCancel(c.Request.Context())) // who broke off may still listen
	h.identify(c)                                                                 // it may have failed before that: the page shows who is asking
	if c.Writer.Written() {
		h.explain(c, err)
		return
	}
	status, oops := h.explain(c, err)
	page := views.Page{Title: oops.Title, Path: "/"}
	if status == http.StatusUnauthorized {
		page.Path = h.back(c)
	}
	if fragmentWanted(c) {
		err = h.show(c, status, page, views.Trouble(oops))
	} else {
		err = h.show(c, status, page, views.Oops(oops))
	}
	if err != nil { // not even that: say it in plain text
		h.Log.ErrorContext(c.Request.Context(), "render an error's page", "error", err)
		c.String(http.StatusInternalServerError, "Something went wrong.\n")
	}
}

// explain gives an error's status and what a person is told of it, logs what is
// ours to fix, and says in the headers when trying again makes sense.
func (h *Handlers) explain(c *gin.Context, err error) (int, views.OopsProps) {
	err = told(err)
	if refused, ok := errors.AsType[*refusal](err); ok {
		return refused.status, views.OopsProps{Title: titles[refused.status], Sentence: refused.sentence}
	}
	if missing, ok := errors.AsType[*noRoom](err); ok {
		return http.StatusNotFound, views.OopsProps{Title: titles[http.StatusNotFound], Sentence: missing.Error(), RoomName: missing.Name}
	}
	status := statuses[chat.KindOf(err)]
	oops := views.OopsProps{Title: titles[status], Sentence: "This is our fault, not yours. Please try again in a moment."}
	if told, ok := errors.AsType[*chat.Error](err); ok {
		oops.Sentence = told.Message
		if told.After > 0 {
			c.Header("Retry-After", strconv.Itoa(int(math.Ceil(told.After.Seconds()))))
		}
	}
	if status >= http.StatusInternalServerError {
		oops.Reference = requestID(c.Request.Context())
		switch {
		case errors.Is(err, context.Canceled): // that person has left, and nothing is wrong
		case status == http.StatusServiceUnavailable:
			h.Log.WarnContext(c.Request.Context(), "request refused for now", "error", err)
		default:
			h.Log.ErrorContext(c.Request.Context(), "request failed", "error", err)
		}
	}
	return status, oops
}

// told puts into words what other packages only name.
func told(err error) error {
	switch {
	case errors.Is(err, password.ErrBusy):
		return &chat.Error{Kind: chat.Unavailable, Message: "Many people are logging in just now. Please try again in a moment.", After: 2 * time.Second, Err: err}
	case errors.Is(err, picture.ErrBusy):
		return &chat.Error{Kind: chat.Unavailable, Message: "Many pictures are being made just now. Please try again in a moment.", After: 5 * time.Second, Err: err}
	}
	return err
}

func (h *Handlers) notFound(*gin.Context) error {
	return &chat.Error{Kind: chat.NotFound, Message: "There is no such page."}
}

func (h *Handlers) methodNotAllowed(*gin.Context) error {
	return &refusal{http.StatusMethodNotAllowed, "This page can't be used that way."}
}
