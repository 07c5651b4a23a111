package live_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twilightbark/twilightbark/live"
)

// A ban ends the member's streams in its room within two seconds, whichever
// node it was given on, and no others.
func TestBannedElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		l := d.start(t)
		inDogs, inCats, his := read(t, l, dogs, 0, ada), read(t, l, cats, 0, ada), read(t, l, dogs, 0, bob)
		time.Sleep(10 * time.Second)
		if inDogs.ended() != nil {
			t.Fatalf("before the ban: got the end %v", inDogs.ended())
		}
		d.mu.Lock()
		d.bans = []live.Ban{{Room: dogs, Member: ada.Member.ID}}
		d.mu.Unlock()
		time.Sleep(2 * time.Second)
		if !errors.Is(inDogs.ended(), live.ErrClosed) || inCats.ended() != nil || his.ended() != nil {
			t.Errorf("got %v, %v, %v, want only hers in that room to end", inDogs.ended(), inCats.ended(), his.ended())
		}
		asGuest := read(t, l, dogs, 0, live.Viewer{Session: ada.Session})
		time.Sleep(10 * time.Second)
		if asGuest.ended() != nil {
			t.Errorf("who reads on as a guest: got the end %v", asGuest.ended())
		}
	})
}
