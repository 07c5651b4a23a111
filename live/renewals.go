package live

import "time"

// Overlap is how far back a look for renewals reaches behind the last one it
// found: a renewal gets its moment before it is committed.
const Overlap = 10 * time.Second

// Renewal is a member whose name or picture changed, and the frame that brings
// the change to open pages.
type Renewal struct {
	At     int64 // microseconds since 1970
	Member Member
	Frame  Frame
}

// Renew says that a member's name or picture has changed, or what a room is. It never blocks, and
// may be lost, doubled or late: the next look finds the change too.
func (l *Live) Renew() {
	select {
	case l.renewal <- struct{}{}:
	default: // one is waiting already, and will look after this too
	}
}

// Renewed gives the moment of the latest renewal that open pages are told of. A
// page whose data is read after the call shows it, and all before it.
func (l *Live) Renewed() int64 { return l.renewed.Load() }

// renew tells open pages of the members whose name or picture changed.
func (l *Live) renew() {
	since := max(0, l.renewed.Load()-Overlap.Microseconds())
	found, err := l.config.Renewals(l.ctx, since)
	if err != nil {
		l.trouble(l.ctx, "look for renewals", err)
		return
	}
	var fresh []Renewal
	for _, r := range found {
		if l.told[r.Member.ID] < r.At {
			l.told[r.Member.ID] = r.At
			fresh = append(fresh, r)
		}
	}
	if len(fresh) == 0 {
		return
	}
	l.mu.RLock()
	for _, f := range l.feeds {
		f.renew(fresh)
	}
	l.mu.RUnlock()
	latest := fresh[len(fresh)-1].At
	for id, at := range l.told {
		if at < latest-Overlap.Microseconds() {
			delete(l.told, id)
		}
	}
	l.renewed.Store(max(latest, l.renewed.Load()))
}

// renew hands renewals to the feed's goroutine: what that was loading before
// may still show the old name, and goes out first.
func (f *feed) renew(renewals []Renewal) {
	f.mu.Lock()
	f.renewals = append(f.renewals, renewals...)
	f.mu.Unlock()
	f.poke()
}

// applyRenewals forgets entries that may show what is no more, and tells the
// viewers. The caller holds mu.
func (f *feed) applyRenewals() bool {
	if len(f.renewals) == 0 {
		return false
	}
	f.tail, f.floor = nil, f.revision.Load()
	for _, r := range f.renewals {
		f.crowd.renew(r.Member)
		f.crowd.say(line{frame: r.Frame})
	}
	f.renewals = nil
	return true
}
