package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// site is one server with a data folder of its own.
type site struct {
	t      *testing.T
	folder string
	env    []string
	url    string // of its first start on, also after a restart

	terminal terminal // what it prints for whoever started it

	process *exec.Cmd
	ended   chan struct{} // closed when process has ended

	mu  sync.Mutex // guards log
	log []string   // what all its processes wrote
}

// start runs a server until the test is over. Limits that would only slow tests
// down are off; env overrides the defaults.
func start(t *testing.T, env ...string) *site {
	t.Helper()
	s := &site{t: t, folder: t.TempDir()}
	s.env = append([]string{
		"ADDR=127.0.0.1:0", "DATA_DIR=" + s.folder, "POST_RATE=0", "LOGIN_RATE=0", "FORM_AGE=0", "MAX_STREAMS_PER_ADDR=0",
	}, env...)
	s.run()
	t.Cleanup(func() {
		if s.process != nil {
			s.stop()
		}
		s.checkLog()
	})
	return s
}

// terminal keeps what is printed, while it is read.
type terminal struct {
	mu   sync.Mutex // guards text
	text strings.Builder
}

func (t *terminal) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(text)
}

func (t *terminal) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// run starts the process and waits until it listens.
func (s *site) run() {
	s.t.Helper()
	s.process = exec.Command(binary)
	s.process.Env = s.env
	s.process.Stdout = &s.terminal
	stderr, err := s.process.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	listening, ended := make(chan string, 1), make(chan struct{})
	s.ended = ended
	go func(process *exec.Cmd) {
		defer close(ended)
		s.readLog(stderr, listening)
		_ = process.Wait() // stop looks at how it ended
	}(s.process)
	select {
	case s.url = <-listening:
	case <-ended:
		s.process = nil
		s.t.Fatalf("the server ended instead of listening:\n%s", s.lastLines())
	case <-time.After(patience):
		s.t.Fatalf("the server does not listen:\n%s", s.lastLines())
	}
	s.env = append(s.env, "ADDR="+strings.TrimPrefix(s.url, "http://")) // the last one counts
}

func (s *site) readLog(stderr io.Reader, listening chan<- string) {
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		s.mu.Lock()
		s.log = append(s.log, lines.Text())
		s.mu.Unlock()
		var line struct{ Msg, URL string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "listening" {
			listening <- line.URL
		}
	}
}

// stop ends the server as an administrator does, which must end it well.
func (s *site) stop() {
	s.t.Helper()
	s.end(syscall.SIGTERM)
	if status := s.process.ProcessState.ExitCode(); status != 0 {
		s.t.Errorf("after SIGTERM the server's exit status is %d, want 0:\n%s", status, s.lastLines())
	}
	s.process = nil
}

// kill ends the server without warning.
func (s *site) kill() {
	s.t.Helper()
	s.end(syscall.SIGKILL)
	s.process = nil
}

func (s *site) end(signal os.Signal) {
	s.t.Helper()
	if err := s.process.Process.Signal(signal); err != nil {
		s.t.Errorf("end the server: %v", err)
	}
	select {
	case <-s.ended:
	case <-time.After(patience):
		_ = s.process.Process.Kill()
		<-s.ended
		s.t.Errorf("the server did not end on %v:\n%s", signal, s.lastLines())
	}
}

// restart stops the server and starts it again at the same address.
func (s *site) restart() {
	s.t.Helper()
	s.stop()
	s.run()
}

func (s *site) database() string { return filepath.Join(s.folder, "twilightbark.db") }

// logged reports whether the server wrote something with that text in it.
func (s *site) logged(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(strings.Join(s.log, "\n"), text)
}

func (s *site) lastLines() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.log[max(0, len(s.log)-20):], "\n")
}

// checkLog makes the test fail if the server met a fault of its own.
func (s *site) checkLog() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, line := range s.log {
		if !strings.HasPrefix(line, "{") || strings.Contains(line, `"level":"ERROR"`) {
			s.t.Errorf("the server logged: %s", line)
		}
	}
}

const secret = "correct horse battery"

var names atomic.Int64

// member is somebody with an account, who talks without a browser.
type member struct {
	t      *testing.T
	site   *site
	name   string
	client *http.Client
}

// member registers a new one.
func (s *site) member(name string) *member {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	m := &member{t: s.t, site: s, name: name, client: &http.Client{
		Jar:           jar,
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{MaxIdleConnsPerHost: 8},
	}}
	s.t.Cleanup(m.client.CloseIdleConnections)
	m.send("/register", url.Values{
		"email": {name + "@example.com"}, "username": {name}, "password": {secret}, "password_confirm": {secret},
	})
	return m
}

// send posts a form that must be taken, and tells where it leads.
func (m *member) send(path string, form url.Values) (location string) {
	m.t.Helper()
	location, err := m.try(path, form)
	if err != nil {
		m.t.Fatal(err)
	}
	return location
}

func (m *member) try(path string, form url.Values) (location string, err error) {
	response, err := m.client.PostForm(m.site.url+path, form)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	page, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusSeeOther {
		err = fmt.Errorf("%s posts to %s: status %d, want 303:\n%s", m.name, path, response.StatusCode, page)
	}
	return response.Header.Get("Location"), err
}

// open opens a room by its name, and gives its path.
func (m *member) open(room string) string {
	m.t.Helper()
	return m.send("/rooms", url.Values{"name": {room}})
}

func (m *member) post(room, text string) {
	m.t.Helper()
	m.send(room+"/messages", url.Values{"body": {text}, "nonce": {nonce()}})
}

// watch keeps a stream of the room open, until the test is over.
func (m *member) watch(room string) {
	m.t.Helper()
	ctx, leave := context.WithCancel(context.Background())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, m.site.url+room+"/events", http.NoBody)
	if err != nil {
		m.t.Fatal(err)
	}
	request.Header.Set("Accept", "text/event-stream")
	response, err := (&http.Client{Jar: m.client.Jar}).Do(request)
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() {
		leave()
		_ = response.Body.Close()
	})
	go func() { _, _ = io.Copy(io.Discard, response.Body) }()
}

// chatter posts many messages, several at a time.
func (m *member) chatter(room string, count int) {
	m.t.Helper()
	var posters sync.WaitGroup
	for first := range 8 {
		posters.Go(func() {
			for n := first; n < count; n += 8 {
				text := fmt.Sprintf("This is thing %d of the %d that %s had to say.", n+1, count, m.name)
				if _, err := m.try(room+"/messages", url.Values{"body": {text}, "nonce": {nonce()}}); err != nil {
					m.t.Error(err)
					return
				}
			}
		})
	}
	posters.Wait()
}

func nonce() string { return fmt.Sprintf("e2e-%016d", names.Add(1)) }
