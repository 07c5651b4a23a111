package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
)

func get(t *testing.T, method, path string, header ...string) (*http.Response, []byte) {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	if !Serve(w, r) {
		t.Fatalf("%s %s was not served", method, path)
	}
	return w.Result(), w.Body.Bytes()
}

func TestServe(t *testing.T) {
	tests := []struct{ name, contentType string }{
		{"app.css", "text/css; charset=utf-8"},
		{"htmx.js", "text/javascript; charset=utf-8"},
		{"icon.svg", "image/svg+xml; charset=utf-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want, err := static.ReadFile("static/" + tt.name)
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(want)
			stem, extension, _ := strings.Cut(tt.name, ".")
			if got, want := Path(tt.name), "/static/"+stem+"-"+hex.EncodeToString(sum[:])[:12]+"."+extension; got != want {
				t.Errorf("path %s, want %s", got, want)
			}

			res, body := get(t, "GET", Path(tt.name))
			if res.StatusCode != 200 || !bytes.Equal(body, want) {
				t.Errorf("status %d with %d bytes, want 200 with the file's %d", res.StatusCode, len(body), len(want))
			}
			for key, value := range map[string]string{
				"Content-Type":     tt.contentType,
				"Cache-Control":    "public, max-age=31536000, immutable",
				"Content-Length":   strconv.Itoa(len(want)),
				"Content-Encoding": "",
				"Vary":             "Accept-Encoding",
			} {
				if got := res.Header.Get(key); got != value {
					t.Errorf("%s: %q, want %q", key, got, value)
				}
			}

			tags := map[string]string{res.Header.Get("ETag"): "identity"}
			for coding, accepted := range map[string]string{"br": "gzip, br", "gzip": "gzip, br;q=0"} {
				packed, body := get(t, "GET", Path(tt.name), "Accept-Encoding", accepted)
				if got := packed.Header.Get("Content-Encoding"); got != coding {
					t.Fatalf("%s: Content-Encoding %q, want %q", accepted, got, coding)
				}
				if got := packed.Header.Get("Content-Length"); got != strconv.Itoa(len(body)) || len(body) >= len(want) {
					t.Errorf("%s: Content-Length %s of %d bytes", coding, got, len(body))
				}
				if got := packed.Header.Get("Vary"); got != "Accept-Encoding" {
					t.Errorf("%s: Vary %q", coding, got)
				}
				tag := packed.Header.Get("ETag")
				if other, taken := tags[tag]; taken || tag == "" {
					t.Errorf("the ETag of %s is %q, as that of %s: want one for each encoding", coding, tag, other)
				}
				tags[tag] = coding
				unpacked, err := unpack(coding, body)
				if err != nil || !bytes.Equal(unpacked, want) {
					t.Errorf("%s: %d bytes after unpacking (%v), want the file's %d", coding, len(unpacked), err, len(want))
				}
			}

			head, body := get(t, "HEAD", Path(tt.name))
			if got := head.Header.Get("Content-Length"); head.StatusCode != 200 || len(body) > 0 || got != strconv.Itoa(len(want)) {
				t.Errorf("HEAD: status %d, %d bytes, Content-Length %s", head.StatusCode, len(body), got)
			}
		})
	}
}

