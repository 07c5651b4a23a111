package markup

import (
	"html"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"pgregory.net/rapid"

	"github.com/twilightbark/twilightbark/chat"
)

// resolve knows ada.
func resolve(name string) (Member, bool) {
	return Member{ID: 7, Path: chat.UserPath("ada")}, strings.EqualFold(name, "ada")
}

const link = ` rel="nofollow ugc noopener">`

func TestRender(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"words", "hello", "hello"},
		{"lines and spaces", "one\n  two\n\n\n\tthree  \nfour", "one\n  two\n\n\n\tthree\nfour"},
		{"bold and italic", "**one** *two* __three__ _four_ ***five***", "<strong>one</strong> <em>two</em> <strong>three</strong> <em>four</em> <em><strong>five</strong></em>"},
		{"over two lines", "**one\ntwo**", "<strong>one\ntwo</strong>"},
		{"bold without spaces", "これは**太字**です", "これは<strong>太字</strong>です"},
		{"stars in words", "2*3*4 a**b**c **d**e", "2*3*4 a**b**c **d**e"},
		{"underscores in words", "snake_case_name", "snake_case_name"},
		{"marks alone", "a * ** _ ` ~", "a * ** _ ` ~"},
		{"an escaped mark", `\*one\* C:\dir \\`, `*one* C:\dir \`},
		{"a line that ends with a backslash", "make \\\n\trun", "make \\\n\trun"},
		{"code", "`a *b*` ``c`d`` ` e ` `<b>` `f\ng`", "<code>a *b*</code> <code>c`d</code> <code>e</code> <code>&lt;b&gt;</code> <code>f\ng</code>"},
		{"a code block", "look:\n```go\nfunc f() {\n\n\treturn *p\n}\n```\nthere", "look:<pre><code>func f() {\n\n\treturn *p\n}</code></pre>there"},
		{"a code block with tildes, not closed", "~~~\n```\n<b>", "<pre><code>```\n&lt;b&gt;</code></pre>"},
		{"an indented line", "    one", "    one"},
		{"a quote and an answer", "> one\n> two\nthree", "<blockquote>one\ntwo</blockquote>three"},
		{"two quotes", "> one\n\n> two\n\nthree", "<blockquote>one</blockquote><blockquote>two</blockquote>three"},
		{"a quote in a quote", "> > one\n> two\n>\n> three", "<blockquote><blockquote>one</blockquote>two\n\nthree</blockquote>"},
		{"greater than", "3 > 2", "3 &gt; 2"},
		{"a list", "these:\n- one\n- **two**\n  still two\nnot these", "these:<ul><li>one</li><li><strong>two</strong>\nstill two</li></ul>not these"},
		{"a list in a list", "- one\n  1. two\n- three", "<ul><li>one<ol><li>two</li></ol></li><li>three</li></ul>"},
		{"a numbered list", "1. one\n2. two", "<ol><li>one</li><li>two</li></ol>"},
		{"a numbered list that begins later", "7. seven\n8. eight", `<ol start="7"><li>seven</li><li>eight</li></ol>`},
		{"a list with gaps", "- one\n\n- two\n\n  three", "<ul><li>one</li><li>two\n\nthree</li></ul>"},
		{"marks of lists alone", "+", "+"},
		{"a number alone", "1.", "1."},
		{"stars in a row", "* * *", "* * *"},
		{"a sum", "+1", "+1"},
		{"a list in a quote", "> - one\n> two", "<blockquote><ul><li>one</li></ul>two</blockquote>"},

		{"an address", "see https://example.org/a_b_c?d=e&f, http://a.example", `see <a href="https://example.org/a_b_c?d=e&amp;f"` + link + `https://example.org/a_b_c?d=e&amp;f</a>, <a href="http://a.example"` + link + `http://a.example</a>`},
		{"an address in bold", "**https://example.org/**", `<strong><a href="https://example.org/"` + link + `https://example.org/</a></strong>`},
		{"an address in angle brackets", "<https://example.org>", `&lt;<a href="https://example.org"` + link + `https://example.org</a>&gt;`},
		{"an address behind a word without spaces", "見てhttps://example.org/犬", `見て<a href="https://example.org/%E7%8A%AC"` + link + `https://example.org/犬</a>`},
		{"an address in a word", "xhttps://example.org", "xhttps://example.org"},
		{"an address in a quote", "> https://example.org\n> b", `<blockquote><a href="https://example.org"` + link + "https://example.org</a>\nb</blockquote>"},
		{"an address in code", "`https://example.org`", "<code>https://example.org</code>"},
		{"an address in punycode", "https://xn--mnchen-3ya.de/", `<a href="https://xn--mnchen-3ya.de/"` + link + `https://xn--mnchen-3ya.de/</a>`},
		{"a link", "[our *dogs*](https://example.com/dogs)", `<a href="https://example.com/dogs"` + link + `our <em>dogs</em></a> (example.com)`},
		{"a link with a title", `[dogs](<https://example.com/> "evil.example")`, `<a href="https://example.com/"` + link + `dogs</a> (example.com)`},
		{"a link that says another place", "[https://bank.example](https://evil.example)", `<a href="https://evil.example"` + link + `https://bank.example</a> (evil.example)`},
		{"a link without words", "[](https://example.com/a)", `<a href="https://example.com/a"` + link + `https://example.com/a</a>`},
		{"a link for mail", "[write](mailto:ada@example.com)", `<a href="mailto:ada@example.com"` + link + `write</a> (ada@example.com)`},
		{"a link in a link", "[a [b](http://b.example)](http://c.example)", `[a <a href="http://b.example"` + link + `b</a> (b.example)](<a href="http://c.example"` + link + `http://c.example</a>)`},
		{"a picture", "![dog](https://example.com/dog.png)", `<a href="https://example.com/dog.png"` + link + `dog</a> (example.com)`},
		{"a link that runs something", "[x](javascript:alert(1)) [y](JaVaScript:z) [z](data:text/html,a) ![v](vbscript:w)", "[x](javascript:alert(1)) [y](JaVaScript:z) [z](data:text/html,a) ![v](vbscript:w)"},
		{"a link to no place", "[a](//evil.example) [b](/logout) [c](#m-1) [d](https:evil) [e]()", "[a](//evil.example) [b](/logout) [c](#m-1) [d](https:evil) [e]()"},
		{"a link with a user name", "[a](https://user:pw@host.example/) https://user:pw@host.example/*b* [c](https://paypal.com%40evil.example/)", "[a](https://user:pw@host.example/) https://user:pw@host.example/*b* [c](https://paypal.com%40evil.example/)"},
		{"a link to a host of another script", "[a](https://раураl.com/)", "[a](https://раураl.com/)"},
		{"mail with more than an address", "[a](mailto:ada@example.com?body=x) [b](mailto:)", "[a](mailto:ada@example.com?body=x) [b](mailto:)"},
		{"a reference", "[a]\n\n[a]: javascript:alert(1)", "[a]\n\n[a]: javascript:alert(1)"},

		{"HTML", `<script>alert(1)</script> <img src=x onerror=y> <!-- & &amp; &lt;`, `&lt;script&gt;alert(1)&lt;/script&gt; &lt;img src=x onerror=y&gt; &lt;!-- &amp; &amp;amp; &amp;lt;`},
		{"headings, rules, tables", "# one\n===\n---\n| a | b |\n|---|---|", "# one\n===\n---\n| a | b |\n|---|---|"},

		{"a member", "@ada, @Ada. (@ada) **@ada** @adam ada@ada x@ada", strings.NewReplacer("{", `<a class="mention" data-user="7" href="/users/ada">`, "}", "</a>").Replace("{@ada}, {@Ada}. ({@ada}) <strong>{@ada}</strong> @adam ada@ada x@ada")},
		{"a member in code and in a link", "`@ada` [@ada](http://a.example) \\@ada", `<code>@ada</code> <a href="http://a.example"` + link + `@ada</a> (a.example) @ada`},
		{"strangers", "@everyone @ @. @a @" + strings.Repeat("a", 31), "@everyone @ @. @a @" + strings.Repeat("a", 31)},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := Render(test.text, resolve); got != test.want {
				t.Errorf("%q\n got %s\nwant %s", test.text, got, test.want)
			}
			check(t, test.text)
		})
	}
}

