package handlers

import (
	"bytes"
	"encoding/hex"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/live"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/views"
)

func (h *Handlers) showDevices(c *gin.Context) error {
	devices, err := h.Store.Devices(c.Request.Context(), viewer(c).ID)
	if err != nil {
		return err
	}
	return h.show(c, http.StatusOK, views.Page{Title: "Devices"}, views.Devices(views.DevicesProps{Devices: devices, Present: presentSession(c), Zone: h.zone(c)}))
}

// presentSession is the hash of the token that came with the request.
func presentSession(c *gin.Context) []byte {
	hash, _ := hex.DecodeString(sessionID(c)) // encoded by ourselves
	return hash
}

// endDevice logs one of the viewer's devices out, wherever it is. One that is
// logged out already is no trouble.
func (h *Handlers) endDevice(c *gin.Context) error {
	devices, err := h.Store.Devices(c.Request.Context(), viewer(c).ID)
	if err != nil {
		return err
	}
	for _, device := range devices {
		switch {
		case device.ID() != c.Param("id"):
		case bytes.Equal(device.TokenHash, presentSession(c)):
			return h.logout(c)
		default:
			return h.endDevices(c, hex.EncodeToString(device.TokenHash), func(s *store.Store) error { return s.End(c.Request.Context(), device.TokenHash) })
		}
	}
	return seeOther(c, "/settings/sessions")
}

// endOtherDevices logs all of the viewer's devices out but the present one.
func (h *Handlers) endOtherDevices(c *gin.Context) error {
	return h.endDevices(c, "", func(s *store.Store) error {
		return s.EndOthers(c.Request.Context(), viewer(c).ID, presentSession(c))
	})
}

// endDevices ends sessions in the database, and then the streams that hang on
// them: on that session, or if it is empty on all but the present one.
func (h *Handlers) endDevices(c *gin.Context, session string, end func(*store.Store) error) error {
	ctx, user := c.Request.Context(), viewer(c)
	err := h.Store.InTx(ctx, func(s *store.Store) error {
		if err := end(s); err != nil {
			return err
		}
		return s.Record(ctx, audit(c, chat.SessionsEnded, user.ID, user.ID))
	})
	if err != nil {
		return err
	}
	if session == "" {
		h.live.EndMember(user.ID, sessionID(c), live.ErrExpired)
	} else {
		h.live.EndSession(session, live.ErrExpired)
	}
	return seeOther(c, "/settings/sessions")
}

// The cookie by which a browser is known to accounts that were logged in to with
// it. It opens nothing: it only keeps strangers' guesses from counting there.
func (h *Handlers) knownCookie() string { return h.cookieName() + "-known" }

// knownBrowser gives the hash of the request's cookie, or nil if there is none.
func (h *Handlers) knownBrowser(c *gin.Context) []byte {
	cookie, err := c.Request.Cookie(h.knownCookie())
	if err != nil || len(cookie.Value) != len(randomName(tokenBytes)) {
		return nil
	}
	return hashOf(cookie.Value)
}

// knowBrowser makes the browser known to an account that was just logged in to
// with it, under a name of its own.
func (h *Handlers) knowBrowser(c *gin.Context, user chat.User) error {
	hash := h.knownBrowser(c)
	if hash == nil {
		name := randomName(tokenBytes)
		hash = hashOf(name)
		http.SetCookie(c.Writer, &http.Cookie{
			Name: h.knownCookie(), Value: name, Path: "/", Secure: h.BaseURL.Scheme == "https", HttpOnly: true,
			SameSite: http.SameSiteLaxMode, MaxAge: int(store.SessionMost.Seconds()),
		})
	}
	return h.Store.KnowBrowser(c.Request.Context(), user.ID, hash)
}

// limitLogin counts an attempt to log in. Attempts with a browser that the
// account knows count by themselves, so that strangers can't use up its owner's.
func (h *Handlers) limitLogin(c *gin.Context, email string) error {
	if browser := h.knownBrowser(c); browser != nil {
		known, err := h.Store.BrowserKnown(c.Request.Context(), email, browser)
		if err != nil {
			return err
		}
		if known {
			return h.attempts.try("browser " + hex.EncodeToString(browser) + " " + email)
		}
	}
	return h.attempts.try(addressPrefix(c).String(), "login "+email)
}
