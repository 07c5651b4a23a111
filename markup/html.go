package markup

import (
	"html"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/util"

	"github.com/twilightbark/twilightbark/chat"
)

// rel is what every link out of the site says of itself.
const rel = "nofollow ugc noopener"

// renderer writes what was parsed as HTML.
type renderer struct {
	source []byte
	out    strings.Builder
	inLink bool // what would be a link is text there
}

func (r *renderer) children(node ast.Node) {
	for child := node.FirstChild(); child != nil; child = child.NextSibling() {
		r.node(child)
	}
}

func (r *renderer) node(node ast.Node) {
	switch node := node.(type) {
	case *ast.Paragraph, *ast.TextBlock:
		r.blankLines(node)
		r.children(node)
	case *ast.Blockquote:
		r.element("blockquote", node)
	case *ast.List:
		r.list(node)
	case *ast.ListItem:
		r.element("li", node)
	case *ast.FencedCodeBlock:
		r.out.WriteString("<pre><code>" + html.EscapeString(strings.TrimSuffix(string(node.Lines().Value(r.source)), "\n")) + "</code></pre>")
	case *ast.Emphasis:
		r.element(map[int]string{1: "em", 2: "strong"}[node.Level], node)
	case *ast.CodeSpan:
		r.element("code", node)
	case *ast.Link:
		r.link("", string(node.Destination), node)
	case *ast.Image:
		r.link("!", string(node.Destination), node)
	case *ast.AutoLink:
		r.address(string(node.URL(r.source)))
	case *mention:
		r.mention(node)
	case *ast.Text:
		r.text(node)
	default:
		r.children(node) // nothing else is parsed; a text in it would be shown
	}
}

func (r *renderer) element(name string, node ast.Node) {
	r.out.WriteString("<" + name + ">")
	r.children(node)
	r.out.WriteString("</" + name + ">")
}

// blankLines parts a paragraph from the one before it as its author did. Other
// blocks part themselves.
func (r *renderer) blankLines(node ast.Node) {
	before := node.PreviousSibling()
	if before == nil || before.Kind() != ast.KindParagraph && before.Kind() != ast.KindTextBlock {
		return
	}
	end := before.Lines().At(before.Lines().Len() - 1).Stop
	between := r.source[end:node.Lines().At(0).Start]
	r.out.WriteString(strings.Repeat("\n", strings.Count(string(between), "\n")))
}

func (r *renderer) list(node *ast.List) {
	if !node.IsOrdered() {
		r.element("ul", node)
		return
	}
	r.out.WriteString("<ol")
	if node.Start != 1 {
		r.out.WriteString(` start="` + strconv.Itoa(node.Start) + `"`)
	}
	r.out.WriteString(">")
	r.children(node)
	r.out.WriteString("</ol>")
}

func (r *renderer) text(node *ast.Text) {
	written := node.Value(r.source)
	if !node.IsRaw() {
		written = util.UnescapePunctuations(written)
	}
	r.out.WriteString(html.EscapeString(string(written)))
	if node.HardLineBreak() && r.source[node.Segment.Stop] == '\\' {
		r.out.WriteString(`\`) // no mark is needed for a line to end
	}
	if node.SoftLineBreak() || node.HardLineBreak() {
		r.out.WriteString("\n")
	}
}

func (r *renderer) mention(node *mention) {
	name := "@" + html.EscapeString(node.name)
	if r.inLink {
		r.out.WriteString(name)
		return
	}
	r.out.WriteString(`<a class="mention" data-user="` + strconv.FormatInt(node.member.ID, 10) + `" href="` + html.EscapeString(node.member.Path) + `">` + name + `</a>`)
}

// mentionLink is what mention writes, as every version of it did.
var mentionLink = regexp.MustCompile(`<a class="mention" data-user="([0-9]+)" href="([^"]*)">@([^<]*)</a>`)

// Linked knows the members to whom HTML that Render made links, and nobody else:
// a text that is rendered anew with it names whom it named when it was written.
func Linked(rendered string) Resolve {
	known := map[string]Member{}
	for _, link := range mentionLink.FindAllStringSubmatch(rendered, -1) {
		if id, err := strconv.ParseInt(link[1], 10, 64); err == nil {
			known[html.UnescapeString(link[3])] = Member{ID: id, Path: html.UnescapeString(link[2])}
		}
	}
	return func(name string) (Member, bool) {
		member, ok := known[name]
		return member, ok
	}
}

// address is a link that stands for itself.
func (r *renderer) address(address string) {
	if r.inLink {
		r.out.WriteString(html.EscapeString(address))
		return
	}
	openLink(&r.out, address)
	r.out.WriteString(html.EscapeString(address) + "</a>")
}

// link is a link with words of its author's. Where it leads stands behind them,
// so that they can't say another place. One that may not be stays as written.
func (r *renderer) link(mark, written string, node ast.Node) {
	address := string(util.UnescapePunctuations([]byte(written)))
	place := leadsTo(address)
	if place == "" || r.inLink {
		r.out.WriteString(mark + "[")
		r.children(node)
		r.out.WriteString("](" + html.EscapeString(written) + ")")
		return
	}
	openLink(&r.out, address)
	label := r.out.Len()
	r.inLink = true
	r.children(node)
	r.inLink = false
	if r.out.Len() == label {
		r.out.WriteString(html.EscapeString(address) + "</a>")
		return
	}
	r.out.WriteString("</a> (" + html.EscapeString(place) + ")")
}

// leadsTo names the place of an address: its host, or for mail whom it is to. It
// is empty for one that no link may lead to.
func leadsTo(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return ""
	case u.Scheme == "mailto" && address == "mailto:"+u.Opaque && chat.EmailProblem(u.Opaque) == "":
		return u.Opaque
	case chat.Linkable(address):
		return u.Host
	}
	return ""
}

// openLink begins a link to an address, in the spelling that the last step would
// give it.
func openLink(out *strings.Builder, address string) {
	if u, err := url.Parse(address); err == nil {
		address = u.String()
	}
	out.WriteString(`<a href="` + html.EscapeString(address) + `" rel="` + rel + `">`)
}

// policy lets through what the renderer makes, and nothing else: a mistake in
// what makes the HTML is then no hole in the site.
var policy = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("blockquote", "ul", "ol", "li", "pre", "code", "em", "strong")
	p.AllowAttrs("start").Matching(regexp.MustCompile(`^[0-9]{1,9}$`)).OnElements("ol")
	p.AllowAttrs("href").Matching(regexp.MustCompile(`^(https?://|mailto:|/users/)`)).OnElements("a")
	p.AllowAttrs("rel").Matching(regexp.MustCompile(`^` + rel + `$`)).OnElements("a")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^mention$`)).OnElements("a")
	p.AllowAttrs("data-user").Matching(regexp.MustCompile(`^[0-9]{1,19}$`)).OnElements("a")
	p.AllowURLSchemes("http", "https", "mailto")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	return p
}()
