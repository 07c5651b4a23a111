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
	// This column is written from markup.Render alone, whose last step lets only
	// its own elements and attributes through, and which is fuzzed for just that.
	return templ.Raw(m.HTML) //nolint:forbidigo // as said above
}
