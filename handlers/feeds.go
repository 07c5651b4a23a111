package handlers

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/views"
)

// feedLength is how many messages a feed holds, the newest.
const feedLength = 50

// showRoomFeed gives a room's newest messages to feed readers.
func (h *Handlers) showRoomFeed(c *gin.Context) error {
	room, err := h.room(c)
	if err != nil {
		return err
	}
	messages, err := h.Store.Messages(c.Request.Context(), room.ID, chat.Range{First: room.MessageCount - feedLength + 1, Last: room.MessageCount})
	if err != nil {
		return err
	}
	messages = slices.DeleteFunc(messages, func(m chat.Message) bool { return m.DeletedAt != 0 })
	slices.Reverse(messages)
	return h.sendFeed(c, views.FeedProps{
		Title: room.Name + " · " + h.siteFor(c).Name, Path: views.FeedPath(room), About: room.Path(), Begun: room.CreatedAt, Messages: messages,
	}, true)
}

// showOwnFeed gives a member's mentions, and what others wrote in the rooms that
// the member follows, to whom the address was given.
func (h *Handlers) showOwnFeed(c *gin.Context) error {
	c.Header("X-Robots-Tag", "noindex")
	c.Header("Cache-Control", "private, no-cache")
	ctx := c.Request.Context()
	secret, ok := strings.CutSuffix(c.Param("feed"), ".atom")
	if !ok {
		return errNoFeed
	}
	user, err := h.Store.FeedUser(ctx, hashOf(secret))
	if chat.KindOf(err) == chat.NotFound {
		return errNoFeed
	}
	if err != nil {
		return err
	}
	messages, err := h.Store.FollowedMessages(ctx, user.ID, feedLength)
	if err != nil {
		return err
	}
	mentions, err := h.Store.Mentions(ctx, user.ID, chat.MentionList{}, feedLength)
	if err != nil {
		return err
	}
	ignored, err := h.Store.Ignored(ctx, user.ID)
	if err != nil {
		return err
	}
	messages = slices.DeleteFunc(append(messages, mentions...), func(m chat.Message) bool {
		return slices.ContainsFunc(ignored, func(user chat.User) bool { return user.ID == m.AuthorID })
	})
	return h.sendFeed(c, views.FeedProps{
		Title: h.siteFor(c).Name + " for " + user.Username, Path: c.Request.URL.EscapedPath(), About: "/mentions", Begun: user.CreatedAt,
		Messages: newest(messages),
	}, false)
}

var errNoFeed = &chat.Error{Kind: chat.NotFound, Message: "There is no such feed. Its address may have been renewed."}

// newest gives the newest of the messages, each once, as many as a feed holds.
func newest(messages []chat.Message) []chat.Message {
	slices.SortFunc(messages, func(a, b chat.Message) int {
		return cmp.Or(cmp.Compare(b.PostedAt, a.PostedAt), cmp.Compare(b.ID, a.ID))
	})
	messages = slices.CompactFunc(messages, func(a, b chat.Message) bool { return a.ID == b.ID })
	return messages[:min(len(messages), feedLength)]
}

func (h *Handlers) sendFeed(c *gin.Context, feed views.FeedProps, pack bool) error {
	feed.BaseURL = h.site.BaseURL
	document, err := views.Feed(feed)
	if err != nil {
		return err
	}
	return send(c, http.StatusOK, "application/atom+xml; charset=utf-8", document, pack)
}

func (h *Handlers) showOwnFeedAddress(c *gin.Context) error {
	made, err := h.Store.HasFeed(c.Request.Context(), viewer(c).ID)
	if err != nil {
		return err
	}
	return h.show(c, http.StatusOK, views.Page{Title: "Feed"}, views.OwnFeed(views.OwnFeedProps{Made: made}))
}

// renewOwnFeed makes the address of the viewer's own feed. As only its hash is
// kept, this is the one time that it can be shown.
func (h *Handlers) renewOwnFeed(c *gin.Context) error {
	secret := randomName(tokenBytes)
	if err := h.Store.RenewFeed(c.Request.Context(), viewer(c).ID, hashOf(secret)); err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	return h.show(c, http.StatusOK, views.Page{Title: "Feed"}, views.OwnFeed(views.OwnFeedProps{Address: h.site.BaseURL + "/feeds/" + secret + ".atom"}))
}
