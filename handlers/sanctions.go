package handlers

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/live"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/views"
)

// target gives the member that the request's path names, if the viewer may mute
// and ban them.
func (h *Handlers) target(c *gin.Context) (chat.User, error) {
	user, err := h.pathMember(c)
	if err == nil {
		err = chat.May(viewer(c), chat.SanctionMember, user)
	}
	return user, err
}

// pathMember gives the member that the request's path names: pages that stand open
// may know them by a name that they gave up.
func (h *Handlers) pathMember(c *gin.Context) (chat.User, error) {
	user, err := h.memberCalled(c.Request.Context(), normal(c.Param("username")))
	if chat.KindOf(err) == chat.NotFound {
		err = &chat.Error{Kind: chat.NotFound, Message: "There is no member of this name.", Err: err}
	}
	return user, err
}

// showSanctions shows what a member is kept from, and the form to keep them from
// more.
func (h *Handlers) showSanctions(c *gin.Context) error {
	user, err := h.target(c)
	if err != nil {
		return err
	}
	return h.showSanctionForm(c, http.StatusOK, views.SanctionProps{User: user, Room: query(c, "room")})
}

func (h *Handlers) showSanctionForm(c *gin.Context, status int, form views.SanctionProps) (err error) {
	form.Zone = h.zone(c)
	if form.Sanctions, err = h.Store.SanctionsOn(c.Request.Context(), form.User.ID, listed); err != nil {
		return err
	}
	if form.Removals, err = h.Store.Removals(c.Request.Context(), form.User.ID, listed); err != nil {
		return err
	}
	return h.show(c, status, views.Page{Title: "Mute or ban " + form.User.Username}, views.Sanctions(form))
}

// sanction mutes or bans a member, and then ends the streams that they may no
// longer have.
func (h *Handlers) sanction(c *gin.Context) error {
	user, err := h.target(c)
	if err != nil {
		return err
	}
	form := views.SanctionProps{User: user, Room: field(c, "room"), Kind: c.PostForm("kind"), Lasts: c.PostForm("lasts"), Reason: field(c, "reason")}
	given, err := h.readSanction(c, form)
	if err == nil {
		err = h.giveSanction(c, given)
	}
	if problem, ok := formProblem(err); ok {
		if form.Errors = problem.Fields; len(form.Errors) == 0 {
			form.Error = problem.Message
		}
		return h.showSanctionForm(c, h.problemStatus(c, problem), form)
	}
	if err != nil {
		return err
	}
	if given.Kind == chat.Ban && given.RoomID == 0 {
		h.live.EndMember(user.ID, "", live.ErrExpired)
	} else if given.Kind == chat.Ban {
		h.live.EndIn(given.RoomID, user.ID, live.ErrClosed)
	}
	return seeOther(c, user.Path()+"/sanctions")
}

// readSanction gives the sanction that the form asks for. What can't be is
// Invalid, with what is wrong beside each field.
func (h *Handlers) readSanction(c *gin.Context, form views.SanctionProps) (given chat.Sanction, err error) {
	problems := map[string]string{}
	given = chat.Sanction{UserID: form.User.ID, Kind: chat.SanctionKind(form.Kind), GivenBy: viewer(c).ID}
	if given.Kind != chat.Mute && given.Kind != chat.Ban {
		problems["kind"] = "Choose one of the two."
	}
	if given.Reason, err = chat.CleanReason(form.Reason); err != nil {
		problem, _ := formProblem(err)
		problems["reason"] = problem.Message
	}
	seconds, err := strconv.ParseInt(form.Lasts, 10, 32)
	lasts := time.Duration(seconds) * time.Second
	if err != nil || !slices.Contains(chat.SanctionTimes, lasts) {
		problems["lasts"] = "Choose one of the list."
	} else if lasts > 0 {
		given.EndsAt = chat.At(time.Now().Add(lasts))
	}
	if form.Room != "" {
		room, err := h.roomCalled(c.Request.Context(), form.Room)
		if err != nil && chat.KindOf(err) != chat.NotFound {
			return given, err
		}
		if given.RoomID, given.RoomSlug = room.ID, room.Slug; err != nil {
			problems["room"] = "There is no room of this name."
		}
	}
	if len(problems) > 0 {
		return given, &chat.Error{Kind: chat.Invalid, Message: "Please look at the fields below.", Fields: problems}
	}
	return given, nil
}

// roomCalled finds a room by its name as somebody typed it, or by one of before.
// One that is not there, or can't be, is NotFound.
func (h *Handlers) roomCalled(ctx context.Context, typed string) (chat.Room, error) {
	name, err := chat.NameRoom(typed)
	if err != nil {
		return chat.Room{}, &chat.Error{Kind: chat.NotFound, Message: "There is no room of this name.", Err: err}
	}
	return h.roomBySlug(ctx, name.Slug)
}

