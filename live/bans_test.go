package live_test

import (
	"errors"
	"slices"
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

// When a ban is over, wherever that was decided, the member's streams in its room
// end within two seconds, to begin anew as the member's.
func TestBanIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		hers, his := live.Ban{Room: dogs, Member: ada.Member.ID}, live.Ban{Room: dogs, Member: bob.Member.ID}
		d.bans = []live.Ban{hers, his, {Room: cats, Member: ada.Member.ID}}
		l := d.start(t)
		banned := func(room int64, who live.Viewer) *stream {
			return read(t, l, room, 0, live.Viewer{Banned: who.Member.ID, Session: who.Session})
		}
		inDogs, inCats, other, guest := banned(dogs, ada), banned(cats, ada), banned(dogs, bob), read(t, l, dogs, 0, live.Viewer{})
		time.Sleep(10 * time.Second)
		if inDogs.ended() != nil {
			t.Fatalf("before that: got the end %v", inDogs.ended())
		}
		d.mu.Lock()
		d.bans = slices.DeleteFunc(d.bans, func(ban live.Ban) bool { return ban == hers })
		d.mu.Unlock()
		time.Sleep(2 * time.Second)
		if !errors.Is(inDogs.ended(), live.ErrClosed) || inCats.ended() != nil || other.ended() != nil || guest.ended() != nil {
			t.Errorf("got %v, %v, %v, %v, want only hers in that room to end", inDogs.ended(), inCats.ended(), other.ended(), guest.ended())
		}
	})
}
