//go:build ignore

// This program draws the icons that phones ask for, as PNG, from static/icon.svg:
//
//	go run assets/icons.go
//
// It knows as much of SVG as the mark needs, and fails at anything else.
package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"log"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/image/vector"
)

const folder = "assets/static/"

func main() {
	log.SetFlags(0)
	for name, icon := range map[string]struct {
		size int
		full bool // to the edges, for systems that cut a shape of their own
	}{
		"icon-192.png":      {192, false},
		"icon-512.png":      {512, false},
		"icon-full-180.png": {180, true},
		"icon-full-512.png": {512, true},
	} {
		if err := draw(folder+name, icon.size, icon.full); err != nil {
			log.Fatalf("%s: %v", name, err)
		}
	}
}

func draw(name string, size int, full bool) (err error) {
	mark, err := os.Open(folder + "icon.svg")
	if err != nil {
		return err
	}
	defer mark.Close()
	d := &drawing{picture: image.NewNRGBA(image.Rect(0, 0, size, size)), full: full}
	if err := d.read(xml.NewDecoder(mark)); err != nil {
		return err
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(file, d.picture)
}

// drawing is a picture that an SVG document is drawn on.
type drawing struct {
	picture *image.NRGBA
	full    bool
	states  []state // of the elements that are open
}

// state is what an element hands down to those in it.
type state struct {
	at   matrix
	fill color.Color
}

func (d *drawing) read(document *xml.Decoder) error {
	for {
		token, err := document.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			attributes := map[string]string{}
			for _, a := range token.Attr {
				attributes[a.Name.Local] = a.Value
			}
			if err := d.element(token.Name.Local, attributes); err != nil {
				return fmt.Errorf("<%s>: %w", token.Name.Local, err)
			}
		case xml.EndElement:
			d.states = d.states[:len(d.states)-1]
		}
	}
}

func (d *drawing) element(name string, attributes map[string]string) (err error) {
	now := state{fill: color.Black}
	if len(d.states) > 0 {
		now = d.states[len(d.states)-1]
	}
	if fill := attributes["fill"]; fill != "" {
		if now.fill, err = paint(fill); err != nil {
			return err
		}
	}
	own, err := transform(attributes["transform"])
	if err != nil {
		return err
	}
	now.at = own.then(now.at)
	if name == "svg" {
		box := numbers(attributes["viewBox"])
		if len(box) != 4 || box[2] != box[3] {
			return errors.New("want a square viewBox")
		}
		scale := float64(d.picture.Rect.Dx()) / box[2]
		now.at = matrix{scale, 0, 0, scale, -box[0] * scale, -box[1] * scale}
	}
	d.states = append(d.states, now)
	of := func(name string) float64 {
		value, _ := strconv.ParseFloat(attributes[name], 64) // 0 where there is none
		return value
	}
	switch name {
	case "svg", "g":
		return nil
	case "circle":
		return d.disc(now, of("cx"), of("cy"), of("r"), of("stroke-width"), attributes["stroke"])
	case "ellipse":
		outline := d.outline(now.at)
		outline.ellipse(of("cx"), of("cy"), of("rx"), of("ry"))
		d.paint(outline, now.fill)
		return nil
	case "path":
		outline := d.outline(now.at)
		err := outline.path(attributes["d"])
		d.paint(outline, now.fill)
		return err
	}
	return errors.New("this program can't draw it")
}

// disc draws a circle and its edge. Of a full icon it is the ground, and has none.
func (d *drawing) disc(now state, x, y, radius, edge float64, stroke string) error {
	if d.full {
		edge, radius = 0, 4*radius
	}
	if edge > 0 {
		colour, err := paint(stroke)
		if err != nil {
			return err
		}
		outline := d.outline(now.at)
		outline.ellipse(x, y, radius+edge/2, radius+edge/2)
		d.paint(outline, colour)
	}
	outline := d.outline(now.at)
	outline.ellipse(x, y, radius-edge/2, radius-edge/2)
	d.paint(outline, now.fill)
	return nil
}

func (d *drawing) outline(at matrix) outline {
	size := d.picture.Rect.Size()
	return outline{vector.NewRasterizer(size.X, size.Y), at}
}

func (d *drawing) paint(o outline, fill color.Color) {
	o.raster.Draw(d.picture, d.picture.Rect, image.NewUniform(fill), image.Point{})
}

// outline is a shape, in the coordinates of its element.
type outline struct {
	raster *vector.Rasterizer
	at     matrix
}

func (o outline) move(x, y float64) { o.raster.MoveTo(o.at.of(x, y)) }

func (o outline) curve(x1, y1, x2, y2, x, y float64) {
	ax, ay := o.at.of(x1, y1)
	bx, by := o.at.of(x2, y2)
	cx, cy := o.at.of(x, y)
	o.raster.CubeTo(ax, ay, bx, by, cx, cy)
}

