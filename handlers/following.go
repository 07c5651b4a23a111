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

// countsValue is the key of what is counted for the viewer, once it was.
const countsValue = "counts"

// counts gives the rooms that the viewer follows, with what is unread in them,
// and how many mentions are new.
func (h *Handlers) counts(c *gin.Context) (counts views.Counts, err error) {
	member := viewer(c)
	if member == nil {
		return counts, nil
	}
	if counts, known := c.Value(countsValue).(views.Counts); known {
		return counts, nil
	}
	ctx, ids := c.Request.Context(), []int64{member.ID}
	h.storeShown(ctx, member.ID)
	if counts.Rooms, err = h.Store.Following(ctx, ids); err != nil {
		return counts, err
	}
	mentions, err := h.Store.MentionNews(ctx, ids)
	if err != nil {
		return counts, err
	}
	counts.Rooms, counts.Mentions = h.reading.counted(member.ID, counts.Rooms), mentions[member.ID]
	c.Set(countsValue, counts)
	return counts, nil
}

// pageCounts gives the same for a page, in which nothing is unread of what it is
// about to show. That nothing can be counted just now is no reason to show no
// page: the next poll of it finds out.
func (h *Handlers) pageCounts(c *gin.Context, shown chat.Room) views.Counts {
	counts, err := h.counts(c)
	if err != nil {
		h.readingTrouble(c.Request.Context(), "count what is unread", err)
	}
	counts.Rooms = slices.Clone(counts.Rooms) // which the request keeps
	for i := range counts.Rooms {
		if counts.Rooms[i].RoomID == shown.ID {
			counts.Rooms[i].Unread = 0
		}
	}
	return counts
}

// enter notes that the viewer opens the room and is shown all its messages, if
// it is to be shown now, and gives the viewer's place in it before that.
func (h *Handlers) enter(c *gin.Context, room chat.Room) (before chat.Membership, err error) {
	member := viewer(c)
	if member == nil {
		return before, nil
	}
	ctx := c.Request.Context()
	h.storeShown(ctx, member.ID)
	before, err = h.Store.Membership(ctx, member.ID, room.ID)
	if err != nil || before.Known && before.Read >= room.MessageCount && !before.KeptUnread {
		return before, err
	}
	if c.Request.Method == http.MethodHead || strings.Contains(c.GetHeader("Sec-Purpose"), "prefetch") {
		return before, nil
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
		return sendToLogin(c, room.Path())
	}
	if err := h.Store.Follow(c.Request.Context(), viewer(c).ID, room.ID, follow); err != nil {
		return err
	}
	h.reading.stir(viewer(c).ID)
	if !fragmentWanted(c) {
		return seeOther(c, room.Path())
	}
	return h.showFollowing(c, views.FollowingProps{Here: room, At: &chat.Membership{Followed: follow}})
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
		return sendToLogin(c, room.Path())
	}
	ctx, from := c.Request.Context(), chat.Shown{UserID: viewer(c).ID, RoomID: room.ID, Number: number}
	if err := h.Store.MarkUnread(ctx, from); err != nil {
		return err
	}
	h.reading.stir(from.UserID)
	if !fragmentWanted(c) {
		return seeOther(c, "/")
	}
	return h.showFollowing(c, views.FollowingProps{Here: room, At: &chat.Membership{Followed: true}, From: number})
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
	if props.Counts, err = h.counts(c); err != nil {
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
	counts, err := h.counts(c)
	shown, told := c.GetQuery("counts")
	if !told { // a program asks, and need not be told of nothing
		shown = counts.Nothing().Key()
	}
	if err != nil || viewer(c) == nil || shown == counts.Key() {
		return nil, err
	}
	props.Counts, props.Site = counts, h.siteNow()
	return views.FollowingChanged(props), nil
}
