package handlers

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/markup"
	"github.com/twilightbark/twilightbark/views"
)

const (
	maxNames       = 100 // names of one text that are looked up; those after them stay text
	listedMentions = 50  // on one page
	suggestedNames = 8   // while one is written
)

// render gives a text's HTML, and the members whom it links to.
func (h *Handlers) render(ctx context.Context, body string) (html string, mentioned []int64, err error) {
	known, err := h.named(ctx, body)
	html = markup.Render(body, func(name string) (markup.Member, bool) {
		user, ok := known[chat.UsernameKey(name)]
		if ok && !slices.Contains(mentioned, user.ID) {
			mentioned = append(mentioned, user.ID)
		}
		return markup.Member{ID: user.ID, Path: user.Path()}, ok
	})
	return html, mentioned, err
}

// named gives the members whom a text may name, by the form in which names are
// compared: all at once, for which the text is read twice.
func (h *Handlers) named(ctx context.Context, body string) (map[string]chat.User, error) {
	if !strings.Contains(body, "@") {
		return nil, nil
	}
	var names []string
	markup.Render(body, func(name string) (none markup.Member, known bool) {
		if key := chat.UsernameKey(name); len(names) < maxNames && !slices.Contains(names, key) {
			names = append(names, key)
		}
		return none, false
	})
	users, err := h.Store.UsersByName(ctx, names)
	known := make(map[string]chat.User, len(users))
	for _, user := range users {
		known[chat.UsernameKey(user.Username)] = user
	}
	return known, err
}

// showMentions lists the messages that name the viewer. What it shows is no news
// any more.
func (h *Handlers) showMentions(c *gin.Context) error {
	ctx, member := c.Request.Context(), viewer(c)
	props := views.MentionsProps{Room: query(c, "room"), Unread: c.Query("unread") != "", Zone: h.zone(c)}
	room, err := h.roomNamed(c, props.Room)
	if err != nil {
		return err
	}
	of := chat.MentionList{RoomID: room, Unread: props.Unread}
	of.Before, _ = ordinal(c.Query("before")) // what is none is the beginning
	messages, err := h.Store.Mentions(ctx, member.ID, of, listedMentions+1)
	if err != nil {
		return err
	}
	props.Messages = messages[:min(len(messages), listedMentions)]
	if len(messages) > listedMentions {
		props.Before = props.Messages[listedMentions-1].ID
	}
	if c.Request.Method != http.MethodHead {
		if err := h.seeMentions(ctx, member.ID, props.Messages); err != nil {
			h.readingTrouble(ctx, "note which mentions were shown", err)
		}
	}
	return h.show(c, http.StatusOK, views.Page{Title: "Mentions"}, views.Mentions(props))
}

func (h *Handlers) seeMentions(ctx context.Context, member int64, messages []chat.Message) error {
	ids := make([]int64, len(messages))
	for i, m := range messages {
		ids[i] = m.ID
	}
	soon, cancel := context.WithTimeout(ctx, readingPatience) // reading must not wait for a writer
	defer cancel()
	h.reading.stir(member)
	return h.Store.SeeMentions(soon, member, ids)
}

// showMyStyles is the style sheet that marks, for a member, the messages that name
// the member, and hides those of whom the member ignores: in the log they look the
// same to everybody.
func (h *Handlers) showMyStyles(c *gin.Context) error {
	ignored, err := h.Store.Ignored(c.Request.Context(), viewer(c).ID)
	if err != nil {
		return err
	}
	ids := make([]int64, len(ignored))
	for i, user := range ignored {
		ids[i] = user.ID
	}
	styles := []byte(views.MyStyles(viewer(c).ID, ids))
	tag := tagOf(styles, "")
	c.Header("Cache-Control", "private, no-cache")
	c.Header("ETag", tag)
	c.Writer.Header().Add("Vary", "Cookie")
	if known(c.Request, tag) {
		c.Status(http.StatusNotModified)
		c.Writer.WriteHeaderNow()
		return nil
	}
	c.Data(http.StatusOK, "text/css; charset=utf-8", styles)
	return nil
}

// suggestNames lists who may be meant by the name that is being written at the
// end of a message: those who wrote in the room lately, and who are in it. Who was
// logged out meanwhile gets none, and is told when the message is sent.
func (h *Handlers) suggestNames(c *gin.Context) error {
	room, err := h.room(c)
	if err != nil {
		return err
	}
	names, err := h.fittingNames(c, room)
	if err != nil {
		return err
	}
	return render(c, http.StatusOK, views.Names(room.Path(), names))
}

// offerNames is suggestNames for browsers without scripts, where a button asks for
// it: the room with the form as it was, and the names to choose from.
func (h *Handlers) offerNames(c *gin.Context) error {
	room, err := h.room(c)
	if err != nil {
		return err
	}
	if err := chat.May(viewer(c), chat.Write, chat.User{}); err != nil {
		return err
	}
	draft := drafted(c)
	composer := h.composer(c, room.Path(), draft.Body)
	composer.Nonce = cmp.Or(draft.Nonce, composer.Nonce) // nothing was sent yet
	composer.Completing = true
	if composer.Names, err = h.fittingNames(c, room); err != nil {
		return err
	}
	return h.showRoomWith(c, http.StatusOK, room, composer)
}

func (h *Handlers) fittingNames(c *gin.Context, room chat.Room) ([]string, error) {
	begun, ok := chat.NameBegun(c.PostForm("body"))
	if !ok || viewer(c) == nil {
		return nil, nil
	}
	names, err := h.Store.LatestAuthors(c.Request.Context(), room.ID, room.MessageCount)
	for _, here := range h.live.Presence(room.ID).Members {
		names = append(names, here.Name)
	}
	return suggested(names, begun, viewer(c).Username), err
}

// suggested gives the names that go on as it was begun, each once, but for the
// writer's own.
func suggested(names []string, begun, own string) (fitting []string) {
	for _, name := range names {
		if len(fitting) < suggestedNames && name != own && strings.HasPrefix(chat.UsernameKey(name), chat.UsernameKey(begun)) && !slices.Contains(fitting, name) {
			fitting = append(fitting, name)
		}
	}
	return fitting
}
