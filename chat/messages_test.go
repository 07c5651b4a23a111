package chat_test

import (
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/twilightbark/twilightbark/chat"
)

const nonce = "0123456789abcdef"

func TestCleanText(t *testing.T) {
	const (
		empty   = "is empty"
		damaged = "can't be read"
		lines   = "too many lines"
	)
	grapheme := "👩‍👩‍👧‍👦" // seven characters that look like one
	for _, test := range []struct {
		name, body, want string
		problem          string // part of the sentence; "" when the text is fine
	}{
		{"a word", "woof", "woof", ""},
		{"spaces around", " \n\t woof \u00a0\r\n", "woof", ""},
		{"spaces and breaks inside", "a  b\n\n\tc", "a  b\n\n\tc", ""},
		{"markup", `<script>alert(1)</script> "><!-- ]]> {{7*7}} ${7*7}`, `<script>alert(1)</script> "><!-- ]]> {{7*7}} ${7*7}`, ""},
		{"htmx attributes", `<div hx-get="/logout" hx-trigger="load">`, `<div hx-get="/logout" hx-trigger="load">`, ""},
		{"an emoji newer than these tables", "\U0001fae9", "\U0001fae9", ""},
		{"an emoji", "🐕", "🐕", ""},
		{"a digit in a frame", "1\ufe0f\u20e3", "1\ufe0f\u20e3", ""},
		{"the replacement character", "\ufffd", "\ufffd", ""},

		{"Windows' line breaks", "a\r\nb\r\n\r\nc", "a\nb\n\nc", ""},
		{"old line breaks", "a\rb\r\rc", "a\nb\n\nc", ""},
		{"an event's framing", "a\r\rdata: x\n\nevent: y", "a\n\ndata: x\n\nevent: y", ""},
		{"Unicode's line breaks", "a\u2028b\u2029c", "a\u2028b\u2029c", ""},

		{"controls", "a\x01\x08\x0b\x0c\x1b[31mb\x7f\u0080\u009b\u0085c", "a[31mbc", ""},
		{"overrides and isolates", "a\u202eb\u2066c", "a\u202eb\u2066c", ""},
		{"1,000 isolates", "a" + strings.Repeat("\u2067", 1000), "a" + strings.Repeat("\u2067", 1000), ""},

		{"nothing", "", "", empty},
		{"spaces", " \t\r\n\u00a0\u3000\u2028", "", empty},
		{"zero-width spaces", "\u200b\u200b\ufeff", "", empty},
		{"Hangul fillers", "\u3164\u115f\u1160\uffa0", "", empty},
		{"Braille without dots", "\u2800", "", empty},
		{"soft hyphens", "\u00ad\u00ad", "", empty},
		{"variation selectors and joiners", "\ufe0f\u034f\u200d\U000e0100", "", empty},
		{"overrides alone", "\u202e\u2066", "", empty},
		{"controls alone", "\x01\x1b\x7f", "", empty},
		{"tags alone", "\U000e0001\U000e0041", "", empty},

		{"not UTF-8", "a\xff\xfe", "", damaged},
		{"a lone surrogate", "a\xed\xa0\x80", "", damaged},
		{"an overlong slash", "a\xc0\xaf", "", damaged},
		{"a NUL", "a\x00b", "", damaged},

		{"4,000 characters", strings.Repeat("a", 4000), strings.Repeat("a", 4000), ""},
		{"4,000 characters of four bytes", strings.Repeat("🐕", 4000), strings.Repeat("🐕", 4000), ""},
		{"4,000 characters in spaces", "  " + strings.Repeat("a", 4000) + "  ", strings.Repeat("a", 4000), ""},
		{"4,000 characters and controls", strings.Repeat("a", 4000) + "\x01", strings.Repeat("a", 4000), ""},
		{"4,000 characters, line breaks of two bytes", strings.Repeat("a\r\n", 99) + strings.Repeat("a", 3802), strings.Repeat("a\n", 99) + strings.Repeat("a", 3802), ""},
		{"4,001 characters", strings.Repeat("a", 4001), "", "4001 characters of at most 4,000"},
		{"4,001 characters of four bytes", strings.Repeat("🐕", 4001), "", "4001"},
		{"572 families", strings.Repeat(grapheme, 572), "", "4004"},
		{"a megabyte", strings.Repeat("a", 1<<20), "", "1048576"},

		{"100 lines", strings.Repeat("a\n", 99) + "a", strings.Repeat("a\n", 99) + "a", ""},
		{"100 lines and breaks at the end", strings.Repeat("a\n", 100) + "\n\n", strings.Repeat("a\n", 99) + "a", ""},
		{"101 lines", strings.Repeat("a\n", 100) + "a", "", lines},
		{"101 lines by carriage returns", strings.Repeat("a\r", 100) + "a", "", lines},
		{"101 lines by Unicode's separators", strings.Repeat("a\u2028b\u2029", 50) + "a", "", lines},

		{"8 marks", "a" + strings.Repeat("\u0301", 8), "a" + strings.Repeat("\u0301", 8), ""},
		{"500 marks", "Z" + strings.Repeat("\u0301", 500) + "a" + strings.Repeat("\u0316", 9), "Z" + strings.Repeat("\u0301", 8) + "a" + strings.Repeat("\u0316", 8), ""},
		{"500 marks, enclosing ones between", "Z" + strings.Repeat("\u0301\u0489", 250), "Z" + strings.Repeat("\u0301\u0489", 4), ""},
		{"500 marks, joiners between", "Z" + strings.Repeat("\u0301\u200d", 500), "Z" + strings.Repeat("\u0301\u200d", 8) + strings.Repeat("\u200d", 492), ""},
		{"500 marks, controls between", "Z" + strings.Repeat("\u0301\x01", 500), "Z" + strings.Repeat("\u0301", 8), ""},
		{"marks without a character", strings.Repeat("\u0301", 20), strings.Repeat("\u0301", 8), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			draft := chat.Draft{RoomID: 3, AuthorID: 4, Body: test.body, Nonce: nonce}
			got, err := draft.Clean()
			if test.problem != "" {
				wantProblem(t, err, "body", test.problem)
				return
			}
			if want := (chat.Draft{RoomID: 3, AuthorID: 4, Body: test.want, Nonce: nonce}); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("Clean of %.200q: got %.200q, %v, want %.200q", test.body, got.Body, err, test.want)
			}
		})
	}
}

