package words

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func TestTokens(t *testing.T) {
	tests := []struct{ text, want string }{
		{"Dogs", "‹d ‹do dog ogs"},
		{"a to", "‹a ‹t ‹to"},
		{"dog, DOG! dog", "‹d ‹do dog"},
		{"東京都", "東 京 都 東京 京都"},
		{"日本abc語", "日 本 日本 ‹a ‹ab abc 語"},
		{"👍🏽", "👍"},
		{"🇩🇪", "🇩 🇪 🇩🇪"},
		{"don't", "‹d ‹do don ont"},
		{"snake_case", "‹s ‹sn sna nak ake ‹c ‹ca cas ase"},
		{"% _ \\ \" ' * - + & | ! ( ) < > :", ""},
		{"\x00\ufffd", ""},
		{"", ""},
	}
	for _, tt := range tests {
		if got := strings.Join(Tokens(tt.text), " "); got != tt.want {
			t.Errorf("Tokens(%q) = %q, want %q", tt.text, got, tt.want)
		}
	}
}

// corpus is what is said, and which of what is looked for is found in it.
var corpus = []struct {
	text          string
	found, absent []string
}{
	{
		text:   "Crème brûlée at the Café, naïve Ångström",
		found:  []string{"creme", "BRULEE", "cafe", "café", "CAFE\u0301", "naive", "angstrom", "ström", "the cafe", "c", "br"},
		absent: []string{"cremes", "cafés", "re", "af", "xyz", "at dog", "stromboli"},
	},
	{
		text:   "Straße, Łódź, Ærø, smørrebrød, İstanbul, ΟΔΥΣΣΕΥΣ, Ёлка",
		found:  []string{"strasse", "STRASSE", "straße", "lodz", "aero", "smorrebrod", "istanbul", "οδυσσευς", "οδυσσευσ", "елка", "ёлка"},
		absent: []string{"strase", "lods"},
	},
	{
		text:   "犬が東京で吠えた。ﾜﾝﾜﾝ！ ガラス",
		found:  []string{"犬", "東京", "京で", "ワン", "ワンワン", "吠え", "ガ", "カ\u3099ラス"},
		absent: []string{"猫", "京東", "大阪", "カ", "犬東"},
	},
	{
		text:   "ภาษาไทย 한국어를 배워요",
		found:  []string{"ไทย", "ภาษา", "국어", "한국어", "배"},
		absent: []string{"ไทเ", "중국어"},
	},
	{
		text:   "good 👍🏽 dog 🐕‍🦺 from 🇩🇪, ❤️",
		found:  []string{"👍", "👍🏿", "🐕", "🐕🦺", "🇩🇪", "❤", "❤️", "🐕 good"},
		absent: []string{"👎", "🇪🇩", "💔"},
	},
	{
		text:   "don’t stop, it's www.example.com/a_b?c=%20",
		found:  []string{"don't", "dont", "its", "example", "example.com", "a_b", "20%", "stop, don't"},
		absent: []string{"examples"},
	},
	{
		text:   "ﬁne ① Ｆｕｌｌ ½ ²",
		found:  []string{"fine", "1", "full", "ＦＩＮＥ"},
		absent: []string{"find"},
	},
	{
		text:   "שָׁלוֹם مُحَمَّد हिन्दी",
		found:  []string{"שלום", "محمد", "हिन्दी", "हि"},
		absent: []string{"ह\u0940"},
	},
	{
		text:   "soft\u00adware zero\u200bwidth",
		found:  []string{"software", "zerowidth", "soft\u00adware"},
		absent: []string{"soft ware hard"},
	},
}

func TestFind(t *testing.T) {
	for _, tt := range corpus {
		for _, look := range tt.found {
			if Parse(look).Find(tt.text) == nil {
				t.Errorf("%q is not found in %q", look, tt.text)
			}
		}
		for _, look := range tt.absent {
			if got := Parse(look).Find(tt.text); got != nil {
				t.Errorf("%q is found in %q, at %v", look, tt.text, got)
			}
		}
	}
}

func TestFindMarksWhatWasLookedFor(t *testing.T) {
	tests := []struct{ look, text, want string }{
		{"cafe", "Two Cafe\u0301s", "Two [Cafe\u0301]s"},
		{"ark", "barking at the park", "b[ark]ing at the p[ark]"},
		{"a", "a park, another", "[a] park, [a]nother"},
		{"dog bark", "bark, dog", "[bark], [dog]"},
		{"bar ark", "bark", "[bark]"},
		{"犬", "犬犬 猫犬", "[犬犬] 猫[犬]"},
		{"👍", "ok 👍🏽!", "ok [👍🏽]!"},
		{"strasse", "Die Straße", "Die [Straße]"},
		{"nowhere", "here", "here"},
	}
	for _, tt := range tests {
		var b strings.Builder
		for _, piece := range Parse(tt.look).Excerpt(tt.text) {
			if piece.Hit {
				b.WriteString("[" + piece.Text + "]")
			} else {
				b.WriteString(piece.Text)
			}
		}
		if got := b.String(); got != tt.want {
			t.Errorf("%q in %q: got %q, want %q", tt.look, tt.text, got, tt.want)
		}
	}
}

