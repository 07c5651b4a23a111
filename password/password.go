// Package password keeps passwords: it says whether a new one is good enough to
// be chosen, makes the hash that is stored, and checks a typed one against it.
// It knows no accounts, no database and no HTTP. Everything in it may be used
// from many goroutines at once.
//
// A password is taken exactly as it was typed, never trimmed, folded or
// normalised (OWASP ASVS 5.0, 6.2.8). So é as one character and é as e with an
// accent are two different passwords.
package password

import (
	"compress/gzip"
	_ "embed"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

const (
	MinLength = 8    // characters
	MaxLength = 1024 // bytes
)

// siteName is the first thing a guesser tries here and in no list of passwords.
const siteName = "Twilight Bark"

// Weakness says what is wrong with a new password, in a sentence fit to stand
// beside the field, or gives "" when nothing is. Personal is what strangers know
// about the person: the username, the email address. Of an address, the part
// before the @ is looked at by itself as well.
//
// The rules are those of NIST SP 800-63B and ASVS 5.0, 6.2: a length, no required
// kinds of characters, and nothing that is guessed first: common passwords,
// digits alone, runs, the person's names and the site's. Weakness is for choosing
// a password, not for logging in: rules may grow stricter than an old password.
func Weakness(password string, personal ...string) string {
	switch {
	case len(password) > MaxLength: // first, so that nothing below reads more than that
		return "This password is longer than we can keep. Up to 1,024 plain letters will fit."
	case !utf8.ValidString(password) || strings.ContainsRune(password, 0):
		return "This password has characters that can't be read. Please type it again."
	case utf8.RuneCountInString(password) < MinLength:
		return "A password needs at least 8 characters. A few words in a row make a good one."
	case isRun(password):
		return "Characters that repeat or follow each other are soon guessed. Try a few words instead."
	case !strings.ContainsFunc(password, func(r rune) bool { return !unicode.IsDigit(r) }):
		return "Digits alone are soon guessed. Add a few words to them."
	case isCommon(password):
		return "Many people use this password, so it is soon guessed. Try a few words of your own."
	case isLikeAny(password, personal):
		return "This is too close to your name or email address. Choose something others don't know about you."
	case isLike(password, siteName):
		return "This is too close to the name of this site. Choose something only you would think of."
	}
	return ""
}

// isRun reports whether all characters are one and the same, or each is the next
// after the one before, or each the one before it: aaaaaaaa, abcdefgh, 87654321.
// Case is ignored. The password has at least two characters.
func isRun(password string) bool {
	characters := []rune(strings.ToLower(password))
	step := characters[1] - characters[0]
	for i := 2; i < len(characters); i++ {
		if characters[i]-characters[i-1] != step {
			return false
		}
	}
	return -1 <= step && step <= 1
}

// isCommon reports whether the password is one of the common ones, also with
// digits before or after it, which is how people meet a demand for a new one.
// Case is ignored.
func isCommon(password string) bool {
	const digits = "0123456789"
	whole := strings.ToLower(password)
	front := strings.TrimRight(whole, digits)
	for _, candidate := range []string{whole, front, strings.TrimLeft(front, digits)} {
		if _, found := slices.BinarySearch(commonPasswords(), candidate); found {
			return true
		}
	}
	return false
}

// packedCommon is the common passwords of at least MinLength characters, in lower
// case, sorted by bytes, one per line. NOTICE says where they come from and how
// the file was made.
//
//go:embed common.gz
var packedCommon string

// commonPasswords unpacks the list when it is first asked for. It panics only
// when the file in the program is broken, which a test rules out.
var commonPasswords = sync.OnceValue(func() []string {
	reader, err := gzip.NewReader(strings.NewReader(packedCommon))
	if err != nil {
		panic("password: common.gz: " + err.Error())
	}
	list, err := io.ReadAll(reader)
	if err != nil {
		panic("password: common.gz: " + err.Error())
	}
	return strings.Fields(string(list))
})

// isLikeAny reports whether the password is like one of the personal strings.
func isLikeAny(password string, personal []string) bool {
	for _, text := range personal {
		local, _, _ := strings.Cut(text, "@")
		if isLike(password, text) || isLike(password, local) {
			return true
		}
	}
	return false
}

// isLike reports whether a and b are the same or one is inside the other, as they
// stand or by their letters and digits alone. Case is ignored.
func isLike(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	return overlap(a, b) || overlap(bare(a), bare(b))
}

// overlap reports whether one text is the other, or is inside it and long enough
// not to be there by chance.
func overlap(a, b string) bool {
	const telling = 4 // characters
	shorter, longer := a, b
	if len(shorter) > len(longer) {
		shorter, longer = longer, shorter
	}
	if utf8.RuneCountInString(shorter) < telling {
		return shorter != "" && shorter == longer
	}
	return strings.Contains(longer, shorter)
}

// bare drops all but letters and digits.
func bare(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, text)
}
