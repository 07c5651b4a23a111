package views

import (
	"encoding/xml"
	"fmt"
	"net/url"
	"time"

	"github.com/twilightbark/twilightbark/chat"
)

// FeedProps is messages for programs that follow them, the newest first.
type FeedProps struct {
	Title    string
	Path     string // the feed's own
	About    string // the path of the page that shows the same to people
	Begun    chat.Micros
	Messages []chat.Message
	BaseURL  string // the site's public address, without a slash at its end
}

// The elements of a feed, as RFC 4287 has them.
type (
	atomFeed struct {
		XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
		Title   string      `xml:"title"`
		ID      string      `xml:"id"`
		Updated string      `xml:"updated"`
		Links   []atomLink  `xml:"link"`
		Entries []atomEntry `xml:"entry"`
	}
	atomLink struct {
		Rel  string `xml:"rel,attr"`
		Type string `xml:"type,attr"`
		Href string `xml:"href,attr"`
	}
	atomEntry struct {
		Title     string     `xml:"title"`
		ID        string     `xml:"id"`
		Published string     `xml:"published"`
		Updated   string     `xml:"updated"`
		Author    atomPerson `xml:"author"`
		Link      atomLink   `xml:"link"`
		Content   string     `xml:"content"` // what a reader sees, as plain text
	}
	atomPerson struct {
		Name string `xml:"name"`
		URI  string `xml:"uri,omitempty"`
	}
)

// Feed gives the messages as an Atom document. What names a message there never
// changes, whatever its room is called.
func Feed(p FeedProps) ([]byte, error) {
	site, err := url.Parse(p.BaseURL)
	if err != nil {
		return nil, err
	}
	feed := atomFeed{
		Title: p.Title, ID: p.BaseURL + p.Path,
		Links: []atomLink{{"self", "application/atom+xml", p.BaseURL + p.Path}, {"alternate", "text/html", p.BaseURL + p.About}},
	}
	updated := p.Begun
	for _, m := range p.Messages {
		updated = max(updated, m.ChangedAt)
		author := atomPerson{Name: m.Author}
		if m.Author != chat.FormerMember {
			author.URI = p.BaseURL + chat.UserPath(m.Author)
		}
		feed.Entries = append(feed.Entries, atomEntry{
			Title: m.Author + " in " + m.RoomName + ": " + Excerpt(m), ID: fmt.Sprintf("tag:%s,2026:message:%d", site.Hostname(), m.ID),
			Published: atomTime(m.PostedAt), Updated: atomTime(m.ChangedAt), Author: author,
			Link: atomLink{"alternate", "text/html", p.BaseURL + m.Path()}, Content: Plain(m),
		})
	}
	feed.Updated = atomTime(updated)
	document, err := xml.Marshal(feed)
	return append([]byte(xml.Header), document...), err
}

func atomTime(at chat.Micros) string { return at.Time().Format(time.RFC3339Nano) }
