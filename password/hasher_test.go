package password

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// cheap gives a hash of the password that is quick to compute.
func cheap(password string) hash {
	c := cost{memory: 8, passes: 1, threads: 1}
	salt := []byte("sixteen byte sal")
	return hash{c, salt, derive(password, salt, c, keyLength)}
}

func TestHash(t *testing.T) {
	hasher := NewHasher(1)
	encoded, err := hasher.Hash(t.Context(), "wet nose")
	if err != nil {
		t.Fatalf("Hash: %v", err)
	}
	form := regexp.MustCompile(`^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`)
	if !form.MatchString(encoded) {
		t.Errorf("Hash = %q, want the form %s", encoded, form)
	}
	again, err := hasher.Hash(t.Context(), "wet nose")
	if err != nil {
		t.Fatalf("Hash: %v", err)
	}
	if again == encoded {
		t.Errorf("two hashes of one password are both %q, want a salt of its own for each", encoded)
	}
	for _, test := range []struct {
		password string
		want     bool
	}{{"wet nose", true}, {"wet nosy", false}} {
		match, stale, err := hasher.Verify(t.Context(), test.password, encoded)
		if match != test.want || stale || err != nil {
			t.Errorf("Verify(%q) = %v, %v, %v, want %v, false, none", test.password, match, stale, err, test.want)
		}
	}
}

// The hashes come from the reference implementation's command,
// printf 'correct horse bärk' | argon2 'sixteen byte sal' -id -t 2 -k 19456 -p 1 -l 32 -e
func TestVerifyReferenceHashes(t *testing.T) {
	for _, test := range []struct {
		name, encoded string
		stale         bool
	}{
		{"today's cost", "$argon2id$v=19$m=19456,t=2,p=1$c2l4dGVlbiBieXRlIHNhbA$KHz/Bxo/PA3hWS3J4ltCbXL93gjC537kS4S481hlBJc", false},
		{"another cost and length", "$argon2id$v=19$m=64,t=1,p=2$c2FsdHNhbHQ$scsVEmwlmCXC3O3hubeYJg", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			match, stale, err := NewHasher(1).Verify(t.Context(), "correct horse bärk", test.encoded)
			if !match || stale != test.stale || err != nil {
				t.Errorf("Verify = %v, %v, %v, want true, %v, none", match, stale, err, test.stale)
			}
		})
	}
}

func TestVerifyTakesThePasswordAsTyped(t *testing.T) {
	const password = " café Bark "
	encoded := cheap(password).String()
	for _, test := range []struct {
		name, typed string
		want        bool
	}{
		{"the same", password, true},
		{"without the space before", password[1:], false},
		{"without the space after", strings.TrimRight(password, " "), false},
		{"in another case", strings.ToLower(password), false},
		{"with the accent as a character of its own", strings.Replace(password, "é", "e\u0301", 1), false},
		{"with a NUL after it", password + "\x00", false},
		{"nothing", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			match, stale, err := NewHasher(1).Verify(t.Context(), test.typed, encoded)
			if match != test.want || stale != test.want || err != nil {
				t.Errorf("Verify(%q) = %v, %v, %v, want %v, %v, none", test.typed, match, stale, err, test.want, test.want)
			}
		})
	}
}

func TestVerifyTakesTheWholePassword(t *testing.T) {
	password := strings.Repeat("b", MaxLength)
	encoded := cheap(password).String()
	for _, test := range []struct {
		typed string
		want  bool
	}{{password, true}, {password[1:], false}} {
		match, _, err := NewHasher(1).Verify(t.Context(), test.typed, encoded)
		if match != test.want || err != nil {
			t.Errorf("Verify of %d bytes = %v, %v, want %v, none", len(test.typed), match, err, test.want)
		}
	}
}