func unpack(coding string, b []byte) ([]byte, error) {
	if coding == "br" {
		return io.ReadAll(brotli.NewReader(bytes.NewReader(b)))
	}
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func TestServeNotModified(t *testing.T) {
	for _, encoding := range []string{"identity", "gzip", "br"} {
		first, _ := get(t, "GET", Path("app.css"), "Accept-Encoding", encoding)
		etag := first.Header.Get("ETag")
		if !regexp.MustCompile(`^"[0-9a-f]{12}(-gzip|-br)?"$`).MatchString(etag) {
			t.Errorf("%s: ETag %s, want a strong one", encoding, etag)
		}
		res, body := get(t, "GET", Path("app.css"), "Accept-Encoding", encoding, "If-None-Match", etag)
		if res.StatusCode != 304 || len(body) > 0 || res.Header.Get("ETag") != etag || res.Header.Get("Vary") == "" {
			t.Errorf("%s: status %d with %d bytes and %v, want 304 with the same ETag", encoding, res.StatusCode, len(body), res.Header)
		}
		res, _ = get(t, "GET", Path("app.css"), "Accept-Encoding", encoding, "If-None-Match", `"another"`)
		if res.StatusCode != 200 {
			t.Errorf("%s: status %d for another ETag, want 200", encoding, res.StatusCode)
		}
	}
}

func TestIconsAreAsLargeAsTheySay(t *testing.T) {
	for name, size := range map[string]int{"icon-192.png": 192, "icon-512.png": 512, "icon-full-180.png": 180, "icon-full-512.png": 512} {
		res, body := get(t, "GET", Path(name))
		picture, err := png.Decode(bytes.NewReader(body))
		if err != nil || res.Header.Get("Content-Type") != "image/png" {
			t.Fatalf("%s: %v, %v", name, err, res.Header)
		}
		if picture.Bounds() != image.Rect(0, 0, size, size) {
			t.Errorf("%s: got %v, want %d by %d", name, picture.Bounds(), size, size)
		}
		// A full one has no corners to show through.
		_, _, _, corner := picture.At(0, 0).RGBA()
		if full := strings.Contains(name, "full"); (corner == 0xffff) != full {
			t.Errorf("%s: its corner is %04x opaque", name, corner)
		}
	}
}

// A part of the gzipped file is a part of the very same bytes, so a download can go on.
func TestServeRange(t *testing.T) {
	_, whole := get(t, "GET", Path("htmx.js"), "Accept-Encoding", "gzip")
	res, part := get(t, "GET", Path("htmx.js"), "Accept-Encoding", "gzip", "Range", "bytes=10-19")
	if res.StatusCode != 206 || res.Header.Get("Content-Length") != "10" || !bytes.Equal(part, whole[10:20]) {
		t.Errorf("status %d, Content-Length %s, %d bytes", res.StatusCode, res.Header.Get("Content-Length"), len(part))
	}
}

func TestServeLeavesTheRest(t *testing.T) {
	tests := []struct{ method, path string }{
		{"GET", "/static/app.css"},
		{"GET", "/static/app-000000000000.css"},
		{"GET", "/static/"},
		{"GET", "/static"},
		{"GET", "/static/../assets.go"},
		{"GET", "/"},
		{"POST", Path("app.css")},
	}
	for _, tt := range tests {
		w := httptest.NewRecorder()
		if Serve(w, httptest.NewRequest(tt.method, tt.path, nil)) || w.Body.Len() > 0 || len(w.Header()) > 0 {
			t.Errorf("%s %s was answered with %v", tt.method, tt.path, w.Header())
		}
	}
}

func TestAFileOfTheUser(t *testing.T) {
	content := strings.Repeat(":root{--tag:#006400}", 20)
	f, err := NewFile("own.css", []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	if !f.Serve(w, httptest.NewRequest("GET", f.Path, nil)) || w.Body.String() != content || w.Header().Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("got %q and %v", w.Body, w.Header())
	}
	other, err := NewFile("own.css", []byte(content+" "))
	if err != nil || other.Path == f.Path || !strings.HasPrefix(other.Path, "/static/own-") {
		t.Errorf("got %s and %s (%v), want an address for each content", f.Path, other.Path, err)
	}
	if _, err := NewFile("own.exe", nil); err == nil {
		t.Error("got no error for a kind of file that no page loads")
	}
	for _, path := range []string{"/", "/static/"} {
		if (File{}).Serve(w, httptest.NewRequest("GET", path, nil)) {
			t.Errorf("no file at all was served at %s", path)
		}
	}
}

func TestPathPanicsWithoutAFile(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error(`Path("absent.css") returned`)
		}
	}()
	Path("absent.css")
}

func TestAccepts(t *testing.T) {
	tests := []struct {
		header []string
		want   bool
	}{
		{nil, false},
		{[]string{""}, false},
		{[]string{"gzip"}, true},
		{[]string{"GZIP"}, true},
		{[]string{"deflate, gzip;q=0.5, br"}, true},
		{[]string{"br", "gzip"}, true},
		{[]string{"gzip;q=0"}, false},
		{[]string{"gzip; Q=0.000"}, false},
		{[]string{"gzip;q=often"}, false},
		{[]string{"xgzip, gzipx"}, false},
		{[]string{"identity"}, false},
	}
	for _, tt := range tests {
		if got := Accepts(&http.Request{Header: http.Header{"Accept-Encoding": tt.header}}, "gzip"); got != tt.want {
			t.Errorf("%q: %v, want %v", tt.header, got, tt.want)
		}
	}
}

// The bundle in the repository is that of the version package.json asks for.
func TestVendoredVersion(t *testing.T) {
	content, err := os.ReadFile("../package.json")
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		DevDependencies map[string]string `json:"devDependencies"`
	}
	if err := json.Unmarshal(content, &manifest); err != nil {
		t.Fatal(err)
	}
	script := string(files[Path("htmx.js")].plain)
	header, _, _ := strings.Cut(script, "\n")
	if want := "/*! htmx " + manifest.DevDependencies["htmx.org"] + " with hx-sse and hx-upsert, 0BSD */"; header != want {
		t.Errorf("header %q, want %q", header, want)
	}
	for _, part := range []string{"var htmx=", `"sse"`, `"upsert"`} {
		if !strings.Contains(script, part) {
			t.Errorf("no %s in the bundle", part)
		}
	}
	if strings.Contains(script, "sourceMappingURL") {
		t.Error("the bundle names a source map, and none is served")
	}
}

// The pages' Content-Security-Policy loads nothing but our own files, and the
// first view of a room has a budget.
func TestStaticFilesStandAlone(t *testing.T) {
	weight := 0
	for p, f := range files {
		if strings.HasSuffix(p, ".css") && regexp.MustCompile(`url\(|@import|//[a-z]+\.`).Match(bytes.ReplaceAll(f.plain, []byte("https://tailwindcss.com"), nil)) {
			t.Errorf("%s loads something else", p)
		}
		if !strings.HasSuffix(p, ".png") { // those are for who keeps the site on a home screen
			weight += len(f.packed[len(f.packed)-1].content)
		}
	}
	if weight > 24<<10 {
		t.Errorf("%d bytes gzipped, want at most %d", weight, 24<<10)
	}
}
