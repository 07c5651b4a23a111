// Package assets holds what a browser loads beside the pages: the stylesheet,
// htmx and the icon, embedded in the binary. A file's address carries a hash of
// its content, so it may be kept for ever and still a new version is seen at
// once. The package knows no page, reads nothing at run time and changes
// nothing after start-up: it is safe for use by many goroutines.
//
// The files in static are generated: app.css from app.css and
// tailwind.config.js (`npm run css`), htmx.js from the npm package (`npm run
// vendor`).
package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

//go:embed static
var static embed.FS

// file is an embedded file as it is served.
type file struct {
	contentType string
	hash        string
	plain       []byte
	gzipped     []byte // nil where gzip gains nothing
}

var (
	paths = map[string]string{} // by name below static
	files = map[string]file{}   // by path
)

// contentTypes is a table of our own, because that of the machine differs from one to the next.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml; charset=utf-8",
}

func init() {
	err := fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := static.ReadFile(name)
		if err != nil {
			return err
		}
		extension := path.Ext(name)
		contentType, known := contentTypes[extension]
		if !known {
			return fmt.Errorf("%s: no content type for %q", name, extension)
		}
		sum := sha256.Sum256(content)
		f := file{contentType: contentType, hash: hex.EncodeToString(sum[:])[:12], plain: content}
		if f.gzipped, err = compress(content); err != nil {
			return err
		}
		p := "/" + strings.TrimSuffix(name, extension) + "-" + f.hash + extension
		paths[strings.TrimPrefix(name, "static/")] = p
		files[p] = f
		return nil
	})
	if err != nil {
		panic("assets: " + err.Error())
	}
}

// compress returns content gzipped, or nil if that is no smaller.
func compress(content []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if b.Len() >= len(content) {
		return nil, nil
	}
	return b.Bytes(), nil
}

// Path returns the address of the file called name, such as
// "/static/app-1a2b3c4d5e6f.css" for "app.css". It panics if there is no such
// file: that is a mistake in the program, and any test of the page finds it.
func Path(name string) string {
	p, ok := paths[name]
	if !ok {
		panic("assets: no file " + strconv.Quote(name))
	}
	return p
}

// Serve answers a GET or HEAD of an address that Path returned, and reports
// whether it did. For any other request it writes nothing and returns false.
func Serve(w http.ResponseWriter, r *http.Request) bool {
	f, ok := files[r.URL.Path]
	if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	content, etag := f.plain, f.hash
	header := w.Header()
	header.Set("Content-Type", f.contentType)
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	if f.gzipped != nil {
		header.Add("Vary", "Accept-Encoding")
	}
	if f.gzipped != nil && AcceptsGzip(r) {
		content, etag = f.gzipped, f.hash+"-gzip"
		header.Set("Content-Encoding", "gzip")
		// ServeContent leaves the length of encoded content to us.
		header.Set("Content-Length", strconv.Itoa(len(content)))
	}
	header.Set("ETag", strconv.Quote(etag))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	return true
}

// AcceptsGzip reports whether the client names gzip among the encodings it takes.
func AcceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		coding, weight, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		q, given := strings.CutPrefix(strings.ToLower(strings.TrimSpace(weight)), "q=")
		if !given {
			return true
		}
		v, err := strconv.ParseFloat(q, 64)
		return err == nil && v > 0
	}
	return false
}
