package assets

import (
	"fmt"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The grounds that are a run from one colour to another.
var runs = map[string][2]string{
	"collar": {"brand-from", "brand-to"}, // of the header and the primary buttons
	"dusk":   {"dusk-from", "dusk-to"},   // of the welcome
}

var (
	// surfaces are the grounds on which anything may stand.
	surfaces = []string{"page", "well", "raised", "dusk"}
	// inks are the colours of text, of icons, and of what says which state a
	// control is in. Each is legible on each surface.
	inks = []string{"text", "muted", "voice", "link", "accent", "name", "info", "danger"}
	// outlines show where a control is, and where the focus is.
	outlines = []string{"edge", "focus"}
	// own are the inks that stand on one ground alone.
	own = map[string][]string{"collar": {"on-brand", "on-brand-hover"}, "tag": {"on-tag"}, "accent": {"page"}}
	// ornaments tell nothing: what they part or adorn is known without them.
	ornaments = []string{"line", "trim", "shade"}
	// paints are of the picture of the dog.
	paints = []string{"moon", "fur", "fur-light", "eye", "on-tag", "tag", "brand-from", "brand-to", "trim", "edge"}
)

// Text needs 4.5:1, and what shows where a control is or what it is about needs
// 3:1 (WCAG 2.2, 1.4.3 and 1.4.11). Every ink is tried on every surface, so
// that no page and no state can make a pair that is not tried here.
func TestContrast(t *testing.T) {
	for theme, tokens := range themes(t) {
		check := func(least float64, ink, ground string) {
			t.Helper()
			foreground, ok := tokens[ink]
			if !ok {
				t.Fatalf("no token --%s", ink)
			}
			if got, at := worst(t, foreground, ground, tokens); got < least {
				t.Errorf("%s: %s on %s is %.2f:1 (on %v), want %.1f:1", theme, ink, ground, got, at, least)
			}
		}
		for _, surface := range surfaces {
			for _, ink := range inks {
				check(4.5, ink, surface)
			}
			for _, outline := range outlines {
				check(3, outline, surface)
			}
		}
		for ground, list := range own {
			for _, ink := range list {
				check(4.5, ink, ground)
			}
		}
	}
}

func themes(t *testing.T) map[string]map[string]color {
	t.Helper()
	css := stylesheet()
	dark := tokens(t, css, `:root\{color-scheme:dark;([^}]*)\}`)
	light := tokens(t, css, `@media \(prefers-color-scheme:light\)\{:root\{color-scheme:light;([^}]*)\}`)
	for name, color := range dark {
		if _, ok := light[name]; !ok {
			light[name] = color // the same by day and by night
		}
	}
	return map[string]map[string]color{"dark": dark, "light": light}
}

func stylesheet() string { return string(files[Path("app.css")].plain) }

// A token in a part that TestContrast does not try it in, or made fainter where
// it is used, would be a pair that nobody computed.
func TestEveryUseOfAColourIsTried(t *testing.T) {
	grounds := slices.Concat(surfaces, slices.Collect(maps.Keys(own)), ornaments)
	for _, run := range runs {
		grounds = append(grounds, run[:]...)
	}
	marks := slices.Concat(inks, outlines, ornaments, own["collar"])
	parts := map[string][]string{
		"color": slices.Concat(inks, own["collar"], own["tag"], own["accent"]), "fill": paints, "stroke": paints, "caret-color": inks, "accent-color": inks,
		"text-decoration-color": slices.Concat(inks, ornaments), "scrollbar-color": outlines,
		"background": grounds, "background-color": grounds, "box-shadow": {"message-edge"}, "--message-fill": surfaces, "--message-edge": inks,
		"border": marks, "border-color": marks, "outline": marks, "outline-color": marks,
	}
	uses := regexp.MustCompile(`(?:-webkit-)?([a-z-]+):([^;{}]*)`).FindAllStringSubmatch(stylesheet(), -1)
	named := regexp.MustCompile(`var\(--([a-z-]+)`)
	colours, found := themes(t)["dark"], 0
	for _, use := range uses {
		property, value := use[1], use[2]
		if property == "opacity" && value != "0" && value != "1" {
			t.Errorf("%s makes a colour that is no token", use[0])
		}
		for _, token := range named.FindAllStringSubmatch(value, -1) {
			if _, ok := colours[token[1]]; !ok && token[1] != "shade" {
				continue // not a colour
			}
			found++
			part := regexp.MustCompile(`^(border|outline)-.*?(-color)?$`).ReplaceAllString(property, "$1$2")
			if !slices.Contains(parts[part], token[1]) && !slices.Contains(parts[property], token[1]) {
				t.Errorf("%s: contrast is not tried for --%s as %s", use[0], token[1], property)
			}
		}
	}
	if found < 100 {
		t.Errorf("found %d uses of colours, so this test looks past them", found)
	}
	for _, ink := range slices.Concat(own["collar"], own["tag"]) {
		for _, rule := range regexp.MustCompile(`([^{}]+)\{[^{}]*[;{]?color:var\(--`+ink+`\)[^{}]*\}`).FindAllString(stylesheet(), -1) {
			if !regexp.MustCompile(`\.site-header|\.button\.primary|background:var\(--tag\)|^\.text-on-`).MatchString(rule) {
				t.Errorf("%s: --%s away from its ground", rule, ink)
			}
		}
	}
}

// worst returns the least contrast of foreground on a background, and where it is.
func worst(t *testing.T, foreground color, on string, tokens map[string]color) (float64, color) {
	t.Helper()
	run, ok := runs[on]
	if !ok {
		background, ok := tokens[on]
		if !ok {
			t.Fatalf("no token --%s", on)
		}
		return contrast(foreground, background), background
	}
	from, to := tokens[run[0]], tokens[run[1]]
	least, at := math.Inf(1), color{}
	for i := range 101 {
		var c color
		for channel := range c {
			c[channel] = from[channel] + (to[channel]-from[channel])*float64(i)/100
		}
		if got := contrast(foreground, c); got < least {
			least, at = got, c
		}
	}
	return least, at
}

// color is red, green and blue, each from 0 to 1, as sRGB has them.
type color [3]float64

func (c color) String() string {
	return fmt.Sprintf("#%02x%02x%02x", int(c[0]*255+.5), int(c[1]*255+.5), int(c[2]*255+.5))
}

func (c color) luminance() float64 {
	linear := func(v float64) float64 {
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
}

func contrast(a, b color) float64 {
	l, m := a.luminance(), b.luminance()
	return (max(l, m) + 0.05) / (min(l, m) + 0.05)
}

// tokens reads the opaque colours of the one rule that pattern finds.
func tokens(t *testing.T, css, pattern string) map[string]color {
	t.Helper()
	rules := regexp.MustCompile(pattern).FindAllStringSubmatch(css, -1)
	if len(rules) != 1 {
		t.Fatalf("%d rules match %s, want 1", len(rules), pattern)
	}
	found := map[string]color{}
	for declaration := range strings.SplitSeq(rules[0][1], ";") {
		name, value, _ := strings.Cut(declaration, ":")
		if c, ok := parse(value); ok {
			found[strings.TrimPrefix(name, "--")] = c
		}
	}
	return found
}

func parse(hex string) (c color, ok bool) {
	digits, ok := strings.CutPrefix(hex, "#")
	if len(digits) == 3 {
		digits = digits[:1] + digits[:1] + digits[1:2] + digits[1:2] + digits[2:] + digits[2:]
	}
	if !ok || len(digits) != 6 {
		return c, false
	}
	for i := range c {
		v, err := strconv.ParseUint(digits[2*i:2*i+2], 16, 8)
		if err != nil {
			return c, false
		}
		c[i] = float64(v) / 255
	}
	return c, true
}

// The figures are those of the WCAG examples, and of the site's predecessor.
func TestContrastFormula(t *testing.T) {
	tests := []struct {
		a, b string
		want float64
	}{
		{"#000", "#fff", 21},
		{"#777777", "#ffffff", 4.48},
		{"#ffffff", "#16a34a", 3.30},
	}
	for _, tt := range tests {
		a, _ := parse(tt.a)
		b, _ := parse(tt.b)
		if got := contrast(a, b); math.Abs(got-tt.want) > 0.005 {
			t.Errorf("%s on %s: %.3f, want %.2f", tt.a, tt.b, got, tt.want)
		}
	}
}

// A colour that is no token would escape the test above.
func TestNoRawColours(t *testing.T) {
	source, err := os.ReadFile("app.css")
	if err != nil {
		t.Fatal(err)
	}
	raw := regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b[^{]*;|\b(rgb|hsl|oklch|oklab|lab|lch|color)a?\(`)
	if got := raw.FindAllString(string(source), -1); got != nil {
		t.Errorf("colours that are no tokens: %q", got)
	}
}
