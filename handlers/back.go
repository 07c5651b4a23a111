package handlers

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
)

// ways are the patterns of the site's routes, by which pages are told from what
// can only be posted to.
type ways struct {
	all   [][]string // parts
	pages map[string]bool
}

func newWays(routes gin.RoutesInfo) ways {
	w := ways{pages: map[string]bool{}}
	for _, route := range routes {
		w.all = append(w.all, strings.Split(route.Path, "/"))
		if route.Method == http.MethodGet {
			w.pages[route.Path] = true
		}
	}
	return w
}

// nearest gives path if there is a page, and otherwise the nearest page above it.
func (w ways) nearest(path string) string {
	parts := strings.Split(path, "/")
	for pattern := w.match(parts); len(pattern) > 1; pattern = pattern[:len(pattern)-1] {
		if w.pages[strings.Join(pattern, "/")] {
			return strings.Join(parts[:len(pattern)], "/")
		}
	}
	return "/"
}

// match gives the pattern by which a path is routed, or nil: of several, the one
// that names the parts.
func (w ways) match(parts []string) (best []string) {
	for _, pattern := range w.all {
		if len(pattern) == len(parts) && fits(pattern, parts) && (best == nil || names(pattern, best)) {
			best = pattern
		}
	}
	return best
}

func fits(pattern, parts []string) bool {
	for i, part := range pattern {
		if part != parts[i] && !strings.HasPrefix(part, ":") {
			return false
		}
	}
	return true
}

// names reports whether a pattern names a part sooner than another that fits the
// same path.
func names(pattern, other []string) bool {
	for i := range pattern {
		if a, b := strings.HasPrefix(pattern[i], ":"), strings.HasPrefix(other[i], ":"); a != b {
			return b
		}
	}
	return false
}

// back gives the page to go on to for whoever had to log in first: the one that
// was asked for, and of what was posted, or is a part of a page, the page that it
// stood on, as the browser names it, or the nearest to where it was sent.
func (h *Handlers) back(c *gin.Context) string {
	if reads(c.Request) && !fragmentWanted(c) {
		return c.Request.URL.RequestURI()
	}
	for _, header := range []string{"HX-Current-URL", "Referer"} {
		page, err := url.Parse(c.GetHeader(header))
		if err != nil || page.Host == "" || page.Host != c.Request.Host && page.Host != h.BaseURL.Host {
			continue
		}
		path := localPath(page.EscapedPath())
		switch nearest := h.ways.nearest(path); {
		case path == "":
		case nearest == path && page.RawQuery != "":
			return path + "?" + page.RawQuery
		default:
			return nearest
		}
	}
	return h.ways.nearest(c.Request.URL.EscapedPath())
}
