package chat_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
)

func TestParseRate(t *testing.T) {
	for text, want := range map[string]chat.Rate{
		"0": {}, "10/10s": {Count: 10, Window: 10 * time.Second}, "1/1m": {Count: 1, Window: time.Minute}, "7/1h30m": {Count: 7, Window: 90 * time.Minute},
		"5/1h": {Count: 5, Window: time.Hour}, "2/1m30s": {Count: 2, Window: 90 * time.Second}, "1000000/24h": {Count: 1_000_000, Window: 24 * time.Hour},
	} {
		got, err := chat.ParseRate(text)
		if err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", text, got, err, want)
		}
		if again := got.String(); again != text {
			t.Errorf("%q is written %q", text, again)
		}
	}
	for _, text := range []string{"", "10", "/10s", "10/", "-1/10s", "0/10s", "10/0s", "10/1ms", "1000001/1s", "ten/1m", "10/1m/1m", " 10/1m", "1e3/1m"} {
		if got, err := chat.ParseRate(text); err == nil {
			t.Errorf("%q: got %+v, want an error", text, got)
		}
	}
}

func TestSiteSettings(t *testing.T) {
	started := chat.SiteSettings{SiteName: "Barks", RegistrationOpen: true, PostRate: chat.Rate{Count: 1, Window: time.Second}}
	if got := started.With(nil); got != started {
		t.Errorf("with nothing set: got %+v", got)
	}
	got := started.With(map[chat.Setting]string{
		chat.SiteNameSetting: " Woofs\u202e  &\nCo ", chat.RegistrationSetting: "closed", chat.PostRateSetting: "0", chat.LoginRateSetting: "5/1m",
		chat.DeniedSetting: " shoes \r\n\r\nevil.example\nshoes\n\t", "of a newer program": "x",
	})
	if want := (chat.SiteSettings{SiteName: "Woofs & Co", LoginRate: chat.Rate{Count: 5, Window: time.Minute}, Denied: "shoes\nevil.example"}); got != want {
		t.Errorf("with all set: got %+v, want %+v", got, want)
	}
	bad := map[chat.Setting]string{
		chat.SiteNameSetting: strings.Repeat("x", 65), chat.RegistrationSetting: "ajar", chat.PostRateSetting: "many", chat.LoginRateSetting: "0/1m", chat.DeniedSetting: strings.Repeat("é", 101),
	}
	if got := started.With(bad); got != started {
		t.Errorf("with what can't be: got %+v", got)
	}
	if problems := chat.SettingProblems(bad); len(problems) != len(bad) {
		t.Errorf("of what can't be: got %v", problems)
	}
	if problems := chat.SettingProblems(map[chat.Setting]string{chat.SiteNameSetting: "", chat.RegistrationSetting: "open", chat.PostRateSetting: "0"}); len(problems) != 0 {
		t.Errorf("of what can be: got %v", problems)
	}
	var many strings.Builder
	for n := range chat.MaxDenied + 1 {
		fmt.Fprintln(&many, "word", n)
	}
	if problems := chat.SettingProblems(map[chat.Setting]string{chat.DeniedSetting: many.String()}); len(problems) != 1 {
		t.Errorf("of too many lines: got %v", problems)
	}
	if problems := chat.SettingProblems(map[chat.Setting]string{chat.SiteNameSetting: "\u202e "}); len(problems) != 1 {
		t.Errorf("of a name that shows nothing: got %v", problems)
	}
}
