package handlers

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twilightbark/twilightbark/chat"
)

// A flood of failed logins is written once a second, and each of them before it
// is answered. One that is alone waits for nothing.
func TestFailedLoginsAreWrittenTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var written []int // how many, by writing
		var trouble error
		l := newLedger(func(_ context.Context, events ...chat.Event) error {
			written = append(written, len(events))
			return trouble
		})
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go l.work(ctx)
		record := func(count int) (errs []error, took time.Duration) {
			begun, errs := time.Now(), make([]error, count)
			var all sync.WaitGroup
			for i := range errs {
				all.Go(func() { errs[i] = l.record(t.Context(), chat.Event{Action: chat.LoginFailed}) })
			}
			all.Wait()
			return errs, time.Since(begun)
		}
		if errs, took := record(1); errors.Join(errs...) != nil || took != 0 {
			t.Errorf("the first: got %v after %v", errs, took)
		}
		if errs, took := record(50); errors.Join(errs...) != nil || took != together {
			t.Errorf("50 more: got %v after %v, want them to wait for %v", errs, took, together)
		}
		time.Sleep(together)
		trouble = errors.New("the disk is full")
		errs, took := record(1)
		if !errors.Is(errs[0], trouble) || took != 0 {
			t.Errorf("one that can't be written, later: got %v after %v", errs, took)
		}
		for _, err := range first(record(3)) {
			if !errors.Is(err, trouble) {
				t.Errorf("three that can't be written: got %v", err)
			}
		}
		left, leave := context.WithCancel(t.Context())
		leave()
		if err := l.record(left, chat.Event{}); !errors.Is(err, context.Canceled) {
			t.Errorf("who leaves: got %v", err)
		}
		stop()
		trouble = nil
		if errs, took := record(1); errs[0] != nil || took != 0 {
			t.Errorf("when the site stops: got %v after %v", errs, took)
		}
		if want := []int{1, 50, 1, 3, 1}; !slices.Equal(written, want) {
			t.Errorf("got writings of %v, want %v", written, want)
		}
	})
}

func first(errs []error, _ time.Duration) []error { return errs }
