package handlers

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/live"
	"github.com/twilightbark/twilightbark/views"
)

// readingPatience is how long a page waits to note what it shows.
const readingPatience = 200 * time.Millisecond

// followedValue is the key of what the viewer follows, once it was looked up.
const followedValue = "followed"

// followed gives the rooms that the viewer follows, with what is unread in them.
func (h *Handlers) followed(c *gin.Context) ([]chat.Followed, error) {
	member := viewer(c)
	if member == nil {
		return nil, nil
	}
	if follows, known := c.Value(followedValue).([]chat.Followed); known {
		return follows, nil
	}
	h.storeShown(c.Request.Context(), member.ID)
	follows, err := h.Store.Following(c.Request.Context(), []int64{member.ID})
	if err != nil {
		return nil, err
	}
	follows = h.reading.counted(member.ID, follows)
	c.Set(followedValue, follows)
	return follows, nil
}

// following gives the same for a page, in which nothing is unread of what it is
// about to show. That nothing can be counted just now is no reason to show no
// page: the next poll of it finds out.
func (h *Handlers) following(c *gin.Context, shown chat.Room) []chat.Followed {
	follows, err := h.followed(c)
	if err != nil {
		h.readingTrouble(c.Request.Context(), "count what is unread", err)
	}
	follows = slices.Clone(follows) // which the request keeps
	for i := range follows {
		if follows[i].RoomID == shown.ID {
			follows[i].Unread = 0
		}
	}
	return follows
}

// enter notes that the viewer opens the room and is shown all its messages, and
// gives the viewer's place in it before that.
func (h *Handlers) enter(c *gin.Context, room chat.Room) (before chat.Membership, err error) {
	member := viewer(c)
	if member == nil || c.Request.Method == http.MethodHead || strings.Contains(c.GetHeader("Sec-Purpose"), "prefetch") {
		return before, nil
	}
	ctx := c.Request.Context()
	h.storeShown(ctx, member.ID)
	before, err = h.Store.Membership(ctx, member.ID, room.ID)
	if err != nil || before.Known && before.Read >= room.MessageCount && !before.KeptUnread {
		return before, err
	}
	shown := chat.Shown{UserID: member.ID, RoomID: room.ID, Number: room.MessageCount}
	soon, cancel := context.WithTimeout(ctx, readingPatience)
	defer cancel()
	if err := h.Store.Read(soon, shown); err != nil {
		h.reading.later([]chat.Shown{shown}) // reading must not wait for a writer
	}
	h.reading.stir(member.ID)
	return before, nil
}

// open begins to look after a room that the viewer has before their eyes, until
// close is called. The page is nil for a guest.
func (h *Handlers) open(c *gin.Context, room chat.Room, watcher *live.Watcher) (page *openPage, closePage func()) {
	member := viewer(c)
	if member == nil {
		return nil, func() {}
	}
	page = &openPage{seat: seat{member.ID, room.ID}, opened: room, watcher: watcher, key: c.Query("counts")}
	h.reading.enter(page)
	return page, func() { h.reading.leave(page) }
}

// followRoom makes the viewer follow the room.
func (h *Handlers) followRoom(c *gin.Context) error { return h.setFollowed(c, true) }

func (h *Handlers) unfollowRoom(c *gin.Context) error { return h.setFollowed(c, false) }

func (h *Handlers) setFollowed(c *gin.Context, follow bool) error {
	room, err := h.room(c)
	if err != nil {
		return err
	}
	if viewer(c) == nil {
		return seeOther(c, views.LoginPath(room.Path()))
	}
	if err := h.Store.Follow(c.Request.Context(), viewer(c).ID, room.ID, follow); err != nil {
		return err
	}
	h.reading.stir(viewer(c).ID)
	if !fragmentWanted(c) {
		return seeOther(c, room.Path())
	}
	return h.showFollowing(c, views.FollowingProps{Here: room})
}

// markUnread makes a message and those after it unread for the viewer.
func (h *Handlers) markUnread(c *gin.Context) error {
	room, err := h.room(c)
	if err != nil {
		return err
	}
	number, ok := ordinal(c.Param("number"))
	if !ok || number > room.MessageCount {
		return errNoMessage
	}
	if viewer(c) == nil {
		return seeOther(c, views.LoginPath(room.Path()))
	}
	ctx, from := c.Request.Context(), chat.Shown{UserID: viewer(c).ID, RoomID: room.ID, Number: number}
	if err := h.Store.MarkUnread(ctx, from); err != nil {
		return err
	}
	h.reading.stir(from.UserID)
	if !fragmentWanted(c) {
		return seeOther(c, "/")
	}
	return h.showFollowing(c, views.FollowingProps{Here: room, From: number})
}

// markAllRead makes everything read in the rooms that the viewer follows.
func (h *Handlers) markAllRead(c *gin.Context) error {
	if err := h.Store.ReadAll(c.Request.Context(), viewer(c).ID); err != nil {
		return err
	}
	h.reading.stir(viewer(c).ID)
	if !fragmentWanted(c) {
		return seeOther(c, orHome(nextPath(c)))
	}
	return h.showFollowing(c, views.FollowingProps{})
}

// showFollowing brings what the viewer follows to an open page. Its title is
// told in the next round.
func (h *Handlers) showFollowing(c *gin.Context, props views.FollowingProps) error {
	var err error
	if props.Rooms, err = h.followed(c); err != nil {
		return err
	}
	return render(c, http.StatusOK, views.FollowingAnswer(props))
}

// showUnread is asked by a member's page that has no stream: what it is to show
// now, or 204.
func (h *Handlers) showUnread(c *gin.Context) error {
	c.Header("Cache-Control", "no-store")
	news, err := h.followingNews(c, views.FollowingProps{Title: c.Query("title")})
	if err != nil {
		return err
	}
	if news == nil {
		c.Status(http.StatusNoContent)
		return nil
	}
	return render(c, http.StatusOK, news)
}

// followingNews gives what the viewer's page is to show of the rooms that they
// follow, or nil where it shows that already.
func (h *Handlers) followingNews(c *gin.Context, props views.FollowingProps) (templ.Component, error) {
	follows, err := h.followed(c)
	shown, told := c.GetQuery("counts")
	if !told { // a program asks, and need not be told of nothing
		shown = views.FollowingKey(nothingUnread(follows))
	}
	if err != nil || viewer(c) == nil || shown == views.FollowingKey(follows) {
		return nil, err
	}
	props.Rooms, props.Site = follows, h.site
	return views.FollowingChanged(props), nil
}

func nothingUnread(follows []chat.Followed) []chat.Followed {
	follows = slices.Clone(follows)
	for i := range follows {
		follows[i].Unread = 0
	}
	return follows
}
