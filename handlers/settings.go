package handlers

import (
	"errors"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/live"
	"github.com/twilightbark/twilightbark/password"
	"github.com/twilightbark/twilightbark/picture"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/views"
)

func (h *Handlers) showProfile(c *gin.Context) error {
	user := viewer(c)
	return h.showProfileForm(c, http.StatusOK, views.ProfileProps{
		Profile: chat.Profile{Username: user.Username, HideEmail: user.HideEmail, TimeZone: user.TimeZone}, Email: user.Email,
	})
}

func (h *Handlers) showProfileForm(c *gin.Context, status int, form views.ProfileProps) error {
	user := viewer(c)
	form.Pending, form.Confirmed = user.PendingEmail, user.EmailConfirmedAt != 0
	form.Picture, form.Chosen, form.Zone = user.LargePicture(), user.Avatar != "", h.Zone
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
	email := fieldOr(c, "email", before.Email)
	after, err := h.saveProfile(c, profile, email)
	if problem, ok := formProblem(err); ok {
		form := views.ProfileProps{Profile: profile, Email: email, Errors: problem.Fields}
		if len(form.Errors) == 0 {
			form.Error = problem.Message
		}
		return h.showProfileForm(c, h.problemStatus(c, problem), form)
	}
	if err != nil {
		return err
	}
	h.live.Renew()
	h.letterWaits()
	if after.TimeZone != before.TimeZone {
		h.live.EndMember(after.ID, "", live.ErrReload) // their open pages show other times now
	}
	return seeOther(c, after.Path())
}

// saveProfile checks everything before it changes anything.
func (h *Handlers) saveProfile(c *gin.Context, profile chat.Profile, email string) (after chat.User, err error) {
	ctx, before, problems := c.Request.Context(), *viewer(c), profile.Problems()
	avatar, err := h.avatar(c)
	if refused, ok := errors.AsType[picture.Refusal](err); ok {
		problems["avatar"], err = refused.Error(), nil
	}
	h.checkAllowed(problems, "username", before.Username, profile.Username)
	newEmail := chat.NormalEmail(email) != before.Email
	if err == nil && newEmail {
		err = h.checkNewEmail(c, email, problems)
	}
	if err != nil {
		return after, err
	}
	if len(problems) > 0 {
		return after, &chat.Error{Kind: chat.Invalid, Message: "Please look at the fields below.", Fields: problems}
	}
	err = h.Store.InTx(ctx, func(s *store.Store) error {
		if after, err = s.ChangeProfile(ctx, before.ID, profile, avatar); err != nil {
			return err
		}
		if after.Username != before.Username {
			event := audit(c, chat.UsernameChanged, before.ID, before.ID)
			event.Detail = before.Username + " to " + after.Username
			err = s.Record(ctx, event)
		}
		if err == nil && newEmail {
			err = s.AskEmail(ctx, before, email)
		}
		if err == nil && newEmail {
			err = s.Record(ctx, audit(c, chat.EmailAsked, before.ID, before.ID))
		}
		return err
	})
	return after, err
}

// checkNewEmail adds to problems what speaks against another address: its form,
// or that whoever asks does not know the password.
func (h *Handlers) checkNewEmail(c *gin.Context, email string, problems map[string]string) error {
	if problem := chat.EmailProblem(chat.NormalEmail(email)); problem != "" {
		problems["email"] = problem
	}
	err := h.checkPassword(c)
	if wrong, ok := formProblem(err); ok && wrong.Kind == chat.Invalid {
		maps.Copy(problems, wrong.Fields)
		return nil
	}
	return err
}

// checkPassword makes sure that whoever uses the viewer's session knows the
// password too. If not, it is Invalid in the field "current_password".
func (h *Handlers) checkPassword(c *gin.Context) error {
	user, secret := viewer(c), cut(c.PostForm("current_password"), password.MaxLength+1)
	problem := "This is not your password."
	if secret == "" {
		problem = "Enter your current password, so that nobody else can do this."
	} else {
		if err := h.attempts.try("password " + strconv.FormatInt(user.ID, 10)); err != nil {
			return err
		}
		match, _, err := h.hasher.Verify(c.Request.Context(), secret, user.PasswordHash)
		if match || err != nil {
			return err
		}
	}
	return &chat.Error{Kind: chat.Invalid, Message: problem, Fields: map[string]string{"current_password": problem}}
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
