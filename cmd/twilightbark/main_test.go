package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/store/storetest"
)

// asProgram makes this test's own executable be the program, so that nothing
// has to be built, and the race detector looks on.
const asProgram = "TWILIGHTBARK_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// command gives the program to run with those settings and arguments, in a
// folder of its own, and knowing nothing of the environment of the tests.
func command(t *testing.T, settings []string, args ...string) *exec.Cmd {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := exec.CommandContext(t.Context(), executable, args...)
	program.Dir = t.TempDir()
	program.Env = append([]string{asProgram + "=1", "HOME=" + program.Dir, "PATH=" + os.Getenv("PATH"), "FORM_AGE=0"}, settings...)
	return program
}

// output runs the program to its end, and gives its status and what it printed.
func output(t *testing.T, program *exec.Cmd) (status int, out, errOut string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	program.Stdout, program.Stderr = &stdout, &stderr
	err := program.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatal(err)
	}
	return program.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

// wantRefusal fails unless the program ends at once, with an error in one line
// that holds each part.
func wantRefusal(t *testing.T, program *exec.Cmd, parts ...string) {
	t.Helper()
	status, out, errOut := output(t, program)
	line, rest, _ := strings.Cut(errOut, "\n")
	missing := func(part string) bool { return !strings.Contains(line, part) }
	if status != 1 || out != "" || rest != "" || !strings.HasPrefix(line, "twilightbark: ") || slices.ContainsFunc(parts, missing) {
		t.Errorf("got status %d, %q and the error %q, want status 1 and one line with %q", status, out, errOut, parts)
	}
}

// server is the program serving.
type server struct {
	*exec.Cmd
	url    string
	ended  chan struct{} // closed when it has
	faults []string      // log lines at level ERROR, to be read when it has ended
	once   sync.Once
}

// start starts the program and waits until it listens. It is killed when the
// test ends, if it still runs.
func start(t *testing.T, program *exec.Cmd) *server {
	t.Helper()
	s := &server{Cmd: program, ended: make(chan struct{})}
	log, err := program.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		var line struct{ Msg, URL string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("got the log line %q, want JSON where no terminal reads it", lines.Text())
		}
		if s.url = line.URL; line.Msg == "listening" {
			go func() {
				defer close(s.ended)
				for lines.Scan() { // ends with the server
					if !strings.HasPrefix(lines.Text(), "{") || strings.Contains(lines.Text(), `"level":"ERROR"`) {
						s.faults = append(s.faults, lines.Text())
					}
				}
			}()
			return s
		}
	}
	t.Fatalf("the server does not start: %v", program.Wait())
	return nil
}

// kill ends the server as a crash does.
func (s *server) kill() {
	_ = s.Process.Kill()
	s.wait()
}

func (s *server) wait() {
	s.once.Do(func() {
		<-s.ended
		_ = s.Wait() // its state tells how it ended
	})
}

// wantEnd sends the signal, and fails unless the server ends soon with status 0.
func (s *server) wantEnd(t *testing.T, signal os.Signal) {
	t.Helper()
	begun := time.Now()
	if err := s.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.ended:
	case <-time.After(20 * time.Second):
		t.Fatalf("20 s after %v: the server still runs", signal)
	}
	s.wait()
	if took := time.Since(begun); s.ProcessState.ExitCode() != 0 || took > 5*time.Second {
		t.Errorf("after %v: got %v after %v, want status 0 within a few seconds", signal, s.ProcessState, took)
	}
}

// wantNoFault fails if the server, which has ended, met a fault of its own.
func (s *server) wantNoFault(t *testing.T) {
	t.Helper()
	s.wait()
	for _, line := range s.faults {
		t.Errorf("the server logged: %s", line)
	}
}

