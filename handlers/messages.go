package handlers

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/markup"
	"github.com/twilightbark/twilightbark/views"
)

// postMessage stores a message. The answer carries it; the stream brings it to
// everyone else. An error goes to refuse, which keeps what was written.
func (h *Handlers) postMessage(c *gin.Context) error {
	message, err := h.post(c, drafted(c))
	if err != nil {
		return err
	}
	h.changed(message.RoomID, message.Revision)
	wake(h.reading.wake)
	h.reading.stir(message.AuthorID)
	if !fragmentWanted(c) {
		return seeOther(c, chat.RoomPath(message.RoomSlug))
	}
	composer := h.composer(c, chat.RoomPath(message.RoomSlug), "")
	composer.Reply = views.Reply{} // it is said
	return render(c, http.StatusOK, views.Arrived(views.MessageProps{Message: message, Zone: h.zone(c), Quiet: true}), views.ComposerRenewed(*composer))
}

// drafted gives the message as it was written.
func drafted(c *gin.Context) chat.Draft {
	return chat.Draft{Body: c.PostForm("body"), Nonce: c.PostForm("nonce")}
}

// answering gives the message with what it answers: the quote, if there is to be
// one, and below it what was written.
func answering(c *gin.Context, draft chat.Draft) chat.Draft {
	draft.ReplyTo = sentNumber(c, "reply_to")
	if quote := strings.TrimSpace(c.PostForm("quote")); quote != "" && strings.TrimSpace(draft.Body) != "" {
		draft.Body = quote + "\n" + draft.Body
	}
	return draft
}

// reply tells what the message being written answers, as the address or the form
// says. Where the original can't be asked for, the form's own words stay.
func (h *Handlers) reply(c *gin.Context) (r views.Reply) {
	number, ok := ordinal(cmp.Or(c.PostForm("reply_to"), c.Query("reply")))
	if !ok {
		return views.Reply{}
	}
	quote, posted := c.PostForm("quote"), !reads(c.Request)
	r = views.Reply{Number: number, Quote: readable(quote), Quoting: quote != "" || !posted}
	defer func() { r.HTML = markup.Render(chat.Quoted(r.Quote), nil) }() // of whichever quote it is to be
	room, err := h.room(c)
	if err != nil {
		return r
	}
	original, err := h.Store.Message(c.Request.Context(), room.ID, number)
	switch {
	case err == nil:
		r.Author, r.Quote = original.Author, chat.Quote(original.Body)
	case chat.KindOf(err) == chat.NotFound:
		return views.Reply{}
	}
	return r
}

func (h *Handlers) post(c *gin.Context, draft chat.Draft) (chat.Message, error) {
	if err := chat.May(viewer(c), chat.Write, chat.User{}); err != nil {
		return chat.Message{}, err
	}
	room, err := h.room(c)
	if err != nil {
		return chat.Message{}, err
	}
	draft = answering(c, draft)
	draft.RoomID, draft.AuthorID = room.ID, viewer(c).ID
	if draft, err = h.rendered(c.Request.Context(), draft); err != nil {
		return chat.Message{}, err
	}
	return h.Store.Post(c.Request.Context(), draft, h.inForce().PostRate)
}

// rendered gives the draft, cleaned, with its HTML, and whom that links to.
func (h *Handlers) rendered(ctx context.Context, draft chat.Draft) (chat.Draft, error) {
	draft, err := draft.Clean()
	draft.Denied = h.denied.Load().In(draft.Body) // which the store refuses, unless it has it already
	if err == nil {
		draft.HTML, draft.Mentions, err = h.render(ctx, draft.Body)
	}
	draft.Rendered = markup.Version
	return draft, err
}

// refuse shows the form again, with its text and what is wrong.
func (h *Handlers) refuse(c *gin.Context, cause error) {
	draft := drafted(c)
	status, oops := h.explain(c, cause)
	composer := h.composer(c, chat.RoomPath(c.Param("slug")), draft.Body)
	composer.Error = oops.Sentence
	composer.SignedOut = chat.KindOf(cause) == chat.SignedOut
	if !spent(cause) {
		composer.Nonce = draft.Nonce // so that sending again can't post twice
	}
	if err := h.showRefused(c, status, oops.Title, composer); err != nil {
		h.fail(c, err)
	}
}

// showRefused shows the form in the room where that can be shown, and on a page
// of its own where it can't.
func (h *Handlers) showRefused(c *gin.Context, status int, title string, composer *views.ComposerProps) error {
	if fragmentWanted(c) {
		return render(c, status, views.ComposerRenewed(*composer))
	}
	if viewer(c) != nil && status < http.StatusInternalServerError {
		if room, err := h.room(c); err == nil {
			return h.showRoomWith(c, status, room, composer)
		}
	}
	return h.show(c, status, views.Page{Title: title, Path: composer.Room}, views.Unsent(title, *composer))
}

// spent reports whether the draft's nonce can't be used again: it names another
// message already, or is none.
func spent(err error) bool {
	problem, ok := errors.AsType[*chat.Error](err)
	return ok && (problem.Kind == chat.Conflict || problem.Fields["nonce"] != "")
}

// composer gives a fresh form with a text in it, or nil for a guest who has none.
func (h *Handlers) composer(c *gin.Context, room, body string) *views.ComposerProps {
	if viewer(c) == nil && reads(c.Request) {
		return nil
	}
	lines := cmp.Or(c.Query("lines"), c.PostForm("lines"))
	return &views.ComposerProps{
		Room: room, Nonce: randomName(16), Body: readable(body), Focus: true, Reply: h.reply(c),
		Several: lines == "several" || strings.Contains(body, "\n"),
	}
}

// showComposer switches the form between one line and several. What is written
// so far comes along, by POST since an address is too short for it, and a form
// it would not fit is not offered.
func (h *Handlers) showComposer(c *gin.Context) error {
	room, err := h.room(c)
	if err != nil {
		return err
	}
	if err := chat.May(viewer(c), chat.Write, chat.User{}); err != nil {
		return err
	}
	draft := drafted(c)
	name := c.PostForm("complete")
	if name != "" {
		draft.Body = chat.CompleteName(draft.Body, name)
	}
	composer := h.composer(c, room.Path(), draft.Body)
	composer.Nonce = cmp.Or(draft.Nonce, composer.Nonce) // it may have been sent without the answer coming back
	switch {
	case !fragmentWanted(c):
		return h.showRoomWith(c, http.StatusOK, room, composer)
	case name != "":
		return render(c, http.StatusOK, views.ComposerCompleted(*composer))
	}
	return render(c, http.StatusOK, views.ComposerRenewed(*composer))
}
