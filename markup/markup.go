// Package markup makes the HTML of a message from the text its author wrote:
// bold, italic, code, quotes, lists and links, as Markdown has them, and all
// else as it stands. Line breaks and spaces stay, so what it makes is to be shown
// with white-space: pre-wrap. It promises that its HTML holds its own elements
// and attributes and no others, whatever the text. It keeps nothing between
// calls, and may be called from many goroutines at once.
package markup

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"github.com/twilightbark/twilightbark/chat"
)

// Version names the rules by which Render works. It goes up whenever the same
// text would give other HTML, so that what was rendered before is rendered anew,
// and store.OutdatedBelow with it.
const Version = 1

// Bounds of what is rendered. A text beyond them is shown as it stands.
const (
	maxNesting  = 8        // quotes, lists and emphasis inside each other
	maxHTML     = 64 << 10 // bytes
	maxMentions = 20       // names after them stay text
)

// Member is whom a name like @ada means.
type Member struct {
	ID   int64
	Path string // of the member's page
}

// Resolve finds the member whom a name means, which is given without its @.
type Resolve func(name string) (Member, bool)

// Render gives the HTML of a message's text. Names that resolve knows become
// links to their members; nil knows none.
func Render(body string, resolve Resolve) string {
	return policy.Sanitize(render(readable(body), resolve))
}

// render is Render without its last step, which changes nothing.
func render(body string, resolve Resolve) string {
	if utf8.RuneCountInString(body) > chat.MaxBody {
		return plain(body)
	}
	source := []byte(body)
	root := parse(source, resolve)
	if nesting(root) > maxNesting {
		return plain(body)
	}
	r := renderer{source: source}
	r.children(root)
	if r.out.Len() > maxHTML {
		return plain(body)
	}
	return r.out.String()
}

// readable leaves out what a message's text never has, so that nothing here
// depends on who calls.
func readable(body string) string {
	body = strings.ReplaceAll(strings.ReplaceAll(strings.ToValidUTF8(body, "\ufffd"), "\r\n", "\n"), "\r", "\n")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, body)
}

// plain is the text as it stands, its addresses as links.
func plain(body string) string {
	var out strings.Builder
	for _, segment := range chat.Segments(body) {
		if segment.URL == "" {
			out.WriteString(html.EscapeString(segment.Text))
		} else {
			openLink(&out, segment.URL)
			out.WriteString(html.EscapeString(segment.Text) + "</a>")
		}
	}
	return out.String()
}

func parse(source []byte, resolve Resolve) ast.Node {
	ctx := parser.NewContext()
	ctx.Set(namesKey, &names{resolve: resolve, left: maxMentions})
	return rules.Parse(text.NewReader(source), parser.WithContext(ctx))
}

// nesting is how deep what can be nested is.
func nesting(node ast.Node) int {
	deepest := 0
	for child := node.FirstChild(); child != nil; child = child.NextSibling() {
		deepest = max(deepest, nesting(child))
	}
	switch node.Kind() {
	case ast.KindBlockquote, ast.KindList, ast.KindEmphasis:
		deepest++
	}
	return deepest
}
