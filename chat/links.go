package chat

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Segment is a piece of a message's text; one with a URL is to be shown as a link.
type Segment struct {
	Text string
	URL  string // absolute, http or https; empty for plain text
}

// maxURL bounds what becomes a link; longer addresses stay text.
const maxURL = 2048

// Segments cuts text into plain pieces and links. Joined, the pieces' texts are
// text again. Only http and https addresses with an ASCII host and no user name
// become links: anything else could look like a place it does not lead to.
func Segments(text string) []Segment {
	var segments []Segment
	plain := 0 // where the plain piece that is under way began
	for at := 0; at < len(text); {
		start := nextScheme(text, at)
		if start < 0 {
			break
		}
		length, link := Address(text[start:])
		end := start + length
		if link && (start == 0 || !wordBefore(text[:start])) {
			if plain < start {
				segments = append(segments, Segment{Text: text[plain:start]})
			}
			segments = append(segments, Segment{Text: text[start:end], URL: text[start:end]})
			plain = end
		}
		at = end
	}
	if plain < len(text) {
		segments = append(segments, Segment{Text: text[plain:]})
	}
	return segments
}

// nextScheme finds where the next "http://" or "https://" begins at or after from.
func nextScheme(text string, from int) int {
	for {
		i := strings.Index(text[from:], "://")
		if i < 0 {
			return -1
		}
		colon := from + i
		for _, scheme := range []string{"https", "http"} {
			start := colon - len(scheme)
			if start >= 0 && strings.EqualFold(text[start:colon], scheme) {
				return start
			}
		}
		from = colon + len("://")
	}
}

// wordBefore reports whether text ends inside a word of ASCII letters or
// digits. Scripts written without spaces put an address right behind a word.
func wordBefore(text string) bool {
	last := text[len(text)-1]
	return last >= 'a' && last <= 'z' || last >= 'A' && last <= 'Z' || last >= '0' && last <= '9'
}

// urlLength is how much of text, which begins with a scheme, belongs to the
// address: up to white space or a character no address holds, less the
// punctuation that more likely ends the sentence.
func urlLength(text string) int {
	end := strings.IndexFunc(text, outsideURL)
	if end < 0 {
		end = len(text)
	}
	if bracket := unopened(text[:end]); bracket >= 0 {
		end = bracket
	}
	for least := strings.Index(text, "://") + len("://"); end > least; {
		last, size := utf8.DecodeLastRuneInString(text[:end])
		closing := last == ')' && strings.Count(text[:end], "(") < strings.Count(text[:end], ")")
		if !closing && !strings.ContainsRune(".,;:!?'*_~]。、，！？）」』", last) {
			break
		}
		end -= size
	}
	return end
}

// outsideURL reports whether no address holds that character.
func outsideURL(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune("<>\"`{}|\\^", r)
}

// Address tells how much of text, which begins with "http://" or "https://" in
// any case, is an address, and whether that may become a link.
func Address(text string) (length int, link bool) {
	length = urlLength(text)
	return length, linkable(text[:length])
}

// Linkable reports whether a link may lead to address: http or https, an ASCII
// host, no user name, and nothing in it that can't be seen.
func Linkable(address string) bool {
	return nextScheme(address, 0) == 0 && !strings.ContainsFunc(address, outsideURL) && linkable(address)
}

// unopened finds a square bracket that closes what is not open in text; it is -1
// if there is none.
func unopened(text string) int {
	open := 0
	for i := range len(text) {
		switch text[i] {
		case '[':
			open++
		case ']':
			if open--; open < 0 {
				return i
			}
		}
	}
	return -1
}

func linkable(address string) bool {
	if len(address) > maxURL {
		return false
	}
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Hostname() == "" {
		return false
	}
	for i := range len(u.Host) {
		if u.Host[i] < 0x21 || u.Host[i] > 0x7e {
			return false
		}
	}
	return true
}
