package handlers

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/assets"
	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/views"
)

// showHealth tells that the process lives.
func (h *Handlers) showHealth(c *gin.Context) error {
	c.String(http.StatusOK, "ok\n")
	return nil
}

// showReadiness tells whether requests can be served: the database answers, and
// the site is not about to stop.
func (h *Handlers) showReadiness(c *gin.Context) error {
	switch {
	case h.draining.Load():
		c.String(http.StatusServiceUnavailable, "stopping\n")
	case h.Store.Ping(c.Request.Context()) != nil:
		c.String(http.StatusServiceUnavailable, "the database does not answer\n")
	default:
		c.String(http.StatusOK, "ready\n")
	}
	return nil
}

func (h *Handlers) showAsset(c *gin.Context) error {
	if !assets.Serve(c.Writer, c.Request) {
		return h.notFound(c)
	}
	return nil
}

func (h *Handlers) showFavicon(c *gin.Context) error {
	c.Header("Cache-Control", "public, max-age=86400")
	c.Redirect(http.StatusFound, h.site.Icon)
	return nil
}

const forever = "public, max-age=31536000, immutable"

// showPicture shows the picture that stands for a username.
func (h *Handlers) showPicture(c *gin.Context) error {
	digits, found := strings.CutPrefix(c.Param("picture"), "paw-")
	colour, err := strconv.Atoi(digits)
	canonical := fmt.Sprintf("/avatars/paw-%d/96", colour)
	if !found || err != nil || colour < 0 || colour >= chat.PictureColours || c.Request.URL.Path != canonical {
		return &chat.Error{Kind: chat.NotFound, Message: "There is no such picture."}
	}
	svg, err := renderBytes(c.Request.Context(), views.Paw(colour))
	if err != nil {
		return err
	}
	c.Header("Cache-Control", forever)
	c.Data(http.StatusOK, "image/svg+xml", svg)
	return nil
}

// showNotSent is cached by browsers, so that it is at hand when the network is not.
func (h *Handlers) showNotSent(c *gin.Context) error {
	c.Header("Cache-Control", "public, max-age=86400")
	return render(c, http.StatusOK, views.NotSent())
}
