// Package words is how text is searched. It makes of a text the tokens that a
// database keeps of it, and of what somebody looks for the tokens that a text
// must have, so that all databases find the same: words and parts of words,
// scripts written without spaces, without regard to case and accents. It knows
// no database, and everything in it may be used from many goroutines at once.
package words

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A text is cut into runs of letters. A word gives its beginnings of one and two
// letters and all its threes; a run of a script without spaces, or of pictures,
// gives its single letters and its twos.
const (
	beginning = "‹" // before the beginnings, which so differ from all other tokens
	most      = 3   // letters in a token
)

// Tokens gives the tokens of a text, each once. They are made of letters, digits,
// marks and pictures in lower case, and of ‹: no white space, no ASCII
// punctuation, and none of § ¶ ¤, with which a caller's own tokens may begin.
func Tokens(text string) (tokens []string) {
	known := make(map[string]bool, len(text))
	for _, run := range runs(fold(text)) {
		for token := range run.tokens {
			if !known[token] {
				known[token] = true
				tokens = append(tokens, token)
			}
		}
	}
	return tokens
}

// letter is one letter of a folded text, and the bytes of the text it was made of.
type letter struct {
	r          rune
	at         int // its place in the folded text
	start, end int
}

// run is letters that stand together, all of one kind.
type run struct {
	text    string // folded
	letters []letter
	dense   bool // of a script without spaces, or pictures
}

// tokens yields what a database keeps of the run.
func (r run) tokens(yield func(string) bool) {
	if r.dense {
		_ = r.grams(1, yield) && r.grams(2, yield)
		return
	}
	for n := 1; n < most && n <= len(r.letters); n++ {
		if !yield(beginning + r.part(0, n)) {
			return
		}
	}
	r.grams(most, yield)
}

// grams yields each n letters that follow each other, and reports whether all
// were wanted.
func (r run) grams(n int, yield func(string) bool) bool {
	for i := 0; i+n <= len(r.letters); i++ {
		if !yield(r.part(i, i+n)) {
			return false
		}
	}
	return true
}

// part gives the letters from one to before another.
func (r run) part(from, to int) string {
	first, end := r.letters[0].at, len(r.text)
	if to < len(r.letters) {
		end = r.letters[to].at - first
	}
	return r.text[r.letters[from].at-first : end]
}

// runs cuts folded text where the kind of letters changes.
func runs(text string, letters []letter) (all []run) {
	var last kind
	begin := 0
	add := func(end, at int) {
		if last != none {
			all = append(all, run{text[letters[begin].at:at], letters[begin:end], last == dense})
		}
	}
	for i, l := range letters {
		now := kindOf(l.r)
		if last != none && now != none && unicode.IsMark(l.r) {
			now = last // it belongs to what is before it
		}
		if now != last {
			add(i, l.at)
			last, begin = now, i
		}
	}
	add(len(letters), len(text))
	return all
}

type kind int

const (
	none kind = iota // parts words
	word
	dense
)

func kindOf(r rune) kind {
	switch {
	case r < utf8.RuneSelf:
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return word
		}
		return none
	case r == '\ufffd':
		return none
	case r == 'ー' || unicode.In(r, withoutSpaces...) || unicode.Is(unicode.So, r):
		return dense
	case unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r):
		return word
	}
	return none
}

// withoutSpaces are the scripts in which words are not parted, and Hangul, whose
// words are so short that their parts would be too short for threes.
var withoutSpaces = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo, unicode.Hangul, unicode.Yi,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan,
}

// fold gives the text in lower case, without accents, and in the one form that
// Unicode has for what is the same but for its looks (NFKC), and its letters.
func fold(text string) (string, []letter) {
	folded := make([]byte, 0, len(text))
	letters := make([]letter, 0, len(text))
	for at := 0; at < len(text); {
		if c := text[at]; c < utf8.RuneSelf && (at+1 == len(text) || text[at+1] < utf8.RuneSelf) {
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			if c != '\'' {
				letters = append(letters, letter{rune(c), len(folded), at, at + 1})
				folded = append(folded, c)
			}
			at++
			continue
		}
		end := at + norm.NFKC.NextBoundaryInString(text[at:], true)
		for _, r := range norm.NFC.String(strip(norm.NFKD.String(text[at:end]))) {
			letters = append(letters, letter{r, len(folded), at, end})
			folded = utf8.AppendRune(folded, r)
		}
		at = end
	}
	return string(folded), letters
}

// strip takes the accents off decomposed text, and makes it lower case.
func strip(text string) string {
	var b strings.Builder
	for _, r := range text {
		r = unicode.ToLower(r)
		if spelled, ok := spellings[r]; ok {
			b.WriteString(spelled)
		} else if !ignored(r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// spellings are the letters that Unicode does not take apart, as they are
// written where there is no key for them; apostrophes are left out.
var spellings = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ð': "d", 'þ': "th", 'ł': "l", 'ħ': "h", 'ŧ': "t", 'ı': "i",
	'ς': "σ", '\'': "", '’': "", 'ʼ': "",
}

// ignored reports whether a character makes no difference to a search: accents
// and vowel points, what is not seen, and the colour of a skin. The marks of other
// scripts are letters in all but name.
func ignored(r rune) bool {
	switch {
	case r < 0x300:
		return r == '\u00ad'
	case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r), r >= 0x1f3fb && r <= 0x1f3ff:
		return true
	case unicode.In(r, unicode.Mn, unicode.Me):
		return unicode.In(r, accented...)
	}
	return false
}

// accented are the scripts whose marks may be left out in writing. Those of the
// Latin, Greek and Cyrillic letters are Inherited, as are the voicing marks of
// kana, which make other letters.
var accented = []*unicode.RangeTable{unicode.Hebrew, unicode.Arabic, accents}

var accents = &unicode.RangeTable{R16: []unicode.Range16{
	{Lo: 0x0300, Hi: 0x036f, Stride: 1}, {Lo: 0x0483, Hi: 0x0489, Stride: 1}, {Lo: 0x064b, Hi: 0x0655, Stride: 1}, {Lo: 0x0670, Hi: 0x0670, Stride: 1},
	{Lo: 0x1ab0, Hi: 0x1aff, Stride: 1}, {Lo: 0x1dc0, Hi: 0x1dff, Stride: 1},
	{Lo: 0x20d0, Hi: 0x20ff, Stride: 1}, {Lo: 0xfe20, Hi: 0xfe2f, Stride: 1},
}}
