package picture

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var (
	red    = color.RGBA{220, 30, 30, 255}
	green  = color.RGBA{30, 200, 30, 255}
	blue   = color.RGBA{30, 30, 220, 255}
	yellow = color.RGBA{230, 220, 30, 255}
)

// quarters is an image whose quarters have the colours, row by row.
type quarters struct {
	width, height int
	colours       [4]color.RGBA
}

func (q quarters) ColorModel() color.Model { return color.RGBAModel }
func (q quarters) Bounds() image.Rectangle { return image.Rect(0, 0, q.width, q.height) }
func (q quarters) At(x, y int) color.Color {
	i := 0
	if x >= q.width/2 {
		i++
	}
	if y >= q.height/2 {
		i += 2
	}
	return q.colours[i]
}

func upstanding(width, height int) quarters {
	return quarters{width, height, [4]color.RGBA{red, green, blue, yellow}}
}

func asJPEG(t testing.TB, source image.Image) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := jpeg.Encode(&file, source, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func asPNG(t testing.TB, source image.Image) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := png.Encode(&file, source); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func asGIF(t testing.TB, frames int) []byte {
	t.Helper()
	moving := &gif.GIF{}
	palette := color.Palette{red, green, blue, yellow}
	for i := range frames {
		frame := image.NewPaletted(image.Rect(0, 0, 64, 64), palette)
		for x := range 64 {
			for y := range 64 {
				frame.Set(x, y, upstanding(64, 64).At((x+i)%64, y))
			}
		}
		moving.Image, moving.Delay = append(moving.Image, frame), append(moving.Delay, 1)
	}
	var file bytes.Buffer
	if err := gif.EncodeAll(&file, moving); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func file(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// segment is a part of a JPEG file.
func segment(marker byte, content string) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(content)+2)), content...)
}

// withSegments puts segments behind the beginning of a JPEG file.
func withSegments(jpeg []byte, segments ...[]byte) []byte {
	return bytes.Join([][]byte{jpeg[:2], bytes.Join(segments, nil), jpeg[2:]}, nil)
}

// exif is the segment that tells an orientation, after another entry.
func exif(order binary.AppendByteOrder, orientation uint16) []byte {
	tiff := []byte("II*\x00")
	if order.AppendUint16(nil, 1)[1] == 1 {
		tiff = []byte("MM\x00*")
	}
	tiff = order.AppendUint32(tiff, 8)
	tiff = order.AppendUint16(tiff, 2)
	for _, entry := range [][2]uint16{{0x0110, 7}, {0x0112, orientation}} {
		tiff = order.AppendUint16(tiff, entry[0])
		tiff = order.AppendUint16(tiff, 3) // SHORT
		tiff = order.AppendUint32(tiff, 1)
		tiff = order.AppendUint16(tiff, entry[1])
		tiff = order.AppendUint16(tiff, 0)
	}
	return segment(0xe1, "Exif\x00\x00"+string(tiff)+"GPS 48.1372 N 11.5756 E")
}

// chunk is a part of a PNG file.
func chunk(kind, content string) []byte {
	body := append([]byte(kind), content...)
	b := append(binary.BigEndian.AppendUint32(nil, uint32(len(content))), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(body))
}

// withChunk puts a chunk behind the header of a PNG file.
func withChunk(png, chunk []byte) []byte {
	const header = 8 + 25
	return bytes.Join([][]byte{png[:header], chunk, png[header:]}, nil)
}

// pngHeader is a PNG file that says it has that size, and ends there.
func pngHeader(width, height uint32) []byte {
	content := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height)
	return append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", string(content)+"\x08\x02\x00\x00\x00")...)
}

// check fails unless made is what the package promises.
func checkPicture(t testing.TB, made Picture) {
	t.Helper()
	if len(made.Hash) != 32 || strings.Trim(made.Hash, "0123456789abcdef") != "" {
		t.Errorf("got the hash %q", made.Hash)
	}
	for side, content := range map[int][]byte{256: made.Large, 96: made.Small} {
		config, err := jpeg.DecodeConfig(bytes.NewReader(content))
		if err != nil || config.Width != side || config.Height != side {
			t.Errorf("got %d x %d pixels, %v, want %d a side", config.Width, config.Height, err, side)
		}
		for rest := content[2:]; rest[1] != 0xda; rest = rest[2+binary.BigEndian.Uint16(rest[2:]):] {
			if marker := rest[1]; marker >= 0xe0 && marker <= 0xef || marker == 0xfe {
				t.Errorf("got a segment of metadata, %x: %q", marker, rest[:20])
			}
		}
		if !bytes.HasSuffix(content, []byte{0xff, 0xd9}) {
			t.Errorf("something follows the end: %q", content[len(content)-20:])
		}
	}
}