// get asks the server for a page, for the host if one is given.
func (s *server) get(t *testing.T, path, host string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestMalformedSettings(t *testing.T) {
	for _, test := range []struct {
		setting string
		want    []string // parts of the line; one names the setting
	}{
		{"ADDR=", []string{"ADDR"}},
		{"ADDR=localhost", []string{"ADDR", "missing port"}},
		{"ADDR=localhost:99999", []string{"ADDR", "99999"}},
		{"ADDR=localhost:no-such-port", []string{"ADDR"}},
		{"ADDR=256.256.256.256:0", []string{"ADDR"}},
		{"ADDR=a\nb:0", []string{"ADDR"}},
		{"BASE_URL=chat.example.com", []string{"--base-url", "https://chat.example.com"}},
		{"BASE_URL=ftp://chat.example.com", []string{"--base-url"}},
		{"BASE_URL=https://", []string{"--base-url"}},
		{"BASE_URL=https://chat.example.com/chat", []string{"--base-url"}},
		{"BASE_URL=https://ada@chat.example.com", []string{"--base-url"}},
		{"BASE_URL=https://chat.example.com?a=b", []string{"--base-url"}},
		{"BASE_URL=https://a\nb", []string{"--base-url"}},
		{"DATABASE_URL=mysql://localhost/x", []string{"DATABASE_URL", "postgres://"}},
		{"DATABASE_URL=twilightbark.db", []string{"DATABASE_URL"}},
		{"DATABASE_URL=sqlite:", []string{"DATABASE_URL"}},
		{"DATABASE_URL=sqlite:/proc/nowhere/x.db", []string{"DATABASE_URL", "/proc/nowhere"}},
		{"DATABASE_URL=postgres://localhost:1/x?sslmode=disable", []string{"DATABASE_URL", "refused"}},
		{"DATABASE_URL=postgres://localhost:1/x?sslmode=perhaps", []string{"DATABASE_URL", "sslmode"}},
		{"DATABASE_URL=postgres://%zz", []string{"DATABASE_URL"}},
		{"DATA_DIR=", []string{"DATA_DIR"}},
		{"DATA_DIR=/dev/null", []string{"DATA_DIR", "/dev/null"}},
		{"TIME_ZONE=Mars/Olympus", []string{"--time-zone", "Mars/Olympus"}},
		{"TIME_ZONE=Local", []string{"--time-zone"}},
		{"TIME_ZONE=../../etc/passwd", []string{"--time-zone"}},
		{"SITE_NAME=", []string{"SITE_NAME"}},
		{"STYLESHEET=none.css", []string{"--stylesheet", "none.css"}},
		{"STYLESHEET=.", []string{"--stylesheet"}},
		{"STYLESHEET=" + os.Args[0], []string{"--stylesheet", "UTF-8"}},
		{"REGISTRATION=maybe", []string{"--registration", "maybe"}},
		{"REGISTRATION=", []string{"--registration"}},
		{"TRUSTED_PROXIES=proxy.example.com", []string{"--trusted-proxies", "proxy.example.com"}},
		{"TRUSTED_PROXIES=10.0.0.0/33", []string{"--trusted-proxies"}},
		{"TRUSTED_PROXIES=10.0.0.1, 10.0.0", []string{"--trusted-proxies"}},
		{"POST_RATE=10", []string{"--post-rate", "10/1m"}},
		{"POST_RATE=", []string{"--post-rate"}},
		{"POST_RATE=-1/10s", []string{"--post-rate"}},
		{"POST_RATE=10/10", []string{"--post-rate"}},
		{"FORM_AGE=soon", []string{"--form-age", "soon"}},
		{"FORM_AGE=-1s", []string{"FORM_AGE"}},
		{"NOTICE_AFTER=soon", []string{"--notice-after", "soon"}},
		{"NOTICE_AFTER=", []string{"--notice-after"}},
		{"NOTICE_AFTER=10", []string{"--notice-after"}},
		{"NOTICE_AFTER=0", []string{"NOTICE_AFTER"}},
		{"NOTICE_AFTER=-1s", []string{"NOTICE_AFTER"}},
		{"NOTICE_AFTER=48h", []string{"NOTICE_AFTER", "24h"}},
		{"LOGIN_RATE=0/1m", []string{"--login-rate"}},
		{"LOGIN_RATE=10/1ms", []string{"--login-rate"}},
		{"LOGIN_RATE=99999999999999999999/1m", []string{"--login-rate"}},
		{"MAX_STREAMS_PER_ADDR=many", []string{"--max-streams-per-addr", "many"}},
		{"MAX_STREAMS_PER_ADDR=-1", []string{"MAX_STREAMS_PER_ADDR"}},
		{"MAX_STREAMS_PER_ADDR=1.5", []string{"--max-streams-per-addr"}},
	} {
		t.Run(test.setting, func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, command(t, []string{"ADDR=localhost:0", test.setting}), test.want...)
		})
	}
}

// A password in a database's address stays out of what is printed.
func TestErrorsKeepPasswords(t *testing.T) {
	for _, address := range []string{"postgres://ada:s3cret@localhost:1/x?sslmode=disable", "postgres://ada:s3cret@localhost:%zz/x", "pg://ada:s3cret@localhost/x"} {
		program := command(t, []string{"ADDR=localhost:0", "DATABASE_URL=" + address})
		if status, _, errOut := output(t, program); status != 1 || strings.Contains(errOut, "s3cret") {
			t.Errorf("with the address %s: got status %d and the error %q, want status 1 and no password in it", address, status, errOut)
		}
	}
}

