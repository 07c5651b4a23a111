package handlers

import (
	"context"
	"maps"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/live"
	"github.com/twilightbark/twilightbark/password"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/views"
)

func (h *Handlers) showResetRequest(c *gin.Context) error {
	return h.showResetRequestForm(c, http.StatusOK, views.AccountFormProps{})
}

func (h *Handlers) showResetRequestForm(c *gin.Context, status int, form views.AccountFormProps) error {
	return h.show(c, status, views.Page{Title: "Forgotten password", Path: "/"}, views.ResetRequest(form))
}

// requestReset asks for a letter to an address. Whether an account has it is
// found out when the letter is to leave, so that neither the answer nor the time
// it takes depends on it.
func (h *Handlers) requestReset(c *gin.Context) error {
	form := views.AccountFormProps{Email: field(c, "email")}
	err := h.askReset(c, chat.NormalEmail(form.Email))
	if problem, ok := formProblem(err); ok {
		form.Errors, form.Error = problem.Fields, problem.Message
		if len(form.Errors) > 0 {
			form.Error = ""
		}
		return h.showResetRequestForm(c, h.problemStatus(c, problem), form)
	}
	if err != nil {
		return err
	}
	return h.show(c, http.StatusOK, views.Page{Title: "Look into your mail", Path: "/"}, views.ResetRequested(form.Email))
}

func (h *Handlers) askReset(c *gin.Context, email string) error {
	if problem := chat.EmailProblem(email); problem != "" {
		return &chat.Error{Kind: chat.Invalid, Message: problem, Fields: map[string]string{"email": problem}}
	}
	// Not the key of logging in: who asks for letters must not keep the owner out.
	if err := h.attempts.try(addressPrefix(c).String(), "reset "+email); err != nil {
		return err
	}
	if err := h.Store.Send(c.Request.Context(), chat.Letter{Kind: chat.ResetLetter, Recipient: email}); err != nil {
		return err
	}
	h.letterWaits()
	return nil
}

// showReset shows the form that a link in a letter leads to. Programs that look
// into mail follow links, so this changes nothing.
func (h *Handlers) showReset(c *gin.Context) error {
	c.Header("Cache-Control", "no-store")
	user, err := h.Store.TokenUser(c.Request.Context(), chat.ResetLetter, hashOf(c.Param("token")))
	if chat.KindOf(err) == chat.NotFound {
		return h.showStaleReset(c)
	}
	if err != nil {
		return err
	}
	return h.showResetForm(c, http.StatusOK, views.NewPasswordProps{Username: user.Username})
}

func (h *Handlers) showResetForm(c *gin.Context, status int, form views.NewPasswordProps) error {
	return h.show(c, status, views.Page{Title: "A new password", Path: "/"}, views.Reset(c.Request.URL.Path, form))
}

func (h *Handlers) showStaleReset(c *gin.Context) error {
	return h.show(c, http.StatusGone, views.Page{Title: "This link is spent", Path: "/"}, views.StaleLink("/password-reset", "Ask for a new link"))
}

// resetPassword sets the password that the form brings, once for each link.
func (h *Handlers) resetPassword(c *gin.Context) error {
	c.Header("Cache-Control", "no-store")
	ctx, token := c.Request.Context(), hashOf(c.Param("token"))
	user, err := h.Store.TokenUser(ctx, chat.ResetLetter, token)
	var hash string
	if err == nil {
		hash, err = h.hashNew(c, user)
	}
	if err == nil {
		err = h.Store.InTx(ctx, func(s *store.Store) error {
			if _, err := s.ResetPassword(ctx, token, hash); err != nil {
				return err
			}
			return s.Record(ctx, audit(c, chat.PasswordReset, user.ID, user.ID))
		})
	}
	if chat.KindOf(err) == chat.NotFound {
		return h.showStaleReset(c)
	}
	if problem, ok := formProblem(err); ok {
		form := views.NewPasswordProps{Username: user.Username, Errors: problem.Fields}
		if len(form.Errors) == 0 {
			form.Error = problem.Message
		}
		return h.showResetForm(c, h.problemStatus(c, problem), form)
	}
	if err != nil {
		return err
	}
	h.letterWaits()
	h.live.EndMember(user.ID, "", live.ErrExpired)
	return seeOther(c, "/login")
}