// wantQuarters fails unless both pictures show the colours, row by row.
func wantQuarters(t *testing.T, made Picture, want ...color.RGBA) {
	t.Helper()
	for _, content := range [][]byte{made.Large, made.Small} {
		shown, err := jpeg.Decode(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		side := shown.Bounds().Dx()
		for i, colour := range want {
			x, y := side/4+i%2*side/2, side/4+i/2*side/2
			if got := shown.At(x, y); !near(got, colour) {
				t.Errorf("quarter %d of %d pixels: got %v, want %v", i, side, got, colour)
			}
		}
	}
}

func near(a, b color.Color) bool {
	ar, ag, ab, _ := a.RGBA()
	br, bg, bb, _ := b.RGBA()
	const most = 24 << 8
	apart := func(a, b uint32) bool { return max(a, b)-min(a, b) > most }
	return !apart(ar, br) && !apart(ag, bg) && !apart(ab, bb)
}

func TestMake(t *testing.T) {
	plain, wide := upstanding(64, 64), upstanding(64, 64)
	wide.width = 192 // its middle shows the inner halves
	deep := image.NewNRGBA64(plain.Bounds())
	for x := range 64 {
		for y := range 64 {
			deep.Set(x, y, plain.At(x, y))
		}
	}
	for name, data := range map[string][]byte{
		"JPEG": asJPEG(t, plain), "a progressive JPEG": file(t, "progressive.jpg"),
		"PNG": asPNG(t, plain), "an interlaced PNG": file(t, "interlaced.png"), "a PNG of 16 bits": asPNG(t, deep),
		"a wide PNG": asPNG(t, wide), "a high PNG": asPNG(t, upstanding(64, 300)), "a large JPEG": asJPEG(t, upstanding(1600, 1200)),
		"GIF": asGIF(t, 1), "a GIF of 1,000 frames": asGIF(t, 1000),
		"a lossy WebP": file(t, "lossy.webp"), "a lossless WebP": file(t, "lossless.webp"),
		"an APNG":                   withChunk(asPNG(t, plain), chunk("acTL", "\x00\x00\x00\x02\x00\x00\x00\x00")),
		"a PNG with a profile":      withChunk(asPNG(t, plain), chunk("iCCP", "x\x00\x00junk")),
		"a PNG with packed text":    withChunk(asPNG(t, plain), chunk("zTXt", "x\x00\x00"+strings.Repeat("\x78\x9c", 9000))),
		"a JPEG with an archive":    append(asJPEG(t, plain), "PK\x03\x04<?php evil(); ?><script>alert(1)</script>"...),
		"a JPEG with much metadata": withSegments(asJPEG(t, plain), bytes.Repeat(segment(0xe5, strings.Repeat("x", 60_000)), 60)),
	} {
		t.Run(name, func(t *testing.T) {
			made, err := NewMaker().Make(t.Context(), data)
			if err != nil {
				t.Fatal(err)
			}
			checkPicture(t, made)
			wantQuarters(t, made, red, green, blue, yellow)
		})
	}
	for name, data := range map[string][]byte{
		"one pixel": asPNG(t, upstanding(1, 1)), "a CMYK JPEG": file(t, "cmyk.jpg"), "a thin line": asPNG(t, upstanding(4096, 1)),
	} {
		made, err := NewMaker().Make(t.Context(), data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkPicture(t, made)
	}
}

func TestTransparencyShowsTheBackdrop(t *testing.T) {
	made, err := NewMaker().Make(t.Context(), asPNG(t, image.NewNRGBA(image.Rect(0, 0, 64, 64))))
	if err != nil {
		t.Fatal(err)
	}
	clear := color.RGBA{0xf5, 0xf5, 0xf4, 0xff}
	wantQuarters(t, made, clear, clear, clear, clear)
	if made, err = NewMaker().Make(t.Context(), file(t, "alpha.webp")); err != nil {
		t.Fatal(err)
	}
	wantQuarters(t, made, color.RGBA{232, 137, 137, 255})
}

// Each row is what a camera stores that was held so that the picture, seen
// upright, has the quarters red, green, blue, yellow.
func TestExifOrientation(t *testing.T) {
	stored := map[uint16][4]color.RGBA{
		1: {red, green, blue, yellow},
		2: {green, red, yellow, blue}, // mirrored
		3: {yellow, blue, green, red}, // upside down
		4: {blue, yellow, red, green}, // mirrored upside down
		5: {red, blue, green, yellow}, // rows are columns
		6: {green, yellow, red, blue}, // to be turned to the right
		7: {yellow, green, blue, red}, // rows are columns, from the end
		8: {blue, red, yellow, green}, // to be turned to the left
	}
	for orientation, colours := range stored {
		for name, order := range map[string]binary.AppendByteOrder{"little": binary.LittleEndian, "big": binary.BigEndian} {
			data := withSegments(asJPEG(t, quarters{64, 64, colours}), segment(0xe0, "JFIF\x00 and so on"), exif(order, orientation))
			made, err := NewMaker().Make(t.Context(), data)
			if err != nil {
				t.Fatalf("orientation %d, %s end first: %v", orientation, name, err)
			}
			checkPicture(t, made)
			wantQuarters(t, made, red, green, blue, yellow)
			if t.Failed() {
				t.Fatalf("orientation %d, %s end first", orientation, name)
			}
			if bytes.Contains(made.Large, []byte("GPS")) {
				t.Error("the place is still told")
			}
		}
	}
}

func TestExifThatMakesNoSense(t *testing.T) {
	good := string(exif(binary.LittleEndian, 6)[4:])
	for name, content := range map[string]string{
		"none": "", "another kind": "http://ns.adobe.com/xap/1.0/\x00", "cut short": good[:12], "cut in its entries": good[:30],
		"no such order": "Exif\x00\x00XX*\x00", "beyond the end": "Exif\x00\x00II*\x00\xff\xff\xff\xff", "at its own beginning": "Exif\x00\x00II*\x00\x00\x00\x00\x00",
		"many entries": "Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\xff", "an orientation of 9": string(exif(binary.BigEndian, 9)[4:]), "of 0": string(exif(binary.BigEndian, 0)[4:]),
	} {
		if got := orientation(withSegments(asJPEG(t, upstanding(8, 8)), segment(0xe1, content))); got != 1 {
			t.Errorf("%s: got the orientation %d, want 1", name, got)
		}
	}
	for _, data := range []string{"", "\xff", "\xff\xd8", "\xff\xd8\xff\xff\xff\xff", "\xff\xd8\xff\xe1\x00\x00", "\xff\xd8\xff\xe1\x00\x01", "\xff\xd8\xff\xe1\xff\xff"} {
		if got := orientation([]byte(data)); got != 1 {
			t.Errorf("%q: got the orientation %d, want 1", data, got)
		}
	}
}

func TestMakeRefuses(t *testing.T) {
	vast := image.NewPaletted(image.Rect(0, 0, 12_000, 12_000), color.Palette{red})
	offset := asGIF(t, 1)
	descriptor := bytes.IndexByte(offset, ',')
	copy(offset[descriptor+1:], "\xff\xff\xff\xff") // left and top of its frame
	tests := []struct {
		name string
		data []byte
		want Refusal
	}{
		{"nothing", nil, ErrFormat},
		{"more than 5 MB", withSegments(asJPEG(t, upstanding(64, 64)), bytes.Repeat(segment(0xe5, strings.Repeat("x", 60_000)), 170)), ErrTooLarge},
		{"one pixel too wide", asPNG(t, upstanding(4097, 1)), ErrTooWide},
		{"one pixel too high", asPNG(t, upstanding(1, 4097)), ErrTooWide},
		{"too many pixels", pngHeader(4000, 3001), ErrTooWide},
		{"12,000 pixels a side in some kilobytes", asPNG(t, vast), ErrTooWide},
		{"a header that lies", pngHeader(60_000, 60_000), ErrTooWide},
		{"a header alone", pngHeader(64, 64), ErrDamaged},
		{"no width", pngHeader(0, 64), ErrDamaged},
		{"a GIF whose frame is elsewhere", offset, ErrDamaged},
		{"arithmetic coding", file(t, "arithmetic.jpg"), ErrDamaged},
		{"a WebP that moves", file(t, "animated.webp"), ErrMoving},
		{"BMP", file(t, "small.bmp"), ErrFormat},
		{"TIFF", file(t, "small.tiff"), ErrFormat},
		{"ICO", file(t, "small.ico"), ErrFormat},
		{"SVG", []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), ErrFormat},
		{"packed SVG", []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00"), ErrFormat},
		{"HEIC", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), ErrFormat},
		{"PDF", []byte("%PDF-1.7\n"), ErrFormat},
		{"HTML", []byte("<!DOCTYPE html><script>alert(1)</script>"), ErrFormat},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := NewMaker().Make(t.Context(), tt.data); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// What a file packs beside its image is not unpacked, and what says it is small
// takes no more memory than that.
func TestMemoryIsBounded(t *testing.T) {
	var packed bytes.Buffer
	packer := zlib.NewWriter(&packed)
	if _, err := packer.Write(make([]byte, 64<<20)); err != nil {
		t.Fatal(err)
	}
	if err := packer.Close(); err != nil {
		t.Fatal(err)
	}
	const side = 1 << 14
	size := binary.LittleEndian.AppendUint32(nil, (side-1)|(side-1)<<14)
	lie := webp("VP8X", "\x00\x00\x00\x00\x0f\x00\x00\x0f\x00\x00", "VP8L", "\x2f"+string(size)+"\x00\x00\x00\x00\x00\x00\x00\x00")
	for name, tt := range map[string]struct {
		data []byte
		want error
	}{
		"a text":                   {withChunk(asPNG(t, upstanding(64, 64)), chunk("zTXt", "x\x00\x00"+packed.String())), nil},
		"a text of any language":   {withChunk(asPNG(t, upstanding(64, 64)), chunk("iTXt", "x\x00\x01\x00\x00\x00"+packed.String())), nil},
		"a colour profile":         {withChunk(asPNG(t, upstanding(64, 64)), chunk("iCCP", "x\x00\x00"+packed.String())), nil},
		"a thumbnail in a JPEG":    {withSegments(asJPEG(t, upstanding(64, 64)), segment(0xe1, "Exif\x00\x00"+string(pngHeader(60_000, 60_000))+packed.String()[:50_000])), nil},
		"more pixels than it says": {lie, ErrDamaged},
		"many pixels":              {webp("VP8L", "\x2f"+string(size)+"\x00\x00\x00\x00"), ErrTooWide},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := NewMaker().Make(t.Context(), tt.data)
		runtime.ReadMemStats(&after)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 8<<20 {
			t.Errorf("%s: %d bytes of memory were used", name, got)
		}
	}
}

// webp is a WebP file of these parts, kinds and contents in turn.
func webp(parts ...string) []byte {
	var body []byte
	for i := 0; i < len(parts); i += 2 {
		body = binary.LittleEndian.AppendUint32(append(body, parts[i]...), uint32(len(parts[i+1])))
		body = append(body, parts[i+1]...)
		if len(parts[i+1])%2 == 1 {
			body = append(body, 0)
		}
	}
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body)+4)), "WEBP"+string(body)...)
}