func (h *Handlers) giveSanction(c *gin.Context, given chat.Sanction) error {
	ctx := c.Request.Context()
	action, act := chat.MemberMuted, chat.LogMuted
	if given.Kind == chat.Ban {
		action, act = chat.MemberBanned, chat.LogBanned
	}
	until := "for good"
	if given.EndsAt != 0 {
		until = "until " + given.EndsAt.Time().Format("2 January 2006, 15:04 MST")
	}
	return h.Store.InTx(ctx, func(s *store.Store) error {
		if err := s.Sanction(ctx, given); err != nil {
			return err
		}
		if given.RoomID != 0 {
			if err := s.Log(ctx, chat.LogEntry{RoomID: given.RoomID, ActorID: given.GivenBy, Act: act, UserID: given.UserID, Detail: until}); err != nil {
				return err
			}
		}
		event := audit(c, action, given.GivenBy, given.UserID)
		event.Detail = where(given.RoomSlug) + ", " + until + ": " + given.Reason
		return s.Record(ctx, event)
	})
}

// where tells in the audit table where something holds.
func where(slug string) string {
	if slug == "" {
		return "on the site"
	}
	return "in " + chat.RoomPath(slug)
}

// liftSanction takes a sanction back. One that is over already is no trouble.
func (h *Handlers) liftSanction(c *gin.Context) error {
	user, err := h.target(c)
	if err != nil {
		return err
	}
	ctx, moderator := c.Request.Context(), viewer(c).ID
	var room chat.Room // of the site, if the form names none
	if slug := field(c, "room"); slug != "" {
		if room, err = h.roomCalled(ctx, slug); err != nil {
			return err
		}
	}
	err = h.Store.InTx(ctx, func(s *store.Store) error {
		if err := s.Lift(ctx, user.ID, room.ID); err != nil {
			return err
		}
		if room.ID != 0 {
			if err := s.Log(ctx, chat.LogEntry{RoomID: room.ID, ActorID: moderator, Act: chat.LogLifted, UserID: user.ID}); err != nil {
				return err
			}
		}
		event := audit(c, chat.SanctionLifted, moderator, user.ID)
		event.Detail = where(room.Slug)
		return s.Record(ctx, event)
	})
	if err != nil && chat.KindOf(err) != chat.NotFound {
		return err
	}
	return seeOther(c, user.Path()+"/sanctions")
}

// showLog shows what moderators did in a room.
func (h *Handlers) showLog(c *gin.Context) error {
	room, err := h.room(c)
	if err != nil || redirected(c, room) {
		return err
	}
	entries, err := h.Store.LogOf(c.Request.Context(), room.ID, chat.ParsePlace(c.Query("after")), listed+1)
	if err != nil {
		return err
	}
	log := views.LogProps{Room: room, Zone: h.zone(c)}
	log.Entries, log.More = cutList(entries)
	return h.show(c, http.StatusOK, views.Page{Title: "Moderation of " + room.Name}, views.Log(log))
}

// watching gives who watches a room as others see them. Who is banned from it
// reads as a guest does, and is not there.
func (h *Handlers) watching(c *gin.Context, room int64) (live.Viewer, error) {
	user, who := viewer(c), live.Viewer{Session: sessionID(c), Form: h.form(c)}
	if user == nil {
		return who, nil
	}
	ban, err := h.Store.BanIn(c.Request.Context(), user.ID, room)
	if ban.Given() {
		who.Banned = user.ID
	} else {
		who.Member = member(user)
	}
	return who, err
}

// bansShown is how many bans of the last seconds are looked for at once.
const bansShown = 1000

// recentBans tells live who was banned from a room after a moment.
func (h *Handlers) recentBans(ctx context.Context, after int64) ([]live.Ban, error) {
	sanctions, err := h.Store.Bans(ctx, chat.Micros(after), bansShown)
	bans := make([]live.Ban, len(sanctions))
	for i, ban := range sanctions {
		bans[i] = live.Ban{Room: ban.RoomID, Member: ban.UserID}
	}
	return bans, err
}

// liftedBans tells live which bans hold no more.
func (h *Handlers) liftedBans(ctx context.Context, bans []live.Ban) ([]live.Ban, error) {
	sanctions := make([]chat.Sanction, len(bans))
	for i, ban := range bans {
		sanctions[i] = chat.Sanction{RoomID: ban.Room, UserID: ban.Member}
	}
	standing, err := h.Store.StandingBans(ctx, sanctions)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(bans, func(ban live.Ban) bool {
		return slices.ContainsFunc(standing, func(s chat.Sanction) bool { return s.RoomID == ban.Room && s.UserID == ban.Member })
	}), nil
}