// MakeResetLink gives a link to set an account's password with, as a letter would
// bring it, and notes in the audit table that there is one. It is for whoever
// runs the site, who can't otherwise set a password, nor see one.
func MakeResetLink(ctx context.Context, db *store.Store, base *url.URL, user chat.User) (string, error) {
	token := randomName(tokenBytes)
	err := db.InTx(ctx, func(db *store.Store) error {
		if err := db.MakeResetToken(ctx, user, hashOf(token)); err != nil {
			return err
		}
		return db.Record(ctx, chat.Event{Action: chat.ResetLinkMade, UserID: user.ID})
	})
	return base.String() + "/password-reset/" + token, err
}

func (h *Handlers) showPassword(c *gin.Context) error {
	return h.showPasswordForm(c, http.StatusOK, views.NewPasswordProps{})
}

func (h *Handlers) showPasswordForm(c *gin.Context, status int, form views.NewPasswordProps) error {
	form.Username = viewer(c).Username
	return h.show(c, status, views.Page{Title: "Password"}, views.Password(form))
}

// changePassword sets another password. The viewer stays logged in here, under
// a new session, and nowhere else.
func (h *Handlers) changePassword(c *gin.Context) error {
	ctx, before := c.Request.Context(), sessionID(c)
	var user chat.User
	hash, err := h.hashChanged(c)
	if err == nil {
		err = h.Store.InTx(ctx, func(s *store.Store) error {
			if user, err = s.ChangePassword(ctx, viewer(c).ID, hash); err != nil {
				return err
			}
			return s.Record(ctx, audit(c, chat.PasswordChanged, user.ID, user.ID))
		})
	}
	if problem, ok := formProblem(err); ok {
		form := views.NewPasswordProps{Errors: problem.Fields}
		if len(form.Errors) == 0 {
			form.Error = problem.Message
		}
		return h.showPasswordForm(c, h.problemStatus(c, problem), form)
	}
	if err != nil {
		return err
	}
	h.letterWaits()
	h.live.EndMember(user.ID, before, live.ErrExpired)
	if err := h.begin(c, user); err != nil {
		return err
	}
	return seeOther(c, user.Path())
}

// hashChanged is hashNew for who must also know the present password.
func (h *Handlers) hashChanged(c *gin.Context) (hash string, err error) {
	err = h.checkPassword(c)
	wrong, ok := formProblem(err)
	if err != nil && (!ok || wrong.Kind != chat.Invalid) {
		return "", err
	}
	secret, problems := newPassword(c, viewer(c).Username, viewer(c).Email)
	if wrong != nil {
		maps.Copy(problems, wrong.Fields)
	}
	return h.hash(c, secret, problems)
}

// hashNew hashes the new password that the form brings twice. One that can't be
// is Invalid, with what is wrong beside each field.
func (h *Handlers) hashNew(c *gin.Context, user chat.User) (hash string, err error) {
	secret, problems := newPassword(c, user.Username, user.Email)
	return h.hash(c, secret, problems)
}

func (h *Handlers) hash(c *gin.Context, secret string, problems map[string]string) (string, error) {
	if len(problems) > 0 {
		return "", &chat.Error{Kind: chat.Invalid, Message: "Please look at the fields below.", Fields: problems}
	}
	return h.hasher.Hash(c.Request.Context(), secret)
}

// newPassword gives the password that the form brings twice, and what is wrong
// with it, by field.
func newPassword(c *gin.Context, username, email string) (secret string, problems map[string]string) {
	secret, problems = c.PostForm("password"), map[string]string{}
	if weakness := password.Weakness(secret, username, email); weakness != "" {
		problems["password"] = weakness
	} else if secret != c.PostForm("password_confirm") {
		problems["password_confirm"] = "The two passwords differ."
	}
	return secret, problems
}
