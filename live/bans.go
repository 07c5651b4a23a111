package live

import (
	"maps"
	"slices"
	"time"
)

// Ban is a member who is no longer to be in a room.
type Ban struct{ Room, Member int64 }

// EndIn ends the member's streams in one room with reason.
func (l *Live) EndIn(room, member int64, reason error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if f := l.feeds[room]; f != nil {
		f.endAll(func(v Viewer) bool { return v.Member.ID == member }, reason)
	}
}

// checkBans ends the streams of those who were banned from their room, on
// whatever node. One that begins after the ban is a guest's, so that looking
// twice at the same ban does no harm.
func (l *Live) checkBans() {
	bans, err := l.config.Bans(l.ctx, time.Now().Add(-Overlap).UnixMicro())
	if err != nil {
		l.trouble(l.ctx, "look for bans", err)
		return
	}
	for _, ban := range bans {
		l.EndIn(ban.Room, ban.Member, ErrClosed)
	}
}

// checkLifted ends the streams of those who may be in their room again, so that
// they come back as themselves.
func (l *Live) checkLifted() {
	banned := map[Ban]bool{}
	l.mu.RLock()
	for _, f := range l.feeds {
		f.addBanned(banned)
	}
	l.mu.RUnlock()
	if len(banned) == 0 {
		return
	}
	lifted, err := l.config.Lifted(l.ctx, slices.Collect(maps.Keys(banned)))
	if err != nil {
		l.trouble(l.ctx, "look for lifted bans", err)
		return
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, ban := range lifted {
		if f := l.feeds[ban.Room]; f != nil {
			f.endAll(func(v Viewer) bool { return v.Banned == ban.Member }, ErrClosed)
		}
	}
}
