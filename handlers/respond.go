package handlers

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/assets"
	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/views"
)

// show answers an htmx request with body alone, and any other with body inside
// the layout. Nothing is sent before all of it is rendered.
func (h *Handlers) show(c *gin.Context, status int, page views.Page, body templ.Component) error {
	page.Site, page.Viewer, page.Unsure = h.siteFor(c), viewer(c), trouble(c) != nil
	if page.Path == "" {
		page.Path = c.Request.URL.Path
		if !reads(c.Request) {
			page.Path = h.ways.nearest(page.Path)
		}
	}
	c.Writer.Header().Add("Vary", "Cookie, HX-Request")
	if !fragmentWanted(c) {
		if !page.Live {
			page.Counts = h.pageCounts(c, chat.Room{})
		}
		body = within(views.Layout(page), body)
	}
	html, err := renderBytes(c.Request.Context(), body)
	if err != nil {
		return err
	}
	return send(c, status, htmlType, html, viewer(c) == nil || page.Public() && status == http.StatusOK)
}

// siteFor is the site as the one who asks sees it.
func (h *Handlers) siteFor(c *gin.Context) views.Site {
	site := h.siteNow()
	site.Zone = h.zone(c)
	return site
}

// siteNow is the site with the settings in force, as guests see it.
func (h *Handlers) siteNow() views.Site {
	site, set := h.site, h.inForce()
	site.Now, site.Name, site.RegistrationOpen = time.Now(), set.SiteName, set.RegistrationOpen
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

// render answers with the components as HTML.
func render(c *gin.Context, status int, components ...templ.Component) error {
	html, err := renderBytes(c.Request.Context(), components...)
	if err != nil {
		return err
	}
	return send(c, status, htmlType, html, viewer(c) == nil)
}

const htmlType = "text/html; charset=utf-8"

// send answers with a page, a fragment, or what else is one text. What a guest
// gets is the same for every guest, so it goes with an ETag, and is not sent twice.
//
// How short a text gets when it is packed tells something of what is in it. So
// nothing is packed that holds what only its reader may know, a member's email,
// say, as somebody else may have a part in the same text (BREACH). Guests have
// no such secrets. The pages that are for everybody repeat nothing that was typed,
// unless they refuse it, and of a member they hold the form's nonce, which is
// another each time, and which rooms that member follows. Lest messages written
// to guess at those should tell by the length, a member's pages have a random one.
func send(c *gin.Context, status int, kind string, text []byte, pack bool) error {
	tellTiming(c)
	header := c.Writer.Header()
	header.Set("Content-Type", kind)
	private := viewer(c) != nil
	if header.Get("Cache-Control") == "" {
		header.Set("Cache-Control", map[bool]string{true: "private, no-cache", false: "no-cache"}[private])
	}
	coding := ""
	if pack && len(text) >= worthPacking {
		header.Add("Vary", "Accept-Encoding")
		if assets.Accepts(c.Request, "gzip") {
			coding = "gzip"
		}
	}
	if status == http.StatusOK && !private && reads(c.Request) {
		tag := tagOf(text, coding)
		header.Set("ETag", tag)
		if known(c.Request, tag) {
			c.Status(http.StatusNotModified)
			c.Writer.WriteHeaderNow()
			return nil
		}
	}
	if coding != "" {
		header.Set("Content-Encoding", coding)
		padding := ""
		if private {
			padding = randomName(rand.N(mostPadding)) //nolint:gosec // it need not be secret, but differ
		}
		text = packed(text, padding)
	}
	header.Set("Content-Length", strconv.Itoa(len(text)))
	c.Status(status)
	_, _ = c.Writer.Write(text) // who has left need not be told
	return nil
}

// worthPacking is how many bytes there must be for packing to save a packet.
const worthPacking = 1000

const mostPadding = 96 // bytes; a third more as they are written

// tagOf names a text in a coding, strongly: other bytes have another name.
func tagOf(text []byte, coding string) string {
	sum := sha256.Sum256(text)
	tag := hex.EncodeToString(sum[:16])
	if coding != "" {
		tag += "-" + coding
	}
	return strconv.Quote(tag)
}

// known reports whether the one who asks has what the tag names. A proxy may
// have made our tags weak.
func known(r *http.Request, tag string) bool {
	theirs := strings.Join(r.Header.Values("If-None-Match"), ",")
	for one := range strings.SplitSeq(theirs, ",") {
		if strings.TrimPrefix(strings.TrimSpace(one), "W/") == tag {
			return true
		}
	}
	return strings.TrimSpace(theirs) == "*"
}

// At this level a page takes a third of the time that the best one takes, and a
// fiftieth more space.
var packers = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, 5) // fails for unknown levels only
	return w
}}

// packed gives text gzipped. The padding stands where the name of a file would,
// which no browser reads.
func packed(text []byte, padding string) []byte {
	var b bytes.Buffer
	w := packers.Get().(*gzip.Writer)
	defer packers.Put(w)
	w.Reset(&b)
	w.Name = padding
	_, _ = w.Write(text) // a buffer takes all
	_ = w.Close()
	return b.Bytes()
}

func renderBytes(ctx context.Context, components ...templ.Component) ([]byte, error) {
	defer timeRender(ctx)()
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
	tellTiming(c)
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusSeeOther, path)
	return nil
}
