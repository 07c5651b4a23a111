package chat_test

import (
	"testing"

	"github.com/twilightbark/twilightbark/chat"
)

func TestBrowser(t *testing.T) {
	for userAgent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                                  "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0":               "Edge on Windows",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36":                         "Chrome on Android",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1": "Safari on iPhone",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15":                   "Safari on macOS",
		"Lynx/2.9.0 libwww-FM/2.14": "Lynx", "": "A browser", "<script>": "A browser", "Something (Linux)": "A browser on Linux",
	} {
		if got := (chat.Device{UserAgent: userAgent}).Browser(); got != want {
			t.Errorf("%q: got %q, want %q", userAgent, got, want)
		}
	}
}

func TestDeviceID(t *testing.T) {
	one, other := chat.Device{TokenHash: []byte("1")}, chat.Device{TokenHash: []byte("2")}
	if one.ID() == other.ID() || len(one.ID()) != 16 {
		t.Errorf("got the ids %q and %q", one.ID(), other.ID())
	}
}
