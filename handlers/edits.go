package handlers

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/markup"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/views"
)

// messageFor gives the message that the path names to a viewer who may do the
// act to it.
func (h *Handlers) messageFor(c *gin.Context, act chat.Act) (chat.Message, error) {
	message, err := h.message(c)
	if err == nil {
		err = chat.May(viewer(c), act, chat.User{ID: message.AuthorID})
	}
	return message, err
}

// standing is messageFor for what can't be done to a message that is deleted.
func (h *Handlers) standing(c *gin.Context, act chat.Act) (chat.Message, error) {
	message, err := h.messageFor(c, act)
	if err == nil && message.DeletedAt != 0 {
		err = &chat.Error{Kind: chat.NotFound, Message: "This message was deleted."}
	}
	return message, err
}

// showActions shows what the viewer may do with a message.
func (h *Handlers) showActions(c *gin.Context) error {
	message, err := h.message(c)
	if err != nil {
		return err
	}
	c.Header("X-Robots-Tag", "noindex")
	if fragmentWanted(c) && c.Query("folded") != "" {
		return render(c, http.StatusOK, views.Folded(message))
	}
	p := views.ActionsProps{Message: message, Actions: actions(viewer(c), message, besideComposer(c, message)), Zone: h.zone(c)}
	if fragmentWanted(c) {
		return h.show(c, http.StatusOK, views.Page{}, views.Actions(p))
	}
	return h.show(c, http.StatusOK, views.Page{Title: "One message"}, views.ActionsPage(p))
}

// besideComposer reports whether the page that asks is the message's room, where
// one writes, and not a page of its history.
func besideComposer(c *gin.Context, m chat.Message) bool {
	page, err := url.Parse(c.GetHeader("HX-Current-URL"))
	return err == nil && page.EscapedPath() == chat.RoomPath(m.RoomSlug)
}

// actions lists what the viewer may do with a message.
func actions(viewer *chat.User, m chat.Message, besideComposer bool) (list []views.Action) {
	owner := chat.User{ID: m.AuthorID}
	if m.DeletedAt == 0 && chat.Can(viewer, chat.Write, chat.User{}) {
		list = append(list, views.ReplyAction(m, besideComposer))
	}
	if m.DeletedAt == 0 && chat.Can(viewer, chat.EditMessage, owner) {
		list = append(list, views.Action{Label: "Edit", Href: m.Path() + "/edit", Below: true})
	}
	if m.DeletedAt == 0 && chat.Can(viewer, chat.DeleteMessage, owner) {
		list = append(list, views.Action{Label: "Delete", Href: m.Path() + "/delete", Below: true})
	}
	if (m.DeletedAt != 0 || m.EditedAt != 0) && chat.Can(viewer, chat.SeeVersions, owner) {
		list = append(list, views.Action{Label: "Earlier texts", Href: m.Path() + "/versions"})
	}
	if m.DeletedAt == 0 && viewer != nil {
		list = append(list, views.Action{
			Label: "Mark unread from here", Href: m.Path() + "/unread", Post: true,
			Attributes: templ.Attributes{"hx-post": m.Path() + "/unread", "hx-swap": "none"},
		})
	}
	if m.DeletedAt == 0 && viewer != nil && viewer.ID != m.AuthorID && chat.Can(viewer, chat.ReportMessage, owner) {
		list = append(list, views.Action{Label: "Report", Href: m.Path() + "/report"})
	}
	if m.Author != chat.FormerMember && viewer != nil && viewer.ID != m.AuthorID && chat.Can(viewer, chat.Moderate, chat.User{}) {
		list = append(list, views.Action{Label: "Mute or ban", Href: views.SanctionsPath(m.Author, m.RoomSlug)})
	}
	return append(list, views.Action{Label: "Link to this message", Href: m.Path()})
}

// toLogin sends a guest who opens a member's page to log in. On an open page they
// are told to instead.
func toLogin(c *gin.Context) bool {
	if viewer(c) != nil || fragmentWanted(c) {
		return false
	}
	_ = seeOther(c, views.LoginPath(c.Request.URL.Path)) // never fails
	return true
}

func (h *Handlers) showEdit(c *gin.Context) error {
	if toLogin(c) {
		return nil
	}
	message, err := h.standing(c, chat.EditMessage)
	if err != nil {
		return err
	}
	return h.showEditForm(c, http.StatusOK, views.EditProps{Path: message.Path(), Number: message.Number, Body: message.Body, Seen: message.Revision})
}

func (h *Handlers) showEditForm(c *gin.Context, status int, form views.EditProps) error {
	form.Below = fragmentWanted(c)
	body := views.Edit(form)
	if form.Below {
		body = views.EditBelow(form)
	}
	return h.show(c, status, views.Page{Title: "Edit message"}, body)
}