func TestExcerptIsCutBetweenWords(t *testing.T) {
	long := strings.Repeat("word ", 200)
	tests := []struct{ name, text, begins, ends string }{
		{"at the beginning", "needle " + long, "needle word", "word…"},
		{"in the middle", long + "needle " + long, "… word", "word…"},
		{"at the end", long + "needle", "… word", "needle"},
		{"without spaces", strings.Repeat("x", 500) + "needle" + strings.Repeat("é", 500), "…xxx", "ééé…"},
		{"marks", strings.Repeat("e\u0301", 100) + "needle", "…e\u0301", "needle"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got strings.Builder
			hits := 0
			for _, piece := range Parse("needle").Excerpt(tt.text) {
				got.WriteString(piece.Text)
				if piece.Hit {
					hits++
				}
			}
			if text := got.String(); hits != 1 || !strings.HasPrefix(text, tt.begins) || !strings.HasSuffix(text, tt.ends) || len([]rune(text)) > 320 {
				t.Errorf("got %d hits in %q, want one, from %q to %q", hits, text, tt.begins, tt.ends)
			}
		})
	}
}

func TestParseIsBounded(t *testing.T) {
	tests := []struct {
		name, text string
		cut        bool
	}{
		{"a few words", "one two three", false},
		{"twelve words", "a b c d e f g h i j k l", false},
		{"thirteen words", "a b c d e f g h i j k l m", true},
		{"one word, over and over", strings.Repeat("ab ", 60), false},
		{"5,000 words", strings.Repeat("word", 1) + strings.Repeat(" other", 5000), true},
		{"10 kB", strings.Repeat("x", 10_000), true},
	}
	for _, tt := range tests {
		q := Parse(tt.text)
		if q.Cut != tt.cut || len(q.Tokens()) > maxTokens || q.Empty() {
			t.Errorf("%s: cut %v with %d tokens, want %v and at most %d", tt.name, q.Cut, len(q.Tokens()), tt.cut, maxTokens)
		}
	}
	if !Parse("%_\"'()").Empty() {
		t.Error("punctuation is something to look for")
	}
}

// characters are such as make trouble for each other.
var characters = []rune("aAbcßİıée\u0301\u0308がカ\u3099犬東ไทยक\u094dष한각👍🏽🇩🇪\u200d\ufe0f'’-_ .\n\x00\ufffd1①ﬁ‹§¶¤\"")

func texts(most int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return string(rapid.SliceOfN(rapid.SampledFrom(characters), 0, most).Draw(t, "text"))
	})
}

// What Find finds must be what the databases give it to look at, or it would be
// missed.
func TestWhatIsFoundHasTheTokens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, look := texts(30).Draw(t, "text"), Parse(texts(4).Draw(t, "look"))
		if look.Find(text) == nil {
			return
		}
		kept := Tokens(text)
		for _, token := range look.Tokens() {
			if !slices.Contains(kept, token) {
				t.Fatalf("the token %q is not among %q", token, kept)
			}
		}
	})
}

func TestAWholeTextIsFoundInItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := texts(30).Draw(t, "text")
		if q := Parse(text); !q.Empty() && q.Find(text) == nil {
			t.Fatalf("%q is not found in itself", text)
		}
	})
}

func FuzzTokens(f *testing.F) {
	for _, tt := range corpus {
		f.Add(tt.text, tt.found[0])
	}
	f.Add("\xff\xfe'", "‹a§1")
	f.Fuzz(func(t *testing.T, text, look string) {
		for _, token := range append(Tokens(text), Parse(look).Tokens()...) {
			for i, r := range token {
				if unicode.IsSpace(r) || unicode.IsControl(r) || r == '\ufffd' || r != '‹' && unicode.IsPunct(r) || r == '‹' && i > 0 || r == '§' || r == '¶' || r == '¤' {
					t.Fatalf("the token %q of %q or %q has %q", token, text, look, r)
				}
			}
		}
		var whole strings.Builder
		for _, piece := range Parse(look).Excerpt(text) {
			whole.WriteString(piece.Text)
		}
		if !strings.Contains(text, strings.TrimSuffix(strings.TrimPrefix(whole.String(), "…"), "…")) {
			t.Fatalf("the excerpt %q is no part of %q", whole.String(), text)
		}
	})
}
