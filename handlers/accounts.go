package handlers

import (
	"context"
	"errors"
	"maps"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/password"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/views"
)

func (h *Handlers) showRegister(c *gin.Context) error {
	if viewer(c) != nil {
		return seeOther(c, orHome(nextPath(c)))
	}
	if !h.inForce().RegistrationOpen {
		return errRegistrationClosed
	}
	return h.showRegisterForm(c, http.StatusOK, views.AccountFormProps{Next: nextPath(c)})
}

var errRegistrationClosed = &chat.Error{Kind: chat.Forbidden, Message: "This site takes no new members just now."}

func (h *Handlers) showRegisterForm(c *gin.Context, status int, form views.AccountFormProps) (err error) {
	if form.Shown, err = h.shownNow(c.Request.Context()); err != nil {
		return err
	}
	return h.show(c, status, views.Page{Title: "Register", Path: orHome(form.Next)}, views.Register(form))
}

// register makes an account, and logs its owner in.
func (h *Handlers) register(c *gin.Context) error {
	if !h.inForce().RegistrationOpen {
		return errRegistrationClosed
	}
	form := views.AccountFormProps{Email: field(c, "email"), Username: field(c, "username"), Next: nextPath(c)}
	user, err := h.newAccount(c, form)
	if problem, ok := formProblem(err); ok {
		form.Errors, form.Error = problem.Fields, problem.Message
		if len(form.Errors) > 0 {
			form.Error = ""
		}
		return h.showRegisterForm(c, h.problemStatus(c, problem), form)
	}
	if err != nil {
		return err
	}
	h.letterWaits()
	if err := h.begin(c, user); err != nil {
		return err
	}
	return seeOther(c, orHome(form.Next))
}

// newAccount checks all fields before it does what is dear.
func (h *Handlers) newAccount(c *gin.Context, form views.AccountFormProps) (user chat.User, err error) {
	registration := chat.Registration{Email: chat.NormalEmail(form.Email), Username: form.Username}
	problems := registration.Problems()
	secret, weaknesses := newPassword(c, registration.Username, registration.Email)
	maps.Copy(problems, weaknesses)
	h.checkAllowed(problems, "username", "", registration.Username)
	if len(problems) > 0 {
		return user, &chat.Error{Kind: chat.Invalid, Message: "Please look at the fields below.", Fields: problems}
	}
	if err := h.checkPerson(c); err != nil {
		return user, err
	}
	if err := h.attempts.try(addressPrefix(c).String(), "register "+registration.Email); err != nil {
		return user, err
	}
	if registration.PasswordHash, err = h.hasher.Hash(c.Request.Context(), secret); err != nil {
		return user, err
	}
	err = h.Store.InTx(c.Request.Context(), func(s *store.Store) error {
		if user, err = s.Register(c.Request.Context(), registration); err != nil {
			return err
		}
		return s.Record(c.Request.Context(), audit(c, chat.Registered, user.ID, user.ID))
	})
	return user, err
}

func (h *Handlers) showLogin(c *gin.Context) error {
	if viewer(c) != nil {
		return seeOther(c, orHome(nextPath(c)))
	}
	return h.showLoginForm(c, http.StatusOK, views.AccountFormProps{Next: nextPath(c)})
}

func (h *Handlers) showLoginForm(c *gin.Context, status int, form views.AccountFormProps) error {
	return h.show(c, status, views.Page{Title: "Log in", Path: orHome(form.Next)}, views.Login(form, h.inForce().RegistrationOpen))
}

// login never says which of the two was wrong: that would tell who has an account.
func (h *Handlers) login(c *gin.Context) error {
	form := views.AccountFormProps{Email: field(c, "email"), Next: nextPath(c)}
	user, err := h.authenticate(c, form.Email, c.PostForm("password"))
	if err == nil {
		err = h.Store.Record(c.Request.Context(), audit(c, chat.LoggedIn, user.ID, user.ID))
	}
	if problem, ok := formProblem(err); ok {
		form.Error = problem.Message
		return h.showLoginForm(c, h.problemStatus(c, problem), form)
	}
	if err != nil {
		return err
	}
	if err := h.begin(c, user); err != nil {
		return err
	}
	return seeOther(c, orHome(form.Next))
}

