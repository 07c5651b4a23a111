package chat_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/twilightbark/twilightbark/chat"
)

// wantProblem fails unless err is about that field alone, in a sentence that
// holds part.
func wantProblem(t rapid.TB, err error, field, part string) {
	t.Helper()
	problem, ok := errors.AsType[*chat.Error](err)
	if !ok || problem.Kind != chat.Invalid || len(problem.Fields) != 1 || problem.Fields[field] == "" {
		t.Fatalf("got the error %+v, want one of the kind Invalid in the field %q", err, field)
	}
	if sentence := problem.Fields[field]; sentence != problem.Message || !strings.Contains(sentence, part) {
		t.Errorf("got the field's sentence %q and the error's %q, want both to be one with %q", sentence, problem.Message, part)
	}
}

// hostileText draws text of what has ever made trouble, between ordinary text.
func hostileText() *rapid.Generator[string] {
	pieces := rapid.OneOf(
		rapid.SampledFrom([]string{
			"\x00", "\x01", "\x1b[2J", "\x7f", "\u0085", "\r", "\n", "\r\n", "\t", " ", "\u00a0", "\u2028", "\u2029",
			"\u0301", "\u0489", "\u20dd", "\ufe0f", "\u034f", "\u200b", "\u200d", "\u202e", "\u2066", "\u2069", "\ufeff", "\u00ad",
			"\u3164", "\u2800", "\ufffd", "\ufffe", "\U000e0001", "\U0010ffff", "\xff", "\xed\xa0\x80", "\xc0\xaf",
			"-", "--", "_", ".", "..", "/", "%2f", "<script>", "</textarea>", "&amp;", "\"", "'", "İ", "ẞ", "ǅ", "Σ", "犬", "🐕", "👩‍👩‍👧",
			"http://", "https://", "HTTP://", "javascript:", "://", "//", "www.", "example.com", "user:pw@", "[::1]", "münchen.de", "(", ")", "。", "、",
			"data: x", "event: y", strings.Repeat("a", 70), strings.Repeat("\u0301", 20), strings.Repeat("\n", 60), strings.Repeat("x", 2100),
		}),
		rapid.StringN(0, 8, -1),
	)
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(pieces, 0, 12).Draw(t, "pieces"), "")
	})
}

func TestMicrosKeepsAMoment(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	for _, moment := range []time.Time{
		time.Date(2026, 11, 24, 3, 4, 5, 678_901_999, berlin),
		time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
		time.UnixMicro(0),
	} {
		got, want := chat.At(moment).Time(), moment.UTC().Truncate(time.Microsecond)
		if !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("At(%v).Time(): got %v, want %v", moment, got, want)
		}
	}
}

func TestKindOf(t *testing.T) {
	cause := errors.New("the disk is full")
	full := &chat.Error{Kind: chat.Unavailable, Message: "Try again.", Err: cause}
	for _, test := range []struct {
		name string
		err  error
		want chat.Kind
	}{
		{"an error of ours", full, chat.Unavailable},
		{"one wrapped in others", errors.Join(errors.New("post"), full), chat.Unavailable},
		{"any other error", cause, chat.Internal},
		{"no error", nil, chat.Internal},
	} {
		if got := chat.KindOf(test.err); got != test.want {
			t.Errorf("KindOf %s: got %d, want %d", test.name, got, test.want)
		}
	}
	if !errors.Is(full, cause) {
		t.Error("an error does not wrap its cause")
	}
	if got, want := full.Error(), "Try again.: the disk is full"; got != want {
		t.Errorf("the log's text: got %q, want %q", got, want)
	}
	if got, want := (&chat.Error{Message: "Try again."}).Error(), "Try again."; got != want {
		t.Errorf("the text without a cause: got %q, want %q", got, want)
	}
}
