package handlers

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/views"
	"github.com/twilightbark/twilightbark/words"
)

// panelRows is how many rows a page of the panel's lists has.
const panelRows = 50

// panel is what the pages of the panel have in common.
func (h *Handlers) panel(c *gin.Context, path string) views.Panel {
	return views.Panel{Path: path, Admin: chat.Can(viewer(c), chat.Administer, chat.User{}), Zone: h.zone(c)}
}

// showOverview shows the site in figures.
func (h *Handlers) showOverview(c *gin.Context) error {
	overview, err := h.Store.Overview(c.Request.Context())
	if err != nil {
		return err
	}
	return h.show(c, http.StatusOK, views.Page{Title: "Admin"}, views.PanelOverview(views.OverviewProps{
		Panel: h.panel(c, "/admin"), Overview: overview, Viewers: h.live.Viewers(), Version: h.Version,
	}))
}

// query gives a text that the address asks for, as field does a form's.
func query(c *gin.Context, name string) string { return normal(c.Query(name)) }

// paged cuts a list that was asked for with a row more than a page has, and
// gives the ways to its beginning and to what follows. place names the page's
// end, for the parameter after.
func paged[T any](c *gin.Context, rows []T, after string, place func(T) string) ([]T, views.Pages) {
	var pages views.Pages
	asked := c.Request.URL.Query()
	if asked.Has(after) {
		asked.Del(after)
		pages.First = address(c, asked)
	}
	if len(rows) > panelRows {
		rows = rows[:panelRows]
		asked.Set(after, place(rows[panelRows-1]))
		pages.Next = address(c, asked)
	}
	return rows, pages
}

func address(c *gin.Context, query url.Values) string {
	if len(query) == 0 {
		return c.Request.URL.Path
	}
	return c.Request.URL.Path + "?" + query.Encode()
}

// showPanelRooms lists the rooms, the one of latest activity first, or those
// whose name begins in a way.
func (h *Handlers) showPanelRooms(c *gin.Context) error {
	p := views.PanelRoomsProps{Panel: h.panel(c, "/admin/rooms"), Begins: query(c, "q")}
	of := chat.RoomList{After: chat.ParsePlace(c.Query("after"))}
	place := func(room chat.Room) string { return room.Place().String() }
	if p.Begins != "" {
		name, err := chat.NameRoom(p.Begins)
		if err != nil {
			return h.show(c, http.StatusOK, views.Page{Title: "Rooms"}, views.PanelRooms(p)) // no room's name begins so
		}
		of = chat.RoomList{Begins: name.Slug, AfterSlug: query(c, "after")}
		place = func(room chat.Room) string { return room.Slug }
	}
	rooms, err := h.Store.FindRooms(c.Request.Context(), of, panelRows+1)
	if err != nil {
		return err
	}
	rooms, p.Pages = paged(c, rooms, "after", place)
	for _, room := range rooms {
		p.Rooms = append(p.Rooms, views.RoomEntry{Room: room, Members: h.live.Count(room.ID)})
	}
	return h.show(c, http.StatusOK, views.Page{Title: "Rooms"}, views.PanelRooms(p))
}

// showPanelMessages lists the messages of a room, or an author, or all, the newest
// first.
func (h *Handlers) showPanelMessages(c *gin.Context) (err error) {
	p := views.PanelMessagesProps{Panel: h.panel(c, "/admin/messages"), Text: query(c, "q"), Room: query(c, "room"), Author: query(c, "author")}
	if p.Text != "" {
		return h.showFoundMessages(c, p)
	}
	var of chat.MessageList
	of.Before, _ = ordinal(c.Query("before")) // what is none is the beginning
	if of.RoomID, err = h.roomNamed(c, p.Room); err != nil {
		return err
	}
	if of.AuthorID, err = h.memberNamed(c, p.Author); err != nil {
		return err
	}
	messages, err := h.Store.FindMessages(c.Request.Context(), of, panelRows+1)
	if err != nil {
		return err
	}
	p.Messages, p.Pages = paged(c, messages, "before", func(m chat.Message) string { return strconv.FormatInt(m.ID, 10) })
	return h.show(c, http.StatusOK, views.Page{Title: "Messages"}, views.PanelMessages(p))
}

