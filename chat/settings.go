package chat

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Setting names something that admins set for the whole site. What they have
// set counts before what the server was started with.
type Setting string

// The settings, by the names of their fields.
const (
	SiteNameSetting     Setting = "site_name"
	RegistrationSetting Setting = "registration" // "open" or "closed"
	PostRateSetting     Setting = "post_rate"    // as Rate writes it
	LoginRateSetting    Setting = "login_rate"
	DeniedSetting       Setting = "denied" // entries, one a line
)

// Settings is all of them.
var Settings = []Setting{SiteNameSetting, RegistrationSetting, PostRateSetting, LoginRateSetting, DeniedSetting}

// SiteSettings is what holds for the site.
type SiteSettings struct {
	SiteName         string
	RegistrationOpen bool
	PostRate         Rate   // of one member's messages
	LoginRate        Rate   // of attempts to log in or register, for each address and each account
	Denied           string // words and addresses that nothing people write may have, one a line
}

// MaxSiteName bounds the site's name, in characters.
const MaxSiteName = 64

// With gives the settings with those that were set in place of their own. One
// that can't be read, as a newer program may have written it, is left out.
func (s SiteSettings) With(set map[Setting]string) SiteSettings {
	for name, value := range set {
		if changed, problem := s.with(name, value); problem == "" {
			s = changed
		}
	}
	return s
}

// SettingProblems says what is wrong with settings, by their names; it is empty
// when nothing is. An empty value is right: it leaves the setting to the server.
func SettingProblems(set map[Setting]string) map[string]string {
	problems := map[string]string{}
	for name, value := range set {
		if _, problem := (SiteSettings{}).with(name, value); problem != "" {
			problems[string(name)] = problem
		}
	}
	return problems
}

func (s SiteSettings) with(name Setting, value string) (_ SiteSettings, problem string) {
	if value == "" {
		return s, ""
	}
	var err error
	switch name {
	case SiteNameSetting:
		s.SiteName = strings.Join(strings.Fields(strings.Map(dropControls, value)), " ")
		if s.SiteName == "" || utf8.RuneCountInString(s.SiteName) > MaxSiteName {
			problem = "The site's name has 1 to 64 characters."
		}
	case RegistrationSetting:
		s.RegistrationOpen = value == "open"
		if value != "open" && value != "closed" {
			problem = "Choose one of the list."
		}
	case PostRateSetting:
		s.PostRate, err = ParseRate(value)
	case LoginRateSetting:
		s.LoginRate, err = ParseRate(value)
	case DeniedSetting:
		entries := DeniedEntries(value)
		s.Denied = strings.Join(entries, "\n")
		if len(entries) > MaxDenied || slices.ContainsFunc(entries, func(entry string) bool { return utf8.RuneCountInString(entry) > MaxDeniedEntry }) {
			problem = "These are at most 200 lines of 100 characters each."
		}
	default:
		problem = "There is no such setting."
	}
	if err != nil {
		problem = "Write it like 10/1m, or 0 for no limit."
	}
	return s, problem
}

// Bounds of what is denied: entries, and characters in each.
const (
	MaxDenied      = 200
	MaxDeniedEntry = 100
)

// DeniedEntries gives the entries of a list of what is denied, as it was typed.
func DeniedEntries(typed string) (entries []string) {
	for line := range strings.Lines(strings.ReplaceAll(typed, "\r", "\n")) {
		if line = strings.TrimSpace(strings.Map(dropControls, line)); line != "" && !slices.Contains(entries, line) {
			entries = append(entries, line)
		}
	}
	return entries
}

// ErrDenied tells whoever writes something that is denied, and not what it is:
// those whom the list is for would write it in another way.
func ErrDenied(field string) *Error {
	return invalid(field, "This has a word or an address that is not allowed here. Please put it in other words.")
}

// Bounds of a rate's parts.
const (
	maxRateCount  = 1_000_000
	minRateWindow = time.Second
)

// ParseRate reads a rate as people write it: "10/1m", or "0" for no limit.
func ParseRate(text string) (Rate, error) {
	if text == "0" {
		return Rate{}, nil
	}
	digits, span, _ := strings.Cut(text, "/")
	count, err := strconv.Atoi(digits)
	window, spanErr := time.ParseDuration(span)
	if err != nil || spanErr != nil || count < 1 || count > maxRateCount || window < minRateWindow {
		return Rate{}, fmt.Errorf("%q must be like 10/1m, or 0 for no limit", text)
	}
	return Rate{Count: count, Window: window}, nil
}

// String writes the rate as ParseRate reads it.
func (r Rate) String() string {
	if !r.Limited() {
		return "0"
	}
	window := r.Window.String() // "1m0s"
	for _, zeros := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(window, zeros) {
			window = window[:len(window)-2]
		}
	}
	return strconv.Itoa(r.Count) + "/" + window
}
