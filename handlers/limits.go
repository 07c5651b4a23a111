package handlers

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/twilightbark/twilightbark/chat"
)

// maxKeys bounds a limiter's memory; who was seen longest ago is forgotten.
const maxKeys = 100_000

// limiter bounds how often something is tried under a key.
type limiter struct {
	mu     sync.Mutex // guards what follows
	rate   chat.Rate
	keys   map[string]*list.Element
	recent *list.List // of limited, the one last seen in front
}

type limited struct {
	key    string
	bucket *rate.Limiter
}

func newLimiter(r chat.Rate) *limiter {
	return &limiter{rate: r, keys: map[string]*list.Element{}, recent: list.New()}
}

// try counts an attempt under each key. If one of them has had too many, it
// returns TooFast with the time to wait, and the attempt counts under none: who
// is stopped by the first key can't use up what the others are allowed.
func (l *limiter) try(keys ...string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.rate.Limited() {
		return nil
	}
	var counted []*rate.Reservation
	for _, key := range keys {
		reservation := l.bucket(key).Reserve()
		counted = append(counted, reservation)
		if wait := reservation.Delay(); wait > 0 {
			for _, other := range counted {
				other.Cancel()
			}
			return &chat.Error{Kind: chat.TooFast, Message: "That was tried too often. Please wait a moment, then try again.", After: wait}
		}
	}
	return nil
}

// change sets another rate. What was counted under the one before is forgotten.
func (l *limiter) change(r chat.Rate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rate != r {
		l.rate = r
		clear(l.keys)
		l.recent.Init()
	}
}

func (l *limiter) bucket(key string) *rate.Limiter {
	if element, ok := l.keys[key]; ok {
		l.recent.MoveToFront(element)
		return element.Value.(*limited).bucket
	}
	if l.recent.Len() >= maxKeys {
		oldest := l.recent.Back()
		delete(l.keys, l.recent.Remove(oldest).(*limited).key)
	}
	bucket := rate.NewLimiter(rate.Every(l.rate.Window/time.Duration(l.rate.Count)), l.rate.Count)
	l.keys[key] = l.recent.PushFront(&limited{key, bucket})
	return bucket
}

// gate bounds how many streams one address has open at once.
type gate struct {
	most int // 0 for any number

	mu     sync.Mutex // guards inside
	inside map[netip.Prefix]int
}

func newGate(most int) *gate { return &gate{most: most, inside: map[netip.Prefix]int{}} }

// enter reports whether there is room for one more. Who entered must leave.
func (g *gate) enter(address netip.Prefix) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.most > 0 && g.inside[address] >= g.most {
		return false
	}
	g.inside[address]++
	return true
}

func (g *gate) leave(address netip.Prefix) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside[address]--; g.inside[address] == 0 {
		delete(g.inside, address)
	}
}