// Whatever is missing, it is a picture or a sentence.
func TestFilesCutShort(t *testing.T) {
	for name, data := range map[string][]byte{
		"JPEG": asJPEG(t, noise{}), "PNG": asPNG(t, noise{}), "GIF": asGIF(t, 20), "WebP": file(t, "lossy.webp"), "turned": withSegments(asJPEG(t, noise{}), exif(binary.BigEndian, 6)),
	} {
		step := max(1, min(1000, len(data)/50))
		for end := 0; end < len(data); end += step {
			made, err := NewMaker().Make(t.Context(), data[:end])
			if _, refused := errors.AsType[Refusal](err); err != nil && !refused {
				t.Errorf("%s of %d bytes: %v", name, end, err)
			} else if err == nil {
				checkPicture(t, made)
			}
		}
	}
}

// noise is an image that can't be packed well.
type noise struct{}

func (noise) ColorModel() color.Model { return color.RGBAModel }
func (noise) Bounds() image.Rectangle { return image.Rect(0, 0, 150, 100) }
func (noise) At(x, y int) color.Color {
	n := crc32.ChecksumIEEE([]byte{byte(x), byte(y)})
	return color.RGBA{byte(n), byte(n >> 8), byte(n >> 16), 255}
}

func TestTheSameImageHasTheSameName(t *testing.T) {
	m := NewMaker()
	first, err := m.Make(t.Context(), asPNG(t, upstanding(64, 64)))
	if err != nil {
		t.Fatal(err)
	}
	again, _ := m.Make(t.Context(), asPNG(t, upstanding(64, 64)))
	other, _ := m.Make(t.Context(), asPNG(t, upstanding(1, 1)))
	if first.Hash != again.Hash || first.Hash == other.Hash {
		t.Errorf("got %s and %s, and for another image %s", first.Hash, again.Hash, other.Hash)
	}
}

