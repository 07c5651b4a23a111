package live_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/twilightbark/twilightbark/live"
)

func own(s *stream) []string {
	return s.frames(func(f string) bool { return f[0] == 'o' })
}

// What a viewer is told alone comes to nobody else, and only the last of what
// was told at once.
func TestViewerIsToldAState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		l := d.start(t)
		hers, his := read(t, l, dogs, 0, ada), read(t, l, dogs, 0, bob)
		items := read(t, l, dogs, 0, live.Viewer{Member: ada.Member, Items: true})
		synctest.Wait()
		hers.Tell(frame("own 1"))
		synctest.Wait()
		hers.Tell(frame("own 2"))
		hers.Tell(frame("own 3"))
		items.Tell(frame("own 4"))
		synctest.Wait()
		got := own(hers)
		if len(got) < 2 || got[0] != "own 1" || got[len(got)-1] != "own 3" {
			t.Errorf("got %q, want the first, and the last of those at once", got)
		}
		wantFrames(t, "the other", own(his), nil)
		wantFrames(t, "a page that is written on and on", own(items), nil)
	})
}

// How far a viewer was brought is known by revision and by number, for edits
// give no message a new number.
func TestShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		l := d.start(t)
		d.post(dogs, 3)
		w := l.Watch(dogs, 3, ada)
		defer w.Close()
		d.post(dogs, 2)
		d.edit(dogs, 1)
		l.Hint(dogs, 6)
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
			if _, err := w.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
			if revision, _ := w.Shown(); revision == 6 {
				break
			}
		}
		if revision, newest := w.Shown(); revision != 6 || newest != 5 {
			t.Errorf("got revision %d and message %d, want 6 and 5", revision, newest)
		}
	})
}
