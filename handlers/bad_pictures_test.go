package handlers

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/picture"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// pictureFile gives one of the files that the tests of pictures have.
func pictureFile(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "picture", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// photograph is a JPEG as a camera writes it that was held upright, and says where.
func photograph(t *testing.T) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := jpeg.Encode(&file, image.NewGray(image.Rect(0, 0, 400, 300)), nil); err != nil {
		t.Fatal(err)
	}
	exif := "Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00GPS 48.1372 N 11.5756 E"
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(exif)+2))
	return bytes.Join([][]byte{file.Bytes()[:2], segment, []byte(exif), file.Bytes()[2:]}, nil)
}

// aFilm is a GIF that moves.
func aFilm(t *testing.T) []byte {
	t.Helper()
	film := &gif.GIF{}
	for i := range 100 {
		frame := image.NewPaletted(image.Rect(0, 0, 64, 64), color.Palette{color.Gray{uint8(i)}, color.White})
		film.Image, film.Delay = append(film.Image, frame), append(film.Delay, 1)
	}
	var file bytes.Buffer
	if err := gif.EncodeAll(&file, film); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// deepImage is a PNG of 16 bits for each colour.
func deepImage(t *testing.T) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewNRGBA64(image.Rect(0, 0, 80, 60))); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// hostileFileNames are what files are called. Nobody asks.
var hostileFileNames = []string{"me.png", "../../../etc/passwd", `C:\x`, `quote".png`, "x.html", "x.php", strings.Repeat("x", 5000), "犬", ".", "con"}

func TestBadPictures(t *testing.T) {
	black := anImage(t, color.Black)
	accepted := map[string][]byte{
		"one pixel": anImageOf(t, 1, 1, color.Black), "a line": anImageOf(t, 4096, 1, color.Black), "16 bits": deepImage(t), "a film": aFilm(t), "a photograph": photograph(t),
		"a JPEG with an archive": append(photograph(t), "PK\x03\x04<?php evil(); ?><script>alert(1)</script>"...), "a PNG with HTML": append(bytes.Clone(black), "<script>alert(1)</script>"...),
	}
	for _, name := range []string{"progressive.jpg", "cmyk.jpg", "interlaced.png", "lossy.webp", "lossless.webp", "alpha.webp"} {
		accepted[name] = pictureFile(t, name)
	}
	refused := map[string]struct {
		file []byte
		says picture.Refusal
	}{
		"nothing": {nil, picture.ErrFormat}, "arithmetic coding": {pictureFile(t, "arithmetic.jpg"), picture.ErrDamaged}, "a WebP that moves": {pictureFile(t, "animated.webp"), picture.ErrMoving},
		"BMP": {pictureFile(t, "small.bmp"), picture.ErrFormat}, "TIFF": {pictureFile(t, "small.tiff"), picture.ErrFormat}, "ICO": {pictureFile(t, "small.ico"), picture.ErrFormat},
		"SVG": {[]byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), picture.ErrFormat}, "packed SVG": {[]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00"), picture.ErrFormat}, "HEIC": {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), picture.ErrFormat},
		"PDF": {[]byte("%PDF-1.7\n"), picture.ErrFormat}, "HTML": {[]byte("<!DOCTYPE html><script>alert(1)</script>"), picture.ErrFormat}, "a program": {[]byte("\x7fELF\x02\x01\x01"), picture.ErrFormat}, "an archive": {[]byte("PK\x03\x04"), picture.ErrFormat},
		"a column too high": {anImageOf(t, 1, 4097, color.Black), picture.ErrTooWide}, "144 million pixels": {anImageOf(t, 12_000, 12_000, color.Black), picture.ErrTooWide},
		"a PNG cut short": {black[:len(black)-20], picture.ErrDamaged}, "a JPEG cut short": {photograph(t)[:400], picture.ErrDamaged}, "a film cut short": {aFilm(t)[:30], picture.ErrDamaged}, "a WebP cut short": {pictureFile(t, "lossy.webp")[:60], picture.ErrDamaged},
		"a byte too many": {make([]byte, picture.MaxBytes+1), picture.ErrTooLarge},
	}
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		ada := s.member("ada")
		n := 0
		fileName := func() string { n++; return hostileFileNames[n%len(hostileFileNames)] }
		for name, file := range accepted {
			ada.upload("/settings", profile("ada"), fileName(), file).status(303)
			large := ada.get("/users/ada").doc().Find(".avatar.large").AttrOr("src", "")
			for side, path := range map[int]string{256: large, 96: strings.Replace(large, "/256", "/96", 1)} {
				answer := s.guest().get(path).status(200)
				content := answer.Body.Bytes()
				config, err := jpeg.DecodeConfig(bytes.NewReader(content))
				if err != nil || config.Width != side || config.Height != side || answer.Header().Get("Content-Type") != "image/jpeg" {
					t.Errorf("%s: got %+v, %v, as %q, want %d pixels a side", name, config, err, answer.Header().Get("Content-Type"), side)
				}
				for _, trace := range []string{"Exif", "GPS", "script", "PK\x03\x04", "\xff\xe1"} {
					if bytes.Contains(content, []byte(trace)) {
						t.Errorf("%s: %q is left of it", name, trace)
					}
				}
			}
		}
		before := ada.get("/users/ada").doc().Find(".avatar.large").AttrOr("src", "")
		for name, tt := range refused {
			answer := ada.upload("/settings", profile("lovelace"), fileName(), tt.file).status(422)
			if got := answer.problem("avatar"); got != tt.says.Error() {
				t.Errorf("%s: got %q, want %q", name, got, tt.says)
			}
			if got := answer.value("#username"); got != "lovelace" {
				t.Errorf("%s: what was typed is not kept, but %q", name, got)
			}
		}
		if after := ada.get("/users/ada").status(200).doc().Find(".avatar.large").AttrOr("src", ""); after != before {
			t.Errorf("the picture was %q and is %q", before, after)
		}
		s.healthy(t)
	})
}