func TestWhatIsTooMuchIsShownAsItStands(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("> ", n) + "a" }
	if got := Render(nested(maxNesting), nil); strings.Count(got, "<blockquote>") != maxNesting {
		t.Errorf("%d quotes give %s", maxNesting, got)
	}
	stars := strings.Repeat("*", 40) + "a" + strings.Repeat("*", 40)
	long := strings.Repeat("é", chat.MaxBody+1)
	for _, text := range []string{nested(maxNesting + 1), stars, long} {
		if got := Render(text, nil); got != html.EscapeString(text) {
			t.Errorf("%.100q gives %.200s", text, got)
		}
	}
	if got := Render(nested(100)+" https://example.org", nil); strings.Count(got, "<a ") != 1 || strings.Contains(got, "<blockquote") {
		t.Errorf("an address in what is too much gives %s", got)
	}
}

func TestMentionsAreLimited(t *testing.T) {
	if got := strings.Count(Render(strings.Repeat("@ada ", 500), resolve), "<a "); got != maxMentions {
		t.Errorf("500 names make %d links, want %d", got, maxMentions)
	}
}

// A text rendered anew names whom it named, though others have such names by now.
func TestLinked(t *testing.T) {
	const text = "@ada, *@Ada* and @eve: `@ada` [@eve](http://a.example)"
	first := Render(text, resolve)
	if got := Render(text, Linked(first)); got != first {
		t.Errorf("rendered anew, it is\n%s, want\n%s", got, first)
	}
	for name, known := range map[string]bool{"ada": true, "Ada": true, "ADA": false, "eve": false} {
		member, ok := Linked(first)(name)
		if ok != known || known && member != (Member{7, "/users/ada"}) {
			t.Errorf("%s: got %+v, %v", name, member, ok)
		}
	}
	forged := Render(`<a class="mention" data-user="1" href="/users/root">@eve</a>`, resolve)
	if _, ok := Linked(forged)("eve"); ok {
		t.Errorf("%s links to nobody, whatever its text looks like", forged)
	}
}

