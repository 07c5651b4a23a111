package chat

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Device is where a member is logged in: a session, as its owner sees it.
type Device struct {
	TokenHash []byte `db:"token_hash"`
	UserAgent string `db:"user_agent"` // what the browser said it is
	IPPrefix  string `db:"ip_prefix"`  // the network it logged in from
	BegunAt   Micros `db:"begun_at"`
	SeenAt    Micros `db:"seen_at"` // to some minutes
}

// ID names the device in addresses. It opens nothing.
func (d Device) ID() string {
	sum := sha256.Sum256(d.TokenHash)
	return hex.EncodeToString(sum[:8])
}

// What browsers and systems call themselves, and what people call them. Many
// claim to be others too, so the order counts.
var (
	browsers = [][2]string{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"Lynx/", "Lynx"}, {"w3m/", "w3m"}, {"curl/", "curl"},
	}
	systems = [][2]string{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "ChromeOS"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"},
	}
)

// Browser names the device for a person: "Firefox on Linux".
func (d Device) Browser() string {
	browser, system := claimed(d.UserAgent, browsers), claimed(d.UserAgent, systems)
	switch {
	case browser == "" && system == "":
		return "A browser"
	case browser == "":
		return "A browser on " + system
	case system == "":
		return browser
	}
	return browser + " on " + system
}

func claimed(userAgent string, names [][2]string) string {
	for _, name := range names {
		if strings.Contains(userAgent, name[0]) {
			return name[1]
		}
	}
	return ""
}
