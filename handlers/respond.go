package handlers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/views"
)

// show answers an htmx request with body alone, and any other with body inside
// the layout. Nothing is sent before all of it is rendered.
func (h *Handlers) show(c *gin.Context, status int, page views.Page, body templ.Component) error {
	page.Site, page.Viewer, page.Unsure = h.siteFor(c), viewer(c), trouble(c) != nil
	if page.Path == "" {
		page.Path = c.Request.URL.Path
	}
	c.Writer.Header().Add("Vary", "Cookie, HX-Request")
	if fragmentWanted(c) {
		return render(c, status, body)
	}
	return render(c, status, within(views.Layout(page), body))
}

// siteFor is the site as the one who asks sees it.
func (h *Handlers) siteFor(c *gin.Context) views.Site {
	site := h.site
	site.Zone = h.zone(c)
	return site
}

// within gives layout with body as its children.
func within(layout, body templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return layout.Render(templ.WithChildren(ctx, body), w)
	})
}

func fragmentWanted(c *gin.Context) bool {
	header := c.Request.Header
	return header.Get("HX-Request") == "true" && header.Get("HX-Boosted") == "" && header.Get("HX-History-Restore-Request") == ""
}

// render sends the components as HTML. What a guest gets is the same for every
// guest, so it goes with an ETag, and is not sent twice.
func render(c *gin.Context, status int, components ...templ.Component) error {
	html, err := renderBytes(c.Request.Context(), components...)
	if err != nil {
		return err
	}
	header := c.Writer.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	private := viewer(c) != nil
	if header.Get("Cache-Control") == "" {
		header.Set("Cache-Control", map[bool]string{true: "private, no-cache", false: "no-cache"}[private])
	}
	if status == http.StatusOK && !private && reads(c.Request) && known(c, html) {
		c.Status(http.StatusNotModified)
		c.Writer.WriteHeaderNow()
		return nil
	}
	header.Set("Content-Length", strconv.Itoa(len(html)))
	c.Status(status)
	_, _ = c.Writer.Write(html) // who has left need not be told
	return nil
}

// known names the page, and reports whether the browser has it already.
func known(c *gin.Context, html []byte) bool {
	sum := sha256.Sum256(html)
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	c.Header("ETag", tag)
	return strings.Contains(c.GetHeader("If-None-Match"), tag)
}

func renderBytes(ctx context.Context, components ...templ.Component) ([]byte, error) {
	var html bytes.Buffer
	for _, component := range components {
		if err := component.Render(ctx, &html); err != nil {
			return nil, err
		}
	}
	return html.Bytes(), nil
}

func reads(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// seeOther sends the browser on by GET.
func seeOther(c *gin.Context, path string) error {
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusSeeOther, path)
	return nil
}