// authenticate finds the user with that email and password. It does the same
// work whether or not there is such an account.
func (h *Handlers) authenticate(c *gin.Context, email, secret string) (chat.User, error) {
	ctx := c.Request.Context()
	email = cut(email, chat.MaxEmail+1) // no account has a longer one, and no limit should remember it
	if err := h.limitLogin(c, chat.NormalEmail(email)); err != nil {
		return chat.User{}, err
	}
	user, err := h.Store.UserByEmail(ctx, email)
	if err != nil && chat.KindOf(err) != chat.NotFound {
		return chat.User{}, err
	}
	secret = cut(secret, password.MaxLength+1) // no account has a longer one
	match, stale, err := h.hasher.Verify(ctx, secret, user.PasswordHash)
	if err != nil {
		return chat.User{}, err
	}
	if !match {
		if err := h.failures.record(ctx, audit(c, chat.LoginFailed, 0, user.ID)); err != nil {
			return chat.User{}, err
		}
		return chat.User{}, &chat.Error{Kind: chat.Invalid, Message: "This email and password don't belong together. Please try again."}
	}
	if stale {
		h.refreshHash(ctx, user, secret)
	}
	if user.DisabledAt != 0 { // which, like a ban, only who knows the password is told
		return chat.User{}, &chat.Error{Kind: chat.Invalid, Message: "This account is disabled. Please write to those who run the site if you think that is wrong."}
	}
	ban, err := h.Store.BanIn(ctx, user.ID, 0)
	if err == nil && ban.Given() {
		err = &chat.Error{Kind: chat.Invalid, Message: ban.Refusal().Message}
	}
	return user, err
}

// refreshHash hashes a password anew with today's parameters. It may fail: the
// old hash is still right, and the next login tries again.
func (h *Handlers) refreshHash(ctx context.Context, user chat.User, secret string) {
	hash, err := h.hasher.Hash(ctx, secret)
	if err == nil {
		err = h.Store.SetPasswordHash(ctx, user, hash)
	}
	if err != nil {
		h.Log.WarnContext(ctx, "can't refresh a password's hash", "error", err)
	}
}

func (h *Handlers) logout(c *gin.Context) error {
	if err := h.end(c); err != nil {
		return err
	}
	return seeOther(c, "/")
}

// latestMessages is how many of a member's messages their page lists.
const latestMessages = 10

// showAccount shows a member's page. A name that its owner gave up leads there
// too, until somebody takes it.
func (h *Handlers) showAccount(c *gin.Context) error {
	ctx, name := c.Request.Context(), normal(c.Param("username"))
	user, err := h.Store.UserByName(ctx, name)
	if chat.KindOf(err) == chat.NotFound {
		if user, err = h.Store.UserByFormerName(ctx, name); err == nil {
			c.Header("Cache-Control", "no-cache")
			c.Redirect(http.StatusMovedPermanently, user.Path())
			return nil
		}
	}
	if chat.KindOf(err) == chat.NotFound {
		return &chat.Error{Kind: chat.NotFound, Message: "There is no member of this name.", Err: err}
	}
	if err != nil {
		return err
	}
	latest, err := h.Store.LatestBy(ctx, user.ID, latestMessages)
	if err != nil {
		return err
	}
	account := views.AccountProps{User: user, Seen: chat.Can(viewer(c), chat.SanctionMember, user), Messages: latest, Zone: h.zone(c)}
	if member := viewer(c); member != nil {
		account.Own, account.Other = member.ID == user.ID, member.ID != user.ID
		if account.Ignored, err = h.Store.Ignores(ctx, member.ID, user.ID); err != nil {
			return err
		}
	}
	return h.show(c, http.StatusOK, views.Page{Title: user.Username}, views.Account(account))
}

// formProblem tells whether err is one to show in the form it is about, with
// what was typed: one that another try, or other words, can mend.
func formProblem(err error) (*chat.Error, bool) {
	err = told(err)
	switch chat.KindOf(err) {
	case chat.Invalid, chat.Conflict, chat.TooFast, chat.Unavailable:
		return errors.AsType[*chat.Error](err)
	}
	return nil, false
}

// problemStatus is the status of the form shown again. That a name is taken is
// a thing to change in the form like any other.
func (h *Handlers) problemStatus(c *gin.Context, problem *chat.Error) int {
	if problem.Kind == chat.Conflict {
		return http.StatusUnprocessableEntity
	}
	status, _ := h.explain(c, problem)
	return status
}

func orHome(path string) string {
	if path == "" {
		return "/"
	}
	return path
}
