package handlers

import (
	"errors"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

const (
	maxBody   = 64 << 10 // bytes of a form; the longest message, escaped, takes 48 KB
	maxFields = 50
)

// Nothing inline, nothing foreign. frame-* allow the live view for browsers
// without scripts, which is a frame of our own.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'; frame-src 'self'; object-src 'none'"

// secureHeaders go with every answer.
func secureHeaders(base *url.URL) gin.HandlerFunc {
	return func(c *gin.Context) {
		header := c.Writer.Header()
		header.Set("Content-Security-Policy", contentSecurityPolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		if base.Scheme == "https" {
			header.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
	}
}

// endPieces ends the connection after a request whose body came in pieces. It
// may have told a length too, which net/http ignores, but a proxy in front may
// have counted by: what follows is not to be taken for another request (RFC
// 9112, 6.1).
func endPieces(c *gin.Context) {
	if len(c.Request.TransferEncoding) > 0 {
		c.Header("Connection", "close")
	}
}

// trustProxies makes c.ClientIP believe X-Forwarded-For from the configured
// proxies, and from nobody else.
func (h *Handlers) trustProxies(router *gin.Engine) {
	router.RemoteIPHeaders = []string{"X-Forwarded-For"}
	var proxies []string
	for _, prefix := range h.TrustedProxies {
		proxies = append(proxies, prefix.String())
	}
	if err := router.SetTrustedProxies(proxies); err != nil {
		panic(err) // prefixes that were parsed once parse again
	}
}

// warnForwarded says once that a proxy in front is not configured: all its
// visitors would share one address, and its limits.
func (h *Handlers) warnForwarded(c *gin.Context) {
	if c.GetHeader("X-Forwarded-For") == "" {
		return
	}
	peer, err := netip.ParseAddr(c.RemoteIP())
	trusted := slices.ContainsFunc(h.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(peer.Unmap()) })
	if err == nil && !trusted {
		h.forwarded.Do(func() {
			h.Log.WarnContext(c.Request.Context(), "X-Forwarded-For comes from an address that TRUSTED_PROXIES does not name, so it is ignored", "peer", peer)
		})
	}
}

// checkHost refuses requests for other sites than ours, as a cache or a mail
// could be poisoned with them.
func (h *Handlers) checkHost(c *gin.Context) {
	if h.OnlyHost && !sameHost(c.Request.Host, h.BaseURL) {
		h.fail(c, &refusal{http.StatusMisdirectedRequest, "This address belongs to another site. Ours is " + h.BaseURL.String() + "."})
	}
}

// sameHost compares without regard to case and to the scheme's own port.
func sameHost(host string, base *url.URL) bool {
	port := map[string]string{"http": "80", "https": "443"}[base.Scheme]
	canonical := func(host string) string {
		if name, given, err := net.SplitHostPort(host); err == nil && given == port {
			host = name
		}
		return strings.ToLower(strings.Trim(host, "[]"))
	}
	return canonical(host) == canonical(base.Host)
}

// checkOrigin refuses what another site makes a browser send.
func (h *Handlers) checkOrigin() gin.HandlerFunc {
	protection := http.NewCrossOriginProtection()
	// A proxy may rewrite Host, which Origin would then not equal.
	if err := protection.AddTrustedOrigin(h.BaseURL.Scheme + "://" + h.BaseURL.Host); err != nil {
		panic(err) // the configuration has checked the address
	}
	return func(c *gin.Context) {
		if protection.Check(c.Request) != nil {
			h.fail(c, &refusal{http.StatusForbidden, "This was sent by another site, so it was not done. Please do it on our own page."})
		}
	}
}

// readForm reads the form of a request that changes something, within bounds.
func (h *Handlers) readForm(c *gin.Context) {
	if reads(c.Request) {
		return
	}
	err := error(errTooMuch) // without reading it: who asks before sending need not send
	if c.Request.ContentLength <= maxBody {
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxBody)
		err = parseForm(c.Request)
	}
	if err != nil {
		c.Header("Connection", "close")
		h.fail(c, err)
	}
}

func parseForm(r *http.Request) error {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") || r.Header.Get("Content-Encoding") != "" {
		return &refusal{http.StatusUnsupportedMediaType, "Only forms in UTF-8 can be sent here."}
	}
	switch {
	case err == nil && kind == "application/x-www-form-urlencoded":
		err = r.ParseForm()
	case err == nil && kind == "multipart/form-data":
		err = r.ParseMultipartForm(maxBody)
	case r.ContentLength == 0:
		err = r.ParseForm() // a form without fields, as some clients send it
	default:
		return &refusal{http.StatusUnsupportedMediaType, "Only forms can be sent here."}
	}
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return errTooMuch
	}
	if err != nil || len(r.PostForm) > maxFields {
		return errDamagedForm
	}
	return nil
}

var (
	errDamagedForm = &refusal{http.StatusBadRequest, "This form was damaged on the way. Please send it again."}
	errTooMuch     = &refusal{http.StatusRequestEntityTooLarge, "This is too much at once: a message has at most 4,000 characters."}
)

// addressPrefix is what stands for a client in limits: its address, or of an
// IPv6 address the /64, which one household has whole.
func addressPrefix(c *gin.Context) netip.Prefix {
	return prefix(clientAddress(c), 32, 64)
}

// neighbourhood is as much of a client's address as is kept: it tells networks
// apart, but not people.
func neighbourhood(c *gin.Context) string { return prefix(clientAddress(c), 24, 48).String() }

// clientAddress is where a request comes from. Gin reads no address with a zone,
// which neighbours on one link have: theirs is taken from the connection.
func clientAddress(c *gin.Context) netip.Addr {
	if addr, err := netip.ParseAddr(c.ClientIP()); err == nil {
		return addr.Unmap()
	}
	peer, _ := netip.ParseAddrPort(c.Request.RemoteAddr) // a connection has one
	return peer.Addr().Unmap()
}

func prefix(addr netip.Addr, bits4, bits6 int) netip.Prefix {
	addr = addr.WithZone("")
	bits := bits6
	if addr.Is4() {
		bits = bits4
	}
	p, _ := addr.Prefix(bits) // bits fit the address
	return p
}
