package handlers

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
)

// Programs that register accounts fill in every field, and at once. The form to
// register has a field that people don't see, and says when it was shown, signed.

// formLife is how long a form can be sent after it was shown.
const formLife = 24 * time.Hour

// shownNow gives the moment at which a form is shown, for the form to bring back;
// it is empty when nobody asks.
func (h *Handlers) shownNow(ctx context.Context) (string, error) {
	if h.FormAge == 0 {
		return "", nil
	}
	key, err := h.signingKey(ctx)
	if err != nil {
		return "", err
	}
	moment := strconv.FormatInt(time.Now().UnixMilli(), 10)
	return moment + "-" + signature(key, moment), nil
}

// shownBefore reports for how long the form that the request brings has been
// shown; not at all, if it does not say so in our own words.
func (h *Handlers) shownBefore(c *gin.Context) (time.Duration, error) {
	key, err := h.signingKey(c.Request.Context())
	if err != nil {
		return 0, err
	}
	moment, signed, _ := strings.Cut(c.PostForm("shown"), "-")
	milliseconds, err := strconv.ParseInt(moment, 10, 64)
	if err != nil || !hmac.Equal([]byte(signed), []byte(signature(key, moment))) {
		return 0, nil
	}
	return time.Since(time.UnixMilli(milliseconds)), nil
}

func signature(key []byte, moment string) string {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte("shown at " + moment)) // never fails
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// signingKey gives the key that all nodes share.
func (h *Handlers) signingKey(ctx context.Context) ([]byte, error) {
	if key := h.formKey.Load(); key != nil {
		return *key, nil
	}
	key, err := h.Store.Secret(ctx, "forms", []byte(randomName(32)))
	if err == nil {
		h.formKey.Store(&key)
	}
	return key, err
}

// checkPerson refuses a form that was filled in as programs do. A person is told
// what to do about it.
func (h *Handlers) checkPerson(c *gin.Context) error {
	if c.PostForm("website") != "" {
		return &chat.Error{Kind: chat.Invalid, Message: "A program seems to have filled in this form. Please leave the field “Website” empty."}
	}
	if h.FormAge == 0 {
		return nil
	}
	age, err := h.shownBefore(c)
	if err != nil {
		return err
	}
	switch {
	case age > formLife:
		return &chat.Error{Kind: chat.Invalid, Message: "This form was shown long ago. Please send it again."}
	case age < h.FormAge:
		return &chat.Error{Kind: chat.Invalid, Message: "That was quicker than a person types. Please wait a moment, then send it again."}
	}
	return nil
}
