package handlers

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/live"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/views"
)

const (
	readingPace = time.Second      // least time between two rounds
	readingLook = 2 * time.Second  // between rounds that nobody asked for: another node may have moved a room
	readingSpan = 10 * time.Second // how far a look for moved rooms reaches back: a post gets its moment before it is committed
	mostTold    = 1000             // members looked up in one round; the others wait for the next
)

// reading does two things for the members whose pages stand open on this node:
// it stores how far they have read, and tells their pages how much is unread in
// the rooms that they follow. It does both in rounds, for all at once, so that
// what a post costs does not grow with the number of members.
type reading struct {
	wake chan struct{} // holds one: counts may have changed

	mu      sync.Mutex                   // guards what follows
	pages   map[int64]map[*openPage]bool // by member
	stirred map[int64]bool               // members whose counts may have changed
	follows map[int64][]chat.Followed    // of the members with pages, as last looked up
	left    map[seat]int64               // what pages that are closed have shown, and is not stored yet
	moved   map[int64]int64              // message counts of the rooms that moved lately
	named   map[mention]bool             // those of lately
	since   chat.Micros                  // a little before the latest move
}

// seat is a member in a room.
type seat struct{ member, room int64 }

// mention is a member whom a message names.
type mention struct{ member, message int64 }

// openPage is a room that a member has before their eyes.
type openPage struct {
	seat
	opened  chat.Room // as the room was when the stream began
	watcher *live.Watcher
	shown   atomic.Int64 // number of the newest message that it has shown

	// What follows is guarded by reading's mutex.
	stored int64           // how much of shown is stored
	key    string          // of the counts that it shows
	told   []chat.Followed // the rooms among them, when it was told them
}

func newReading() *reading {
	return &reading{
		wake: make(chan struct{}, 1), pages: map[int64]map[*openPage]bool{}, stirred: map[int64]bool{},
		follows: map[int64][]chat.Followed{}, left: map[seat]int64{}, moved: map[int64]int64{}, named: map[mention]bool{},
	}
}

// enter begins to look after a page of a member, until it is left.
func (r *reading) enter(page *openPage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pages[page.member] == nil {
		r.pages[page.member] = map[*openPage]bool{}
	}
	r.pages[page.member][page] = true
	r.stirred[page.member] = true
	wake(r.wake)
}

func (r *reading) leave(page *openPage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if shown := page.shown.Load(); shown > page.stored {
		r.left[page.seat] = max(shown, r.left[page.seat])
	}
	delete(r.pages[page.member], page)
	if len(r.pages[page.member]) == 0 {
		delete(r.pages, page.member)
		delete(r.stirred, page.member)
		delete(r.follows, page.member)
	}
}

// showed notes what the page's watcher has brought to it. A nil page is a
// guest's, who has nothing to be counted.
func (page *openPage) showed() {
	if page == nil {
		return
	}
	revision, newest := page.watcher.Shown()
	if revision >= page.opened.Revision {
		newest = max(newest, page.opened.MessageCount)
	}
	page.shown.Store(newest)
}

// stir says that a member's counts may have changed.
func (r *reading) stir(member int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pages[member] != nil {
		r.stirred[member] = true
		wake(r.wake)
	}
}

// later keeps what a member was shown, to be stored in the next round.
func (r *reading) later(shown []chat.Shown) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range shown {
		at := seat{one.UserID, one.RoomID}
		r.left[at] = max(one.Number, r.left[at])
	}
}

// unstored takes what was shown and is not stored yet: of that member, or for 0
// of all.
func (r *reading) unstored(member int64) (shown []chat.Shown) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for at, number := range r.left {
		if member == 0 || at.member == member {
			shown = append(shown, chat.Shown{UserID: at.member, RoomID: at.room, Number: number})
			delete(r.left, at)
		}
	}
	for id, pages := range r.pages {
		if member != 0 && id != member {
			continue
		}
		for page := range pages {
			if number := page.shown.Load(); number > page.stored {
				page.stored = number
				shown = append(shown, chat.Shown{UserID: id, RoomID: page.room, Number: number})
			}
		}
	}
	return shown
}

// lookAfterReading goes round after round until ctx ends.
func (h *Handlers) lookAfterReading(ctx context.Context) {
	look := time.NewTicker(readingLook)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		case <-h.reading.wake:
		}
		h.storeShown(ctx, 0)
		h.stirMoved(ctx)
		h.tellCounts(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(readingPace):
		}
	}
}

// storeShown stores what open pages have shown: to that member, or for 0 to all.
// What can't be stored just now is stored in a later round.
func (h *Handlers) storeShown(ctx context.Context, member int64) {
	shown := h.reading.unstored(member)
	if len(shown) == 0 {
		return
	}
	if err := h.Store.ReadAlong(ctx, shown); err != nil {
		h.reading.later(shown)
		h.readingTrouble(ctx, "store what was read", err)
	}
}