func TestWrongCommandLines(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--no-such-flag"}, "--no-such-flag"},
		{[]string{"no-such-command"}, "no-such-command"},
		{[]string{"serve", "now"}, "now"},
		{[]string{"version", "--addr=localhost:0"}, "--addr"},
		{[]string{"serve", "--addr=nowhere"}, "ADDR"},
		{[]string{"serve", "--time-zone=Mars"}, "--time-zone"},
		{[]string{"migrate", "--database-url=mysql://x"}, "DATABASE_URL"},
		{[]string{"--max-streams-per-addr"}, "--max-streams-per-addr"},
		{[]string{"migrate", "--data-dir="}, "DATA_DIR"},
		{[]string{"admin", "create", "--email=ada@example.com"}, "--username"},
		{[]string{"admin", "promote"}, "account"},
		{[]string{"admin", "promote", "ada", "--role=queen"}, "--role"},
		{[]string{"admin", "reset-password"}, "account"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, command(t, []string{"ADDR=localhost:0"}, test.args...), test.want)
		})
	}
}

func TestVersionAndHelp(t *testing.T) {
	settings := []string{
		"ADDR", "BASE_URL", "DATABASE_URL", "DATA_DIR", "SITE_NAME", "TIME_ZONE", "REGISTRATION",
		"TRUSTED_PROXIES", "POST_RATE", "LOGIN_RATE", "FORM_AGE", "MAX_STREAMS_PER_ADDR",
		"MAIL_URL", "MAIL_FROM", "NOTICE_AFTER", "AUDIT_RETENTION", "DEV",
		"STYLESHEET", "FOOTER", "ABOUT",
	}
	for _, test := range []struct {
		args []string
		want []string
	}{
		{[]string{"version"}, []string{"twilightbark "}},
		{[]string{"--help"}, []string{"serve", "migrate", "version", "admin create", "admin promote", "admin reset-password"}},
		{[]string{"serve", "--help"}, settings},
		{[]string{"migrate", "--help"}, []string{"DATABASE_URL", "DATA_DIR"}},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			t.Parallel()
			program := command(t, []string{"DATABASE_URL=nonsense"}, test.args...) // which they don't need
			status, out, errOut := output(t, program)
			missing := func(part string) bool { return !strings.Contains(out, part) }
			if status != 0 || errOut != "" || slices.ContainsFunc(test.want, missing) {
				t.Errorf("got status %d, %q and the error %q, want status 0 and %q", status, out, errOut, test.want)
			}
			if left, err := os.ReadDir(program.Dir); err != nil || len(left) > 0 {
				t.Errorf("got %v written, %v, want nothing", left, err)
			}
		})
	}
}

func TestMigrate(t *testing.T) {
	for name, address := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "new", "chat.db") },
		"postgres": func(t *testing.T) string { return storetest.PostgresURL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := []string{"ADDR=localhost:0", "DATABASE_URL=" + address(t)}
			migrate := func(when string) {
				t.Helper()
				if status, out, errOut := output(t, command(t, settings, "migrate")); status != 0 || !strings.Contains(out, "up to date") || errOut != "" {
					t.Errorf("%s: got status %d, %q and the error %q, want status 0 and a word of success", when, status, out, errOut)
				}
			}
			migrate("on an empty database")
			migrate("a second time")
			running := start(t, command(t, settings))
			migrate("beside a server")
			if status, _ := running.get(t, "/readyz", ""); status != http.StatusOK {
				t.Errorf("the server after it: got status %d, want 200", status)
			}
		})
	}
}

