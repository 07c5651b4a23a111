package live_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twilightbark/twilightbark/live"
)

// crowdTest runs test in a room that a guest watches.
func crowdTest(t *testing.T, test func(t *testing.T, d *database, l *live.Live, watcher *stream)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		l := d.start(t)
		watcher := read(t, l, dogs, 0, guest)
		time.Sleep(time.Second)
		test(t, d, l, watcher)
	})
}

// wantPresence fails unless the room is seen like that, by who asks and by who
// watches, within the time in which such news is gathered.
func wantPresence(t *testing.T, l *live.Live, watcher *stream, when, members string, guests int) {
	t.Helper()
	time.Sleep(300 * time.Millisecond)
	synctest.Wait()
	got := l.Presence(dogs)
	count := len(strings.Fields(members))
	if names(got.Members) != "["+members+"]" || got.Count != count || got.Guests != guests || l.Count(dogs) != count {
		t.Errorf("%s: got %+v and the count %d, want [%s] and %d guests", when, got, l.Count(dogs), members, guests)
	}
	if want := fmt.Sprintf("here %d [%s] and %d", count, members, guests); watcher.here() != want {
		t.Errorf("%s: got told %q, want %q", when, watcher.here(), want)
	}
}

func wantLines(t *testing.T, watcher *stream, when string, want ...string) {
	t.Helper()
	time.Sleep(300 * time.Millisecond)
	synctest.Wait()
	if got := watcher.lines(); !slices.Equal(got, want) {
		t.Errorf("%s: got the lines %q, want %q", when, got, want)
	}
}

const (
	adaJoined = "joined [ada]+0 left []+0"
	adaLeft   = "joined []+0 left [ada]+0"
)

func TestTwoTabsAreOnePerson(t *testing.T) {
	crowdTest(t, func(t *testing.T, _ *database, l *live.Live, watcher *stream) {
		first := read(t, l, dogs, 0, ada)
		wantPresence(t, l, watcher, "one tab", "ada", 1)
		second := read(t, l, dogs, 0, ada)
		wantPresence(t, l, watcher, "two tabs", "ada", 1)
		wantLines(t, watcher, "two tabs", adaJoined)
		first.closeTab()
		time.Sleep(5 * time.Minute)
		wantPresence(t, l, watcher, "one of them closed", "ada", 1)
		wantLines(t, watcher, "one of them closed", adaJoined)
		second.closeTab()
		time.Sleep(5 * time.Minute)
		wantPresence(t, l, watcher, "both closed", "", 1)
		wantLines(t, watcher, "both closed", adaJoined, adaLeft)
	})
}

func TestReloadIsNoLeave(t *testing.T) {
	crowdTest(t, func(t *testing.T, d *database, l *live.Live, watcher *stream) {
		tab := read(t, l, dogs, 0, ada)
		wantPresence(t, l, watcher, "here", "ada", 1)
		watcher.mu.Lock()
		before := len(watcher.all)
		watcher.mu.Unlock()
		for _, pause := range []time.Duration{0, 50 * time.Millisecond, 3 * time.Second, 9 * time.Second} {
			tab.closeTab()
			time.Sleep(pause)
			tab = read(t, l, dogs, 0, ada)
			wantPresence(t, l, watcher, fmt.Sprintf("back after %v", pause), "ada", 1)
		}
		time.Sleep(3 * time.Minute)
		for _, told := range watcher.states()[before:] {
			if told != "here 1 [ada] and 1" {
				t.Errorf("who only reloads: got %q told, want nothing but that she is here", told)
			}
		}
		tab.closeTab() // that the lines can be told:
		time.Sleep(3 * time.Minute)
		wantLines(t, watcher, "gone", adaJoined, adaLeft)
	})
}

