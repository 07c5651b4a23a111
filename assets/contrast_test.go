package assets

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// collar stands for the gradient of the header and the primary buttons.
const collar = "collar"

// pairs lists what stands on what, in both themes. Text needs 4.5:1, and what
// shows where a control is or what it is about needs 3:1 (WCAG 2.2, 1.4.3 and
// 1.4.11).
var pairs = []struct {
	least      float64
	foreground string
	on         []string
}{
	{4.5, "text", []string{"page", "well"}},
	{4.5, "muted", []string{"page", "well", "raised"}},
	{4.5, "voice", []string{"well", "raised", "page"}},
	{4.5, "link", []string{"page", "well", "raised"}},
	{4.5, "accent", []string{"page", "well", "raised"}},
	{4.5, "name", []string{"page", "well"}},
	{4.5, "danger", []string{"page", "well"}},
	{4.5, "on-brand", []string{collar}},
	{4.5, "on-brand-hover", []string{collar}},
	{4.5, "on-tag", []string{"tag"}},
	{4.5, "page", []string{"accent"}}, // selected text

	{3, "edge", []string{"page", "well"}},
	{3, "focus", []string{"page", "well", "raised"}},
	{3, "info", []string{"page", "well"}},
}

func TestContrast(t *testing.T) {
	css := string(files[Path("app.css")].plain)
	dark := tokens(t, css, `:root\{color-scheme:dark;([^}]*)\}`)
	light := tokens(t, css, `@media \(prefers-color-scheme:light\)\{:root\{color-scheme:light;([^}]*)\}`)
	for name, color := range dark {
		if _, ok := light[name]; !ok {
			light[name] = color // the same by day and by night
		}
	}
	for theme, tokens := range map[string]map[string]color{"dark": dark, "light": light} {
		for _, pair := range pairs {
			foreground, ok := tokens[pair.foreground]
			if !ok {
				t.Fatalf("no token --%s", pair.foreground)
			}
			for _, on := range pair.on {
				if got, at := worst(t, foreground, on, tokens); got < pair.least {
					t.Errorf("%s: %s on %s is %.2f:1 (on %v), want %.1f:1", theme, pair.foreground, on, got, at, pair.least)
				}
			}
		}
	}
}

// worst returns the least contrast of foreground on a background, and where it is.
func worst(t *testing.T, foreground color, on string, tokens map[string]color) (float64, color) {
	t.Helper()
	if on != collar {
		background, ok := tokens[on]
		if !ok {
			t.Fatalf("no token --%s", on)
		}
		return contrast(foreground, background), background
	}
	from, to := tokens["brand-from"], tokens["brand-to"]
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
