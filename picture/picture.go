// Package picture turns the images that people send into profile pictures: read
// within bounds, turned upright, cropped to a square, and written anew, so that
// nothing of the file that was sent is kept. It knows no users, no HTTP and no
// database.
package picture

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"image/color"
	_ "image/gif" // decoders register themselves
	"image/jpeg"
	_ "image/png"
	"time"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"
)

// Bounds of an image that is sent.
const (
	MaxBytes  = 5 << 20
	maxSide   = 4096       // pixels
	maxPixels = 12_000_000 // what they take when decoded is up to eight times as many bytes
)

// Sides of the pictures that are made, in pixels.
const (
	largeSide = 256
	smallSide = 96
)

const (
	quality  = 85
	queue    = 8 // images that wait for their turn
	patience = 10 * time.Second
)

// backdrop is what shows through where an image is transparent.
var backdrop = image.NewUniform(color.RGBA{0xf5, 0xf5, 0xf4, 0xff})

// Picture is a profile picture in its two sizes, both JPEG without metadata.
type Picture struct {
	Hash         string // 32 hexadecimal digits of the SHA-256 of Large
	Large, Small []byte // 256 and 96 pixels a side
}

// Refusal is why an image can't be used, as a sentence for the person who sent it.
type Refusal string

func (r Refusal) Error() string { return string(r) }

// What Make refuses.
const (
	ErrTooLarge Refusal = "This file is too large: a picture has at most 5 MB."
	ErrTooWide  Refusal = "This picture has too many pixels: at most 4,096 on a side, and 12 million in all."
	ErrFormat   Refusal = "This file is no picture that can be used. Send a JPEG, PNG, GIF or WebP file."
	ErrMoving   Refusal = "Pictures that move can't be used in this format. Send one that stands still."
	ErrDamaged  Refusal = "This picture is damaged, or of a rare kind that can't be read. Try to save it anew, as JPEG or PNG."
)

// ErrBusy is returned when so many images wait that another would wait too long.
var ErrBusy = errors.New("picture: too many images wait")

// Maker makes pictures, one at a time: a decoded image takes up to 100 MB. It
// may be used from many goroutines at once.
type Maker struct {
	waiting chan struct{} // holds one for each image that is here
	turn    chan struct{} // holds one for the image that is decoded
}

// NewMaker gives a Maker that has nothing to do yet.
func NewMaker() *Maker {
	return &Maker{waiting: make(chan struct{}, queue+1), turn: make(chan struct{}, 1)}
}

// Make makes a picture of an image in JPEG, PNG, GIF (of which it takes the
// first frame) or WebP. It returns a Refusal for what it can't use, ErrBusy when
// its turn would not come within 10 seconds, and ctx's error when ctx ends first.
func (m *Maker) Make(ctx context.Context, data []byte) (Picture, error) {
	if err := check(data); err != nil { // costs little, so nobody waits to hear it
		return Picture{}, err
	}
	select {
	case m.waiting <- struct{}{}:
		defer func() { <-m.waiting }()
	default:
		return Picture{}, ErrBusy
	}
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-deadline.C:
		return Picture{}, ErrBusy
	case <-ctx.Done():
		return Picture{}, ctx.Err()
	}
	return convert(data)
}

// check looks at what the file says of itself, before anything is decoded: a
// file of some kilobytes may stand for an image of gigabytes.
func check(data []byte) error {
	if len(data) > MaxBytes {
		return ErrTooLarge
	}
	if moving(data) {
		return ErrMoving
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	switch {
	case errors.Is(err, image.ErrFormat):
		return ErrFormat
	case err != nil || config.Width <= 0 || config.Height <= 0:
		return ErrDamaged
	case config.Width > maxSide || config.Height > maxSide || config.Width*config.Height > maxPixels:
		return ErrTooWide
	}
	return nil
}

// moving reports whether data is an animated WebP, which the decoder can't read.
// The format's header says so in a bit of its flags (developers.google.com,
// "WebP Container Specification", extended file format).
func moving(data []byte) bool {
	const flags, animation = 20, 0x02
	return len(data) > flags && string(data[:4]) == "RIFF" && string(data[8:16]) == "WEBPVP8X" && data[flags]&animation != 0
}

// convert decodes, and makes both pictures. A decoder that panics has met a
// damaged image.
func convert(data []byte) (made Picture, err error) {
	defer func() {
		if recover() != nil {
			made, err = Picture{}, ErrDamaged
		}
	}()
	source, kind, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return Picture{}, ErrDamaged
	}
	large := square(source, largeSide)
	if kind == "jpeg" {
		large = upright(large, orientation(data)) // turned after it was made small: a square stays one
	}
	small := image.NewRGBA(image.Rect(0, 0, smallSide, smallSide))
	draw.CatmullRom.Scale(small, small.Bounds(), large, large.Bounds(), draw.Src, nil)
	if made.Large, err = encode(large); err != nil {
		return Picture{}, err
	}
	if made.Small, err = encode(small); err != nil {
		return Picture{}, err
	}
	sum := sha256.Sum256(made.Large)
	made.Hash = hex.EncodeToString(sum[:16])
	return made, nil
}

// square gives the middle of an image with that side. It is made small in two
// steps: a fast one to twice the size, where all pixels still count for little,
// and a good one.
func square(source image.Image, side int) *image.RGBA {
	bounds := source.Bounds()
	length := min(bounds.Dx(), bounds.Dy())
	left, top := bounds.Min.X+(bounds.Dx()-length)/2, bounds.Min.Y+(bounds.Dy()-length)/2
	middle := image.Rect(left, top, left+length, top+length)
	result := image.NewRGBA(image.Rect(0, 0, side, side))
	draw.Draw(result, result.Bounds(), backdrop, image.Point{}, draw.Src)
	if length > 4*side {
		double := image.NewRGBA(image.Rect(0, 0, 2*side, 2*side))
		draw.ApproxBiLinear.Scale(double, double.Bounds(), source, middle, draw.Src, nil)
		source, middle = double, double.Bounds()
	}
	draw.CatmullRom.Scale(result, result.Bounds(), source, middle, draw.Over, nil)
	return result
}

func encode(picture image.Image) ([]byte, error) {
	var file bytes.Buffer
	err := jpeg.Encode(&file, picture, &jpeg.Options{Quality: quality})
	return file.Bytes(), err
}
