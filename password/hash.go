package password

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

const (
	saltLength = 16 // bytes, as RFC 9106, 3.1 recommends
	keyLength  = 32 // bytes
)

// cost is how hard a hash is to compute, in argon2's own terms.
type cost struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

// today is the cost of new hashes: the first choice of OWASP's Password Storage
// Cheat Sheet for argon2id. Hashes made at another cost stay valid and are stale.
var today = cost{memory: 19 * 1024, passes: 2, threads: 1}

// The most a stored hash may cost, so that a damaged or planted one can neither
// fill the memory nor hold a slot for long: at most 64 MiB and seventeen times
// the work of today's.
var dearest = cost{memory: 64 * 1024, passes: 10, threads: 4}

// hash is a password's hash as it is stored.
type hash struct {
	cost
	salt, key []byte
}

// nobody stands for the account that does not exist. Its cost is always today's.
var nobody = hash{today, make([]byte, saltLength), make([]byte, keyLength)}

// base64Raw is the PHC format's: the standard alphabet without padding.
var base64Raw = base64.RawStdEncoding

// String gives the hash in the PHC string format,
// $argon2id$v=19$m=<KiB>,t=<passes>,p=<threads>$<salt>$<key>.
func (h hash) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.memory, h.passes, h.threads, base64Raw.EncodeToString(h.salt), base64Raw.EncodeToString(h.key))
}

// errMalformed says nothing of the hash itself, as errors end up in logs.
var errMalformed = errors.New("password: the stored hash is malformed")

// parse reads a hash as String writes it. It accepts no other spelling and no
// cost or length out of bounds: what it gives is safe to compute.
func parse(encoded string) (hash, error) {
	const longest = 256 // more than any hash within the bounds; checked before anything is copied
	if len(encoded) > longest {
		return hash{}, errMalformed
	}
	fields := strings.Split(encoded, "$")
	if len(fields) != 6 {
		return hash{}, errMalformed
	}
	var h hash
	_, err := fmt.Sscanf(fields[3], "m=%d,t=%d,p=%d", &h.memory, &h.passes, &h.threads)
	if err != nil {
		return hash{}, errMalformed
	}
	if h.salt, err = base64Raw.DecodeString(fields[4]); err != nil {
		return hash{}, errMalformed
	}
	if h.key, err = base64Raw.DecodeString(fields[5]); err != nil {
		return hash{}, errMalformed
	}
	// Sscanf and DecodeString forgive signs, spaces, zeros, line ends and stray
	// bits; writing the hash again does not, and checks the first fields too.
	if !h.bounded() || h.String() != encoded {
		return hash{}, errMalformed
	}
	return h, nil
}

// bounded reports whether the hash is neither too dear to compute nor so short
// or cheap that argon2 does not allow it.
func (h hash) bounded() bool {
	return between(h.threads, 1, dearest.threads) &&
		between(h.passes, 1, dearest.passes) &&
		between(h.memory, 8*uint32(h.threads), dearest.memory) && // RFC 9106, 3.1
		between(len(h.salt), 8, 64) &&
		between(len(h.key), 16, 64) // a shorter key could be met by chance
}

func between[N int | uint8 | uint32](n, least, most N) bool { return least <= n && n <= most }

// matches computes the password's hash and compares it in constant time.
func (h hash) matches(password string) bool {
	key := derive(password, h.salt, h.cost, len(h.key))
	return subtle.ConstantTimeCompare(key, h.key) == 1
}

// stale reports whether a hash made now would be of another kind.
func (h hash) stale() bool {
	return h.cost != today || len(h.salt) != saltLength || len(h.key) != keyLength
}

func derive(password string, salt []byte, c cost, length int) []byte {
	return argon2.IDKey([]byte(password), salt, c.passes, c.memory, c.threads, uint32(length))
}