func TestNonces(t *testing.T) {
	for _, test := range []struct {
		nonce string
		ok    bool
	}{
		{"0123456789abcdef", true},
		{"ABCDEFGHIJKLMNOPQRSTUVWXYZ_-xyz", true},
		{strings.Repeat("z", 16), true},
		{strings.Repeat("z", 64), true},

		{"", false},
		{strings.Repeat("z", 15), false},
		{strings.Repeat("z", 65), false},
		{strings.Repeat("z", 10_240), false},
		{"0123456789abcde ", false},
		{" 0123456789abcdef", false},
		{"0123456789abcde\n", false},
		{"0123456789abcde\x00", false},
		{"0123456789abcde+", false},
		{"0123456789abcde/", false},
		{"0123456789abcde=", false},
		{"0123456789abcde.", false},
		{"0123456789abcdeé", false},
		{"٠١٢٣٤٥٦٧٨٩٠١٢٣٤٥", false},
		{"0123456789abcde\xff", false},
	} {
		draft := chat.Draft{Body: "woof", Nonce: test.nonce}
		got, err := draft.Clean()
		if !test.ok {
			wantProblem(t, err, "nonce", "send it again")
		} else if err != nil || !reflect.DeepEqual(got, draft) {
			t.Errorf("Clean with the nonce %q: got %+v, %v, want it unchanged", test.nonce, got, err)
		}
	}
}

// What is stored does not change when it is sent again, and keeps the bounds.
func TestCleanProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkClean(t, hostileText().Draw(t, "body")) })
}

