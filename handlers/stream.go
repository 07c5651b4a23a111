package handlers

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/live"
	"github.com/twilightbark/twilightbark/views"
)

// streamLife is how long a stream lasts, give or take a tenth, so that viewers
// spread anew over nodes, and a right that was lost is not held for long.
const streamLife = 15 * time.Minute

// tardy is how long after a change a stream that works has surely brought it.
const tardy = 3 * time.Second

// endedSessions tells live which sessions have ended.
func (h *Handlers) endedSessions(ctx context.Context, sessions []string) ([]string, error) {
	hashes := make([][]byte, len(sessions))
	for i, session := range sessions {
		hashes[i], _ = hex.DecodeString(session) // encoded by ourselves
	}
	ended, err := h.Store.Ended(ctx, hashes)
	names := make([]string, len(ended))
	for i, hash := range ended {
		names[i] = hex.EncodeToString(hash)
	}
	return names, err
}

// streamRoom sends a room's changes as Server-Sent Events, as they happen.
func (h *Handlers) streamRoom(c *gin.Context) error {
	if err := checkStream(c.Request); err != nil {
		return err
	}
	address := addressPrefix(c)
	if !h.streams.enter(address) {
		return h.refuseStream(c)
	}
	defer h.streams.leave(address)
	at, err := h.place(c, cmp.Or(c.GetHeader("Last-Event-ID"), c.Query("after")))
	if err != nil {
		return err
	}
	if !at.known {
		return tell(c, newEventStream(), named("reload"))
	}
	expired, err := renderBytes(c.Request.Context(), views.LoggedOut(at.room.Path()))
	if err != nil {
		return err
	}
	who, err := h.watching(c, at.room.ID)
	if err != nil {
		return err
	}
	who.Resumed = h.resumed(c)
	watcher := h.live.Watch(at.room.ID, at.after, who)
	defer watcher.Close()
	page, closePage := h.open(c, at.room, watcher)
	defer closePage()
	out := newEventStream()
	if out.head, err = h.greeting(c, at.room); err != nil {
		return err
	}
	return follow(c, out, page, watcher, farewell{reload: named("reload"), expired: append(event("", expired), named("expired")...)})
}

// resumed reports whether the stream goes on after a cut: it says what it had
// seen, or its page was loaded before the server was restarted.
func (h *Handlers) resumed(c *gin.Context) bool {
	run := c.Query("run")
	return c.GetHeader("Last-Event-ID") != "" || run != "" && run != h.run
}

// farewell is what a stream says last when it ends for a reason.
type farewell struct{ reload, expired []byte }

var (
	beat     = frame([]byte(":\n\n"))
	admitted = frame(event("", mustRender(views.Admitted())))
)

func newEventStream() *stream {
	return &stream{kind: "text/event-stream; charset=utf-8", head: admitted, beat: beat}
}

// greeting begins a stream: with the names and pictures that changed since the
// page was rendered, and what the room is if that may have, if it says since when.
func (h *Handlers) greeting(c *gin.Context, room chat.Room) (live.Frame, error) {
	shown, err := strconv.ParseInt(c.Query("renewed"), 10, 64)
	if err != nil {
		return admitted, nil
	}
	text := slices.Clone(admitted.Text)
	if int64(room.ChangedAt) > shown {
		text = append(text, h.renderState(views.RoomRenewed(room)).Text...)
	}
	if shown < h.live.Renewed() {
		renewals, err := h.loadRenewals(c.Request.Context(), shown-live.Overlap.Microseconds())
		if err != nil {
			return admitted, err
		}
		for _, renewal := range renewals {
			text = append(text, renewal.Frame.Text...)
		}
	}
	if len(text) == len(admitted.Text) {
		return admitted, nil
	}
	return frame(text), nil
}

// tell opens a stream only to say one thing.
func tell(c *gin.Context, out *stream, text []byte) error {
	if out.open(c) == nil {
		_ = out.close(frame(text)) // who has left need not be told
	}
	return nil
}

