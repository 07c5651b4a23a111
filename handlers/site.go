package handlers

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/a-h/templ"
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
	if !assets.Serve(c.Writer, c.Request) && !h.Stylesheet.Serve(c.Writer, c.Request) {
		return h.notFound(c)
	}
	return nil
}

// showAbout shows what who runs the site says of it, if anything.
func (h *Handlers) showAbout(c *gin.Context) error {
	if h.About == "" {
		return h.notFound(c)
	}
	page := views.Page{Title: "About", Description: "What " + h.inForce().SiteName + " is, and who runs it.", Path: "/about"}
	return h.show(c, http.StatusOK, page, views.About(h.siteFor(c)))
}

func (h *Handlers) showFavicon(c *gin.Context) error {
	c.Header("Cache-Control", "public, max-age=86400")
	c.Redirect(http.StatusFound, h.site.Icon)
	return nil
}

const forever = "public, max-age=31536000, immutable"

// showPicture shows a member's picture: the paw that stands for a username, or
// one that its owner chose.
func (h *Handlers) showPicture(c *gin.Context) error {
	kind, show := "image/jpeg", h.avatarPicture
	if strings.HasPrefix(c.Param("picture"), "paw-") {
		kind, show = "image/svg+xml", paw
	}
	bytes, err := show(c)
	if chat.KindOf(err) == chat.NotFound {
		return errNoPicture
	}
	if err != nil {
		return err
	}
	c.Header("Cache-Control", forever)
	c.Data(http.StatusOK, kind, bytes)
	return nil
}

func paw(c *gin.Context) ([]byte, error) {
	colour, err := strconv.Atoi(strings.TrimPrefix(c.Param("picture"), "paw-"))
	if err != nil || colour < 0 || colour >= chat.PictureColours || c.Request.URL.Path != fmt.Sprintf("/avatars/paw-%d/96", colour) {
		return nil, errNoPicture
	}
	return renderBytes(c.Request.Context(), views.Paw(colour))
}

func (h *Handlers) avatarPicture(c *gin.Context) ([]byte, error) {
	hash, size := c.Param("picture"), c.Param("size")
	if _, err := hex.DecodeString(hash); err != nil || size != "96" && size != "256" {
		return nil, errNoPicture
	}
	return h.Store.AvatarPicture(c.Request.Context(), hash, size == "256")
}

var errNoPicture = &chat.Error{Kind: chat.NotFound, Message: "There is no such picture."}

// keptFragment shows what browsers keep, so that it is at hand when the network
// is not.
func keptFragment(fragment templ.Component) func(*gin.Context) error {
	return func(c *gin.Context) error {
		c.Header("Cache-Control", "public, max-age=86400")
		return render(c, http.StatusOK, fragment)
	}
}

// showKit shows what pages are made of.
func (h *Handlers) showKit(c *gin.Context) error {
	return h.show(c, http.StatusOK, views.Page{Title: "The kit"}, views.Kit())
}