func TestQuote(t *testing.T) {
	for _, tt := range []struct{ name, body, want string }{
		{"a line", "woof", "> woof"},
		{"three lines, and gaps", "one\n\ntwo\nthree", "> one\n> two\n> three"},
		{"more lines", "one\ntwo\nthree\nfour", "> one\n> two\n> three …"},
		{"a long line", strings.Repeat("é", 201), "> " + strings.Repeat("é", 200) + " …"},
		{"long lines", strings.Repeat("a", 150) + "\n" + strings.Repeat("b", 150), "> " + strings.Repeat("a", 150) + "\n> " + strings.Repeat("b", 50) + " …"},
		{"a quote and an answer", "> one\n> two\nthree", "> three"},
		{"a quote alone", "> one", ""},
		{"nothing", "", ""},
	} {
		if got := chat.Quote(tt.body); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Fuzz(func(t *testing.T, body string) { checkClean(t, body) })
}

func checkClean(t rapid.TB, body string) {
	cleaned, err := chat.Draft{Body: body, Nonce: nonce}.Clean()
	if err != nil {
		wantProblem(t, err, "body", "")
		return
	}
	got := cleaned.Body
	if again, err := cleaned.Clean(); err != nil || !reflect.DeepEqual(again, cleaned) {
		t.Errorf("Clean of what was clean, %q: got %q, %v, want it unchanged", got, again.Body, err)
	}
	if n := utf8.RuneCountInString(got); !utf8.ValidString(got) || n < 1 || n > chat.MaxBody {
		t.Errorf("Clean(%q): got %d characters, want 1 to %d in UTF-8", body, n, chat.MaxBody)
	}
	if lines := len(strings.FieldsFunc("x"+strings.NewReplacer("\n", "\nx", "\u2028", "\nx", "\u2029", "\nx").Replace(got), func(r rune) bool { return r == '\n' })); lines > chat.MaxLines {
		t.Errorf("Clean(%q): got %d lines, want at most %d", body, lines, chat.MaxLines)
	}
	if got != strings.TrimSpace(got) {
		t.Errorf("Clean(%q): got %q, want no white space around", body, got)
	}
	marks := 0
	for _, r := range got {
		switch {
		case unicode.IsControl(r) && r != '\n' && r != '\t':
			t.Errorf("Clean(%q): got %q, want none with %U", body, got, r)
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r):
			marks++
		case !unicode.Is(unicode.Cf, r):
			marks = 0
		}
		if marks > 8 {
			t.Fatalf("Clean(%q): got %q, want at most 8 marks on one character", body, got)
		}
	}
}

func TestCursors(t *testing.T) {
	for _, test := range []struct {
		text string
		want chat.Cursor
	}{
		{"0-0", chat.Cursor{}},
		{"1-1f0c9a3b", chat.Cursor{Revision: 1, Check: "1f0c9a3b"}},
		{"9223372036854775807-00000000", chat.Cursor{Revision: 1<<63 - 1, Check: "00000000"}},
		{"1-zzzz", chat.Cursor{Revision: 1, Check: "zzzz"}}, // well formed, and no change's check
	} {
		got, ok := chat.ParseCursor(test.text)
		if !ok || got != test.want {
			t.Errorf("ParseCursor(%q): got %+v, %v, want %+v", test.text, got, ok, test.want)
		}
		if got.String() != test.text {
			t.Errorf("String of %+v: got %q, want %q", got, got, test.text)
		}
	}
	for _, text := range []string{
		"", "-", "0", "1", "1-1f0c9a3bb", "0-", "0-1", "00-0", "01-1f0c9a3b", "+1-1f0c9a3b", " 1-1f0c9a3b", "-1-1f0c9a3b", "--1",
		"9223372036854775808-1f0c9a3b", "18446744073709551617-1f0c9a3b", "1e9-1f0c9a3b", "0x10-1f0c9a3b", "1_0-1f0c9a3b", "१-1f0c9a3b", "NaN-0", "1\x00-0",
		strings.Repeat("1", 10_240), strings.Repeat("1", 10_240) + "-0", "1-" + strings.Repeat("0", 10_240), "1 -1f0c9a3b", "null", "undefined",
	} {
		if got, ok := chat.ParseCursor(text); ok {
			t.Errorf("ParseCursor(%.40q): got %+v, want it refused", text, got)
		}
	}
}

func TestCursorRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		revision := rapid.Int64Range(1, 1<<63-1).Draw(t, "revision")
		cursor := chat.ChangeCursor(revision, rapid.Int64().Draw(t, "message"), chat.Micros(rapid.Int64().Draw(t, "at")))
		if got, ok := chat.ParseCursor(cursor.String()); !ok || got != cursor {
			t.Errorf("ParseCursor(%q): got %+v, %v, want %+v", cursor, got, ok, cursor)
		}
	})
}

// Two histories that count to the same revision have different cursors there.
func TestChangeCursorTellsChangesApart(t *testing.T) {
	ours := chat.ChangeCursor(7, 100, 1_000_000)
	if again := chat.ChangeCursor(7, 100, 1_000_000); again != ours {
		t.Errorf("the same change: got %v, then %v, want the same", ours, again)
	}
	for name, other := range map[string]chat.Cursor{
		"another revision": chat.ChangeCursor(8, 100, 1_000_000),
		"another message":  chat.ChangeCursor(7, 101, 1_000_000),
		"another moment":   chat.ChangeCursor(7, 100, 1_000_001),
	} {
		if other.Check == ours.Check {
			t.Errorf("%s: got the check %q for both, want it to differ", name, other.Check)
		}
	}
	message := chat.Message{ID: 100, Revision: 7, PostedRevision: 3, ChangedAt: 1_000_000, PostedAt: 5}
	if got := message.Cursor(); got != ours {
		t.Errorf("the message's cursor: got %v, want that of its last change, %v", got, ours)
	}
}

func FuzzParseCursor(f *testing.F) {
	f.Fuzz(func(t *testing.T, text string) {
		cursor, ok := chat.ParseCursor(text)
		if ok && cursor.String() != text {
			t.Errorf("ParseCursor(%q): got %+v, which is written %q", text, cursor, cursor)
		}
		if ok && cursor.Revision < 0 {
			t.Errorf("ParseCursor(%q): got the revision %d, want none below 0", text, cursor.Revision)
		}
	})
}

func TestPages(t *testing.T) {
	for _, test := range []struct{ number, want int64 }{{1, 1}, {49, 1}, {50, 1}, {51, 2}, {100, 2}, {101, 3}, {1_000_000, 20_000}} {
		if got := chat.PageOf(test.number); got != test.want {
			t.Errorf("PageOf(%d): got %d, want %d", test.number, got, test.want)
		}
	}
	if got, want := chat.Page(3), (chat.Range{First: 101, Last: 150}); got != want {
		t.Errorf("Page(3): got %+v, want %+v", got, want)
	}
	for number := int64(1); number <= 500; number++ {
		if page := chat.Page(chat.PageOf(number)); number < page.First || number > page.Last || page.Last-page.First != chat.PageSize-1 {
			t.Errorf("the page of message %d holds %+v, want that message among %d", number, page, chat.PageSize)
		}
	}
}

// A room opens with 50 to 99 messages once it has 50, and with whole pages, so
// that the link to older ones leads to a page of which nothing is shown yet.
func TestNewest(t *testing.T) {
	for count := int64(0); count <= 500; count++ {
		room := chat.Room{MessageCount: count}
		got := room.Newest()
		shown := got.Last - got.First + 1
		switch {
		case got.Last != count:
			t.Errorf("%d messages: got %+v, want the newest in it", count, got)
		case count < 50 && shown != count:
			t.Errorf("%d messages: got %d of them, want all", count, shown)
		case count >= 50 && (shown < 50 || shown > 99):
			t.Errorf("%d messages: got %d of them, want 50 to 99", count, shown)
		case got.First%chat.PageSize != 1:
			t.Errorf("%d messages: got %+v, want it to begin with a page", count, got)
		}
		if pages, want := room.Pages(), max(1, (count+49)/50); pages != want {
			t.Errorf("%d messages: got %d pages, want %d", count, pages, want)
		}
	}
}

func TestMessagePath(t *testing.T) {
	if got, want := (chat.Message{RoomSlug: "犬", Number: 17}).Path(), "/rooms/%E7%8A%AC/17"; got != want {
		t.Errorf("Path: got %q, want %q", got, want)
	}
}

func TestRateLimited(t *testing.T) {
	if (chat.Rate{}).Limited() || !(chat.Rate{Count: 1, Window: 1}).Limited() {
		t.Error("got the zero rate limited, or another not")
	}
}
