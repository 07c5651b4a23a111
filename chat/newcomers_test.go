package chat_test

import (
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
)

func TestNewcomer(t *testing.T) {
	joined := time.Date(2026, 11, 26, 18, 0, 0, 0, time.UTC)
	ada := chat.User{CreatedAt: chat.At(joined)}
	for after, want := range map[time.Duration]bool{0: true, 24*time.Hour - time.Microsecond: true, 24 * time.Hour: false, 1000 * time.Hour: false} {
		if got := ada.Newcomer(chat.At(joined.Add(after))); got != want {
			t.Errorf("after %v: got %v, want %v", after, got, want)
		}
	}
	if got, want := (chat.Rate{Count: 10, Window: 10 * time.Second}).Newcomer(), (chat.Rate{Count: 30, Window: 5 * time.Minute}); got != want {
		t.Errorf("got the rate %v, want %v", got, want)
	}
	if (chat.Rate{}).Newcomer().Limited() {
		t.Error("no limit became one")
	}
}

func TestLinks(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "just words": 0, "https://example.org": 1, "http://www.example.org": 1, "www.example.org": 1,
		"[a](http://a.example) https://b.example HTTPS://C.EXAMPLE": 3, "ftp://old.example and www.new.example": 2,
	} {
		if got := chat.Links(text); got != want {
			t.Errorf("%q: got %d links, want %d", text, got, want)
		}
	}
}
