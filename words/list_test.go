package words_test

import (
	"strings"
	"testing"

	"github.com/twilightbark/twilightbark/words"
)

func TestList(t *testing.T) {
	list := words.NewList([]string{"Shoes", "buy hats", "Schröder", "靴屋", "evil.example", "Bad-Site.example", "  ", "!!!", "50%"})
	for text, want := range map[string]bool{
		"":                                    false,
		"buy SHOES now":                       true,
		"shoes":                               true,
		"ｓｈｏｅｓ":                               true,
		"sho\u200bes":                         true,
		"snowshoes":                           false,
		"shoe s":                              false,
		"buy a hat, buy":                      false,
		"Buy  --hats!":                        true,
		"hats buy":                            false,
		"SCHRODER":                            true,
		"schro\u0308der's":                    false, // another word, by the same rules as a search
		"the schroder":                        true,
		"新しい靴屋です":                             true,
		"靴":                                   false,
		"see https://evil.example/x":          true,
		"see https://a.b.EVIL.example.":       true,
		"https://evil%2Eexample":              true,
		"evil.example":                        true,
		"me@evil.example":                     true,
		"https://notevil.example":             false,
		"https://evil.example.org":            false,
		"https://good.example/evil":           false,
		"[x](http://bad-site.example:80/a?b)": true,
		"ｅｖｉｌ．ｅｘａｍｐｌｅ":                        true,
		"50":                                  true,
		"100% of %":                           false,
		strings.Repeat("a ", 2000):            false,
	} {
		if got := list.In(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
	if (words.List{}).In("anything") || words.NewList(nil).In("anything.example") {
		t.Error("an empty list notices something")
	}
	if words.Noticeable(" -!") || !words.Noticeable("靴") {
		t.Error("what can be noticed is not told apart")
	}
}
