package e2e

import (
	"os"
	"testing"
)

// backup is a copy of a site's database, as it lies on the disk.
type backup map[string][]byte

// parts are the files that belong to a database. The third is built anew from
// the second, and only while nobody has the database open.
var parts = []string{"", "-wal", "-shm"}

// backUp copies the database of a site that is down.
func (s *site) backUp() backup {
	s.t.Helper()
	copies := backup{}
	for _, part := range parts[:2] {
		content, err := os.ReadFile(s.database() + part)
		if err == nil {
			copies[part] = content
		} else if !os.IsNotExist(err) {
			s.t.Fatal(err)
		}
	}
	return copies
}

// restore puts a copy in the place of the database of a site that is down.
func (s *site) restore(copies backup) {
	s.t.Helper()
	for _, part := range parts {
		if err := os.Remove(s.database() + part); err != nil && !os.IsNotExist(err) {
			s.t.Fatal(err)
		}
	}
	for part, content := range copies {
		if err := os.WriteFile(s.database()+part, content, 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
}

// After a backup was put back, the open page has seen messages that are no more,
// and others take their numbers and revisions.
func TestRestoredDatabase(t *testing.T) {
	t.Parallel()
	const forgotten = 4
	rounds := []struct {
		then  string
		posts int
		out   bool // the page comes back only after them
	}{
		{"the page comes back before anything is said", 2, false},
		{"nothing is said", 0, true},
		{"less is said than was forgotten", forgotten - 1, true},
		{"as much is said", forgotten, true},
		{"more is said", forgotten + 2, true},
	}
	o := newOutage(t)
	o.enter()
	o.ada.fill("Message", "What was ")
	for _, round := range rounds {
		before := look[int](o.ada, `eye.streams`)
		o.site.kill()
		copies := o.site.backUp()
		o.site.run()
		o.ada.sees("the page is live again", `eye.streams > `+js(before))
		o.bob.chatter(o.room, forgotten-1)
		o.bob.post(o.room, "This will be forgotten when "+round.then)
		o.ada.hears("This will be forgotten when " + round.then)
		o.ada.isCurrent(o.site)
		seen := look[string](o.ada, `document.querySelector("#cursor").value`)

		o.proxy.refuse()
		o.site.stop()
		o.site.restore(copies)
		o.site.run()
		if !round.out {
			o.proxy.accept()
			o.ada.sees("the page knows", `document.querySelector("#cursor").value !== `+js(seen))
			o.ada.isCurrent(o.site)
		}
		o.bob.chatter(o.room, round.posts)
		if round.out {
			o.proxy.accept()
		}
		o.forgets()
	}
	o.isOver()
	if got := o.ada.draft(); got != "What was " {
		t.Errorf("the draft is %q, want what was written before", got)
	}
	o.ada.say("What was here?")
	o.ada.isCurrent(o.site)
}

// What is forgotten came by polling, as the stream was dead. All that the stream
// brought itself is in the backup, but that is not where it may go on.
func TestRestoredDatabaseAfterASilence(t *testing.T) {
	t.Parallel()
	o := newOutage(t)
	o.enter()
	before := look[int](o.ada, `eye.streams`)
	o.site.kill()
	copies := o.site.backUp()
	o.site.run()
	o.ada.sees("the page is live again", `eye.streams > `+js(before))
	before = look[int](o.ada, `eye.streams`)
	o.proxy.swallow()
	o.renews(before, "This will be forgotten")
	o.ada.isCurrent(o.site)

	o.proxy.refuse()
	o.site.stop()
	o.site.restore(copies)
	o.site.run()
	o.bob.chatter(o.room, 2)
	o.proxy.accept()
	o.forgets()
	o.isOver()
}

// forgets checks that the page shows the room as it is, and nothing of what was
// in it before a backup was put back.
func (o *outage) forgets() {
	o.ada.t.Helper()
	o.ada.isCurrent(o.site)
	if look[bool](o.ada, `document.body.innerText.includes("This will be forgotten")`) {
		o.ada.t.Error("the page shows what is forgotten")
	}
	o.bob.post(o.room, "This is remembered")
	o.ada.hears("This is remembered")
	o.ada.isCurrent(o.site)
}
