package chat_test

import (
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // the zones of the program, not of the machine

	"github.com/twilightbark/twilightbark/chat"
)

func TestTimeZonesCanBeLoaded(t *testing.T) {
	names := chat.TimeZones()
	if len(names) < 400 || !slices.IsSorted(names) {
		t.Fatalf("got %d zones, want more than 400, sorted", len(names))
	}
	for _, name := range names {
		if _, err := time.LoadLocation(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