// follow writes what the watcher gives until one of them ends.
func follow(c *gin.Context, out *stream, page *openPage, watcher *live.Watcher, last farewell) (err error) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), streamLife*9/10+rand.N(streamLife/5)) //nolint:gosec // jitter, no secret
	defer cancel()
	err = out.open(c)
	for err == nil {
		page.showed()
		var frames []live.Frame
		if frames, err = watcher.Next(ctx); err == nil {
			err = out.send(frames...)
		}
	}
	switch {
	case errors.Is(err, live.ErrReload):
		_ = out.close(frame(last.reload)) // from here on, who has left need not be told
	case errors.Is(err, live.ErrExpired):
		_ = out.close(frame(last.expired))
	case errors.Is(err, live.ErrClosed), errors.Is(err, context.DeadlineExceeded):
		_ = out.close()
	}
	return nil
}

// checkStream refuses a stream to other sites' pages, and to a person who opens
// its address: the tab would load for ever.
func checkStream(r *http.Request) error {
	accept := r.Header.Get("Accept")
	reader := accept == "" || accept == "*/*" || strings.Contains(accept, "text/event-stream")
	if foreign(r) || r.Header.Get("Sec-Fetch-Mode") == "navigate" || !reader {
		return &chat.Error{Kind: chat.Forbidden, Message: "This address is for programs. Please open the room itself."}
	}
	return nil
}

// foreign reports whether another site's page made the browser ask.
func foreign(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return site == "cross-site" || site == "same-site"
}

// refuseStream tells in a stream that there are too many. An error status would
// say less, and some clients would never try again.
func (h *Handlers) refuseStream(c *gin.Context) error {
	html, err := renderBytes(c.Request.Context(), views.Crowded())
	if err != nil {
		return err
	}
	out := newEventStream()
	out.head = out.beat
	return tell(c, out, event("", html))
}

// place is where a viewer stands in a room's log.
type place struct {
	room  chat.Room
	after int64
	known bool // false for a cursor of a history that is not ours, or too long ago; after is then the present
}

// place reads a cursor. None at all is the present.
func (h *Handlers) place(c *gin.Context, cursor string) (place, error) {
	room, err := h.room(c)
	if err != nil || cursor == "" {
		return place{room, room.Revision, true}, err
	}
	theirs, ok := chat.ParseCursor(cursor)
	if !ok || theirs.Revision > room.Revision || room.Revision-theirs.Revision > live.FarBehind {
		return place{room: room, after: room.Revision}, nil
	}
	ours, err := h.Store.Cursor(c.Request.Context(), room.ID, theirs.Revision)
	if chat.KindOf(err) == chat.NotFound || err == nil && ours != theirs {
		return place{room: room, after: room.Revision}, nil
	}
	return place{room, theirs.Revision, true}, err
}

// showChanges is the safety poll: what changed after the page's cursor, or 204.
func (h *Handlers) showChanges(c *gin.Context) error {
	c.Header("Cache-Control", "no-store")
	at, err := h.place(c, c.Query("after"))
	if err != nil {
		return err
	}
	if !at.known {
		c.Header("HX-Trigger", "reload")
		return render(c, http.StatusOK)
	}
	messages, err := h.Store.Changes(c.Request.Context(), at.room.ID, at.after, live.FarBehind)
	if err != nil {
		return err
	}
	news, err := h.followingNews(c, views.FollowingProps{Here: at.room, Title: at.room.Name})
	if err != nil {
		return err
	}
	if len(messages) == 0 && news == nil {
		c.Status(http.StatusNoContent)
		return nil
	}
	changes := h.caughtUp(c, at.room, messages)
	if news != nil {
		changes = append(changes, news)
	}
	return render(c, http.StatusOK, changes...)
}

