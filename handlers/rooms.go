package handlers

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/views"
)

func (h *Handlers) showHome(c *gin.Context) error {
	return h.showHomeWith(c, http.StatusOK, views.HomeProps{})
}

func (h *Handlers) showHomeWith(c *gin.Context, status int, home views.HomeProps) error {
	home.Filter = normal(c.Query("q"))
	of := chat.Directory{Contains: chat.SlugPart(home.Filter), After: chat.ParsePlace(c.Query("after"))}
	var rooms []chat.Room
	if of.Contains != "" || strings.TrimSpace(home.Filter) == "" { // of a text without letters no name has a part
		var err error
		if rooms, err = h.Store.Rooms(c.Request.Context(), of, listed+1); err != nil {
			return err
		}
	}
	rooms, home.More = cutList(rooms)
	for _, room := range rooms {
		home.Rooms = append(home.Rooms, views.RoomEntry{Room: room, Members: h.live.Count(room.ID)})
	}
	home.Site, home.Member, home.Counts = h.siteFor(c), viewer(c) != nil, h.pageCounts(c, chat.Room{})
	return h.show(c, status, views.Page{Path: "/", Description: views.Welcome}, views.Home(home))
}

// openRoom leads into the room of a name, which is new if there was none.
func (h *Handlers) openRoom(c *gin.Context) error {
	typed := field(c, "name")
	name, err := chat.NameRoom(typed)
	if problem, ok := formProblem(err); ok {
		return h.showHomeWith(c, http.StatusUnprocessableEntity, views.HomeProps{RoomName: typed, Error: problem.Fields["name"]})
	}
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	room, err := h.roomBySlug(ctx, name.Slug)
	if chat.KindOf(err) == chat.NotFound {
		if !chat.Can(viewer(c), chat.Write, chat.User{}) {
			return seeOther(c, views.LoginPath(chat.RoomPath(name.Slug)))
		}
		room, err = h.newRoom(ctx, name, viewer(c).ID)
	}
	if problem, ok := formProblem(err); ok {
		return h.showHomeWith(c, h.problemStatus(c, problem), views.HomeProps{RoomName: typed, Error: problem.Message})
	}
	if err != nil {
		return err
	}
	return seeOther(c, room.Path())
}

// newRoom opens a room, if its opener may open one more.
func (h *Handlers) newRoom(ctx context.Context, name chat.RoomName, opener int64) (room chat.Room, err error) {
	if h.denied.Load().In(name.Name) {
		return room, chat.ErrDenied("name")
	}
	err = h.Store.InTx(ctx, func(s *store.Store) error {
		if h.inForce().PostRate.Limited() {
			if err := s.LimitRooms(ctx, opener); err != nil {
				return err
			}
		}
		room, err = s.OpenRoom(ctx, name, opener)
		return err
	})
	return room, err
}

// room gives the room that the request's path names, by its slug or by one that
// it gave up.
func (h *Handlers) room(c *gin.Context) (chat.Room, error) {
	slug := c.Param("slug")
	if !utf8.ValidString(slug) || len(slug) > chat.MaxRoomName*utf8.UTFMax || strings.ContainsRune(slug, 0) {
		return chat.Room{}, h.notFound(c)
	}
	room, err := h.roomBySlug(c.Request.Context(), slug)
	if chat.KindOf(err) != chat.NotFound {
		return room, err
	}
	name, err := chat.NameRoom(normal(slug))
	if err != nil {
		return chat.Room{}, &chat.Error{Kind: chat.NotFound, Message: "There is no such room, and no room can have this name.", Err: err}
	}
	return chat.Room{}, &noRoom{name}
}

// roomBySlug gives the room that has a slug, or the one that gave it up.
func (h *Handlers) roomBySlug(ctx context.Context, slug string) (chat.Room, error) {
	room, err := h.Store.Room(ctx, slug)
	if chat.KindOf(err) == chat.NotFound {
		room, err = h.Store.RoomByFormerSlug(ctx, slug)
	}
	return room, err
}

// showRoom shows a room with its newest messages. An address that differs from
// the room's own in case or spelling leads there.
func (h *Handlers) showRoom(c *gin.Context) error {
	room, err := h.room(c)
	if missing, ok := errors.AsType[*noRoom](err); ok && missing.Slug != c.Param("slug") {
		if meant, err := h.roomBySlug(c.Request.Context(), missing.Slug); err == nil {
			c.Redirect(http.StatusMovedPermanently, meant.Path())
			return nil
		}
	}
	if err != nil || redirected(c, room) {
		return err
	}
	composer := h.composer(c, room.Path(), "")
	if composer != nil {
		composer.Closed, err = h.closed(c, room)
	}
	if err != nil {
		return err
	}
	return h.showRoomWith(c, http.StatusOK, room, composer)
}

