package handlers

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"
	gorilla "github.com/gorilla/sessions"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/live"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/views"
)

// Keys of what a session holds.
const (
	userValue    = "user"    // chat.User; absent for a guest
	addressValue = "address" // string; prefix of the address it is begun from
	troubleValue = "trouble" // error; the session could not be looked up
)

// identified marks a request whose sender identify has looked for.
const identified = "identified"

const (
	tokenBytes   = 32
	maxUserAgent = 200
)

// cookieName follows RFC 6265bis: "__Host-" makes a browser keep other hosts
// from setting the cookie, and works on https alone.
func (h *Handlers) cookieName() string {
	if h.BaseURL.Scheme == "https" {
		return "__Host-twilight"
	}
	return "twilight"
}

// sessions keeps sessions in the database: in the cookie is a random token, in
// the table its hash, so that a copy of the table opens no door.
func (h *Handlers) sessions() sessions.Store {
	return &sessionStore{store: h.Store, secure: h.BaseURL.Scheme == "https"}
}

type sessionStore struct {
	store  *store.Store
	secure bool
}

// Options does nothing: a session's cookie is always the same kind.
func (s *sessionStore) Options(sessions.Options) {}

// Get gives the request's session, looked up once.
func (s *sessionStore) Get(r *http.Request, name string) (*gorilla.Session, error) {
	return gorilla.GetRegistry(r).Get(s, name)
}

// New looks the request's session up. A cookie that names none is a guest's,
// and never an error: anybody can send one.
func (s *sessionStore) New(r *http.Request, name string) (*gorilla.Session, error) {
	session := gorilla.NewSession(s, name)
	session.IsNew = true
	cookie, err := r.Cookie(name)
	if err != nil {
		return session, nil
	}
	token, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || len(token) != tokenBytes {
		return session, nil
	}
	hash := hashOf(cookie.Value)
	user, err := s.store.SessionUser(r.Context(), hash)
	switch {
	case err == nil:
		session.IsNew = false
		session.ID = hex.EncodeToString(hash)
		session.Values[userValue] = user
	case chat.KindOf(err) != chat.NotFound:
		session.Values[troubleValue] = err
	}
	return session, nil
}

// Save begins a session for the user whom session names, under a new token, or
// ends it when it names none. The old token is dead after either.
func (s *sessionStore) Save(r *http.Request, w http.ResponseWriter, session *gorilla.Session) error {
	old, err := hex.DecodeString(session.ID)
	if err != nil {
		return err
	}
	cookie := &http.Cookie{Name: session.Name(), Path: "/", Secure: s.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: -1}
	if user, ok := session.Values[userValue].(chat.User); ok {
		cookie.Value, cookie.MaxAge = randomName(tokenBytes), int(store.SessionMost.Seconds())
		address, _ := session.Values[addressValue].(string)
		begun := store.Session{TokenHash: hashOf(cookie.Value), User: user, UserAgent: userAgent(r), IPPrefix: address}
		err = s.store.Begin(r.Context(), begun, old)
	} else {
		err = s.store.End(r.Context(), old)
	}
	if err == nil {
		http.SetCookie(w, cookie)
	}
	return err
}

// userAgent is what the browser says it is, as far as that is worth keeping.
func userAgent(r *http.Request) string { return normal(cut(r.UserAgent(), maxUserAgent)) }

// hashOf is what the database keeps of a token.
func hashOf(token string) []byte {
	hash := sha256.Sum256([]byte(token))
	return hash[:]
}

func cut(text string, most int) string { return text[:min(len(text), most)] }

// identify finds out who asks, for viewer to tell, or trouble that it can't be
// found out just now.
func (h *Handlers) identify(c *gin.Context) {
	if _, done := c.Get(identified); done {
		return
	}
	c.Set(identified, true)
	session := sessions.Default(c)
	if err, ok := session.Get(troubleValue).(error); ok {
		c.Set(troubleValue, err)
	}
	if user, ok := session.Get(userValue).(chat.User); ok {
		c.Set(userValue, &user)
	}
}

// trouble gives the error that kept identify from its work, or nil.
func trouble(c *gin.Context) error {
	err, _ := c.Value(troubleValue).(error)
	return err
}

// viewer gives the member who asks, or nil for a guest.
func viewer(c *gin.Context) *chat.User {
	user, _ := c.Value(userValue).(*chat.User)
	return user
}

// only lets those through who may do the act. It sends guests who may not to log
// in, before anything they sent is read.
func (h *Handlers) only(act chat.Act) gin.HandlerFunc {
	return func(c *gin.Context) {
		err := trouble(c)
		if err == nil {
			err = chat.May(viewer(c), act, chat.User{})
		}
		switch {
		case err == nil:
		case chat.KindOf(err) == chat.SignedOut:
			c.Abort()
			if err := sendToLogin(c, h.back(c)); err != nil {
				h.fail(c, err)
			}
		default:
			h.fail(c, err)
		}
	}
}

// sendToLogin sends a guest to log in, and then on to next. What is pressed on an
// open page shows no other page in its place, so that one tells them.
func sendToLogin(c *gin.Context, next string) error {
	if fragmentWanted(c) && !reads(c.Request) {
		return render(c, http.StatusUnauthorized, views.LoggedOut(next))
	}
	return seeOther(c, views.LoginPath(next))
}

// sessionID names the session of the one who asks; it is empty for a guest.
func sessionID(c *gin.Context) string { return sessions.Default(c).ID() }

// begin logs the user in, in place of whoever was.
func (h *Handlers) begin(c *gin.Context, user chat.User) error {
	session := sessions.Default(c)
	before := session.ID()
	session.Set(userValue, user)
	session.Set(addressValue, neighbourhood(c))
	if err := session.Save(); err != nil {
		return err
	}
	h.endStreams(before, live.ErrClosed) // they go on under the new session
	return h.knowBrowser(c, user)
}

// end logs the viewer out.
func (h *Handlers) end(c *gin.Context) error {
	session := sessions.Default(c)
	before := session.ID()
	session.Clear()
	if err := session.Save(); err != nil {
		return err
	}
	h.endStreams(before, live.ErrExpired)
	return nil
}

func (h *Handlers) endStreams(session string, reason error) {
	if session != "" {
		h.live.EndSession(session, reason)
	}
}