func TestOneAtATime(t *testing.T) {
	data := asPNG(t, upstanding(64, 64))
	synctest.Test(t, func(t *testing.T) {
		m := NewMaker()
		m.turn <- struct{}{} // somebody's image is being decoded
		var all sync.WaitGroup
		errs := make([]error, 20)
		for i := range errs {
			all.Go(func() { _, errs[i] = m.Make(t.Context(), data) })
		}
		synctest.Wait()
		if got := len(m.waiting); got != queue+1 {
			t.Errorf("got %d that wait, want %d", got, queue+1)
		}
		if _, err := m.Make(t.Context(), nil); !errors.Is(err, ErrFormat) {
			t.Errorf("what needs no decoding: got %v, want it refused at once", err)
		}
		<-m.turn
		all.Wait()
		made, busy := 0, 0
		for _, err := range errs {
			switch {
			case err == nil:
				made++
			case errors.Is(err, ErrBusy):
				busy++
			default:
				t.Error(err)
			}
		}
		if made != queue+1 || busy != len(errs)-made {
			t.Errorf("got %d made and %d told to come back, want %d made", made, busy, queue+1)
		}
	})
}

func TestWaitingEnds(t *testing.T) {
	data := asPNG(t, upstanding(64, 64))
	synctest.Test(t, func(t *testing.T) {
		m := NewMaker()
		m.turn <- struct{}{}
		begun := time.Now()
		if _, err := m.Make(t.Context(), data); !errors.Is(err, ErrBusy) || time.Since(begun) != patience {
			t.Errorf("got %v after %v, want ErrBusy after %v", err, time.Since(begun), patience)
		}
		ctx, leave := context.WithCancel(t.Context())
		leave()
		if _, err := m.Make(ctx, data); !errors.Is(err, context.Canceled) {
			t.Errorf("who leaves: got %v", err)
		}
		<-m.turn
		if _, err := m.Make(t.Context(), data); err != nil {
			t.Errorf("when the turn is free again: %v", err)
		}
	})
}

func FuzzMake(f *testing.F) {
	for _, pattern := range []string{"*.jpg", "*.png", "*.webp", "small.*"} {
		names, err := filepath.Glob(filepath.Join("testdata", pattern))
		if err != nil || len(names) == 0 {
			f.Fatalf("no files %s: %v", pattern, err)
		}
		for _, name := range names {
			f.Add(file(f, filepath.Base(name)))
		}
	}
	f.Add(asGIF(f, 2))
	f.Add(asPNG(f, upstanding(16, 8)))
	f.Add(withSegments(asJPEG(f, upstanding(16, 8)), exif(binary.LittleEndian, 6)))
	f.Fuzz(func(t *testing.T, data []byte) {
		made, err := NewMaker().Make(t.Context(), data)
		if _, refused := errors.AsType[Refusal](err); err != nil && !refused {
			t.Fatal(err)
		} else if err == nil {
			checkPicture(t, made)
		}
	})
}

func BenchmarkMake(b *testing.B) {
	data := asJPEG(b, upstanding(3000, 2000))
	m := NewMaker()
	for b.Loop() {
		if _, err := m.Make(b.Context(), data); err != nil {
			b.Fatal(err)
		}
	}
}
