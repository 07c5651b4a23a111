package handlers

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/live"
	"github.com/twilightbark/twilightbark/picture"
	"github.com/twilightbark/twilightbark/views"
)

// membersOnly sends guests to log in, before anything they sent is read.
func (h *Handlers) membersOnly(c *gin.Context) {
	if err := trouble(c); err != nil {
		h.fail(c, err)
	} else if viewer(c) == nil {
		_ = seeOther(c, views.LoginPath(c.Request.URL.Path)) // never fails
		c.Abort()
	}
}

func (h *Handlers) showProfile(c *gin.Context) error {
	user := viewer(c)
	return h.showProfileForm(c, http.StatusOK, views.ProfileProps{
		Profile: chat.Profile{Username: user.Username, HideEmail: user.HideEmail, TimeZone: user.TimeZone},
	})
}

func (h *Handlers) showProfileForm(c *gin.Context, status int, form views.ProfileProps) error {
	form.Picture, form.Chosen, form.Zone = viewer(c).LargePicture(), viewer(c).Avatar != "", h.Zone
	return h.show(c, status, views.Page{Title: "Settings"}, views.Profile(form))
}

// changeProfile changes all that the form asks for, or nothing.
func (h *Handlers) changeProfile(c *gin.Context) error {
	before := viewer(c)
	profile := chat.Profile{
		Username:  fieldOr(c, "username", before.Username),
		HideEmail: c.PostForm("hide_email") != "",
		TimeZone:  fieldOr(c, "time_zone", before.TimeZone),
	}
	after, err := h.saveProfile(c, profile)
	if problem, ok := formProblem(err); ok {
		form := views.ProfileProps{Profile: profile, Errors: problem.Fields}
		if len(form.Errors) == 0 {
			form.Error = problem.Message
		}
		return h.showProfileForm(c, h.problemStatus(c, problem), form)
	}
	if err != nil {
		return err
	}
	h.live.Renew()
	if after.TimeZone != before.TimeZone {
		h.live.EndMember(after.ID, "", live.ErrReload) // their open pages show other times now
	}
	return seeOther(c, after.Path())
}

func (h *Handlers) saveProfile(c *gin.Context, profile chat.Profile) (chat.User, error) {
	problems := profile.Problems()
	avatar, err := h.avatar(c)
	if refused, ok := errors.AsType[picture.Refusal](err); ok {
		problems["avatar"] = refused.Error()
	} else if err != nil {
		return chat.User{}, err
	}
	if len(problems) > 0 {
		return chat.User{}, &chat.Error{Kind: chat.Invalid, Message: "Please look at the fields below.", Fields: problems}
	}
	return h.Store.ChangeProfile(c.Request.Context(), viewer(c).ID, profile, avatar)
}

// avatar gives the picture that the form brings, none if it is to be removed,
// or nil to leave it as it is.
func (h *Handlers) avatar(c *gin.Context) (*chat.Avatar, error) {
	if file := uploaded(c); file != nil {
		made, err := h.pictures.Make(c.Request.Context(), file)
		return &chat.Avatar{Hash: made.Hash, Large: made.Large, Small: made.Small}, err
	}
	if c.PostForm("remove_avatar") != "" {
		return &chat.Avatar{}, nil
	}
	return nil, nil
}

// zone is the time zone in which the one who asks reads times.
func (h *Handlers) zone(c *gin.Context) *time.Location {
	if user := viewer(c); user != nil && user.TimeZone != "" {
		return h.location(user.TimeZone)
	}
	return h.Zone
}

// form names how the one who asks reads live changes: in their own time zone,
// or in the site's, which has no name.
func (h *Handlers) form(c *gin.Context) string {
	if zone := h.zone(c).String(); zone != h.Zone.String() {
		return zone
	}
	return ""
}

// location loads a time zone, once. One that can't be loaded is shown as the site's.
func (h *Handlers) location(name string) *time.Location {
	if known, ok := h.zones.Load(name); ok {
		return known.(*time.Location)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		h.Log.Error("load a time zone", "zone", name, "error", err)
		zone = h.Zone
	}
	h.zones.Store(name, zone) // as many as there are zones, at the most
	return zone
}