func (o outline) ellipse(x, y, rx, ry float64) {
	const k = 0.5522847498 // how far a quarter of a circle draws its curve's handles
	o.move(x+rx, y)
	o.curve(x+rx, y+k*ry, x+k*rx, y+ry, x, y+ry)
	o.curve(x-k*rx, y+ry, x-rx, y+k*ry, x-rx, y)
	o.curve(x-rx, y-k*ry, x-k*rx, y-ry, x, y-ry)
	o.curve(x+k*rx, y-ry, x+rx, y-k*ry, x+rx, y)
	o.raster.ClosePath()
}

var (
	step   = regexp.MustCompile(`([A-Za-z])([^A-Za-z]*)`)
	number = regexp.MustCompile(`-?(\d+\.?\d*|\.\d+)`)
)

// path draws what an attribute d says.
func (o outline) path(d string) error {
	var x, y, startX, startY float64
	var handleX, handleY float64 // of the curve before, for one that goes on smoothly
	for _, match := range step.FindAllStringSubmatch(d, -1) {
		command, values := match[1], numbers(match[2])
		size, known := map[string]int{"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Z": 0}[strings.ToUpper(command)]
		if !known || size > 0 && len(values)%size != 0 || size == 0 && len(values) > 0 {
			return fmt.Errorf("can't draw %q", match[0])
		}
		relative := command == strings.ToLower(command)
		for first := true; first || len(values) > 0; first = false {
			v := append([]float64(nil), values[:size]...)
			values = values[size:]
			for i := range v {
				if relative && (strings.EqualFold(command, "V") || i%2 == 1) {
					v[i] += y
				} else if relative {
					v[i] += x
				}
			}
			smooth := false
			switch strings.ToUpper(command) {
			case "M":
				x, y, startX, startY = v[0], v[1], v[0], v[1]
				o.move(x, y)
			case "L":
				o.curve(x, y, v[0], v[1], v[0], v[1])
				x, y = v[0], v[1]
			case "H":
				o.curve(x, y, v[0], y, v[0], y)
				x = v[0]
			case "V":
				o.curve(x, y, x, v[0], x, v[0])
				y = v[0]
			case "S":
				v = append([]float64{2*x - handleX, 2*y - handleY}, v...)
				fallthrough
			case "C":
				o.curve(v[0], v[1], v[2], v[3], v[4], v[5])
				handleX, handleY, x, y, smooth = v[2], v[3], v[4], v[5], true
			case "Z":
				o.raster.ClosePath()
				x, y = startX, startY
			}
			if !smooth {
				handleX, handleY = x, y
			}
		}
	}
	return nil
}

func numbers(text string) (values []float64) {
	for _, digits := range number.FindAllString(text, -1) {
		value, _ := strconv.ParseFloat(digits, 64) // the expression lets nothing else through
		values = append(values, value)
	}
	return values
}

// paint reads a colour, #rgb or #rrggbb.
func paint(text string) (color.Color, error) {
	digits := strings.TrimPrefix(text, "#")
	if len(digits) == 3 {
		digits = digits[:1] + digits[:1] + digits[1:2] + digits[1:2] + digits[2:] + digits[2:]
	}
	value, err := strconv.ParseUint(digits, 16, 24)
	if err != nil || len(digits) != 6 {
		return nil, fmt.Errorf("%q is no colour this program knows", text)
	}
	return color.NRGBA{uint8(value >> 16), uint8(value >> 8), uint8(value), 255}, nil
}

// matrix maps x, y to a·x + c·y + e, b·x + d·y + f.
type matrix [6]float64

func (m matrix) of(x, y float64) (float32, float32) {
	return float32(m[0]*x + m[2]*y + m[4]), float32(m[1]*x + m[3]*y + m[5])
}

// then gives what maps first by m and then by next.
func (m matrix) then(n matrix) matrix {
	return matrix{
		n[0]*m[0] + n[2]*m[1], n[1]*m[0] + n[3]*m[1],
		n[0]*m[2] + n[2]*m[3], n[1]*m[2] + n[3]*m[3],
		n[0]*m[4] + n[2]*m[5] + n[4], n[1]*m[4] + n[3]*m[5] + n[5],
	}
}

// transform reads an attribute transform. What stands last is done first.
func transform(text string) (matrix, error) {
	m := matrix{1, 0, 0, 1, 0, 0}
	for call := range strings.SplitSeq(text, ")") {
		name, arguments, _ := strings.Cut(strings.TrimSpace(call), "(")
		v := numbers(arguments)
		switch {
		case name == "":
		case name == "translate" && len(v) == 2:
			m = matrix{1, 0, 0, 1, v[0], v[1]}.then(m)
		case name == "scale" && len(v) == 1:
			m = matrix{v[0], 0, 0, v[0], 0, 0}.then(m)
		case name == "rotate" && len(v) == 3:
			sin, cos := math.Sincos(v[0] * math.Pi / 180)
			m = matrix{1, 0, 0, 1, -v[1], -v[2]}.then(matrix{cos, sin, -sin, cos, 0, 0}).then(matrix{1, 0, 0, 1, v[1], v[2]}).then(m)
		default:
			return m, fmt.Errorf("can't do %q", call)
		}
	}
	return m, nil
}
