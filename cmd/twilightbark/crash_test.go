package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

const (
	crashes     = 5
	writers     = 4
	perCrash    = 40 // messages acknowledged before the next
	crashBudget = 90 * time.Second
	theEnd      = "the end" // text of the last message
)

// TestNothingAcknowledgedIsLostInACrash posts while the server is killed and
// started again, and then holds what was acknowledged, and what a viewer saw
// through all of it, against what is stored.
func TestNothingAcknowledgedIsLostInACrash(t *testing.T) {
	for name, address := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "crash.db") },
		"postgres": func(t *testing.T) string { return storetest.PostgresURL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &crash{T: t, database: address(t), acknowledged: map[string]posted{}}
			c.settings = []string{"DATABASE_URL=" + c.database, "ADDR=" + freePort(t), "POST_RATE=0", "LOGIN_RATE=0"}
			c.run()
		})
	}
}

// crash is one run: a server that dies, and clients that don't mind.
type crash struct {
	*testing.T
	database string
	settings []string

	mu           sync.Mutex // guards acknowledged
	acknowledged map[string]posted
}

// posted is what was acknowledged, by its nonce.
type posted struct {
	body   string
	number int64 // 0 when the answer did not tell
}

func (c *crash) run() {
	ctx, cancel := context.WithTimeout(c.Context(), crashBudget)
	defer cancel()
	running := start(c.T, command(c.T, c.settings))
	clients := make([]*client, writers)
	for i := range clients {
		clients[i] = newClient(c.T, running.url)
		clients[i].register(fmt.Sprint("writer", i))
		clients[i].htmx = i%2 == 0
	}
	clients[1].post(ctx, "/rooms", form("name", "dogs"))

	writing, stop := context.WithCancel(ctx)
	var work sync.WaitGroup
	progress := make(chan struct{}, 1)
	for i, client := range clients {
		work.Go(func() { c.write(ctx, writing, client, i, progress) })
	}
	seen := make(chan []int64, 1)
	go func() { seen <- c.watch(ctx, newClient(c.T, running.url)) }()

	for range crashes {
		c.await(ctx, progress, perCrash)
		running.kill()
		running = start(c.T, command(c.T, c.settings))
	}
	c.await(ctx, progress, perCrash)
	stop()
	work.Wait()
	if status, _ := clients[0].post(ctx, "/rooms/dogs/messages", form("body", theEnd, "nonce", "nonce-of-the-end")); status != http.StatusOK {
		c.Fatalf("the last post: status %d", status)
	}
	viewed := <-seen
	running.wantEnd(c.T, syscall.SIGTERM)
	c.check(viewed)
}

var messageID = regexp.MustCompile(`<li id="m-(\d+)"`)

// numberIn finds the number of the message that HTML shows; it is 0 if none.
func numberIn(html string) (number int64) {
	if match := messageID.FindStringSubmatch(html); match != nil {
		number, _ = strconv.ParseInt(match[1], 10, 64) // the pattern allows digits alone
	}
	return number
}

// write posts one message after another, each until it is acknowledged.
func (c *crash) write(ctx, writing context.Context, client *client, writer int, progress chan<- struct{}) {
	for i := 0; writing.Err() == nil; i++ {
		nonce, message := nonceOf(writer, i), posted{body: bodyOf(writer, i)}
		for {
			status, answer := client.post(ctx, "/rooms/dogs/messages", form("body", message.body, "nonce", nonce))
			if status == http.StatusOK || status == http.StatusSeeOther {
				message.number = numberIn(answer)
				c.mu.Lock()
				c.acknowledged[nonce] = message
				c.mu.Unlock()
				break
			}
			if status != 0 && status != http.StatusServiceUnavailable {
				c.Errorf("posting: status %d: %s", status, answer)
				return
			}
			if !pause(ctx) {
				c.Error("a message was not acknowledged in time")
				return
			}
		}
		select {
		case progress <- struct{}{}:
		case <-writing.Done():
		}
	}
}

func nonceOf(writer, i int) string { return fmt.Sprintf("nonce-of-writer-%d-%06d", writer, i) }
func bodyOf(writer, i int) string  { return fmt.Sprintf("message %d of writer %d", i, writer) }

// pause keeps clients from asking a dead server without rest.
func pause(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(10 * time.Millisecond):
		return true
	}
}

func (c *crash) await(ctx context.Context, progress <-chan struct{}, count int) {
	c.Helper()
	for range count {
		select {
		case <-progress:
		case <-ctx.Done():
			c.Fatal("posting came to a halt")
		}
	}
}

