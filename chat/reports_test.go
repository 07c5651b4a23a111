package chat_test

import (
	"strings"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
)

func TestCleanReason(t *testing.T) {
	tests := []struct{ name, reason, want string }{
		{"words", "sells shoes", "sells shoes"},
		{"lines and space", "  sells\r\n\tshoes ", "sells shoes"},
		{"what would hide", "sel\u202els\x00 shoes\x1b", "sells shoes"},
		{"bytes that are no text", "shoes\xff", "shoes\ufffd"},
		{"as long as it may be", strings.Repeat("é", chat.MaxReason), strings.Repeat("é", chat.MaxReason)},
		{"too long", strings.Repeat("é", chat.MaxReason+1), ""},
		{"empty", "", ""},
		{"nothing to see", " \u200b\u3164\n", ""},
	}
	for _, tt := range tests {
		got, err := chat.CleanReason(tt.reason)
		if got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("%s: got %q, %v, want %q", tt.name, got, err, tt.want)
		}
		if err != nil && chat.KindOf(err) != chat.Invalid {
			t.Errorf("%s: got an error of kind %d, want Invalid", tt.name, chat.KindOf(err))
		}
	}
}

func TestRefusalSaysWhatUntilWhenAndWhy(t *testing.T) {
	evening := chat.At(time.Date(2026, 11, 26, 18, 30, 0, 0, time.UTC))
	tests := []struct {
		sanction chat.Sanction
		want     string
	}{
		{chat.Sanction{Kind: chat.Mute, Reason: "spam"}, "You are muted. The reason: spam"},
		{chat.Sanction{Kind: chat.Ban, RoomID: 7, EndsAt: evening, Reason: "spam"}, "You are banned in this room until 26 November 2026, 18:30 UTC. The reason: spam"},
	}
	for _, tt := range tests {
		if got := tt.sanction.Refusal(); got.Message != tt.want || got.Kind != chat.Forbidden {
			t.Errorf("got %q of kind %d, want %q", got.Message, got.Kind, tt.want)
		}
	}
}
