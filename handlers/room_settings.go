package handlers

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/live"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/views"
)

func (h *Handlers) showRoomSettings(c *gin.Context) error {
	room, err := h.room(c)
	if err != nil {
		return err
	}
	return h.showRoomForm(c, http.StatusOK, views.RoomFormProps{
		Room: room, Seen: room.ChangeSeen(), Name: room.Name, Topic: room.Topic, Slow: strconv.FormatInt(room.SlowSeconds, 10),
		Locked: room.LockedAt != 0, Archived: room.ArchivedAt != 0,
	})
}

func (h *Handlers) showRoomForm(c *gin.Context, status int, form views.RoomFormProps) error {
	return h.show(c, status, views.Page{Title: "Settings of " + form.Room.Name}, views.RoomForm(form))
}

// changeRoom changes all that the form asks for, or nothing, and tells the
// room's open pages.
func (h *Handlers) changeRoom(c *gin.Context) error {
	room, err := h.room(c)
	if err != nil {
		return err
	}
	form := views.RoomFormProps{
		Room: room, Name: fieldOr(c, "name", room.Name), Topic: fieldOr(c, "topic", room.Topic), Slow: fieldOr(c, "slow", strconv.FormatInt(room.SlowSeconds, 10)),
		Locked: c.PostForm("locked") != "", Archived: c.PostForm("archived") != "", Seen: chat.Micros(sentNumber(c, "seen")),
	}
	change, err := h.readRoomChange(form)
	if err == nil {
		err = h.saveRoom(c, room.ID, change)
	}
	if problem, ok := formProblem(err); ok {
		return h.refuseRoom(c, form, problem)
	}
	if err != nil {
		return err
	}
	h.live.Renew()
	return seeOther(c, chat.RoomPath(change.Slug))
}

// refuseRoom shows the form again, and where another moderator was faster what the
// room is now.
func (h *Handlers) refuseRoom(c *gin.Context, form views.RoomFormProps, problem *chat.Error) (err error) {
	if form.Errors = problem.Fields; len(form.Errors) == 0 {
		form.Error = problem.Message
	}
	if form.Changed = problem.Kind == chat.Conflict && form.Error != ""; form.Changed {
		if form.Room, err = h.room(c); err != nil {
			return err
		}
		form.Seen = form.Room.ChangeSeen()
	}
	return h.showRoomForm(c, h.problemStatus(c, problem), form)
}

// readRoomChange checks all fields. What can't be is Invalid, with what is wrong
// beside each.
func (h *Handlers) readRoomChange(form views.RoomFormProps) (change chat.RoomChange, err error) {
	change = chat.RoomChange{Locked: form.Locked, Archived: form.Archived, Seen: form.Seen}
	problems := map[string]string{}
	if change.RoomName, err = chat.NameRoom(form.Name); err != nil {
		problem, _ := formProblem(err)
		problems["name"] = problem.Message
	}
	if change.Topic, err = chat.CleanTopic(form.Topic); err != nil {
		problem, _ := formProblem(err)
		problems["topic"] = problem.Message
	}
	h.checkAllowed(problems, "name", form.Room.Name, change.Name)
	h.checkAllowed(problems, "topic", form.Room.Topic, change.Topic)
	if change.SlowSeconds, err = strconv.ParseInt(form.Slow, 10, 64); err != nil || !slices.Contains(chat.SlowSeconds, change.SlowSeconds) {
		problems["slow"] = "Choose one of the list."
	}
	if len(problems) > 0 {
		return change, &chat.Error{Kind: chat.Invalid, Message: "Please look at the fields below.", Fields: problems}
	}
	return change, nil
}

// saveRoom stores a change, with what the room's log and the audit table tell of
// it. What changes nothing is told nowhere.
func (h *Handlers) saveRoom(c *gin.Context, roomID int64, change chat.RoomChange) error {
	ctx, moderator := c.Request.Context(), viewer(c).ID
	return h.Store.InTx(ctx, func(s *store.Store) error {
		before, err := s.ChangeRoom(ctx, roomID, change)
		if err != nil {
			return err
		}
		var told []string
		for _, entry := range differences(before, change) {
			entry.RoomID, entry.ActorID = roomID, moderator
			if err := s.Log(ctx, entry); err != nil {
				return err
			}
			told = append(told, strings.TrimSpace(string(entry.Act)+" "+entry.Detail))
		}
		if len(told) == 0 {
			return nil
		}
		event := audit(c, chat.RoomChanged, moderator, 0)
		event.Detail = chat.RoomPath(change.Slug) + ": " + strings.Join(told, ", ")
		return s.Record(ctx, event)
	})
}

// differences tells what a change changes, for the room's log.
func differences(before chat.Room, change chat.RoomChange) (entries []chat.LogEntry) {
	note := func(changed bool, act chat.LogAct, detail string) {
		if changed {
			entries = append(entries, chat.LogEntry{Act: act, Detail: detail})
		}
	}
	note(before.Name != change.Name, chat.LogRenamed, before.Name)
	note(before.Topic != change.Topic && change.Topic != "", chat.LogTopic, change.Topic)
	note(before.Topic != "" && change.Topic == "", chat.LogNoTopic, "")
	pause := time.Duration(change.SlowSeconds) * time.Second
	note(before.SlowSeconds != change.SlowSeconds && pause > 0, chat.LogSlow, "one message every "+chat.Pause(pause))
	note(before.SlowSeconds > 0 && pause == 0, chat.LogFast, "")
	note(before.LockedAt == 0 && change.Locked, chat.LogLocked, "")
	note(before.LockedAt != 0 && !change.Locked, chat.LogUnlocked, "")
	note(before.ArchivedAt == 0 && change.Archived, chat.LogArchived, "")
	note(before.ArchivedAt != 0 && !change.Archived, chat.LogBroughtBack, "")
	return entries
}

// redirected leads from a page under an earlier slug of the room to the same page
// under its present one, and reports whether it did.
func redirected(c *gin.Context, room chat.Room) bool {
	slug := c.Param("slug")
	if slug == room.Slug {
		return false
	}
	rest := strings.TrimPrefix(c.Request.URL.Path, "/rooms/"+slug)
	if c.Request.URL.RawQuery != "" {
		rest += "?" + c.Request.URL.RawQuery
	}
	c.Header("Cache-Control", "no-cache") // the slug may become another room's
	c.Redirect(http.StatusMovedPermanently, room.Path()+rest)
	return true
}

// changedShown is how many rooms open pages are told of at once; of more than
// that, the latest.
const changedShown = 100

// loadStates renders what rooms are that changed after a moment.
func (h *Handlers) loadStates(ctx context.Context, after int64) ([]live.State, error) {
	rooms, err := h.Store.ChangedRooms(ctx, chat.Micros(after), changedShown)
	states := make([]live.State, len(rooms))
	for i, room := range rooms {
		states[i] = live.State{At: int64(room.ChangedAt), Room: room.ID, Frame: h.renderState(views.RoomRenewed(room))}
	}
	return states, err
}
