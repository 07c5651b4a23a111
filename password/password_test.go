package password

import (
	"slices"
	"strings"
	"testing"
)

func TestWeakness(t *testing.T) {
	const (
		short     = "at least 8"
		long      = "longer than"
		damaged   = "can't be read"
		run       = "repeat or follow"
		digits    = "Digits alone"
		common    = "Many people"
		personal  = "your name or email"
		ours      = "name of this site"
		goodWords = "wet nose, warm ear"
	)
	angel := []string{"angel.b", "collie@example.org"}
	for _, test := range []struct {
		name     string
		password string
		personal []string
		want     string // part of the sentence; "" when the password is fine
	}{
		{"a few words", goodWords, angel, ""},
		{"nothing known about the person", goodWords, nil, ""},

		{"nothing", "", nil, short},
		{"seven characters", "wet nos", nil, short},
		{"eight characters", "wet nose", nil, ""},
		{"seven characters of many bytes", "ñöśéçųæ", nil, short},
		{"eight characters of many bytes", "ñöśéçųæł", nil, ""},
		{"eight different emoji", "🐕🐾🦴🏡🌲🌙🦆🎾", nil, ""},
		{"1024 bytes", strings.Repeat("bark", 256), nil, ""},
		{"1025 bytes", strings.Repeat("bark", 256) + "!", nil, long},
		{"1026 bytes in far fewer characters", strings.Repeat("犬猫", 171), nil, long},

		{"not UTF-8", "wet nose\xff", nil, damaged},
		{"a NUL inside", "wet\x00nose", nil, damaged},
		{"other control characters", "wet\tnose\x1b", nil, ""},
		{"spaces around eight characters in all", "  nose  ", nil, ""},

		{"one character", "aaaaaaaa", nil, run},
		{"one character in both cases", "aAaAaAaA", nil, run},
		{"only spaces", "        ", nil, run},
		{"one digit", "11111111", nil, run},
		{"one emoji", strings.Repeat("🐾", 9), nil, run},
		{"the alphabet", "abcdefgh", nil, run},
		{"the alphabet backward, in capitals", "ZYXWVUTS", nil, run},
		{"digits upward", "12345678", nil, run},
		{"every second letter", "acegikmo", nil, ""},
		{"a run that breaks off", "abcdefgx", nil, ""},

		{"digits alone", "90210481516", nil, digits},
		{"digits of another script", "٠٩٣٧١٤٢٨", nil, digits},
		{"digits and a letter", "90210481516x", nil, ""},

		{"common", "password1", nil, common},
		{"common, in capitals", "BaseBall", nil, common},
		{"common with a year after it", "Superman2019", nil, common},
		{"common with digits before it", "99superman", nil, common},
		{"common with digits inside and after", "1qaz2wsx2019", nil, common},
		{"common inside other words", "superman is a dog", nil, ""},

		{"the username", "Woolfwind", []string{"woolfWind"}, personal},
		{"with the username inside", "my collie Woolfwind", []string{"woolfWind"}, personal},
		{"with four letters of a name inside", "xx.rex7.xx", []string{"rex7"}, personal},
		{"with three letters of a name inside", "xx.rex.xx", []string{"rex"}, ""},
		{"inside a longer username", "the-brave", []string{"angel-the-brave-one"}, personal},
		{"the username, spelled apart", "A-n-g-e-l-b", angel, personal},
		{"a short name and signs only", "<<<rex>>>", []string{"rex"}, personal},
		{"the username's letters among others", "angelb-and-i", angel, personal},
		{"the email address", "COLLIE@example.org", angel, personal},
		{"the part before the @", "collie-dogs", angel, personal},
		{"the address's host", "example.org", angel, personal},
		{"a personal string of one letter", goodWords, []string{"a"}, ""},
		{"a personal string without letters", "--- wet ---", []string{"---"}, ""},
		{"empty personal strings", goodWords, []string{"", "@"}, ""},
		{"signs alone, beside empty personal strings", "!?%&=+*~", []string{"", "@"}, ""},

		{"the site's name", "twilightbark", nil, ours},
		{"the site's name in words", "Angel's Twilight Bark", nil, ours},
		{"a part of the site's name and more", "twilight walks", nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Weakness(test.password, test.personal...)
			if test.want == "" && got != "" {
				t.Errorf("Weakness(%q, %q) = %q, want none", test.password, test.personal, got)
			}
			if !strings.Contains(got, test.want) {
				t.Errorf("Weakness(%q, %q) = %q, want a sentence with %q", test.password, test.personal, got, test.want)
			}
		})
	}
}

func TestCommonPasswords(t *testing.T) {
	list := commonPasswords()
	if len(list) < 3000 {
		t.Errorf("the list has %d passwords, want at least 3000 (ASVS 6.2.4)", len(list))
	}
	if !slices.IsSorted(list) {
		t.Error("the list is not sorted, so that searching it would miss some")
	}
	for _, common := range list {
		if len(common) < MinLength || common != strings.ToLower(common) {
			t.Errorf("the list has %q, want %d or more characters in lower case", common, MinLength)
		}
		if Weakness(common) == "" {
			t.Errorf("Weakness(%q) = none, want it refused", common)
		}
	}
}
