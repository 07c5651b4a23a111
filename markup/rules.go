package markup

import (
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/twilightbark/twilightbark/chat"
)

// rules is all of Markdown that messages have. What is not named here (images,
// headings, tables, HTML and entities, rules, references) is text.
var rules = parser.NewParser(
	parser.WithBlockParsers(
		util.Prioritized(lists{parser.NewListParser()}, 300),
		util.Prioritized(parser.NewListItemParser(), 400),
		util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
		util.Prioritized(parser.NewBlockquoteParser(), 800),
		util.Prioritized(paragraphs{}, 1000),
	),
	parser.WithInlineParsers(
		util.Prioritized(parser.NewCodeSpanParser(), 100),
		util.Prioritized(parser.NewLinkParser(), 200),
		util.Prioritized(addresses{}, 300),
		util.Prioritized(mentions{}, 400),
		util.Prioritized(emphasis{}, 500),
	),
)

// paragraphs differs from Markdown's own in that a line belongs to a quote or a
// list only if it says so itself: in a chat the answer stands on the line below
// the quote. And spaces at the beginning of lines stay.
type paragraphs struct{}

func (paragraphs) Trigger() []byte { return nil }

func (paragraphs) Open(parent ast.Node, reader text.Reader, ctx parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	last := ctx.LastOpenedBlock().Node
	if util.IsBlank(line) || last != nil && ast.IsParagraph(last) && last.Parent() == parent {
		return nil, parser.NoChildren // the latter goes on, below
	}
	node := ast.NewParagraph()
	node.Lines().Append(segment)
	reader.AdvanceToEOL()
	return node, parser.NoChildren
}

func (paragraphs) Continue(node ast.Node, reader text.Reader, _ parser.Context) parser.State {
	line, segment := reader.PeekLine()
	if util.IsBlank(line) {
		return parser.Close
	}
	node.Lines().Append(segment)
	reader.AdvanceToEOL()
	return parser.Continue | parser.NoChildren
}

func (paragraphs) Close(node ast.Node, reader text.Reader, _ parser.Context) {
	lines := node.Lines()
	last := lines.Len() - 1
	end := lines.At(last)
	lines.Set(last, end.TrimRightSpace(reader.Source()))
}

func (paragraphs) CanInterruptParagraph() bool { return true }
func (paragraphs) CanAcceptIndentedLine() bool { return true }

// lists are Markdown's, but marks with nothing behind them are text: who writes
// "+" or "1." or "* * *" means that.
type lists struct{ parser.BlockParser }

func (l lists) Open(parent ast.Node, reader text.Reader, ctx parser.Context) (ast.Node, parser.State) {
	line, _ := reader.PeekLine()
	if strings.Trim(strings.TrimLeft(string(line), "0123456789"), "-*+.) \t\n") == "" {
		return nil, parser.NoChildren
	}
	return l.BlockParser.Open(parent, reader, ctx)
}

// emphasis is Markdown's, but in the middle of a word or number a star is one:
// 2*3*4 has nothing in italics. Scripts without spaces have no such middle.
type emphasis struct{}

func (emphasis) Trigger() []byte { return []byte{'*', '_'} }

func (e emphasis) Parse(_ ast.Node, block text.Reader, ctx parser.Context) ast.Node {
	before := block.PrecendingCharacter()
	line, segment := block.PeekLine()
	mark := parser.ScanDelimiter(line, before, 1, e)
	if mark == nil {
		return nil
	}
	if after := line[mark.OriginalLength:]; len(after) > 0 && inWord(before) && inWord(rune(after[0])) {
		mark.CanOpen, mark.CanClose = false, false
	}
	mark.Segment = segment.WithStop(segment.Start + mark.OriginalLength)
	block.Advance(mark.OriginalLength)
	ctx.PushDelimiter(mark)
	return mark
}

func (emphasis) IsDelimiter(b byte) bool { return b == '*' || b == '_' }

func (emphasis) CanOpenCloser(opener, closer *parser.Delimiter) bool {
	return opener.Char == closer.Char
}

func (emphasis) OnMatch(length int) ast.Node { return ast.NewEmphasis(length) }

func inWord(r rune) bool {
	return r <= unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// addresses are links by themselves. The parser asks at punctuation only, so it
// is the colon that is noticed, with the scheme before it already taken for text.
type addresses struct{}

func (addresses) Trigger() []byte { return []byte{':'} }

func (addresses) Parse(parent ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, segment := block.PeekLine()
	before, ok := parent.LastChild().(*ast.Text)
	if !ok || !strings.HasPrefix(string(line), "://") || before.Segment.Stop != segment.Start {
		return nil
	}
	written := string(before.Segment.Value(block.Source()))
	scheme := schemeAt(written)
	if scheme == "" {
		return nil
	}
	length, link := chat.Address(scheme + strings.TrimRight(string(line), "\n"))
	start := segment.Start - len(scheme)
	if start > 0 && inWord(rune(block.Source()[start-1])) {
		link = false
	}
	block.Advance(length - len(scheme))
	if before.Segment = before.Segment.WithStop(start); before.Segment.IsEmpty() {
		parent.RemoveChild(parent, before)
	}
	address := ast.NewTextSegment(text.NewSegment(start, start+length))
	if !link {
		return address // whole, so that nothing in it means anything
	}
	return ast.NewAutoLink(ast.AutoLinkURL, address)
}

// schemeAt is the scheme that text ends with.
func schemeAt(text string) string {
	for _, scheme := range []string{"https", "http"} {
		if at := len(text) - len(scheme); at >= 0 && strings.EqualFold(text[at:], scheme) {
			return text[at:]
		}
	}
	return ""
}

// mentions are the names of members, each after an @.
type mentions struct{}

var namesKey = parser.NewContextKey()

// names is who is named in one text.
type names struct {
	resolve Resolve
	left    int // how many more may become links
}

var kindMention = ast.NewNodeKind("Mention")

type mention struct {
	ast.BaseInline
	name   string
	member Member
}

func (*mention) Kind() ast.NodeKind   { return kindMention }
func (*mention) Dump(_ []byte, _ int) {}

func (mentions) Trigger() []byte { return []byte{'@'} }

func (mentions) Parse(_ ast.Node, block text.Reader, ctx parser.Context) ast.Node {
	named := ctx.Get(namesKey).(*names)
	before := block.PrecendingCharacter()
	if named.resolve == nil || named.left == 0 || unicode.IsLetter(before) || unicode.IsDigit(before) {
		return nil
	}
	line, _ := block.PeekLine()
	name := nameIn(string(line[1:]))
	member, ok := Member{}, false
	if name != "" {
		member, ok = named.resolve(name)
	}
	if !ok {
		return nil
	}
	named.left--
	block.Advance(len("@") + len(name))
	return &mention{name: name, member: member}
}

// nameIn is what at the beginning of text may be a username; a full stop behind
// it is more likely the sentence's.
func nameIn(text string) string {
	end := strings.IndexFunc(text, func(r rune) bool { return !inWord(r) && !strings.ContainsRune("._-", r) })
	if end < 0 {
		end = len(text)
	}
	name := strings.TrimRight(text[:end], "._-")
	if len(name) < chat.MinUsername || len(name) > chat.MaxUsername || !inWord(rune(name[0])) {
		return ""
	}
	return name
}