// Whoever is asked to come back gets the picture then.
func TestManyUploadsAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		file := anImageOf(t, 2000, 2000, color.Black)
		var people []*visitor
		for i := range 20 {
			people = append(people, s.member(fmt.Sprint("dog", i)))
		}
		var all sync.WaitGroup
		for i, v := range people {
			all.Go(func() {
				for {
					answer := v.upload("/settings", profile(fmt.Sprint("dog", i)), "me.png", file)
					if answer.Code == 303 {
						return
					}
					if answer.Code != 503 || answer.Header().Get("Retry-After") == "" || answer.doc().Find("main").Text() == "" {
						t.Errorf("got status %d, %v", answer.Code, answer.Header())
						return
					}
				}
			})
		}
		all.Wait()
		for i := range people {
			if user, err := db.UserByName(t.Context(), fmt.Sprint("dog", i)); err != nil || user.Avatar == "" {
				t.Errorf("got %+v, %v, want a picture", user, err)
			}
		}
		if len(s.uploads) != 0 {
			t.Errorf("%d uploads are under way, want none", len(s.uploads))
		}
		s.healthy(t)
	})
}

// Of an upload that breaks off, nothing is left: no picture, no place that it
// takes from others, and no file.
func TestUploadBrokenOff(t *testing.T) {
	s := newSite(t)
	files := t.TempDir()
	t.Setenv("TMPDIR", files)
	if proof, err := os.CreateTemp("", "multipart-"); err != nil || //nolint:usetesting // as a parser would
		filepath.Dir(proof.Name()) != files || os.Remove(proof.Name()) != nil {
		t.Fatalf("a file for a moment would not be in %s: %v", files, err)
	}
	ada := s.member("ada")
	address := strings.TrimPrefix(s.serve(), "http://")
	for range 2 * maxUploads {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_, err = fmt.Fprintf(conn, "POST /settings HTTP/1.1\r\nHost: example.com\r\nCookie: %s\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 4000000\r\n\r\n"+
			"--b\r\nContent-Disposition: form-data; name=\"avatar\"; filename=\"me.png\"\r\n\r\n%s", ada.cookie, strings.Repeat("x", 200_000))
		if err == nil {
			err = conn.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	ended := func() int { return strings.Count(s.log.String(), "method=POST path=/settings ") }
	for deadline := time.Now().Add(patience); ended() < 2*maxUploads; {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d have ended", ended(), 2*maxUploads)
		}
	}
	if left, err := os.ReadDir(files); err != nil || len(left) != 0 || len(s.uploads) != 0 {
		t.Errorf("%v, %v and %d places are left", left, err, len(s.uploads))
	}
	if user, err := s.Store.UserByName(t.Context(), "ada"); err != nil || user.Avatar != "" {
		t.Errorf("got %+v, %v", user, err)
	}
	ada.upload("/settings", profile("ada"), "me.png", anImage(t, color.Black)).status(303)
	s.healthy(t)
}
