package views

import (
	stdhtml "html"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/words"
)

// said shows what a message says: the HTML that was made of it, or for one older
// than that its text.
func said(m chat.Message) templ.Component {
	if m.HTML == "" {
		return text(m.Body)
	}
	return rendered(m.HTML)
}

// rendered shows what markup.Render made, and is given nothing else: a message's
// column is written from that alone, and so is the site's About. Its last step
// lets only its own elements and attributes through, and it is fuzzed for just
// that.
func rendered(html string) templ.Component {
	return templ.Raw(html) //nolint:forbidigo // as said above
}

// Excerpt is the beginning of what a reader sees of a message, in one line.
func Excerpt(m chat.Message) string { return excerpt(Plain(m)) }

// Plain is what a reader sees of a message, as text alone: without the marks of
// its formats, but with those of its quotes and lists, so that nobody's words pass
// for another's.
func Plain(m chat.Message) string {
	if m.HTML == "" {
		return m.Body
	}
	return plainText(m.HTML)
}

const noNumbers = -1

// plainText is the text of what markup.Render made. It is no HTML: what shows it
// escapes it like any other text.
func plainText(html string) string {
	var out strings.Builder
	var lists []int // numbers of the next items of the lists around; noNumbers in one that has none
	for html != "" {
		written, rest, _ := strings.Cut(html, "<")
		out.WriteString(stdhtml.UnescapeString(written))
		var tag string
		tag, html, _ = strings.Cut(rest, ">")
		name, attributes, _ := strings.Cut(tag, " ")
		switch name {
		case "blockquote":
			out.WriteString("\n“")
		case "/blockquote":
			out.WriteString("”\n")
		case "ul":
			lists = append(lists, noNumbers)
		case "ol":
			lists = append(lists, listStart(attributes))
		case "/ul", "/ol":
			lists = lists[:max(0, len(lists)-1)]
			out.WriteString("\n")
		case "li":
			out.WriteString("\n" + nextItem(lists))
		case "pre", "/pre":
			out.WriteString("\n")
		}
	}
	return strings.Trim(out.String(), "\n")
}

// listStart is the number of a list's first item.
func listStart(attributes string) int {
	_, start, _ := strings.Cut(attributes, `start="`)
	digits, _, _ := strings.Cut(start, `"`)
	if first, err := strconv.Atoi(digits); err == nil {
		return first
	}
	return 1
}

// nextItem is the mark of the innermost list's next item, which is counted.
func nextItem(lists []int) string {
	last := len(lists) - 1
	if last < 0 || lists[last] == noNumbers {
		return "• "
	}
	lists[last]++
	return strconv.Itoa(lists[last]-1) + ". "
}

// foundIn is the part of a message in which a query is found, with what was found
// marked. That may be in what a reader does not see, such as the end of an address:
// then it is the part of the text as it was written.
func foundIn(query words.Query, m chat.Message) []words.Piece {
	text := Plain(m)
	if query.Find(text) == nil && query.Find(m.Body) != nil {
		text = m.Body
	}
	return query.Excerpt(text)
}
