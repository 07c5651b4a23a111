package live

import (
	"slices"
	"strings"
	"time"
)

const (
	// fade is how long a member counts as present after the last tab closed its
	// stream: a reload takes less.
	fade = 10 * time.Second
	// away is how long a member must be gone to have left. Browsers close the
	// stream of a hidden tab, and who looks into another tab has not left.
	away = 2 * time.Minute

	calm     = 250 * time.Millisecond // least time between two frames about presence
	shown    = 50                     // members a Presence names
	named    = 10                     // members a Moves names
	keptLine = 20                     // lines kept for viewers who are slow
)

// Member is somebody who is in a room, as presence shows them.
type Member struct {
	ID      int64 // 0 for nobody
	Name    string
	Picture string
}

// Presence is who is in a room now.
type Presence struct {
	Members []Member // by name, at most 50 of them
	Count   int      // of all members present
	Guests  int      // streams without an account
}

// Moves is who came and who left, at most 10 of each by name.
type Moves struct {
	Joined, Left         []Member
	MoreJoined, MoreLeft int // how many beyond those named
}

// crowd is the people in one room. Its feed's mutex guards it.
type crowd struct {
	born   time.Time
	guests int
	people map[int64]*person

	dirty   bool      // here no longer says what is so
	version int       // of here; 0 before there is one
	here    Frame     // the presence, rendered
	told    time.Time // when viewers were last told of anything
	moves   Moves     // not told yet
	lines   int       // how many lines about members there have been
	recent  []line    // the last of them
}

// line is something about members, said once and without an id, in both forms.
type line struct{ frame, item Frame }

type person struct {
	member  Member
	streams int
	gone    time.Time // when the last stream ended; zero while there is one
	counted bool
}

func newCrowd(now time.Time) crowd {
	return crowd{born: now, people: map[int64]*person{}, dirty: true}
}

func (c *crowd) arrive(v Viewer, now time.Time) {
	c.dirty = true
	if v.Member.ID == 0 {
		c.guests++
		return
	}
	p := c.people[v.Member.ID]
	if p == nil {
		p = &person{}
		c.people[v.Member.ID] = p
		// Who resumes a stream in a room that was just begun to be watched was here
		// before the server was restarted.
		if !v.Resumed || now.Sub(c.born) > away {
			c.moves.Joined, c.moves.MoreJoined = note(c.moves.Joined, c.moves.MoreJoined, v.Member)
		}
	}
	p.member, p.gone, p.counted = v.Member, time.Time{}, true
	p.streams++
}

func (c *crowd) depart(v Viewer, now time.Time) {
	if v.Member.ID == 0 {
		c.guests--
		c.dirty = true
		return
	}
	p := c.people[v.Member.ID]
	if p.streams--; p.streams == 0 {
		p.gone = now
	}
}

func note(names []Member, more int, member Member) ([]Member, int) {
	if len(names) == named {
		return names, more + 1
	}
	return append(names, member), more
}

func (c *crowd) empty() bool { return len(c.people) == 0 && c.guests == 0 }

// settle drops who has been away long enough, and renders what viewers are to
// be told, at most every 250 ms. It tells whether there is something new, and
// when to settle again.
func (c *crowd) settle(now time.Time, config Config) (stirred bool, wait time.Duration) {
	wait = c.forget(now)
	moved := len(c.moves.Joined)+len(c.moves.Left) > 0
	if !c.dirty && !moved {
		return false, wait
	}
	if quiet := c.told.Add(calm).Sub(now); quiet > 0 {
		return false, min(wait, quiet)
	}
	c.told = now
	if c.dirty {
		c.dirty = false
		c.version++
		c.here = config.Here(c.presence())
	}
	if moved {
		frame, item := config.Moves(c.moves)
		c.say(line{frame, item})
		c.moves = Moves{}
	}
	return true, wait
}

// say adds a line for the viewers.
func (c *crowd) say(l line) {
	c.lines++
	c.recent = append(c.recent, l)
	c.recent = c.recent[max(0, len(c.recent)-keptLine):]
}

// renew shows a member who is here as they are now.
func (c *crowd) renew(member Member) {
	if p := c.people[member.ID]; p != nil {
		p.member = member
		c.dirty = true
	}
}

// forget takes notice of who is gone, and tells when the next will be.
func (c *crowd) forget(now time.Time) (wait time.Duration) {
	wait = time.Hour // without anybody gone there is nothing to wait for
	for id, p := range c.people {
		if p.gone.IsZero() {
			continue
		}
		absent := now.Sub(p.gone)
		if p.counted && absent >= fade {
			p.counted = false
			c.dirty = true
		}
		switch {
		case absent >= away:
			delete(c.people, id)
			c.moves.Left, c.moves.MoreLeft = note(c.moves.Left, c.moves.MoreLeft, p.member)
		case p.counted:
			wait = min(wait, fade-absent)
		default:
			wait = min(wait, away-absent)
		}
	}
	return wait
}

func (c *crowd) count() (members int) {
	for _, person := range c.people {
		if person.counted {
			members++
		}
	}
	return members
}

func (c *crowd) presence() Presence {
	p := Presence{Guests: c.guests}
	for _, person := range c.people {
		if person.counted {
			p.Members = append(p.Members, person.member)
		}
	}
	p.Count = len(p.Members)
	slices.SortFunc(p.Members, func(a, b Member) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	p.Members = p.Members[:min(len(p.Members), shown)]
	return p
}

// linesAfter gives the lines that came after the one with that number, as far
// as they are kept.
func (c *crowd) linesAfter(number int) []line {
	return c.recent[len(c.recent)-min(len(c.recent), c.lines-number):]
}