// editMessage gives a message its author's new text. An error goes to refuseEdit,
// which keeps what was written.
func (h *Handlers) editMessage(c *gin.Context) error {
	if err := chat.May(viewer(c), chat.Write, chat.User{}); err != nil {
		return err
	}
	message, err := h.messageFor(c, chat.EditMessage)
	if err != nil {
		return err
	}
	edit := chat.Edit{RoomID: message.RoomID, Number: message.Number, EditorID: viewer(c).ID, Body: c.PostForm("body"), Seen: sentNumber(c, "seen")}
	if edit, err = edit.Clean(); err != nil {
		return err
	}
	edit.Denied = h.denied.Load().In(edit.Body)
	ctx := c.Request.Context()
	if edit.HTML, edit.Mentions, err = h.render(ctx, edit.Body); err != nil {
		return err
	}
	edit.Rendered = markup.Version
	if message, err = h.Store.Edit(ctx, edit, h.inForce().PostRate); err != nil {
		return err
	}
	return h.revised(c, message)
}

// revised answers a change of a message, and tells everybody of it.
func (h *Handlers) revised(c *gin.Context, message chat.Message) error {
	h.changed(message.RoomID, message.Revision)
	if fragmentWanted(c) {
		return render(c, http.StatusOK, views.Changed(views.MessageProps{Message: message, Zone: h.zone(c)}))
	}
	room, err := h.room(c)
	if err == nil && message.Number >= room.Newest().First {
		return seeOther(c, room.Path()+"#"+views.MessageID(message.Number))
	}
	return seeOther(c, message.Path())
}

// refuseEdit shows the form again, with its text and what is wrong. Of two who
// edit at once, the second sees what the first wrote, and may replace it.
func (h *Handlers) refuseEdit(c *gin.Context, cause error) {
	status, oops := h.explain(c, cause)
	number, _ := ordinal(c.Param("number"))
	form := views.EditProps{
		Path: chat.RoomPath(c.Param("slug")) + "/" + strconv.FormatInt(number, 10), Number: number, Body: readable(c.PostForm("body")), Seen: sentNumber(c, "seen"),
		Error: oops.Sentence, SignedOut: chat.KindOf(cause) == chat.SignedOut,
	}
	if chat.KindOf(cause) == chat.Conflict {
		if now, err := h.message(c); err == nil {
			form.Now, form.Seen = &now, now.Revision
		}
	}
	var err error
	if fragmentWanted(c) {
		form.Below = true
		err = render(c, status, views.EditRenewed(form))
	} else {
		err = h.showEditForm(c, status, form)
	}
	if err != nil {
		h.fail(c, err)
	}
}

func (h *Handlers) showDelete(c *gin.Context) error {
	if toLogin(c) {
		return nil
	}
	message, err := h.standing(c, chat.DeleteMessage)
	if err != nil {
		return err
	}
	p := views.DeleteProps{Message: message, Zone: h.zone(c), Below: fragmentWanted(c)}
	body := views.Delete(p)
	if p.Below {
		body = views.DeleteBelow(p)
	}
	return h.show(c, http.StatusOK, views.Page{Title: "Delete message"}, body)
}

func (h *Handlers) deleteMessage(c *gin.Context) error {
	message, err := h.messageFor(c, chat.DeleteMessage)
	if err != nil {
		return err
	}
	err = h.Store.InTx(c.Request.Context(), func(s *store.Store) error {
		var deleted bool
		if message, deleted, err = s.Delete(c.Request.Context(), message.RoomID, message.Number, viewer(c).ID); err != nil {
			return err
		}
		if !deleted || message.AuthorID == viewer(c).ID {
			return nil
		}
		return noteDeletion(c, s, message)
	})
	if err != nil {
		return err
	}
	return h.revised(c, message)
}

// noteDeletion tells in the room's log and in the audit table that a moderator
// deleted a message.
func noteDeletion(c *gin.Context, s *store.Store, m chat.Message) error {
	ctx, moderator := c.Request.Context(), viewer(c).ID
	if err := s.Log(ctx, chat.LogEntry{RoomID: m.RoomID, ActorID: moderator, Act: chat.LogDeleted, UserID: m.AuthorID, Number: m.Number}); err != nil {
		return err
	}
	event := audit(c, chat.MessageDeleted, moderator, m.AuthorID)
	event.Detail = m.Path()
	return s.Record(ctx, event)
}

// shownVersions is how many of a message's texts are shown, the latest.
const shownVersions = 100

func (h *Handlers) showVersions(c *gin.Context) error {
	message, err := h.messageFor(c, chat.SeeVersions)
	if err != nil {
		return err
	}
	versions, err := h.Store.Versions(c.Request.Context(), message.ID, shownVersions)
	if err != nil {
		return err
	}
	return h.show(c, http.StatusOK, views.Page{Title: "Earlier texts"}, views.Versions(views.VersionsProps{Message: message, Versions: versions, Zone: h.zone(c)}))
}
