package chat_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/twilightbark/twilightbark/chat"
)

func TestNameRoom(t *testing.T) {
	const (
		nothing = "at least one letter or digit"
		long    = "at most 64 characters"
		damaged = "can't be read"
	)
	for _, test := range []struct {
		name, input    string
		wantName, slug string
		problem        string // part of the sentence; "" when the name is fine
	}{
		{"one word", "dogs", "dogs", "dogs", ""},
		{"capitals", "Dogs", "Dogs", "dogs", ""},
		{"several words", "Good Dogs Only", "Good Dogs Only", "good-dogs-only", ""},
		{"Cyrillic", "Собаки", "Собаки", "собаки", ""},
		{"a script without case", "犬", "犬", "犬", ""},
		{"a script with marks", "कुत्ते", "कुत्ते", "कुत्ते", ""},
		{"a right-to-left script", "כלבים", "כלבים", "כלבים", ""},
		{"digits of another script", "٣ كلاب", "٣ كلاب", "٣-كلاب", ""},
		{"an accent in one character", "Café", "Café", "café", ""},
		{"an accent of its own", "Cafe\u0301", "Cafe\u0301", "cafe\u0301", ""},
		{"capital sharp s", "STRAẞE", "STRAẞE", "straße", ""},
		{"a dotted capital i", "İstanbul", "İstanbul", "istanbul", ""},
		{"one digit", "0", "0", "0", ""},
		{"the name of a page", "new", "new", "new", ""},

		{"punctuation between words", "cats & dogs!", "cats & dogs!", "cats-dogs", ""},
		{"punctuation all around", "--- (dogs) ---", "--- (dogs) ---", "dogs", ""},
		{"many hyphens", "a - - b", "a - - b", "a-b", ""},
		{"a path", "../a/b%2f", "../a/b%2f", "a-b-2f", ""},
		{"an emoji beside a letter", "dogs 🐕", "dogs 🐕", "dogs", ""},
		{"an emoji between letters", "a🐕b", "a🐕b", "a-b", ""},
		{"markup", "<b>dogs</b>", "<b>dogs</b>", "b-dogs-b", ""},
		{"a mark with nothing to stand on", "\u0301dogs", "\u0301dogs", "dogs", ""},
		{"a mark after a gap", "a \u0301b", "a \u0301b", "a-b", ""},

		{"white space of all kinds", " \t good\u00a0\u2003\ndogs \r\n", "good dogs", "good-dogs", ""},
		{"a NUL", "do\x00gs", "dogs", "dogs", ""},
		{"controls", "\x1b[1mdo\x7f\u0085gs", "[1mdogs", "1mdogs", ""},
		{"bidi overrides and isolates", "\u202edo\u2066gs\u2069\u200f", "dogs", "dogs", ""},
		{"zero-width characters", "\ufeffdo\u200bgs", "dogs", "dogs", ""},

		{"nothing", "", "", "", nothing},
		{"spaces", " \u3000 ", "", "", nothing},
		{"one hyphen", "-", "", "", nothing},
		{"dots", "..", "", "", nothing},
		{"an emoji", "🐕", "", "", nothing},
		{"a mark alone", "\u0301", "", "", nothing},
		{"controls alone", "\x00\x1b\u202e", "", "", nothing},
		{"a letter that shows nothing", "\u3164", "", "", nothing},
		{"such a letter beside others", "do\u3164gs", "do\u3164gs", "do-gs", ""},
		{"several letters that show nothing", "\u115f \uffa0", "", "", nothing},

		{"64 characters", strings.Repeat("a", 64), strings.Repeat("a", 64), strings.Repeat("a", 64), ""},
		{"64 characters of many bytes", strings.Repeat("犬", 64), strings.Repeat("犬", 64), strings.Repeat("犬", 64), ""},
		{"64 characters in spaces", "  " + strings.Repeat("b", 64) + "  ", strings.Repeat("b", 64), strings.Repeat("b", 64), ""},
		{"65 characters", strings.Repeat("a", 65), "", "", long},
		{"65 characters of which one stays in the slug", "a" + strings.Repeat("!", 64), "", "", long},
		{"a megabyte", strings.Repeat("dogs ", 200_000), "", "", long},

		{"not UTF-8", "dogs\xff", "", "", damaged},
		{"a lone surrogate", "do\xed\xa0\x80gs", "", "", damaged},
		{"an overlong slash", "a\xc0\xafb", "", "", damaged},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := chat.NameRoom(test.input)
			if test.problem != "" {
				wantProblem(t, err, "name", test.problem)
				return
			}
			if want := (chat.RoomName{Name: test.wantName, Slug: test.slug}); err != nil || got != want {
				t.Errorf("NameRoom(%q): got %+q, %v, want %+q", test.input, got, err, want)
			}
		})
	}
}

// A room's address must lead to the room again when it is taken for its name.
func TestNameRoomProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkNameRoom(t, hostileText().Draw(t, "name")) })
}

func FuzzNameRoom(f *testing.F) {
	f.Fuzz(func(t *testing.T, name string) { checkNameRoom(t, name) })
}

func checkNameRoom(t rapid.TB, input string) {
	got, err := chat.NameRoom(input)
	if err != nil {
		wantProblem(t, err, "name", "")
		return
	}
	for _, text := range []string{got.Name, got.Slug} {
		if n := utf8.RuneCountInString(text); !utf8.ValidString(text) || n < 1 || n > chat.MaxRoomName {
			t.Errorf("NameRoom(%q): got %q of %d characters, want 1 to %d in UTF-8", input, text, n, chat.MaxRoomName)
		}
	}
	for _, r := range got.Name {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			t.Errorf("NameRoom(%q): got the name %q, want none with %U", input, got.Name, r)
		}
	}
	for part := range strings.SplitSeq(got.Slug, "-") {
		for i, r := range part {
			if word := unicode.IsLetter(r) || unicode.IsDigit(r); !word && (i == 0 || !unicode.IsMark(r)) {
				t.Errorf("NameRoom(%q): got the slug %q, want %U not there", input, got.Slug, r)
			}
		}
		if part == "" {
			t.Errorf(`NameRoom(%q): got the slug %q, want a single "-" between words only`, input, got.Slug)
		}
	}
	if again, err := chat.NameRoom(got.Name); err != nil || again != got {
		t.Errorf("NameRoom of the name %q: got %+q, %v, want %+q", got.Name, again, err, got)
	}
	if again, err := chat.NameRoom(got.Slug); err != nil || again.Slug != got.Slug {
		t.Errorf("NameRoom of the slug %q: got the slug %q, %v, want it back", got.Slug, again.Slug, err)
	}
}

func TestRoomPath(t *testing.T) {
	for _, test := range []struct{ slug, want string }{
		{"dogs", "/rooms/dogs"},
		{"犬", "/rooms/%E7%8A%AC"},
		{"good-dogs", "/rooms/good-dogs"},
		{"a?b#c/d%e", "/rooms/a%3Fb%23c%2Fd%25e"}, // no slug is like this; the path is safe even so
	} {
		if got := (chat.Room{Slug: test.slug}).Path(); got != test.want {
			t.Errorf("Path of the room %q: got %q, want %q", test.slug, got, test.want)
		}
	}
}