// The count falls 10 s after the last tab closed its stream, the line comes
// after 2 minutes.
func TestLeaving(t *testing.T) {
	crowdTest(t, func(t *testing.T, _ *database, l *live.Live, watcher *stream) {
		tab := read(t, l, dogs, 0, ada)
		time.Sleep(time.Minute)
		tab.closeTab()
		closed := time.Now()
		at := func(d time.Duration) { time.Sleep(time.Until(closed.Add(d))) }

		at(9500 * time.Millisecond)
		wantPresence(t, l, watcher, "after 9.8 s", "ada", 1)
		at(10 * time.Second)
		wantPresence(t, l, watcher, "after 10.3 s", "", 1)
		at(119500 * time.Millisecond)
		wantLines(t, watcher, "after 119.8 s", adaJoined)
		at(2 * time.Minute)
		wantLines(t, watcher, "after 120.3 s", adaJoined, adaLeft)

		read(t, l, dogs, 0, ada)
		wantPresence(t, l, watcher, "back", "ada", 1)
		wantLines(t, watcher, "back", adaJoined, adaLeft, adaJoined)
	})
}

func TestBackBeforeTheLine(t *testing.T) {
	crowdTest(t, func(t *testing.T, _ *database, l *live.Live, watcher *stream) {
		tab := read(t, l, dogs, 0, ada)
		time.Sleep(time.Minute)
		for _, pause := range []time.Duration{15 * time.Second, time.Minute, 119 * time.Second} {
			tab.closeTab()
			time.Sleep(pause)
			wantPresence(t, l, watcher, fmt.Sprintf("away for %v", pause), "", 1)
			tab = read(t, l, dogs, 0, ada)
			wantPresence(t, l, watcher, fmt.Sprintf("back after %v", pause), "ada", 1)
		}
		wantLines(t, watcher, "back each time", adaJoined)
		time.Sleep(5 * time.Minute)
		wantLines(t, watcher, "there since", adaJoined)
	})
}

func TestGuestsAreCounted(t *testing.T) {
	crowdTest(t, func(t *testing.T, _ *database, l *live.Live, watcher *stream) {
		read(t, l, dogs, 0, ada)
		second, third := read(t, l, dogs, 0, guest), read(t, l, dogs, 0, guest)
		wantPresence(t, l, watcher, "three guests", "ada", 3)
		second.closeTab()
		second.Close() // twice
		wantPresence(t, l, watcher, "two guests", "ada", 2)
		third.closeTab()
		wantPresence(t, l, watcher, "one guest", "ada", 1)
		wantLines(t, watcher, "guests come and go without a line", adaJoined)
		if got := l.Presence(cats); got.Count != 0 || got.Guests != 0 || l.Count(cats) != 0 {
			t.Errorf("a room that nobody watches: got %+v, want nobody", got)
		}
	})
}

// After the server was restarted, who resumes was there before; who opens the
// page comes.
func TestResumedAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newDatabase().start(t)
		resuming := func(v live.Viewer) live.Viewer {
			v.Resumed = true
			return v
		}
		watcher := read(t, l, dogs, 0, resuming(guest))
		time.Sleep(time.Second)
		tab := read(t, l, dogs, 0, resuming(ada))
		wantPresence(t, l, watcher, "resumed", "ada", 1)
		wantLines(t, watcher, "resumed")
		read(t, l, dogs, 0, bob)
		wantLines(t, watcher, "new beside the resumed", "joined [bob]+0 left []+0")
		tab.closeTab()
		time.Sleep(3 * time.Minute)
		wantLines(t, watcher, "the resumed left", "joined [bob]+0 left []+0", adaLeft)
		read(t, l, dogs, 0, resuming(ada)) // a laptop that woke up: its owner was said to have left
		wantLines(t, watcher, "resumed when long gone", "joined [bob]+0 left []+0", adaLeft, adaJoined)
	})
}

// Who comes is told who is here, and not what was said of others before.
func TestLinesAreForWhoIsThere(t *testing.T) {
	crowdTest(t, func(t *testing.T, _ *database, l *live.Live, watcher *stream) {
		read(t, l, dogs, 0, ada)
		wantLines(t, watcher, "one came", adaJoined)
		late := read(t, l, dogs, 0, bob)
		wantPresence(t, l, late, "who comes", "ada bob", 1)
		wantLines(t, late, "who comes", "joined [bob]+0 left []+0")
	})
}

func TestRenamedMember(t *testing.T) {
	crowdTest(t, func(t *testing.T, _ *database, l *live.Live, watcher *stream) {
		read(t, l, dogs, 0, ada)
		renamed := ada
		renamed.Member.Name = "Countess"
		read(t, l, dogs, 0, renamed)
		wantPresence(t, l, watcher, "under a new name in one tab", "Countess", 1)
	})
}