// watch reads the room's stream as browsers do: when it ends, for whatever
// reason, it is asked for again with the last id, and an event counts when it is
// whole. It gives the numbers of the messages as they came, up to the last.
func (c *crash) watch(ctx context.Context, viewer *client) (numbers []int64) {
	last := "0-0"
	for pause(ctx) {
		stream, err := viewer.open(ctx, "/rooms/dogs/events", "Accept", "text/event-stream", "Last-Event-ID", last)
		if err != nil {
			continue
		}
		var id, data string
		lines := bufio.NewScanner(stream)
		for lines.Scan() {
			line := lines.Text()
			switch {
			case line == "event: reload":
				c.Errorf("the stream could not be resumed from %s", last)
			case strings.HasPrefix(line, "id: "):
				id = line[len("id: "):]
			case strings.HasPrefix(line, "data: "):
				data += line
			case line == "" && id != "":
				numbers = append(numbers, numberIn(data))
				last = id
			}
			if line == "" {
				if strings.Contains(data, ">"+theEnd+"<") {
					_ = stream.Close()
					return numbers
				}
				id, data = "", ""
			}
		}
		_ = stream.Close()
	}
	c.Error("the last message did not come")
	return numbers
}

// check holds what clients were told against what is stored.
func (c *crash) check(viewed []int64) {
	c.Helper()
	db, err := store.Open(c.Context(), c.database)
	if err != nil {
		c.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	room, err := db.Room(c.Context(), "dogs")
	if err != nil {
		c.Fatal(err)
	}
	stored := c.stored(db, room)
	if len(c.acknowledged) < (crashes+1)*perCrash {
		c.Errorf("got %d messages acknowledged, want at least %d", len(c.acknowledged), (crashes+1)*perCrash)
	}
	authors := map[string]int64{}
	for writer := range writers {
		user, err := db.UserByName(c.Context(), fmt.Sprint("writer", writer))
		if err != nil {
			c.Fatalf("writer %d: %v", writer, err)
		}
		authors[fmt.Sprintf("nonce-of-writer-%d-", writer)] = user.ID
	}
	for nonce, message := range c.acknowledged {
		number, ok := stored[message.body]
		if !ok || message.number != 0 && message.number != number {
			c.Errorf("%s: got message %d stored of %q, want %d, as was acknowledged", nonce, number, message.body, message.number)
		}
		// Sent once more, it is found: its nonce is kept as well.
		draft := chat.Draft{RoomID: room.ID, AuthorID: authors[nonce[:len("nonce-of-writer-0-")]], Body: message.body, Nonce: nonce}
		if again, err := db.Post(c.Context(), draft, chat.Rate{}); err != nil || again.Number != number {
			c.Errorf("%s sent again: got message %d, %v, want %d", nonce, again.Number, err, number)
		}
	}
	for i, number := range viewed {
		if number != int64(i)+1 {
			c.Fatalf("the viewer saw message %d in place %d, want each once and in order", number, i+1)
		}
	}
	if int64(len(viewed)) != room.MessageCount {
		c.Errorf("the viewer saw %d messages, want all %d", len(viewed), room.MessageCount)
	}
}

// stored gives the number of each text in the room. Texts are sent once each,
// numbers and revisions have no gaps, and each revision has its version.
func (c *crash) stored(db *store.Store, room chat.Room) map[string]int64 {
	c.Helper()
	numbers := map[string]int64{}
	for revision := int64(0); revision < room.Revision; {
		changes, err := db.Changes(c.Context(), room.ID, revision, 500)
		if err != nil || len(changes) == 0 {
			c.Fatalf("after revision %d of %d: got %d changes, %v, want the next", revision, room.Revision, len(changes), err)
		}
		for _, m := range changes {
			if revision++; m.Revision != revision || m.Number != revision || m.PostedRevision != revision {
				c.Fatalf("revision %d: got message %d posted by %d and changed by %d, want no gap", revision, m.Number, m.PostedRevision, m.Revision)
			}
			if cursor, err := db.Cursor(c.Context(), room.ID, revision); err != nil || cursor != m.Cursor() {
				c.Errorf("the cursor of revision %d: got %v, %v, want %v", revision, cursor, err, m.Cursor())
			}
			if first, twice := numbers[m.Body]; twice {
				c.Errorf("%q: got it stored as message %d and %d, want it once", m.Body, first, m.Number)
			}
			numbers[m.Body] = m.Number
		}
	}
	if int64(len(numbers)) != room.MessageCount {
		c.Errorf("the room: got a count of %d messages, want %d", room.MessageCount, len(numbers))
	}
	for body := range numbers {
		if body != theEnd && !slices.ContainsFunc([]string{"0", "1", "2", "3"}, func(writer string) bool { return strings.HasSuffix(body, " of writer "+writer) }) {
			c.Errorf("got the message %q stored, which nobody sent", body)
		}
	}
	return numbers
}

// freePort gives an address that nobody listens on, so that a server can come
// back where it was.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(err, listener.Close()); err != nil {
		t.Fatal(err)
	}
	return listener.Addr().String()
}