// hostile is what parsers take long for, or make much of.
func hostile() []string {
	texts := []string{""}
	for n := 1; len(texts[0])+n < chat.MaxBody; n++ {
		texts[0] += strings.Repeat("`", n) + " "
	}
	for _, piece := range []string{
		">", "> ", "[", "![", "]", "[](", "[a](<b", "[a](http://a.b)", "`", "*", "_", "* ", "*a ", "a* ", "**a", "*a_", "***a** ", "- ", "1. ", "> - ", "- - ",
		"`` ` ", "```\n", "~~~\n>", "\\", "\\`", "&#38;", "\"", "<", "http://", "http://a@b,", "http://[", "@ada ", "@a", "@", "a\n\n", "\t", "\n> ", "\n  - a", ":", "://", "!", "[[]]", "([", "é", "\u0300",
	} {
		texts = append(texts, strings.Repeat(piece, chat.MaxBody/len([]rune(piece))))
	}
	return texts
}

// Rendering must be no way to keep the site busy, nor to fill its pages. The
// longest takes some 20 ms; the race detector and other work on the machine are
// allowed for.
func TestHostileTextIsQuickAndSmall(t *testing.T) {
	for _, text := range hostile() {
		begun := time.Now()
		size := len(Render(text, resolve))
		if took := time.Since(begun); took > time.Second || size > maxHTML {
			t.Errorf("%.20q and so on: took %v and gave %d bytes, want at most a second and %d", text, took, size, maxHTML)
		}
	}
}

