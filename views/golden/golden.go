// Package golden compares what components render with files that were read and
// found right. It is for tests only.
package golden

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/a-h/templ"
)

var update = flag.Bool("update", false, "write the goldens in testdata anew")

// Hostile is text that tries to leave the place it is put in: an attribute, an
// element, a line, the direction of writing.
const Hostile = "\"'></textarea><script>alert(1)</script><!--&lt;\r\nid: 7\r\u202eevil\u202c"

// State is a component in one of its states.
type State struct {
	Name      string
	Component templ.Component
	Children  templ.Component // nil for none
}

// Text is a component that says text.
func Text(text string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := w.Write([]byte(templ.EscapeString(text)))
		return err
	})
}

// Render gives the state's HTML.
func Render(t *testing.T, s State) string {
	t.Helper()
	ctx := t.Context()
	if s.Children != nil {
		ctx = templ.WithChildren(ctx, s.Children)
	}
	var b strings.Builder
	if err := s.Component.Render(ctx, &b); err != nil {
		t.Fatalf("%s: %v", s.Name, err)
	}
	return b.String()
}

// Compare checks the states against testdata/<name>.html. With -update it
// writes the file instead.
func Compare(t *testing.T, name string, states []State) {
	t.Helper()
	var got bytes.Buffer
	for _, s := range states {
		got.WriteString("<!-- " + s.Name + " -->\n" + readable(Render(t, s)) + "\n\n")
	}
	file := filepath.Join("testdata", name+".html")
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s differs (the flag -update writes it anew); got:\n%s", file, got.Bytes())
	}
}

// readable puts a line break between two tags, and shows what one does not see.
// Everything else stays as it was written.
func readable(html string) string {
	var b strings.Builder
	for _, r := range strings.ReplaceAll(html, "><", ">\n<") {
		switch {
		case r == '\r':
			b.WriteString("[CR]")
		case unicode.Is(unicode.Cf, r):
			fmt.Fprintf(&b, "[%U]", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
