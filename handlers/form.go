package handlers

import (
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/unicode/norm"
)

// field gives a form's text as the rest of the site expects text: valid, and in
// Unicode's form NFC, so that what looks alike is alike. Passwords and messages
// are not read with it: they are taken as they are sent.
func field(c *gin.Context, name string) string { return normal(c.PostForm(name)) }

// fieldOr is field for a form that may leave the field out.
func fieldOr(c *gin.Context, name, otherwise string) string {
	if _, sent := c.GetPostForm(name); !sent {
		return otherwise
	}
	return field(c, name)
}

// sentNumber gives a form's number from 1 on, or 0 where there is none.
func sentNumber(c *gin.Context, name string) int64 {
	if n, ok := ordinal(c.PostForm(name)); ok {
		return n
	}
	return 0
}

func normal(text string) string { return norm.NFC.String(readable(text)) }

// readable gives the text with what no page can show replaced.
func readable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "\ufffd")
}

// nextPath gives the local path to go on to, as the form or the address says,
// or "" if that is not clearly a path of this site.
func nextPath(c *gin.Context) string {
	next := c.PostForm("next")
	if next == "" {
		next = c.Query("next")
	}
	return localPath(next)
}

func localPath(path string) string {
	const most = 2048
	if len(path) > most || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.Contains(path, `\`) {
		return ""
	}
	for _, r := range path {
		if r <= ' ' || r == 0x7f || r == '\ufffd' {
			return ""
		}
	}
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || strings.HasPrefix(u.Path, "//") || strings.Contains(u.Path, `\`) {
		return ""
	}
	return u.String() // escaped anew, so that it is safe in a header
}
