package handlers

import (
	"bytes"
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"pgregory.net/rapid"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/markup"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
	"github.com/twilightbark/twilightbark/views"
	"github.com/twilightbark/twilightbark/words"
)

// wrote is a message as it is stored.
func wrote(body string) chat.Message {
	return chat.Message{Body: body, HTML: markup.Render(body, func(name string) (markup.Member, bool) {
		return markup.Member{ID: 1, Path: chat.UserPath(name)}, name == "ada"
	})}
}

func TestPlain(t *testing.T) {
	for _, tt := range []struct{ name, body, want string }{
		{"words", "hello  there\n\nyou", "hello  there\n\nyou"},
		{"bold and italic", "**one** *two* ***three***", "one two three"},
		{"code", "`a *b*` & `<b>`", "a *b* & <b>"},
		{"a code block", "look:\n```go\nif a < b {\n\treturn *p\n}\n```\nthere", "look:\nif a < b {\n\treturn *p\n}\nthere"},
		{"what looks like HTML", `<b>bold</b> &amp; "quotes"`, `<b>bold</b> &amp; "quotes"`},
		{"a quote and an answer", "> one **two**\n> three\nfour", "“one two\nthree”\nfour"},
		{"a quote in a quote", "> > one\n> two", "“\n“one”\ntwo”"},
		{"a list", "these:\n- one\n- *two*\nnot these", "these:\n• one\n• two\nnot these"},
		{"a numbered list", "9. nine\n10. ten\n   - within\n11. eleven", "9. nine\n10. ten\n\n• within\n\n11. eleven"},
		{"a numbered list from nothing", "0. none\n1. one", "0. none\n1. one"},
		{"an address", "see https://example.com/a_b?c&d", "see https://example.com/a_b?c&d"},
		{"a link", "[our *dogs*](https://example.com/dogs)", "our dogs (example.com)"},
		{"a link that may not be", "[x](javascript:alert(1))", "[x](javascript:alert(1))"},
		{"a mention", "hello **@ada** and @nobody", "hello @ada and @nobody"},
		{"marks alone", `2*3*4 \*`, "2*3*4 *"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := views.Plain(wrote(tt.body)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if got := views.Plain(chat.Message{Body: "**old**"}); got != "**old**" {
		t.Errorf("one that has no HTML reads %q", got)
	}
}

// Wherever the beginning of a message stands, it reads as the message does.
func TestExcerptsReadLikeMessages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, db, "dogs")
		ada, bob, cleo := s.member("ada"), s.member("bob"), s.as(chat.Moderator, "cleo")
		bob.post("/rooms/dogs/messages", draft("**Good** `<dogs>`, @ada: [look](https://example.com/)", aNonce())).status(303)
		ada.post("/rooms/dogs/1/report", url.Values{"reason": {"spam"}}).status(303)
		const reads = "Good &lt;dogs&gt;, @ada: look (example.com)"
		for path, v := range map[string]*visitor{"/users/bob": s.guest(), "/mentions": ada, "/rooms/dogs/1/report": ada, "/admin/reports": cleo, "/admin/messages": cleo} {
			v.get(path).status(200).has(reads).lacks("**Good")
		}
		s.guest().get("/rooms/dogs/feed.atom").has("bob in dogs: " + reads)
		s.guest().get("/search?q=good").has("<mark>Good</mark> &lt;dogs&gt;, @ada: look (example.com)")
		ada.get("/rooms/dogs?reply=1").has(`<span dir="auto">` + reads)
	})
}

// pieces are what texts that mean something are made of.
var pieces = []string{
	"needle", "a", " ", "\n", "\n\n", "*", "**", "`", "```\n", "> ", "- ", "3. ", "[", "](", "https://needle.example/needle", ")", "<", ">", "&lt;", "@ada", "é", "犬", `"`,
}

// What a text says, and what is found in it, is there whatever its formats, and
// shown as text.
func TestPlainSaysAllThatIsShown(t *testing.T) {
	letters := func(text string) string {
		return strings.Map(func(r rune) rune {
			if strings.ContainsRune(" \n\t“”•.0123456789", r) {
				return -1
			}
			return r
		}, text)
	}
	rapid.Check(t, func(t *rapid.T) {
		m := wrote(strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 40).Draw(t, "pieces"), ""))
		doc, err := goquery.NewDocumentFromReader(strings.NewReader(m.HTML))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := letters(views.Plain(m)), letters(doc.Text()); got != want {
			t.Errorf("%q reads %q, want %q", m.Body, got, want)
		}
		query := words.Parse("needle")
		if found := found(t, query, m); query.Find(m.Body) != nil && found.Find("mark").Length() == 0 {
			t.Errorf("%q: what is found in it is not in %s", m.Body, found.Text())
		}
	})
}

// What is found where a reader does not see it is shown as it was written.
func TestFoundInWhatIsNotSeen(t *testing.T) {
	for _, tt := range []struct{ look, body, want string }{
		{"dogs", "some **big dogs**", "some big <dogs>"},
		{"kennel", "[our dogs](https://example.com/kennel)", "[our dogs](https://example.com/<kennel>)"},
		{"cats", "**no** dogs", "no dogs"},
	} {
		result := found(t, words.Parse(tt.look), wrote(tt.body))
		result.Find("mark").Each(func(_ int, s *goquery.Selection) { s.SetText("<" + s.Text() + ">") })
		if got := result.Text(); got != tt.want {
			t.Errorf("%q in %q: got %q, want %q", tt.look, tt.body, got, tt.want)
		}
	}
}

// found is a message as the results of a search show it.
func found(t rapid.TB, query words.Query, m chat.Message) *goquery.Selection {
	t.Helper()
	page, err := renderBytes(context.Background(), views.Search(views.SearchProps{Text: "x", Query: query, Found: []chat.Message{m}, Zone: time.UTC, Page: 1}))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return doc.Find(".results a").First()
}