// caughtUp gives a room's changes for an open page, and its cursor behind them.
func (h *Handlers) caughtUp(c *gin.Context, room chat.Room, messages []chat.Message) (changes []templ.Component) {
	if len(messages) == 0 {
		return nil
	}
	var fold templ.Component = templ.NopComponent
	for _, m := range messages {
		p := views.MessageProps{Message: m, Zone: h.zone(c)}
		changes = append(changes, change(p))
		if views.Folds(m) {
			fold = views.Fold(p) // the last takes in what those before it would
		}
	}
	changes = append(changes, fold, views.CursorMoved(messages[len(messages)-1].Cursor()))
	if time.Since(messages[0].ChangedAt.Time()) > tardy {
		changes = append(changes, views.StreamRenewed(room.Path()))
	}
	return changes
}

// change renders a change for an open page.
func change(p views.MessageProps) templ.Component {
	if p.Revision == p.PostedRevision {
		return views.Arrived(p)
	}
	return views.Renewed(p)
}

// streamPage sends a room's new messages as a page that never ends, for
// browsers that run no script.
func (h *Handlers) streamPage(c *gin.Context) error {
	if foreign(c.Request) && c.GetHeader("Sec-Fetch-Mode") != "navigate" {
		return &chat.Error{Kind: chat.Forbidden, Message: "This page is for our own site. Please open the room itself."}
	}
	at, err := h.place(c, c.Query("after"))
	if err != nil {
		return err
	}
	out, behind, err := h.newPageStream(c.Request.Context(), at, viewer(c) != nil)
	if err != nil {
		return err
	}
	expired, err := renderBytes(c.Request.Context(), views.StreamLoggedOut(at.room.Path()))
	if err != nil {
		return err
	}
	address := addressPrefix(c)
	if !h.streams.enter(address) {
		return tell(c, out, nil) // the page asks again by itself
	}
	defer h.streams.leave(address)
	who, err := h.watching(c, at.room.ID)
	if err != nil {
		return err
	}
	who.Items = true
	watcher := h.live.Watch(at.room.ID, at.after, who)
	defer watcher.Close()
	page, closePage := h.open(c, at.room, watcher)
	defer closePage()
	return follow(c, out, page, watcher, farewell{reload: behind, expired: expired})
}

// newPageStream gives the page, and the item that says that it is behind. Where
// it is so from the start it says so, and goes on from the present.
func (h *Handlers) newPageStream(ctx context.Context, at place, member bool) (out *stream, behind []byte, err error) {
	head, tail, err := views.StreamPage(ctx, h.site, member)
	if err != nil {
		return nil, nil, err
	}
	behind, err = renderBytes(ctx, views.StreamBehind(at.room.Path()))
	if !at.known {
		head = append(head, behind...)
	}
	return &stream{kind: "text/html; charset=utf-8", head: frame(head), beat: frame([]byte("\n")), tail: frame(tail)}, behind, err
}

func member(user *chat.User) live.Member {
	if user == nil {
		return live.Member{}
	}
	return live.Member{ID: user.ID, Name: user.Username, Picture: user.Picture()}
}

// loadEntries renders a room's changes, once for all who watch it.
func (h *Handlers) loadEntries(ctx context.Context, room, after int64, limit int) ([]live.Entry, error) {
	messages, err := h.Store.Changes(ctx, room, after, limit)
	if err != nil {
		return nil, err
	}
	entries := make([]live.Entry, 0, len(messages))
	for _, m := range messages {
		entry, err := renderEntry(ctx, views.MessageProps{Message: m, Zone: h.Zone})
		if err != nil { // one message must not keep the room from those after it
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			h.Log.ErrorContext(ctx, "render a message", "room", room, "number", m.Number, "error", err)
			m.Body, m.HTML = "This message can't be shown.", ""
			if entry, err = renderEntry(ctx, views.MessageProps{Message: m, Zone: h.Zone}); err != nil {
				return nil, err
			}
		}
		entry.Other = h.inOtherZones(m, entry)
		entries = append(entries, entry)
	}
	return entries, nil
}