// Everything has a default, and what is written stays in one folder.
func TestNoSettings(t *testing.T) {
	if listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "localhost:8080"); err != nil {
		t.Logf("the default port is taken, so another is set: %v", err)
	} else if err := listener.Close(); err != nil {
		t.Fatal(err)
	} else {
		running := start(t, command(t, nil))
		if running.url != "http://127.0.0.1:8080" && running.url != "http://[::1]:8080" {
			t.Errorf("got it listening at %s, want localhost:8080", running.url)
		}
		running.wantEnd(t, syscall.SIGTERM)
	}
	program := command(t, []string{"ADDR=localhost:0"})
	running := start(t, program)
	if status, body := running.get(t, "/", ""); status != http.StatusOK || !strings.Contains(body, "Angel&#39;s Twilight Bark") {
		t.Errorf("the home page: got status %d and %.300q, want 200 and the site's name", status, body)
	}
	running.wantEnd(t, syscall.SIGTERM)
	var written []string
	entries, err := os.ReadDir(program.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		written = append(written, entry.Name())
	}
	if !slices.Equal(written, []string{"data"}) {
		t.Errorf("got %q written, want data alone", written)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	own := filepath.Join(t.TempDir(), "own.css")
	if err := os.WriteFile(own, []byte(":root{--tag:darkgreen}"), 0o600); err != nil {
		t.Fatal(err)
	}
	running := start(t, command(t, []string{
		"STYLESHEET=" + own, "FOOTER=Run by Ada", "ABOUT=A site for dogs",
		"ADDR=localhost:1", "SITE_NAME=From the environment", "BASE_URL=https://chat.example.com/", "TIME_ZONE=Europe/Berlin", "REGISTRATION=closed",
		"TRUSTED_PROXIES=10.0.0.0/8, ::1,", "POST_RATE=0", "LOGIN_RATE=5/90s", "MAX_STREAMS_PER_ADDR=0",
	}, "serve", "--addr=localhost:0", "--site-name=From the flags", "--data-dir=elsewhere"))
	if status, body := running.get(t, "/", "chat.example.com"); status != http.StatusOK || !strings.Contains(body, "From the flags") || strings.Contains(body, "From the environment") {
		t.Errorf("the home page: got status %d and %.300q, want 200 and the name that the flag gives", status, body)
	}
	if status, body := running.get(t, "/about", "chat.example.com"); status != http.StatusOK || !strings.Contains(body, "A site for dogs") || !strings.Contains(body, "Run by Ada") || !strings.Contains(body, "/static/own-") {
		t.Errorf("the page about the site: got status %d and %.300q, want 200 and what is set", status, body)
	}
	if status, _ := running.get(t, "/", ""); status != http.StatusMisdirectedRequest {
		t.Errorf("a request for another host than BASE_URL's: got status %d, want 421", status)
	}
	if status, _ := running.get(t, "/register", "chat.example.com"); status != http.StatusForbidden {
		t.Errorf("registering when it is closed: got status %d, want 403", status)
	}
	if _, err := os.Stat(filepath.Join(running.Dir, "elsewhere", "twilightbark.db")); err != nil {
		t.Errorf("the database in the folder that the flag names: %v", err)
	}
}

// Streams go on for a quarter of an hour, and must not hold up a stop.
func TestStopWithOpenStreams(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			running := start(t, command(t, []string{"ADDR=localhost:0", "POST_RATE=0", "LOGIN_RATE=0"}))
			ada := newClient(t, running.url)
			ada.register("ada")
			if status, _ := ada.post(t.Context(), "/rooms", form("name", "dogs")); status != http.StatusSeeOther {
				t.Fatalf("open a room: status %d", status)
			}
			ended := make(chan error, 8)
			for range 4 {
				for _, path := range []string{"/rooms/dogs/events", "/rooms/dogs/live"} {
					stream, err := ada.open(t.Context(), path)
					if err != nil {
						t.Fatal(err)
					}
					go func() {
						defer func() { _ = stream.Close() }()
						_, err := io.Copy(io.Discard, stream)
						ended <- err
					}()
				}
			}
			select {
			case err := <-ended:
				t.Fatalf("a stream ended by itself: %v", err)
			case <-time.After(100 * time.Millisecond):
			}
			running.wantEnd(t, signal)
			for range 8 {
				if err := <-ended; err != nil {
					t.Errorf("a stream: got %v, want a clean end", err)
				}
			}
		})
	}
}

func TestTakenPort(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	wantRefusal(t, command(t, []string{"ADDR=" + listener.Addr().String()}), "ADDR", "in use")
}

// Two servers on one SQLite file would know nothing of each other's viewers. On
// PostgreSQL, a second one is welcome.
func TestSecondServer(t *testing.T) {
	t.Parallel()
	settings := []string{"ADDR=localhost:0", "DATABASE_URL=sqlite:" + filepath.Join(t.TempDir(), "chat.db")}
	first := start(t, command(t, settings))
	wantRefusal(t, command(t, settings), "DATABASE_URL", "another twilightbark", "chat.db")
	if status, _ := first.get(t, "/readyz", ""); status != http.StatusOK {
		t.Errorf("the first server after it: got status %d, want 200", status)
	}
	first.kill()
	start(t, command(t, settings)).wantEnd(t, syscall.SIGTERM) // no lock outlives a crash

	settings = []string{"ADDR=localhost:0", "DATABASE_URL=" + storetest.PostgresURL(t)}
	start(t, command(t, settings))
	start(t, command(t, settings))
}

// A start that is broken off leaves nothing half done.
func TestStopWhileStarting(t *testing.T) {
	t.Parallel()
	settings := []string{"ADDR=localhost:0", "DATABASE_URL=sqlite:" + filepath.Join(t.TempDir(), "chat.db")}
	for delay := range 5 {
		program := command(t, settings)
		if err := program.Start(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(delay)*30*time.Millisecond)
		<-ctx.Done()
		cancel()
		_ = program.Process.Signal(syscall.SIGTERM)
		_ = program.Wait() // with whatever status
	}
	start(t, command(t, settings)).wantEnd(t, syscall.SIGTERM)
}
