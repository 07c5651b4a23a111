package password

import (
	"context"
	"crypto/rand"
	"errors"
	"runtime"
	"time"
)

const (
	maxWaiting = 32              // callers who may wait for a slot at once
	maxWait    = 2 * time.Second // how long each of them may
)

// ErrBusy means that too many passwords are being hashed. Trying again in a few
// seconds is safe: nothing was done.
var ErrBusy = errors.New("password: too many hashes at once")

// Hasher makes and checks hashes, a few at a time: each takes a processor for
// 20 to 50 ms and 19 MiB of memory, so a flood of logins would otherwise take the
// machine. Callers beyond the slots wait in order, at most 32 of them for at most
// two seconds; beyond that they are told ErrBusy. Limit the rate of attempts
// before calling it, not after.
//
// It judges no password: ask Weakness before hashing a new one, and bound the
// size of what was typed where it is read.
type Hasher struct {
	slots   chan struct{} // holds one token for each hash under way
	waiting chan struct{} // holds one token for each caller who waits for a slot
	wait    time.Duration
}

// NewHasher gives a Hasher that works on at most that many hashes at once. Fewer
// than one means one for every processor but the last, which is left to the rest
// of the site.
func NewHasher(slots int) *Hasher {
	if slots < 1 {
		slots = max(1, runtime.NumCPU()-1)
	}
	return &Hasher{
		slots:   make(chan struct{}, slots),
		waiting: make(chan struct{}, maxWaiting),
		wait:    maxWait,
	}
}

// Hash gives what to store for a password: an argon2id hash with a salt of its
// own, as a PHC string of 97 ASCII characters.
//
// The error is ErrBusy, or ctx's own when it ended before a slot was free. A hash
// under way is not interrupted.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if err := h.take(ctx); err != nil {
		return "", err
	}
	defer h.free()
	salt := make([]byte, saltLength)
	rand.Read(salt) // never fails: the program ends if the system has no randomness
	return hash{today, salt, derive(password, salt, today, keyLength)}.String(), nil
}

// Verify reports whether the password is the one that encoded was made from. When
// it is and stale is true, the hash was made at another cost than today's: make a
// new one and store it.
//
// An empty encoded stands for an account that does not exist. It never matches,
// and takes the time of one that does, so that the answer's delay tells nothing.
//
// The error is ErrBusy, ctx's own when it ended before a slot was free, or, at
// once, that encoded is not a hash this package could have stored. A wrong
// password is no error.
func (h *Hasher) Verify(ctx context.Context, password, encoded string) (match, stale bool, err error) {
	stored := nobody
	if encoded != "" {
		if stored, err = parse(encoded); err != nil {
			return false, false, err
		}
	}
	if err := h.take(ctx); err != nil {
		return false, false, err
	}
	defer h.free()
	match = stored.matches(password) && encoded != "" // in this order: nobody costs as much
	return match, match && stored.stale(), nil
}

// take waits for a slot. After a nil error the caller owes a free.
func (h *Hasher) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case h.slots <- struct{}{}:
		return nil
	default:
	}
	select {
	case h.waiting <- struct{}{}:
		defer func() { <-h.waiting }()
	default:
		return ErrBusy
	}
	timer := time.NewTimer(h.wait)
	defer timer.Stop()
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return ErrBusy
	}
}

func (h *Hasher) free() { <-h.slots }