// showFoundMessages lists the messages in which words are found, as the site's
// own search does.
func (h *Handlers) showFoundMessages(c *gin.Context, p views.PanelMessagesProps) error {
	form := views.SearchProps{Text: p.Text, Room: p.Room, Author: p.Author, Query: words.Parse(p.Text), Page: searchPage(c)}
	if err := h.search(c.Request.Context(), &form); err != nil {
		return err
	}
	p.Messages, p.Problem = form.Found, form.Problem
	asked := c.Request.URL.Query()
	if form.Page > 1 {
		asked.Del("page")
		p.Pages.First = address(c, asked)
	}
	if form.More {
		asked.Set("page", strconv.Itoa(form.Page+1))
		p.Pages.Next = address(c, asked)
	}
	return h.show(c, http.StatusOK, views.Page{Title: "Messages"}, views.PanelMessages(p))
}

// showAudit lists the entries of the audit table, the latest first.
func (h *Handlers) showAudit(c *gin.Context) (err error) {
	p := views.AuditProps{Panel: h.panel(c, "/admin/audit"), Action: chat.Action(query(c, "action")), Actor: query(c, "actor"), User: query(c, "user")}
	of := chat.AuditList{Action: p.Action, Before: chat.ParsePlace(c.Query("before"))}
	if of.ActorID, err = h.memberNamed(c, p.Actor); err != nil {
		return err
	}
	if of.UserID, err = h.memberNamed(c, p.User); err != nil {
		return err
	}
	entries, err := h.Store.FindEvents(c.Request.Context(), of, panelRows+1)
	if err != nil {
		return err
	}
	p.Entries, p.Pages = paged(c, entries, "before", func(e chat.Entry) string { return e.Place().String() })
	return h.show(c, http.StatusOK, views.Page{Title: "Audit log"}, views.Audit(p))
}

// showAllSanctions lists the sanctions in force, the latest first.
func (h *Handlers) showAllSanctions(c *gin.Context) (err error) {
	p := views.PanelSanctionsProps{
		Panel: h.panel(c, "/admin/sanctions"), Kind: chat.SanctionKind(query(c, "kind")), User: query(c, "user"), Room: query(c, "room"), Site: c.Query("site") != "",
	}
	of := chat.SanctionList{Kind: p.Kind, Site: p.Site, Before: chat.ParseSanctionPlace(c.Query("before"))}
	if of.UserID, err = h.memberNamed(c, p.User); err != nil {
		return err
	}
	if of.RoomID, err = h.roomNamed(c, p.Room); err != nil {
		return err
	}
	sanctions, err := h.Store.FindSanctions(c.Request.Context(), of, panelRows+1)
	if err != nil {
		return err
	}
	sanctions, p.Pages = paged(c, sanctions, "before", func(s chat.Sanction) string { return s.Place().String() })
	for _, sanction := range sanctions {
		member := chat.User{ID: sanction.UserID, Role: sanction.Role}
		lifts := sanction.Username != chat.FormerMember && chat.Can(viewer(c), chat.SanctionMember, member)
		p.Rows = append(p.Rows, views.SanctionRow{Sanction: sanction, Lifts: lifts})
	}
	return h.show(c, http.StatusOK, views.Page{Title: "Sanctions"}, views.PanelSanctions(p))
}

// nobody, and nothing, has this id.
const nobody = -1

// memberNamed gives the id of the member whose name somebody looks for, 0 for an
// empty name, and nobody if there is none.
func (h *Handlers) memberNamed(c *gin.Context, name string) (int64, error) {
	if strings.TrimSpace(name) == "" {
		return 0, nil
	}
	user, err := h.memberCalled(c.Request.Context(), name)
	if chat.KindOf(err) == chat.NotFound {
		return nobody, nil
	}
	return user.ID, err
}

// memberCalled finds a member by the name of now, or by one of before, with an
// "@" or without. One that is not there is NotFound.
func (h *Handlers) memberCalled(ctx context.Context, typed string) (chat.User, error) {
	name := strings.TrimPrefix(strings.TrimSpace(typed), "@")
	user, err := h.Store.UserByName(ctx, name)
	if chat.KindOf(err) == chat.NotFound {
		user, err = h.Store.UserByFormerName(ctx, name)
	}
	return user, err
}

// roomNamed is memberNamed for a room.
func (h *Handlers) roomNamed(c *gin.Context, name string) (int64, error) {
	if strings.TrimSpace(name) == "" {
		return 0, nil
	}
	room, err := h.roomCalled(c.Request.Context(), name)
	if chat.KindOf(err) == chat.NotFound {
		return nobody, nil
	}
	return room.ID, err
}
