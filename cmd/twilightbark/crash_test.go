package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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

// TestNothingAcknowledgedIsLostInACrash posts while the server is killed and
// started again, and then holds what was acknowledged against what is stored.
func TestNothingAcknowledgedIsLostInACrash(t *testing.T) {
	program := build(t)
	databases := map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "crash.db") },
		"postgres": func(t *testing.T) string { return storetest.PostgresURL(t) },
	}
	for name, address := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &crash{T: t, program: program, database: address(t), port: freePort(t), acknowledged: map[string]posted{}}
			c.run()
		})
	}
}

const (
	crashes     = 5
	writers     = 4
	perCrash    = 40 // messages acknowledged before the next
	crashBudget = 90 * time.Second
	theEnd      = "the end" // text of the last message
)

// crash is one run: a server that dies, and clients that don't mind.
type crash struct {
	*testing.T
	program, database, port string

	mu           sync.Mutex // guards acknowledged
	acknowledged map[string]posted
}

// posted is what a 2xx answer said.
type posted struct {
	number int64
	body   string
}

func (c *crash) run() {
	ctx, cancel := context.WithTimeout(c.Context(), crashBudget)
	defer cancel()
	server := c.start()
	clients := make([]*http.Client, writers)
	for i := range clients {
		clients[i] = c.register(fmt.Sprint("writer", i))
	}
	c.post(ctx, clients[0], "/rooms", url.Values{"name": {"dogs"}})

	writing, stop := context.WithCancel(ctx)
	var work sync.WaitGroup
	progress := make(chan struct{}, 1)
	for i, client := range clients {
		work.Go(func() { c.write(ctx, writing, client, i, progress) })
	}
	seen := make(chan []int64, 1)
	go func() { seen <- c.watch(ctx, clients[0]) }()

	for range crashes {
		c.await(ctx, progress, perCrash)
		if err := server.Process.Kill(); err != nil {
			c.Fatal(err)
		}
		_ = server.Wait() // it was killed, as it says
		server = c.start()
	}
	c.await(ctx, progress, perCrash)
	stop()
	work.Wait()
	if status, _ := c.post(ctx, clients[0], "/rooms/dogs/messages", url.Values{"body": {theEnd}, "nonce": {"nonce-of-the-end"}}); status != http.StatusOK {
		c.Fatalf("the last post: status %d", status)
	}
	viewed := <-seen
	c.stop(server)
	c.check(viewed)
}

// start starts the server and waits until it listens.
func (c *crash) start() *exec.Cmd {
	c.Helper()
	server := exec.Command(c.program, "serve")
	server.Env = append(os.Environ(), "DATABASE_URL="+c.database, "ADDR=127.0.0.1:"+c.port, "POST_RATE=0", "LOGIN_RATE=0")
	log, err := server.StderrPipe()
	if err != nil {
		c.Fatal(err)
	}
	if err := server.Start(); err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() { _ = server.Process.Kill() })
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		if strings.Contains(lines.Text(), `"listening"`) {
			go func() { _, _ = io.Copy(io.Discard, log) }() // ends with the server
			return server
		}
	}
	c.Fatalf("the server does not start: %v", server.Wait())
	return nil
}

// stop ends the server as an operator does.
func (c *crash) stop(server *exec.Cmd) {
	c.Helper()
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		c.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		c.Errorf("the server ended with %v, want status 0", err)
	}
}

func (c *crash) register(name string) *http.Client {
	c.Helper()
	jar, _ := cookiejar.New(nil) // never fails
	client := &http.Client{Jar: jar, Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	secret := "a password of " + strconv.Itoa(len(name)) + " dogs"
	status, _ := c.post(c.Context(), client, "/register", url.Values{
		"email": {name + "@example.com"}, "username": {name}, "password": {secret}, "password_confirm": {secret},
	})
	if status != http.StatusSeeOther {
		c.Fatalf("registering %s: status %d", name, status)
	}
	return client
}

// post sends a form; its status is 0 if no answer came.
func (c *crash) post(ctx context.Context, client *http.Client, path string, form url.Values) (status int, body string) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://127.0.0.1:"+c.port+path, strings.NewReader(form.Encode()))
	if err != nil {
		c.Error(err)
		return 0, ""
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("HX-Request", "true")
	response, err := client.Do(r)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, "" // broken off: not acknowledged
	}
	return response.StatusCode, string(text)
}