// A crowd that comes at once is told of a few times a second, costs no question
// to the database for each, and is named only in part.
func TestJoinStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const crowd = 1000
		d := newDatabase()
		d.post(dogs, 300)
		l := d.start(t)
		watcher := read(t, l, dogs, 300, guest)
		time.Sleep(time.Second)
		loadsBefore, hereBefore, movesBefore := d.counted()
		var tabs []*live.Watcher
		for i := range crowd {
			tabs = append(tabs, l.Watch(dogs, 300, live.Viewer{Member: live.Member{ID: int64(i) + 1, Name: fmt.Sprintf("Dog%03d", i)}}))
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second)
		loads, here, moves := d.counted()
		loads, here, moves = loads-loadsBefore, here-hereBefore, moves-movesBefore
		if here < 4 || here > 6 || moves < 4 || moves > 6 {
			t.Errorf("%d joins in a second: got %d presences and %d lines rendered, want about 4 of each", crowd, here, moves)
		}
		if loads > 60 {
			t.Errorf("%d joins in a second: got %d questions to the database, want at most 40 a second", crowd, loads)
		}
		if told := len(watcher.states()); told > 14 {
			t.Errorf("%d joins in a second: got %d frames about it, want about 8", crowd, told)
		}
		p := l.Presence(dogs)
		if p.Count != crowd || len(p.Members) != 50 || p.Members[0].Name != "Dog000" || p.Members[49].Name != "Dog049" {
			t.Errorf("got %d of %d members named, %v, want the first 50 by name of %d", len(p.Members), p.Count, names(p.Members), crowd)
		}
		joined := 0
		for _, line := range watcher.lines() {
			var more int
			list, rest, _ := strings.Cut(strings.TrimPrefix(line, "joined ["), "]")
			if _, err := fmt.Sscanf(rest, "+%d", &more); err != nil || len(strings.Fields(list)) > 10 {
				t.Fatalf("got the line %q, want at most 10 names and how many more", line)
			}
			joined += len(strings.Fields(list)) + more
		}
		if joined != crowd {
			t.Errorf("got %d members in the lines, want %d", joined, crowd)
		}

		_, hereBefore, movesBefore = d.counted()
		for _, tab := range tabs {
			tab.Close()
			time.Sleep(time.Millisecond)
		}
		time.Sleep(3 * time.Minute)
		_, here, moves = d.counted()
		if here, moves = here-hereBefore, moves-movesBefore; here > 8 || moves > 8 {
			t.Errorf("%d leave in a second: got %d presences and %d lines rendered, want about 4 of each", crowd, here, moves)
		}
		wantPresence(t, l, watcher, "all left", "", 1)
	})
}

// Names come in the order people expect, whatever their case.
func TestMembersByName(t *testing.T) {
	crowdTest(t, func(t *testing.T, _ *database, l *live.Live, watcher *stream) {
		for i, name := range []string{"bob", "Eve", "ada", "Dan", "carl"} {
			read(t, l, dogs, 0, live.Viewer{Member: live.Member{ID: int64(i) + 1, Name: name}})
		}
		wantPresence(t, l, watcher, "five members", "ada bob carl Dan Eve", 1)
	})
}

// A slow viewer misses lines about who came and went, and nothing else.
func TestLinesForASlowViewer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		l := d.start(t)
		slow := l.Watch(dogs, 0, guest)
		defer slow.Close()
		for i := range 30 {
			l.Hint(dogs, d.post(dogs, 1))
			read(t, l, dogs, 0, live.Viewer{Member: live.Member{ID: int64(i) + 1, Name: fmt.Sprintf("Dog%03d", i)}})
			time.Sleep(time.Second)
		}
		frames, err := slow.Next(t.Context())
		if err != nil {
			t.Fatalf("the slow viewer: %v", err)
		}
		changes, lines := 0, 0
		for _, frame := range frames {
			switch text := string(frame.Text); {
			case strings.HasPrefix(text, "+"):
				changes++
			case strings.HasPrefix(text, "joined"):
				lines++
			}
		}
		if changes != 30 || lines != 20 {
			t.Errorf("the slow viewer: got %d changes and %d lines, want 30 and the last 20", changes, lines)
		}
	})
}
