// Package assets holds what a browser loads beside the pages: the stylesheet,
// htmx and the icons, embedded in the binary. A file's address carries a hash of
// its content, so it may be kept for ever and still a new version is seen at
// once. The package knows no page, reads nothing at run time and changes
// nothing after start-up: it is safe for use by many goroutines.
//
// The files in static are generated: app.css from app.css and
// tailwind.config.js (`npm run css`), htmx.js from the npm package (`npm run
// vendor`), the PNG icons from icon.svg (icons.go), and of each its brotli form
// (`npm run compress`).
package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

//go:embed static
var static embed.FS

// File is a file as it is served.
type File struct {
	Path        string // its address
	contentType string
	hash        string
	plain       []byte
	packed      []packed // the smallest first; none where nothing is gained
}

// packed is a file's content in a coding that HTTP knows.
type packed struct {
	coding  string
	content []byte
}

var (
	paths = map[string]string{} // by name below static
	files = map[string]File{}   // by path
)

// contentTypes is a table of our own, because that of the machine differs from one to the next.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".png": "image/png",
	".svg": "image/svg+xml; charset=utf-8",
}

const brotliEnding = ".br" // what the name of a file's brotli form ends in

func init() {
	err := fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) == brotliEnding {
			return err
		}
		content, err := static.ReadFile(name)
		if err != nil {
			return err
		}
		smallest, err := static.ReadFile(name + brotliEnding)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		name = strings.TrimPrefix(name, "static/")
		f, err := newFile(name, content, packed{"br", smallest})
		paths[name], files[f.Path] = f.Path, f
		return err
	})
	if err != nil {
		panic("assets: " + err.Error())
	}
}

// NewFile makes a file of the program's user ready to be served. Of its name only
// the ending matters to what it is.
func NewFile(name string, content []byte) (File, error) { return newFile(name, content) }

// newFile makes a file ready to be served, in its own form, in those given, and by gzip.
func newFile(name string, content []byte, forms ...packed) (File, error) {
	extension := path.Ext(name)
	contentType, known := contentTypes[extension]
	if !known {
		return File{}, fmt.Errorf("%s: no content type for %q", name, extension)
	}
	gzipped, err := compress(content)
	if err != nil {
		return File{}, err
	}
	sum := sha256.Sum256(content)
	f := File{contentType: contentType, hash: hex.EncodeToString(sum[:])[:12], plain: content}
	f.Path = "/static/" + strings.TrimSuffix(name, extension) + "-" + f.hash + extension
	for _, form := range append(forms, packed{"gzip", gzipped}) {
		if len(form.content) > 0 && len(form.content) < len(content) {
			f.packed = append(f.packed, form)
		}
	}
	return f, nil
}

// compress returns content gzipped.
func compress(content []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	err = w.Close()
	return b.Bytes(), err
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

var pageColor = regexp.MustCompile(`--page:(#[0-9a-f]+)`)

// PageColors gives the colour of the page in the dark theme and in the light one,
// as the stylesheet has it, for what a system paints around the page.
func PageColors() (dark, light string) {
	colors := pageColor.FindAllSubmatch(files[Path("app.css")].plain, -1)
	if len(colors) != 2 {
		panic("assets: app.css has no --page for each of the two themes")
	}
	return string(colors[0][1]), string(colors[1][1])
}

// Serve answers a GET or HEAD of an address that Path returned, and reports
// whether it did. For any other request it writes nothing and returns false.
func Serve(w http.ResponseWriter, r *http.Request) bool {
	f, ok := files[r.URL.Path]
	return ok && f.Serve(w, r)
}

// Serve answers a GET or HEAD of the file's address, and reports whether it did.
// For any other request it writes nothing and returns false. The zero File has no
// address.
func (f File) Serve(w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path != f.Path || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	content, etag := f.plain, f.hash
	header := w.Header()
	header.Set("Content-Type", f.contentType)
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	if len(f.packed) > 0 {
		header.Add("Vary", "Accept-Encoding")
	}
	for _, form := range f.packed {
		if Accepts(r, form.coding) {
			content, etag = form.content, f.hash+"-"+form.coding
			header.Set("Content-Encoding", form.coding)
			// ServeContent leaves the length of encoded content to us.
			header.Set("Content-Length", strconv.Itoa(len(content)))
			break
		}
	}
	header.Set("ETag", strconv.Quote(etag))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	return true
}

// Accepts reports whether the client names the coding among the encodings it takes.
func Accepts(r *http.Request, coding string) bool {
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, weight, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), coding) {
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
