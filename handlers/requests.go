package handlers

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

type requestIDKey struct{}

// requestID names the request that ctx belongs to; it is empty outside of one.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// LogRequestIDs gives a log handler that adds to each line the id of the request
// it was written for.
func LogRequestIDs(handler slog.Handler) slog.Handler { return requestIDs{handler} }

type requestIDs struct{ slog.Handler }

func (r requestIDs) Handle(ctx context.Context, record slog.Record) error {
	if id := requestID(ctx); id != "" {
		record.AddAttrs(slog.String("request", id))
	}
	return r.Handler.Handle(ctx, record)
}

func (r requestIDs) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestIDs{r.Handler.WithAttrs(attrs)}
}

func (r requestIDs) WithGroup(name string) slog.Handler { return requestIDs{r.Handler.WithGroup(name)} }

// logRequest names the request, and writes one line when it is done. The query
// stays out of the log: it may hold what somebody typed.
func (h *Handlers) logRequest(c *gin.Context) {
	begun, id := time.Now(), randomName(9)
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), requestIDKey{}, id))
	c.Header("X-Request-Id", id)
	c.Next()
	h.Log.InfoContext(c.Request.Context(), "request",
		"method", c.Request.Method, "path", masked(c.Request.URL.Path), "status", c.Writer.Status(),
		"bytes", max(0, c.Writer.Size()), "took", time.Since(begun).Round(time.Microsecond), "address", clientAddress(c))
}

// masked hides what opens a door in an address: the log is not to hold it.
func masked(path string) string {
	for _, door := range []string{"/password-reset/", "/confirm-email/", "/feeds/", "/unsubscribe/"} {
		if strings.HasPrefix(path, door) {
			return door + "…"
		}
	}
	return path
}

// randomName gives a name of that many random bytes, safe in addresses.
func randomName(bytes int) string {
	name := make([]byte, bytes)
	_, _ = rand.Read(name) // never fails: the program stops instead
	return base64.RawURLEncoding.EncodeToString(name)
}

// recoverPanic turns a panic into the page for our own faults.
func (h *Handlers) recoverPanic(c *gin.Context) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(cause) // net/http's own way to break a connection off
		}
		h.fail(c, fmt.Errorf("panic: %v\n%s", cause, debug.Stack()))
	}()
	c.Next()
}