func TestVerifyUnknownAccount(t *testing.T) {
	hasher := NewHasher(1)
	allocated := func(encoded string) (bytes uint64, match, stale bool, err error) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		match, stale, err = hasher.Verify(t.Context(), "wet nose", encoded)
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc, match, stale, err
	}
	work := uint64(today.memory) * 1024

	// Proves that the measure would show it if nothing were computed.
	if bytes, _, _, err := allocated(cheap("wet nose").String()); bytes >= work || err != nil {
		t.Fatalf("a cheap hash takes %d bytes, error %v, want fewer than %d, none", bytes, err, work)
	}
	bytes, match, stale, err := allocated("")
	if match || stale || err != nil {
		t.Errorf("Verify with no account = %v, %v, %v, want false, false, none", match, stale, err)
	}
	if bytes < work {
		t.Errorf("Verify with no account takes %d bytes, want the %d of a real hash", bytes, work)
	}
	if nobody.stale() {
		t.Error("the hash for no account is not at today's cost")
	}
}

func TestVerifyMalformedHash(t *testing.T) {
	const salt, key = "c2l4dGVlbiBieXRlIHNhbA", "KHz/Bxo/PA3hWS3J4ltCbXL93gjC537kS4S481hlBJc"
	long := func(n int) string { return base64Raw.EncodeToString(make([]byte, n)) }
	for _, test := range []struct {
		name, encoded string
		fine          bool
	}{
		{"well formed", "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + key, true},
		{"the most that is allowed", "$argon2id$v=19$m=65536,t=10,p=4$" + long(64) + "$" + long(64), true},
		{"the least that is allowed", "$argon2id$v=19$m=8,t=1,p=1$" + long(8) + "$" + long(16), true},

		{"a word", "password", false},
		{"dollars alone", "$$$$$", false},
		{"another algorithm", "$argon2i$v=19$m=64,t=1,p=1$" + salt + "$" + key, false},
		{"bcrypt", "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", false},
		{"another version", "$argon2id$v=16$m=64,t=1,p=1$" + salt + "$" + key, false},
		{"no version", "$argon2id$m=64,t=1,p=1$" + salt + "$" + key, false},
		{"something before it", "x$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + key, false},
		{"something after it", "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + key + "$", false},
		{"a line end after it", "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + key + "\n", false},
		{"a line end in the salt", "$argon2id$v=19$m=64,t=1,p=1$" + salt[:4] + "\n" + salt[4:] + "$" + key, false},
		{"padding", "$argon2id$v=19$m=64,t=1,p=1$" + salt + "==$" + key, false},
		{"stray bits in the salt", "$argon2id$v=19$m=64,t=1,p=1$" + salt[:21] + "B$" + key, false},
		{"the alphabet for addresses", "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + strings.Replace(key, "/", "_", 1), false},
		{"parameters in another order", "$argon2id$v=19$t=1,m=64,p=1$" + salt + "$" + key, false},
		{"a parameter missing", "$argon2id$v=19$m=64,t=1$" + salt + "$" + key, false},
		{"a parameter too many", "$argon2id$v=19$m=64,t=1,p=1,x=1$" + salt + "$" + key, false},
		{"a sign", "$argon2id$v=19$m=+64,t=1,p=1$" + salt + "$" + key, false},
		{"a leading zero", "$argon2id$v=19$m=064,t=1,p=1$" + salt + "$" + key, false},
		{"a space", "$argon2id$v=19$m= 64,t=1,p=1$" + salt + "$" + key, false},
		{"a negative number", "$argon2id$v=19$m=-64,t=1,p=1$" + salt + "$" + key, false},
		{"no memory", "$argon2id$v=19$m=0,t=1,p=1$" + salt + "$" + key, false},
		{"too little memory for its threads", "$argon2id$v=19$m=31,t=1,p=4$" + salt + "$" + key, false},
		{"a little too much memory", "$argon2id$v=19$m=65537,t=1,p=1$" + salt + "$" + key, false},
		{"4 TiB of memory", "$argon2id$v=19$m=4294967295,t=1,p=1$" + salt + "$" + key, false},
		{"memory past 32 bits", "$argon2id$v=19$m=4294967360,t=1,p=1$" + salt + "$" + key, false},
		{"no passes", "$argon2id$v=19$m=64,t=0,p=1$" + salt + "$" + key, false},
		{"too many passes", "$argon2id$v=19$m=64,t=11,p=1$" + salt + "$" + key, false},
		{"no threads", "$argon2id$v=19$m=64,t=1,p=0$" + salt + "$" + key, false},
		{"too many threads", "$argon2id$v=19$m=64,t=1,p=5$" + salt + "$" + key, false},
		{"threads past 8 bits", "$argon2id$v=19$m=64,t=1,p=257$" + salt + "$" + key, false},
		{"no salt", "$argon2id$v=19$m=64,t=1,p=1$$" + key, false},
		{"a short salt", "$argon2id$v=19$m=64,t=1,p=1$" + long(7) + "$" + key, false},
		{"a long salt", "$argon2id$v=19$m=64,t=1,p=1$" + long(65) + "$" + key, false},
		{"no key", "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$", false},
		{"a short key", "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + long(15), false},
		{"a long key", "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + long(65), false},
		{"a megabyte", "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + long(1<<20), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			parsed, err := parse(test.encoded)
			if fine := err == nil; fine != test.fine {
				t.Fatalf("parse(%q) = %v, %v, want it accepted: %v", test.encoded, parsed, err, test.fine)
			}
			if test.fine {
				return
			}
			match, stale, err := NewHasher(1).Verify(t.Context(), "correct horse bärk", test.encoded)
			if match || stale || !errors.Is(err, errMalformed) {
				t.Errorf("Verify(%q) = %v, %v, %v, want false, false, %v", test.encoded, match, stale, err, errMalformed)
			}
		})
	}
}

func TestStale(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*hash)
		want   bool
	}{
		{"as made today", func(*hash) {}, false},
		{"less memory", func(h *hash) { h.memory-- }, true},
		{"more memory", func(h *hash) { h.memory++ }, true},
		{"other passes", func(h *hash) { h.passes++ }, true},
		{"other threads", func(h *hash) { h.threads++ }, true},
		{"a shorter salt", func(h *hash) { h.salt = h.salt[1:] }, true},
		{"a shorter key", func(h *hash) { h.key = h.key[1:] }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := hash{today, make([]byte, saltLength), make([]byte, keyLength)}
			test.change(&h)
			if got := h.stale(); got != test.want {
				t.Errorf("stale = %v, want %v", got, test.want)
			}
		})
	}
}

func TestNewHasherSlots(t *testing.T) {
	spare := max(1, runtime.NumCPU()-1)
	for _, test := range []struct{ slots, want int }{{-1, spare}, {0, spare}, {1, 1}, {3, 3}} {
		if got := cap(NewHasher(test.slots).slots); got != test.want {
			t.Errorf("NewHasher(%d) has %d slots, want %d", test.slots, got, test.want)
		}
	}
}

// full gives a Hasher of one slot, which is taken.
func full(t *testing.T) *Hasher {
	t.Helper()
	hasher := NewHasher(1)
	if err := hasher.take(t.Context()); err != nil {
		t.Fatalf("taking the only slot: %v", err)
	}
	return hasher
}

// outcome is how one call ended, and after how long.
type outcome struct {
	err   error
	after time.Duration
}

// verify starts a Verify that is cheap once it has a slot.
func verify(ctx context.Context, hasher *Hasher) <-chan outcome {
	done := make(chan outcome, 1)
	encoded := cheap("wet nose").String()
	go func() {
		start := time.Now()
		_, _, err := hasher.Verify(ctx, "wet nose", encoded)
		done <- outcome{err, time.Since(start)}
	}()
	return done
}

func TestWaitingCallerGetsTheSlotThatComesFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hasher := full(t)
		done := verify(t.Context(), hasher)
		synctest.Wait()
		select {
		case got := <-done:
			t.Fatalf("Verify ended with %v while the slot was taken", got.err)
		default:
		}
		hasher.free()
		if got, want := <-done, (outcome{}); got != want {
			t.Errorf("Verify ended with %v, want %v", got, want)
		}
		if len(hasher.slots) != 0 || len(hasher.waiting) != 0 {
			t.Errorf("%d slots taken and %d callers waiting, want none", len(hasher.slots), len(hasher.waiting))
		}
	})
}

func TestWaitingEndsAfterTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hasher := full(t)
		for _, encoded := range []string{"", cheap("wet nose").String()} {
			start := time.Now()
			_, _, err := hasher.Verify(t.Context(), "wet nose", encoded)
			if got, want := (outcome{err, time.Since(start)}), (outcome{ErrBusy, 2 * time.Second}); got != want {
				t.Errorf("Verify with hash %q ended with %v, want %v", encoded, got, want)
			}
		}
		start := time.Now()
		encoded, err := hasher.Hash(t.Context(), "wet nose")
		if got, want := (outcome{err, time.Since(start)}), (outcome{ErrBusy, 2 * time.Second}); got != want || encoded != "" {
			t.Errorf("Hash ended with %q, %v, want none, %v", encoded, got, want)
		}
	})
}

func TestNoMoreThan32Wait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hasher := full(t)
		ctx, leave := context.WithCancel(t.Context())
		first := verify(ctx, hasher)
		var others []<-chan outcome
		for range 31 {
			others = append(others, verify(t.Context(), hasher))
		}
		synctest.Wait()

		if got, want := <-verify(t.Context(), hasher), (outcome{ErrBusy, 0}); got != want {
			t.Errorf("the 33rd caller ended with %v, want %v", got, want)
		}

		leave()
		if got, want := <-first, (outcome{context.Canceled, 0}); got != want {
			t.Errorf("a caller whose context ended got %v, want %v", got, want)
		}
		others = append(others, verify(t.Context(), hasher))
		synctest.Wait()
		hasher.free()
		for i, done := range others {
			if got, want := <-done, (outcome{}); got != want {
				t.Errorf("waiting caller %d ended with %v, want %v", i, got, want)
			}
		}
	})
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hasher := full(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if got, want := <-verify(ctx, hasher), (outcome{context.DeadlineExceeded, time.Second}); got != want {
			t.Errorf("Verify ended with %v, want %v", got, want)
		}
	})
}