func (h *Handlers) readingTrouble(ctx context.Context, act string, err error) {
	if ctx.Err() == nil {
		h.Log.WarnContext(ctx, "can't "+act+"; will try again", "error", err)
	}
}

// stirMoved stirs the members who follow rooms in which something was posted,
// unless they have the room before their eyes.
func (h *Handlers) stirMoved(ctx context.Context) {
	since, watched := h.reading.lookBegins(chat.At(time.Now()))
	if !watched {
		return
	}
	rooms, err := h.Store.MovedRooms(ctx, since)
	if err != nil {
		h.readingTrouble(ctx, "look for rooms that moved", err)
		return
	}
	mentions, err := h.Store.LatestMentions(ctx, since)
	if err != nil {
		h.readingTrouble(ctx, "look for mentions", err)
		return
	}
	h.reading.stirFollowers(rooms)
	h.reading.stirNamed(mentions)
}

// stirNamed stirs the members whom a message names.
func (r *reading) stirNamed(mentions []store.Mention) {
	r.mu.Lock()
	defer r.mu.Unlock()
	named := make(map[mention]bool, len(mentions))
	for _, m := range mentions {
		one := mention{m.UserID, m.MessageID}
		named[one] = true
		if !r.named[one] && r.pages[m.UserID] != nil {
			r.stirred[m.UserID] = true
		}
	}
	r.named = named
}

// lookBegins tells since when to look for rooms that moved, and whether anybody
// is there to be told.
func (r *reading) lookBegins(now chat.Micros) (since chat.Micros, watched bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.pages) == 0 {
		r.since = 0
		return 0, false
	}
	if r.since == 0 {
		r.since = now - chat.Micros(readingSpan.Microseconds())
	}
	return r.since, true
}

func (r *reading) stirFollowers(rooms []chat.Room) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fresh, moved := map[int64]bool{}, make(map[int64]int64, len(rooms))
	for _, room := range rooms {
		moved[room.ID] = room.MessageCount
		fresh[room.ID] = r.moved[room.ID] != room.MessageCount
		r.since = max(r.since, room.LastPostedAt-chat.Micros(readingSpan.Microseconds()))
	}
	r.moved = moved
	for member, follows := range r.follows {
		for _, room := range follows {
			if fresh[room.RoomID] && !r.inView(member, room) {
				r.stirred[member] = true
			}
		}
	}
}

// inView reports whether one of the member's pages shows all of the room there
// is. The caller holds mu.
func (r *reading) inView(member int64, room chat.Followed) bool {
	if room.KeptUnread {
		return false
	}
	for page := range r.pages[member] {
		if page.room == room.RoomID {
			return true
		}
	}
	return false
}

// counted gives what a member follows as it is to be shown: nothing is unread in
// a room that is in view.
func (r *reading) counted(member int64, follows []chat.Followed) []chat.Followed {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range follows {
		if r.inView(member, follows[i]) {
			follows[i].Unread = 0
		}
	}
	return follows
}

// tellCounts looks up the counts of the members who were stirred, and tells them
// to those of their pages that show others.
func (h *Handlers) tellCounts(ctx context.Context) {
	members := h.reading.takeStirred()
	if len(members) == 0 {
		return
	}
	rooms, err := h.Store.Following(ctx, members)
	var mentions map[int64]int64
	if err == nil {
		mentions, err = h.Store.MentionNews(ctx, members)
	}
	if err != nil {
		for _, member := range members {
			h.reading.stir(member)
		}
		h.readingTrouble(ctx, "count what is unread", err)
		return
	}
	follows := map[int64][]chat.Followed{}
	for _, room := range rooms {
		follows[room.UserID] = append(follows[room.UserID], room)
	}
	for _, member := range members {
		counts := views.Counts{Rooms: h.reading.counted(member, follows[member]), Mentions: mentions[member]}
		for page, props := range h.reading.news(member, counts) {
			props.Site, props.Title = h.siteNow(), props.Here.Name
			page.watcher.Tell(h.renderState(views.FollowingChanged(props)))
		}
	}
}

func (r *reading) takeStirred() (members []int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for member := range r.stirred {
		if len(members) == mostTold {
			wake(r.wake)
			break
		}
		members = append(members, member)
		delete(r.stirred, member)
	}
	return members
}

// news gives what those of the member's pages are to be told that show other
// counts than these.
func (r *reading) news(member int64, counts views.Counts) map[*openPage]views.FollowingProps {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pages[member] == nil {
		return nil
	}
	r.follows[member] = counts.Rooms
	news := map[*openPage]views.FollowingProps{}
	key := counts.Key()
	for page := range r.pages[member] {
		if page.key != key {
			news[page] = views.FollowingProps{Counts: counts, Told: page.told, Here: page.opened}
		}
		page.key, page.told = key, counts.Rooms
	}
	return news
}
