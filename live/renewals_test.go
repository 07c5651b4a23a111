package live_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twilightbark/twilightbark/live"
)

// rename gives the member another name, at a moment some time ago.
func (d *database) rename(member int64, name string, ago time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := time.Now().Add(-ago).UnixMicro()
	d.renewals = append(d.renewals, live.Renewal{At: at, Member: live.Member{ID: member, Name: name}, Frame: frame("renamed %d %s", member, name)})
}

func (d *database) listRenewals(_ context.Context, after int64) (renewals []live.Renewal, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.renewals {
		if r.At > after {
			renewals = append(renewals, r)
		}
	}
	return renewals, d.down
}

func renamed(s *stream) []string {
	return s.frames(func(f string) bool { return f[0] == 'r' })
}

func TestRenewalReachesOpenPagesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		d.rename(2, "early", time.Hour)
		l := d.start(t)
		synctest.Wait()
		here := read(t, l, dogs, d.post(dogs, 3), ada)
		elsewhere := read(t, l, cats, d.post(cats, 1), guest)
		synctest.Wait()
		wantFrames(t, "before", renamed(here), nil)

		d.rename(1, "lovelace", 0)
		at := time.Now().UnixMicro()
		l.Renew()
		time.Sleep(time.Second)
		want := []string{"renamed 1 lovelace"}
		wantFrames(t, "in the member's room", renamed(here), want)
		wantFrames(t, "in another room", renamed(elsewhere), want)
		if got := here.here(); got != "here 1 [lovelace] and 0" {
			t.Errorf("who is here: got %q", got)
		}
		if got := l.Renewed(); got != at {
			t.Errorf("Renewed: got %d, want %d", got, at)
		}
		l.Renew()
		time.Sleep(time.Minute)
		wantFrames(t, "told again and looked for again", renamed(here), want)
		wantFrames(t, "who comes later", renamed(read(t, l, dogs, 3, bob)), nil)
	})
}

// Nobody says that it happened, the clock of whoever did it is behind, or it
// was committed late.
func TestRenewalOnAnotherNodeCostsSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		l := d.start(t)
		viewer := read(t, l, dogs, 0, ada)
		d.rename(1, "one", 0)
		time.Sleep(4 * time.Second)
		d.rename(2, "two", 8*time.Second)
		time.Sleep(4 * time.Second)
		wantFrames(t, "the viewer", renamed(viewer), []string{"renamed 1 one", "renamed 2 two"})

		d.fail(errors.New("down"))
		d.rename(1, "three", 0)
		time.Sleep(time.Minute)
		wantFrames(t, "while the database is down", renamed(viewer)[2:], nil)
		d.fail(nil)
		time.Sleep(4 * time.Second)
		wantFrames(t, "when it is back", renamed(viewer)[2:], []string{"renamed 1 three"})
	})
}

// What a feed keeps was rendered with the old name.
func TestRenewalDropsWhatWasRendered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		var fromTheStart atomic.Int64
		l := live.New(live.Config{
			Load: func(ctx context.Context, room, after int64, limit int) ([]live.Entry, error) {
				if after == 0 {
					fromTheStart.Add(1)
				}
				return d.load(ctx, room, after, limit)
			},
			Revisions: d.revisions, Renewals: d.listRenewals, Ended: d.listEnded, Bans: d.listBans, Lifted: d.listLifted, States: d.listStates, Here: d.renderHere, Moves: d.renderMoves, Log: slog.New(slog.DiscardHandler),
		})
		t.Cleanup(l.Close)
		read(t, l, dogs, d.post(dogs, 3), ada)
		time.Sleep(time.Second)
		loads := fromTheStart.Load()
		arrive := func() {
			viewer := read(t, l, dogs, 0, bob)
			time.Sleep(time.Second)
			wantFrames(t, "who arrives", viewer.changes(), d.want(dogs, 0))
		}
		arrive()
		if fromTheStart.Load() != loads {
			t.Error("before the renewal: the viewer was not served from memory")
		}
		d.rename(1, "lovelace", 0)
		l.Renew()
		time.Sleep(time.Second)
		arrive()
		if fromTheStart.Load() != loads+1 {
			t.Errorf("after the renewal: got %d loads of all, want 1", fromTheStart.Load()-loads)
		}
	})
}

func TestViewersReadInTheirForm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		l := d.start(t)
		theirs := read(t, l, dogs, 0, live.Viewer{Form: "Asia/Tokyo"})
		items := read(t, l, dogs, 0, live.Viewer{Form: "Asia/Tokyo", Items: true})
		plain := read(t, l, dogs, 0, guest)
		l.Hint(dogs, d.post(dogs, 1))
		synctest.Wait()
		time.Sleep(time.Second)
		wantFrames(t, "theirs", theirs.changes(), []string{"+1@1 in Asia/Tokyo"})
		wantFrames(t, "on a page written on and on", items.changes(), []string{"=1 in Asia/Tokyo"})
		wantFrames(t, "the site's", plain.changes(), []string{"+1@1"})
	})
}

func TestEndMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newDatabase().start(t)
		first, second, other := read(t, l, dogs, 0, ada), read(t, l, cats, 0, live.Viewer{Member: ada.Member, Session: "phone"}), read(t, l, dogs, 0, bob)
		l.EndMember(ada.Member.ID, "phone", live.ErrExpired)
		synctest.Wait()
		if !errors.Is(first.ended(), live.ErrExpired) || second.ended() != nil || other.ended() != nil {
			t.Errorf("got %v, %v, %v, want only the first to end", first.ended(), second.ended(), other.ended())
		}
	})
}