// closed gives the sentence that stands in place of the form for who can't write
// in a room; it is empty for who can.
func (h *Handlers) closed(c *gin.Context, room chat.Room) (string, error) {
	sanction, err := h.Store.SanctionIn(c.Request.Context(), viewer(c).ID, room.ID)
	if err != nil {
		return "", err
	}
	if sanction.Given() {
		return sanction.Refusal().Message, nil
	}
	if told, ok := errors.AsType[*chat.Error](room.Closed(viewer(c).Role)); ok {
		return told.Message, nil
	}
	return "", nil
}

// showRoomWith shows the room's messages up to the revision that room has, and
// its cursor, so that the stream brings exactly what comes after.
func (h *Handlers) showRoomWith(c *gin.Context, status int, room chat.Room, composer *views.ComposerProps) error {
	ctx, renewed := c.Request.Context(), chat.Micros(h.live.Renewed())
	cursor, err := h.Store.Cursor(ctx, room.ID, room.Revision)
	if err != nil {
		return err
	}
	messages, err := h.Store.Messages(ctx, room.ID, room.Newest())
	if err != nil {
		return err
	}
	before, err := h.enter(c, room)
	if err != nil {
		return err
	}
	props := views.RoomProps{
		Room: room, Run: h.run, Cursor: cursor, Renewed: renewed, Messages: messages, Site: h.siteFor(c),
		Presence: presenceProps(h.live.Presence(room.ID)), Composer: composer, Settings: chat.Can(viewer(c), chat.Moderate, chat.User{}),
	}
	if member := viewer(c); member != nil {
		props.Member, props.Followed, props.Counts, props.News = true, before.Followed, h.pageCounts(c, room), views.News(before, member.ID, messages)
	}
	page := views.Page{Title: room.Name, Description: views.RoomDescription(room), Path: room.Path(), Room: true, Live: true, SearchIn: room.Name, Feed: views.FeedPath(room), Counts: props.Counts}
	return h.show(c, status, page, views.Room(props))
}

// showPage shows a permanent page of a room's history.
func (h *Handlers) showPage(c *gin.Context) error {
	room, err := h.room(c)
	if err != nil || redirected(c, room) {
		return err
	}
	page, ok := ordinal(c.Param("page"))
	if !ok || page > room.Pages() {
		return &chat.Error{Kind: chat.NotFound, Message: "This room has no such page."}
	}
	messages, err := h.Store.Messages(c.Request.Context(), room.ID, chat.Page(page))
	if err != nil {
		return err
	}
	history := views.HistoryProps{Room: room, Page: page, Messages: messages, Zone: h.zone(c)}
	body := views.History(history)
	if fragmentWanted(c) && c.Query("folded") != "" {
		body = views.Unfolded(history)
	} else if fragmentWanted(c) {
		body = views.OlderMessages(history)
	}
	title := room.Name + ", page " + strconv.FormatInt(page, 10)
	layout := views.Page{Title: title, Description: views.HistoryDescription(history), Path: views.PagePath(room.Path(), page), Room: true, SearchIn: room.Name}
	return h.show(c, http.StatusOK, layout, body)
}

// message gives the message that the request's path names.
func (h *Handlers) message(c *gin.Context) (chat.Message, error) {
	room, err := h.room(c)
	if err != nil {
		return chat.Message{}, err
	}
	number, ok := ordinal(c.Param("number"))
	if !ok || number > room.MessageCount {
		return chat.Message{}, errNoMessage
	}
	return h.Store.Message(c.Request.Context(), room.ID, number)
}

var errNoMessage = &chat.Error{Kind: chat.NotFound, Message: "This room has no such message."}

// showMessage leads to the page of history that a message stands on.
func (h *Handlers) showMessage(c *gin.Context) error {
	room, err := h.room(c)
	if err != nil || redirected(c, room) {
		return err
	}
	number, ok := ordinal(c.Param("number"))
	if !ok || number > room.MessageCount {
		return errNoMessage
	}
	return seeOther(c, views.PagePath(room.Path(), chat.PageOf(number))+"#"+views.MessageID(number))
}

// ordinal reads a number from 1 on, written as we write it.
func ordinal(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n > 0 && strconv.FormatInt(n, 10) == text
}
