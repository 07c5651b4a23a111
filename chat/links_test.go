package chat_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/twilightbark/twilightbark/chat"
)

// In the tests' texts, «» mark what is to become a link.
func TestSegments(t *testing.T) {
	for _, test := range []struct{ name, text string }{
		{"nothing", ""},
		{"no address", "just words: no link."},
		{"an address alone", "«https://example.com»"},
		{"an address among words", "look at «http://example.com/a/b?c=d&e=f#g» now"},
		{"two addresses", "«http://a.example» «https://b.example»"},
		{"capitals", "«HTTPS://Example.COM/Path»"},
		{"over two lines", "«http://a.example»\n«http://b.example»"},
		{"a port", "«http://localhost:8080/x»"},
		{"IPv6", "«http://[::1]:8080/x»"},
		{"an IDN in ASCII", "«https://xn--mnchen-3ya.de/»"},
		{"escaped characters", "«https://example.com/%E7%8A%AC»"},
		{"a path of another script", "«https://ja.wikipedia.org/wiki/犬»"},

		{"a full stop behind it", "see «https://example.com/a»."},
		{"punctuation inside and behind", "«https://example.com/a.b,c!d»!?..."},
		{"a slash and a full stop", "«https://example.com/»."},
		{"in brackets", "(«https://example.com/a»)"},
		{"its own brackets", "«https://en.wikipedia.org/wiki/Dog_(disambiguation)»"},
		{"its own brackets in brackets", "(«https://en.wikipedia.org/wiki/Dog_(disambiguation)»), or not"},
		{"in quotes", `"«https://example.com»" '«https://example.com»'`},
		{"in angle brackets", "<«https://example.com»>"},
		{"as Markdown has it", "[dogs](«https://example.com/dogs»)"},
		{"as Markdown has it, twice", "[«https://a.example»](«https://b.example»)"},
		{"in stars", "**«https://example.com»**"},
		{"markup in it", `«https://example.com/»"><script>alert(1)</script>`},

		{"behind a word without a space", "見て«https://example.com/»"},
		{"in front of a Chinese full stop", "见«https://example.com/a»。"},
		{"in Japanese brackets", "「«https://example.com/a»」"},
		{"in full-width brackets", "（«https://example.com/a»）、"},
		{"behind a Cyrillic word", "смотри«https://example.com»"},
		{"behind a Latin word", "xhttps://example.com"},
		{"behind a digit", "1http://example.com"},
		{"behind punctuation", "-«https://example.com»"},

		{"a script", "javascript:alert(1)"},
		{"a script that looks like an address", "javascript://example.com/%0aalert(1)"},
		{"a script, broken", "JaVa\tScript:alert(1)"},
		{"data", "data:text/html,<script>alert(1)</script>"},
		{"another scheme", "ftp://example.com vbscript:x file:///etc/passwd"},
		{"no scheme", "//evil.example www.example.com www."},
		{"a scheme alone", "http:// https://"},
		{"a scheme and a mark", "http://. https://, http://!"},
		{"no host", "http:///etc/passwd http://?q http://#f"},
		{"a user name", "https://user@example.com"},
		{"a user name like a host", "https://paypal.com@evil.example/"},
		{"a user name and a password", "https://user:pw@host"},
		{"an escaped user name", "https://paypal.com%40evil.example/"},
		{"a host of another script", "https://münchen.de https://раураl.com"},
		{"an escaped host of another script", "https://m%C3%BCnchen.de"},
		{"a host with a bad escape", "https://%zz/"},
		{"IPv6, broken", "http://[::1"},
		{"a backslash", `«https://example.com»\@evil.example`},
		{"an override in it", "«https://example.com/»\u202egro.live"},
		{"a zero-width space in it", "«https://example.com/a»\u200bb"},
		{"a control in it", "«https://example.com/a»\x01b"},
		{"an address in an address", "«https://example.com/?next=http://other.example/»"},
		{"a refused address and a good one", "https://a@b «https://example.com»"},

		{"2,048 bytes", "«" + "https://example.com/" + strings.Repeat("a", 2048-20) + "»"},
		{"2,049 bytes", "https://example.com/" + strings.Repeat("a", 2049-20)},
		{"3,000 characters", "https://example.com/" + strings.Repeat("a", 2980)},
		{"3,000 characters, then a good one", "https://example.com/" + strings.Repeat("a", 2980) + " «https://example.com»"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var links []string
			for part := range strings.SplitSeq(test.text, "«") {
				if link, _, found := strings.Cut(part, "»"); found {
					links = append(links, link)
				}
			}
			text := strings.NewReplacer("«", "", "»", "").Replace(test.text)
			var got []string
			for _, segment := range chat.Segments(text) {
				if segment.URL != "" {
					got = append(got, segment.URL)
				}
			}
			if !slices.Equal(got, links) {
				t.Errorf("Segments(%.100q): got the links %.100q, want %.100q", text, got, links)
			}
			checkSegments(t, text)
		})
	}
}

// Nothing of a text is lost or added, and no link leads to where it does not say.
func TestSegmentsProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkSegments(t, hostileText().Draw(t, "text")) })
}

func FuzzSegments(f *testing.F) {
	f.Fuzz(func(t *testing.T, text string) { checkSegments(t, text) })
}

func checkSegments(t rapid.TB, text string) {
	var joined strings.Builder
	plain := false
	for _, segment := range chat.Segments(text) {
		joined.WriteString(segment.Text)
		if segment.Text == "" || plain && segment.URL == "" {
			t.Errorf("Segments(%q): got an empty piece, or two plain ones in a row", text)
		}
		if plain = segment.URL == ""; !plain {
			checkLink(t, segment)
		}
	}
	if joined.String() != text {
		t.Errorf("Segments(%q): joined they are %q", text, joined.String())
	}
}

func checkLink(t rapid.TB, link chat.Segment) {
	u, err := url.Parse(link.URL)
	if err != nil {
		t.Fatalf("got the link %q, which does not parse: %v", link.URL, err)
	}
	outside := func(r rune) bool { return r <= ' ' || r >= 0x7f }
	switch {
	case link.Text != link.URL:
		t.Errorf("got the text %q of a link to %q, want the same", link.Text, link.URL)
	case u.Scheme != "http" && u.Scheme != "https", u.User != nil, u.Hostname() == "", strings.ContainsFunc(u.Host, outside):
		t.Errorf("got the link %q, want http or https, no user name, and an ASCII host", link.URL)
	case len(link.URL) > 2048:
		t.Errorf("got a link of %d bytes, want at most 2048", len(link.URL))
	case strings.ContainsFunc(link.URL, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }):
		t.Errorf("got the link %q, want no character in it that can't be seen", link.URL)
	}
}

// The cost of a text grows with its length, not with the square of it.
func TestSegmentsOfHostileTextIsQuick(t *testing.T) {
	for _, piece := range []string{"http://", "http://)", "http://a)", "://", "http://a@b,", "https://x((((", "h", "http://[", "http://a.example/.", "\xff"} {
		text := strings.Repeat(piece, 50_000/len(piece))
		begun := time.Now()
		chat.Segments(text)
		if took := time.Since(begun); took > time.Second {
			t.Errorf("%d bytes of %q: took %v, want less than a second", len(text), piece, took)
		}
	}
}
