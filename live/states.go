package live

// State is what a room is beside its log, as open pages show it: its name, its
// topic.
type State struct {
	At    int64 // microseconds since 1970
	Room  int64
	Frame Frame
}

// restate tells open pages of the rooms that changed. A look reaches back behind
// the last one, as for renewals, and tells of each change once.
func (l *Live) restate() {
	since := max(0, l.stated-Overlap.Microseconds())
	found, err := l.config.States(l.ctx, since)
	if err != nil {
		l.trouble(l.ctx, "look for changed rooms", err)
		return
	}
	for _, state := range found {
		if l.states[state.Room] >= state.At {
			continue
		}
		l.states[state.Room] = state.At
		l.stated = max(l.stated, state.At)
		l.mu.RLock()
		f := l.feeds[state.Room]
		l.mu.RUnlock()
		if f != nil {
			f.say(state.Frame)
		}
	}
	for room, at := range l.states {
		if at < l.stated-Overlap.Microseconds() {
			delete(l.states, room)
		}
	}
}

// say tells the room's viewers something without an id.
func (f *feed) say(frame Frame) {
	f.mu.Lock()
	f.crowd.say(line{frame: frame})
	f.mu.Unlock()
	f.wake()
}