// inOtherZones renders a change for members who read times in another zone than
// the site's, in which it is shown: once for each zone in use.
func (h *Handlers) inOtherZones(m chat.Message, shown live.Entry) func(zone string) (frame, item live.Frame) {
	var mu sync.Mutex // guards rendered
	var rendered map[string]live.Entry
	return func(zone string) (live.Frame, live.Frame) {
		mu.Lock()
		defer mu.Unlock()
		entry, ok := rendered[zone]
		if !ok {
			var err error
			entry, err = renderEntry(context.Background(), views.MessageProps{Message: m, Zone: h.location(zone)})
			if err != nil { // another zone's times are better than no message
				h.Log.Error("render a message in another zone", "zone", zone, "error", err)
				entry = shown
			}
			if rendered == nil {
				rendered = map[string]live.Entry{}
			}
			rendered[zone] = entry
		}
		return entry.Frame, entry.Item
	}
}

// renewalsShown is how many renewals an open page is told of; of more than that
// at once, the latest.
const renewalsShown = 100

// loadRenewals renders the names and pictures that changed after a moment.
func (h *Handlers) loadRenewals(ctx context.Context, after int64) ([]live.Renewal, error) {
	users, err := h.Store.Renewals(ctx, chat.Micros(after), renewalsShown)
	renewals := make([]live.Renewal, 0, len(users))
	for _, user := range users {
		shown := h.renderState(views.AuthorRenewed(views.AuthorProps{ID: user.ID, Name: user.Username, Picture: user.Picture(), At: user.RenewedAt}))
		renewals = append(renewals, live.Renewal{At: int64(user.RenewedAt), Member: member(&user), Frame: shown})
	}
	return renewals, err
}

// renderEntry turns a panic into an error: it runs in no request's goroutine,
// and would end the program.
func renderEntry(ctx context.Context, p views.MessageProps) (entry live.Entry, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	html, err := renderBytes(ctx, change(p), views.CursorMoved(p.Cursor()))
	if err != nil {
		return entry, err
	}
	text := event(p.Cursor().String(), html)
	if views.Folds(p.Message) { // a frame of its own: it is no change in the room
		fold, err := renderBytes(ctx, views.Fold(p))
		if err != nil {
			return entry, err
		}
		text = append(text, event("", fold)...)
	}
	item, err := renderBytes(ctx, views.Message(p))
	return live.Entry{Revision: p.Revision, New: p.Revision == p.PostedRevision, Number: p.Number, Frame: frame(text), Item: frame(item)}, err
}

// renderHere renders who is in a room.
func (h *Handlers) renderHere(presence live.Presence) live.Frame {
	return h.renderState(views.PresenceChanged(presenceProps(presence)))
}

// renderMoves renders who came into a room, and who left it.
func (h *Handlers) renderMoves(moves live.Moves) (shown, item live.Frame) {
	props := views.MovesProps{
		Joined: moved(moves.Joined), MoreJoined: moves.MoreJoined,
		Left: moved(moves.Left), MoreLeft: moves.MoreLeft,
	}
	html, err := renderBytes(context.Background(), views.MovesItems(props))
	if err != nil {
		h.Log.Error("render a state", "error", err)
	}
	return h.renderState(views.Moves(props)), frame(html)
}

func (h *Handlers) renderState(component templ.Component) live.Frame {
	html, err := renderBytes(context.Background(), component)
	if err != nil {
		h.Log.Error("render a state", "error", err)
		return live.Frame{}
	}
	return frame(event("", html))
}

// mustRender is for what shows nothing that could fail.
func mustRender(component templ.Component) []byte {
	html, err := renderBytes(context.Background(), component)
	if err != nil {
		panic(err)
	}
	return html
}

func moved(members []live.Member) (moves []views.Move) {
	for _, m := range members {
		moves = append(moves, views.Move{Key: strconv.FormatInt(m.ID, 10), Name: m.Name, Path: chat.UserPath(m.Name)})
	}
	return moves
}

func presenceProps(presence live.Presence) views.PresenceProps {
	props := views.PresenceProps{Count: presence.Count, Guests: presence.Guests}
	for _, m := range presence.Members {
		props.Members = append(props.Members, views.Person{Name: m.Name, Path: chat.UserPath(m.Name), Picture: m.Picture})
	}
	return props
}
