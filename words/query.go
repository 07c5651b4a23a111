package words

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what is looked for at once. What is beyond is left out.
const (
	MaxQuery  = 200 // characters
	MaxTerms  = 12
	maxTokens = 48
)

// Query is what somebody looks for: terms that must all be in a text, in any
// order. A word is found inside of words too, unless it is of one or two letters:
// then at the beginning of words. The zero value looks for nothing.
type Query struct {
	Cut   bool // there was more than the bounds allow
	terms []run
}

// Parse reads what somebody typed. Nothing in it has a meaning beyond itself.
func Parse(text string) (q Query) {
	text, q.Cut = bound(text)
	for _, term := range runs(fold(text)) {
		if slices.ContainsFunc(q.terms, term.same) {
			continue
		}
		if len(q.terms) == MaxTerms {
			q.Cut = true
			break
		}
		q.terms = append(q.terms, term)
	}
	return q
}

func bound(text string) (string, bool) {
	count := 0
	for at := range text {
		if count == MaxQuery {
			return text[:at], true
		}
		count++
	}
	return text, false
}

// Empty reports whether there is nothing to look for.
func (q Query) Empty() bool { return len(q.terms) == 0 }

// Tokens gives tokens that every text has in which the query is found. There are
// texts that have them all and in which it is not: Find tells.
func (q Query) Tokens() (tokens []string) {
	for _, term := range q.terms {
		for token := range term.needs {
			if len(tokens) < maxTokens && !slices.Contains(tokens, token) {
				tokens = append(tokens, token)
			}
		}
	}
	return tokens
}

// needs yields the tokens of all runs in which the term is found: the longest of
// its own.
func (r run) needs(yield func(string) bool) {
	switch {
	case r.dense:
		r.grams(min(2, len(r.letters)), yield)
	case len(r.letters) < most:
		yield(beginning + r.text)
	default:
		r.grams(most, yield)
	}
}

func (r run) same(other run) bool {
	return r.dense == other.dense && r.text == other.text
}

// at reports whether the other run has this one's letters from i on.
func (r run) at(other run, i int) bool {
	if r.dense != other.dense || len(r.letters) > len(other.letters)-i {
		return false
	}
	for j, l := range r.letters {
		if other.letters[i+j].r != l.r {
			return false
		}
	}
	return true
}

// Span is bytes Start to End of a text.
type Span struct{ Start, End int }

// Find gives the places in the text where the query's terms are, in order and
// apart from each other. It gives none unless all of them are there.
func (q Query) Find(text string) (spans []Span) {
	in := runs(fold(text))
	for _, term := range q.terms {
		before := len(spans)
		for _, run := range in {
			spans = term.find(run, spans)
		}
		if len(spans) == before {
			return nil
		}
	}
	for i := range spans {
		spans[i].End = forward(text, spans[i].End, 0)
	}
	slices.SortFunc(spans, func(a, b Span) int { return a.Start - b.Start })
	return joined(spans)
}

// find adds the places in a run of text where the term is.
func (r run) find(in run, spans []Span) []Span {
	last := len(in.letters) - len(r.letters)
	if !r.dense && len(r.letters) < most {
		last = min(last, 0)
	}
	for i := 0; i <= last; i++ {
		if r.at(in, i) {
			spans = append(spans, Span{in.letters[i].start, in.letters[i+len(r.letters)-1].end})
		}
	}
	return spans
}

// joined makes one of those that overlap or touch.
func joined(spans []Span) (apart []Span) {
	for _, span := range spans {
		if last := len(apart) - 1; last >= 0 && span.Start <= apart[last].End {
			apart[last].End = max(apart[last].End, span.End)
		} else {
			apart = append(apart, span)
		}
	}
	return apart
}

// Piece is a part of an excerpt: what was looked for, or what stands around it.
type Piece struct {
	Text string
	Hit  bool
}

// How much of a text an excerpt shows, in characters.
const (
	excerptBefore = 60 // the first hit
	excerptLength = 240
)

// Excerpt gives the part of the text around the first place where the query is
// found, or its beginning.
func (q Query) Excerpt(text string) (pieces []Piece) {
	spans := q.Find(text)
	start, end := cut(text, spans)
	add := func(from, to int, hit bool) {
		from, to = max(from, start), min(to, end)
		if from < to {
			pieces = append(pieces, Piece{text[from:to], hit})
		}
	}
	if start > 0 {
		pieces = append(pieces, Piece{Text: "…"})
	}
	at := start
	for _, span := range spans {
		add(at, span.Start, false)
		add(span.Start, span.End, true)
		at = span.End
	}
	add(at, end, false)
	if end < len(text) {
		pieces = append(pieces, Piece{Text: "…"})
	}
	return pieces
}

// cut gives where the excerpt begins and ends: between words, where there are any.
func cut(text string, spans []Span) (start, end int) {
	if len(spans) > 0 {
		start = back(text, spans[0].Start, excerptBefore)
		if space := strings.IndexFunc(text[start:spans[0].Start], unicode.IsSpace); start > 0 && space >= 0 {
			start += space
		}
	}
	end = forward(text, start, excerptLength)
	if end < len(text) {
		if space := strings.LastIndexFunc(text[start:end], unicode.IsSpace); space > excerptLength/2 {
			end = start + space
		}
	}
	return start, end
}

// back gives the place n characters before at, and before no mark.
func back(text string, at, n int) int {
	for at > 0 && (n > 0 || belongs(text[at:])) {
		_, size := utf8.DecodeLastRuneInString(text[:at])
		at -= size
		n--
	}
	return at
}

// forward gives the place n characters after at, and before no mark.
func forward(text string, at, n int) int {
	for at < len(text) && (n > 0 || belongs(text[at:])) {
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
		n--
	}
	return at
}

// belongs reports whether text begins with what belongs to the character before.
func belongs(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return r >= 0x300 && (unicode.IsMark(r) || unicode.Is(unicode.Cf, r) || r >= 0x1f3fb && r <= 0x1f3ff)
}
