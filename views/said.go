package views

import (
	"github.com/a-h/templ"

	"github.com/twilightbark/twilightbark/chat"
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
