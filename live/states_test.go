package live_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/twilightbark/twilightbark/live"
)

// What a room is reaches its open pages at once where it was changed, within two
// seconds elsewhere, once, and no other room's pages.
func TestChangedRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		l := d.start(t)
		hers, others := read(t, l, dogs, 0, ada), read(t, l, cats, 0, bob)
		time.Sleep(10 * time.Second)
		told := func(s *stream, topic string) (times int) {
			s.mu.Lock()
			defer s.mu.Unlock()
			for _, frame := range s.all {
				if frame == topic {
					times++
				}
			}
			return times
		}
		topic := func(text string) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.states = []live.State{{At: time.Now().UnixMicro(), Room: dogs, Frame: live.Frame{Text: []byte(text)}}}
		}
		topic("topic: noses")
		l.Renew()
		synctest.Wait()
		if told(hers, "topic: noses") != 1 {
			t.Errorf("where it was changed: got %q", hers.all)
		}
		time.Sleep(time.Millisecond)
		topic("topic: tails")
		time.Sleep(2 * time.Second)
		if told(hers, "topic: tails") != 1 {
			t.Errorf("where it was not: got %q", hers.all)
		}
		time.Sleep(time.Minute)
		if told(hers, "topic: noses") != 1 || told(hers, "topic: tails") != 1 || told(others, "topic: noses")+told(others, "topic: tails") != 0 {
			t.Errorf("got %q and in another room %q, want each once", hers.all, others.all)
		}
	})
}