// pieces are what texts that mean something to a parser are made of.
var pieces = []string{
	"a", "b ", " ", "\n", "\n\n", "\t", "*", "**", "_", "`", "```", "```\n", "> ", ">", "- ", "1. ", "  ", "    ", "[", "]", "](", ")", "!", "\\", "<", ">", "&", "&amp;", "\"", "'",
	"http://", "https://a.b/c", "javascript:", "mailto:a@bc.de", "@ada", "@", "#", "|", "~~~\n", "犬", "é", "\u202e", "\u2028", "<script>", "<a href=\"/\">", "hx-get=x", "\r", "\x00", "\xff",
}

func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		check(t, strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 60).Draw(t, "pieces"), ""))
	})
}

func FuzzRender(f *testing.F) {
	f.Fuzz(func(t *testing.T, text string) { check(t, text) })
}

// allowed is each element there may be, with its attributes.
var allowed = map[string][]string{
	"a": {"href", "rel", "class", "data-user"}, "strong": nil, "em": nil, "code": nil, "pre": nil, "blockquote": nil, "ul": nil, "ol": {"start"}, "li": nil,
}

// check holds for every text.
func check(t rapid.TB, text string) {
	got := Render(text, resolve)
	if anew := Render(text, Linked(got)); anew != got && strings.Count(got, `class="mention"`) < maxMentions {
		t.Errorf("%q: rendered anew\n%s is\n%s", text, got, anew)
	}
	if made := render(readable(text), resolve); got != made {
		t.Errorf("%q: the last step changed\n%s to\n%s", text, made, got)
	}
	if len([]rune(text)) <= chat.MaxBody && len(got) > maxHTML {
		t.Errorf("%q: gave %d bytes", text, len(got))
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader("<div>" + got + "</div>"))
	if err != nil {
		t.Fatal(err)
	}
	if whole, _ := doc.Find("body > div").Html(); unquoted(whole) != unquoted(got) || doc.Find("body > *").Length() != 1 {
		t.Errorf("%q: a browser reads\n%s as\n%s", text, got, whole)
	}
	doc.Find("body > div *").Each(func(_ int, s *goquery.Selection) {
		attributes, ok := allowed[goquery.NodeName(s)]
		if !ok {
			t.Errorf("%q: made the element %s", text, goquery.NodeName(s))
		}
		for _, attribute := range s.Nodes[0].Attr {
			if !slices.Contains(attributes, attribute.Key) {
				t.Errorf("%q: made the attribute %s", text, attribute.Key)
			}
		}
		if s.Is("a") {
			checkLink(t, text, s)
		}
	})
}

// unquoted has quotes in texts as they are: parsers write them in different ways.
func unquoted(html string) string {
	return strings.NewReplacer("&#34;", `"`, "&quot;", `"`, "&#39;", "'").Replace(html)
}

func checkLink(t rapid.TB, text string, a *goquery.Selection) {
	href, rel := a.AttrOr("href", ""), a.AttrOr("rel", "")
	if a.Find("a").Length() > 0 {
		t.Errorf("%q: a link in a link", text)
	}
	if class := a.AttrOr("class", ""); class != "" {
		if class != "mention" || a.AttrOr("data-user", "") != "7" || href != "/users/ada" || !strings.EqualFold(a.Text(), "@ada") {
			t.Errorf("%q: a mention of %q at %s", text, a.Text(), href)
		}
		return
	}
	if leadsTo(href) == "" || rel != "nofollow ugc noopener" {
		t.Errorf("%q: a link to %q, rel %q", text, href, rel)
	}
}

func BenchmarkRender(b *testing.B) {
	for name, text := range map[string]string{
		"typical":   "did you see what **ada** wrote? https://example.org/dogs",
		"formatted": "> look at this\nyes, *very* nice:\n- one `x`\n- two [three](https://example.com/)",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Render(text, nil)
			}
		})
	}
	b.Run("the slowest", func(b *testing.B) { // at most 50 ms
		slowest, longest := "", time.Duration(0)
		for _, text := range hostile() {
			begun := time.Now()
			Render(text, nil)
			if took := time.Since(begun); took > longest {
				slowest, longest = text, took
			}
		}
		for b.Loop() {
			Render(slowest, nil)
		}
	})
}