func TestEndedContextTakesNoSlot(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	hasher := NewHasher(1)
	if encoded, err := hasher.Hash(ctx, "wet nose"); encoded != "" || !errors.Is(err, context.Canceled) {
		t.Errorf("Hash = %q, %v, want none, %v", encoded, err, context.Canceled)
	}
	if match, _, err := hasher.Verify(ctx, "wet nose", cheap("wet nose").String()); match || !errors.Is(err, context.Canceled) {
		t.Errorf("Verify = %v, %v, want false, %v", match, err, context.Canceled)
	}
}

// FuzzVerify holds that no stored text makes Verify panic, and that what it
// accepts is within the bounds and spelled in the one way this package spells it.
func FuzzVerify(f *testing.F) {
	hasher := NewHasher(1)
	f.Fuzz(func(t *testing.T, encoded string) {
		h, err := parse(encoded)
		if err != nil {
			if match, stale, err := hasher.Verify(t.Context(), "wet nose", encoded); encoded != "" && (match || stale || err == nil) {
				t.Errorf("Verify(%q) = %v, %v, %v, want false, false and an error", encoded, match, stale, err)
			}
			return
		}
		if h.memory > dearest.memory || h.passes > dearest.passes || h.threads > dearest.threads || len(h.salt) > 64 || len(h.key) > 64 {
			t.Errorf("parse(%q) = %+v, want it within the bounds", encoded, h)
		}
		spelling := fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", h.memory, h.passes, h.threads,
			base64Raw.EncodeToString(h.salt), base64Raw.EncodeToString(h.key))
		if spelling != encoded {
			t.Errorf("parse(%q) is %q, want one spelling only", encoded, spelling)
		}
		if h.memory > 1024 {
			return // within the bounds, but too slow to try thousands of
		}
		if _, _, err := hasher.Verify(t.Context(), "wet nose", encoded); err != nil {
			t.Errorf("Verify(%q): %v", encoded, err)
		}
	})
}

func BenchmarkHash(b *testing.B) {
	hasher := NewHasher(1)
	for b.Loop() {
		if _, err := hasher.Hash(b.Context(), "wet nose, warm ear"); err != nil {
			b.Fatal(err)
		}
	}
}

// The times should be equal: a difference would tell which accounts exist.
func BenchmarkVerify(b *testing.B) {
	hasher := NewHasher(1)
	encoded, err := hasher.Hash(b.Context(), "wet nose, warm ear")
	if err != nil {
		b.Fatal(err)
	}
	for _, test := range []struct{ name, encoded string }{{"known", encoded}, {"unknown", ""}} {
		b.Run(test.name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := hasher.Verify(b.Context(), "wet nose, cold ear", test.encoded); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
