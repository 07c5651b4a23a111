package words

import (
	"slices"
	"strings"
	"unicode"
)

// List is words and addresses to be noticed in texts. The zero value notices
// nothing.
type List struct {
	words map[string][][]run // the rest of each entry, by its first run
	dense []string           // of scripts without spaces: noticed wherever they stand
	hosts map[string]bool
}

// NewList makes a list of entries. One that is written like the name of a host
// stands for it and all below it; in any other, case and accents make no
// difference, nor does what stands between its words.
func NewList(entries []string) List {
	l := List{words: map[string][][]run{}, hosts: map[string]bool{}}
	for _, entry := range entries {
		found := runs(fold(entry))
		switch {
		case len(found) == 0:
		case isHost(entry):
			l.hosts[hostKey(entry)] = true
		case len(found) == 1 && found[0].dense:
			l.dense = append(l.dense, found[0].text)
		default:
			first := found[0].text
			l.words[first] = append(l.words[first], found[1:])
		}
	}
	return l
}

// Noticeable reports whether an entry has anything that a text could have.
func Noticeable(entry string) bool { return len(runs(fold(entry))) > 0 }

// In reports whether something of the list is in a text: a whole word, or a host,
// in a link or by itself.
func (l List) In(text string) bool {
	if len(l.words)+len(l.dense) > 0 {
		found := runs(fold(text))
		for i, run := range found {
			if l.begins(run, found[i+1:]) {
				return true
			}
		}
	}
	return len(l.hosts) > 0 && l.hostIn(text)
}

// begins reports whether something of the list begins with a run, before those
// that follow it.
func (l List) begins(first run, rest []run) bool {
	if first.dense && slices.ContainsFunc(l.dense, func(entry string) bool { return strings.Contains(first.text, entry) }) {
		return true
	}
	return slices.ContainsFunc(l.words[first.text], func(entry []run) bool {
		return len(entry) <= len(rest) && slices.EqualFunc(entry, rest[:len(entry)], run.same)
	})
}

func (l List) hostIn(text string) bool {
	folded, _ := fold(unescape(text))
	for host := range strings.FieldsFuncSeq(folded, func(r rune) bool { return !inHost(r) }) {
		for host = strings.Trim(host, ".-"); host != ""; {
			if l.hosts[host] {
				return true
			}
			_, host, _ = strings.Cut(host, ".")
		}
	}
	return false
}

func hostKey(entry string) string {
	key, _ := fold(entry)
	return strings.Trim(key, ".")
}

// isHost reports whether an entry is written like the name of a host: letters
// around a dot, and nothing else.
func isHost(entry string) bool {
	key := hostKey(entry)
	return strings.Contains(key, ".") && !strings.Contains(key, "..") && strings.IndexFunc(key, func(r rune) bool { return !inHost(r) }) < 0
}

func inHost(r rune) bool {
	return r == '.' || r == '-' || unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}

// unescape reads what an address writes as "%2e", as browsers do in a host.
func unescape(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) && hex(text[i+1]) >= 0 && hex(text[i+2]) >= 0 {
			b.WriteByte(byte(hex(text[i+1])<<4 | hex(text[i+2])))
			i += 2
			continue
		}
		b.WriteByte(text[i])
	}
	return strings.ToValidUTF8(b.String(), "\ufffd")
}

func hex(c byte) int { return strings.IndexByte("0123456789abcdef", c|0x20) }