var messageID = regexp.MustCompile(`<li id="m-(\d+)"`)

// write posts one message after another, each until it is acknowledged.
func (c *crash) write(ctx, writing context.Context, client *http.Client, writer int, progress chan<- struct{}) {
	for i := 0; writing.Err() == nil; i++ {
		nonce, body := fmt.Sprintf("nonce-of-writer-%d-%06d", writer, i), fmt.Sprintf("message %d of writer %d", i, writer)
		for {
			status, answer := c.post(ctx, client, "/rooms/dogs/messages", url.Values{"body": {body}, "nonce": {nonce}})
			if status == http.StatusOK {
				number, err := strconv.ParseInt(messageID.FindStringSubmatch(answer)[1], 10, 64)
				if err != nil {
					c.Error(err)
				}
				c.mu.Lock()
				c.acknowledged[nonce] = posted{number, body}
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
// reason, it is asked for again with the last id. It gives the numbers of the
// messages as they came, up to the last.
func (c *crash) watch(ctx context.Context, client *http.Client) (numbers []int64) {
	streaming := &http.Client{Jar: client.Jar} // no time limit
	last := "0-0"
	for pause(ctx) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:"+c.port+"/rooms/dogs/events", nil)
		if err != nil {
			c.Error(err)
			return nil
		}
		r.Header.Set("Accept", "text/event-stream")
		r.Header.Set("Last-Event-ID", last)
		response, err := streaming.Do(r)
		if err != nil {
			continue
		}
		id := ""
		lines := bufio.NewScanner(response.Body)
		for lines.Scan() {
			line := lines.Text()
			switch {
			case strings.HasPrefix(line, "id: "):
				id = line[len("id: "):]
			case line == "event: reload":
				c.Error("the stream could not be resumed from", last)
			case strings.HasPrefix(line, "data: ") && id != "":
				number, err := strconv.ParseInt(messageID.FindStringSubmatch(line)[1], 10, 64)
				if err != nil {
					c.Error(err)
				}
				numbers = append(numbers, number)
				if strings.Contains(line, ">"+theEnd+"<") {
					_ = response.Body.Close()
					return numbers
				}
			case line == "" && id != "":
				last, id = id, "" // as a browser does: an event counts when it is whole
			}
		}
		_ = response.Body.Close()
	}
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
	stored := map[int64]chat.Message{}
	texts := map[string]int{}
	for revision := int64(0); revision < room.Revision; {
		changes, err := db.Changes(c.Context(), room.ID, revision, 500)
		if err != nil || len(changes) == 0 {
			c.Fatalf("after revision %d of %d: %d changes, %v", revision, room.Revision, len(changes), err)
		}
		for _, m := range changes {
			if revision++; m.Revision != revision || m.Number != revision {
				c.Fatalf("revision %d is message %d of revision %d: not gapless", revision, m.Number, m.Revision)
			}
			if cursor, err := db.Cursor(c.Context(), room.ID, revision); err != nil || cursor != m.Cursor() {
				c.Errorf("the cursor of revision %d is %v, %v; want %v", revision, cursor, err, m.Cursor())
			}
			stored[m.Number] = m
			texts[m.Body]++
		}
	}
	if room.MessageCount != int64(len(stored)) || len(c.acknowledged) < crashes*perCrash {
		c.Errorf("the room counts %d messages, %d are stored, %d acknowledged", room.MessageCount, len(stored), len(c.acknowledged))
	}
	for nonce, ack := range c.acknowledged {
		if got := stored[ack.number].Body; got != ack.body || texts[ack.body] != 1 {
			c.Errorf("%s was acknowledged as message %d %q; that is %q, and the text is stored %d times", nonce, ack.number, ack.body, got, texts[ack.body])
		}
	}
	for i, number := range viewed {
		if number != int64(i)+1 {
			c.Fatalf("the viewer saw message %d in place %d", number, i+1)
		}
	}
	if len(viewed) < len(c.acknowledged) {
		c.Errorf("the viewer saw %d messages, %d were acknowledged", len(viewed), len(c.acknowledged))
	}
}

// build makes the program as it is shipped.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "twilightbark")
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, output)
	}
	return program
}

// freePort gives a port that nobody listens on, so that a server can come back
// where it was.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err := errors.Join(err, listener.Close()); err != nil {
		t.Fatal(err)
	}
	return port
}
