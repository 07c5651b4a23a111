package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

const adminSecret = "herding sheep at dusk"

// secretFile writes a password into a file, as a host would.
func secretFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// onEachDatabase runs a test of the program on a database of each kind.
func onEachDatabase(t *testing.T, test func(t *testing.T, settings []string, db *store.Store)) {
	for name, address := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "chat.db") },
		"postgres": func(t *testing.T) string { return storetest.PostgresURL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := address(t)
			db, err := store.Open(t.Context(), at)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
			test(t, []string{"ADDR=localhost:0", "DATABASE_URL=" + at, "LOGIN_RATE=0"}, db)
		})
	}
}

// wantDone fails unless the command ends well, and gives what it printed.
func wantDone(t *testing.T, program *exec.Cmd) string {
	t.Helper()
	status, out, errOut := output(t, program)
	if status != 0 || errOut != "" {
		t.Fatalf("%v: got status %d, %q and the error %q, want status 0", program.Args[1:], status, out, errOut)
	}
	return out
}

func TestAdminCommands(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, settings []string, db *store.Store) {
		running := start(t, command(t, settings)) // all of it works beside a server
		create := func(args ...string) *exec.Cmd {
			return command(t, settings, append([]string{"admin", "create"}, args...)...)
		}
		first := newClient(t, running.url)
		first.register("bob")
		if bob, err := db.UserByName(t.Context(), "bob"); err != nil || bob.Role != chat.Member {
			t.Errorf("the first to register: got %+v, %v, want a member like any other", bob, err)
		}

		file := secretFile(t, adminSecret+"\r\nsecond line\n")
		wantRefusal(t, create("--email=ada", "--username=x", "--password-file="+file), "email: Enter one email", "username: Use 2 to 30")
		wantRefusal(t, create("--email=ada@example.com", "--username=Ada", "--password-file="+secretFile(t, "password1\n")), "password: Many people use")
		wantRefusal(t, create("--email=ada@example.com", "--username=Ada", "--password-file="+secretFile(t, strings.Repeat("a b ", 1000))), "password: This password is longer")
		wantRefusal(t, create("--email=ada@example.com", "--username=Ada", "--password-file=/no/such/file"), "--password-file", "no such file")
		wantRefusal(t, create("--email=ada@example.com", "--username=Ada"), "no terminal", "--password-file")
		wantRefusal(t, create("--email=BOB@example.com", "--username=Bob", "--password-file="+file), "email: There is an account", "username: This name is taken")
		wantDone(t, create("--email=Ada@Example.com", "--username=Ada", "--password-file="+file))
		if ada, err := db.UserByEmail(t.Context(), "ada@example.com"); err != nil || ada.Role != chat.Admin || ada.Username != "Ada" {
			t.Errorf("got %+v, %v, want an admin", ada, err)
		}
		ada := newClient(t, running.url)
		if status, _ := ada.post(t.Context(), "/login", form("email", "ada@example.com", "password", adminSecret)); status != http.StatusSeeOther {
			t.Errorf("logging in with the file's first line: got status %d, want 303", status)
		}
		typed := create("--email=eve@example.com", "--username=eve", "--password-file=-")
		typed.Stdin = strings.NewReader(adminSecret)
		wantDone(t, typed)

		wantRefusal(t, command(t, settings, "admin", "promote", "nobody"), `no account "nobody"`)
		wantRefusal(t, command(t, settings, "admin", "promote", "nobody@example.com"), `no account "nobody@example.com"`)
		if out := wantDone(t, command(t, settings, "admin", "promote", "BOB", "--role=moderator")); !strings.Contains(out, "bob was member and is moderator now") {
			t.Errorf("got %q", out)
		}
		if status, _ := first.post(t.Context(), "/rooms", form("name", "dogs")); status != http.StatusSeeOther {
			t.Errorf("bob's session of before: status %d", status)
		} else if _, err := db.Room(t.Context(), "dogs"); chat.KindOf(err) != chat.NotFound {
			t.Error("bob's session of before his new role still opens rooms")
		}
		if bob, err := db.UserByName(t.Context(), "bob"); err != nil || bob.Role != chat.Moderator {
			t.Errorf("got %+v, %v, want a moderator", bob, err)
		}
		wantEvents(t, db, "bob", chat.Event{Action: chat.RoleChanged, Detail: "member to moderator"})
		wantEvents(t, db, "ada", chat.Event{Action: chat.AccountCreated, Detail: "admin"})
	})
}

// wantEvents fails unless the audit table remembers each of the events.
func wantEvents(t *testing.T, db *store.Store, username string, events ...chat.Event) {
	t.Helper()
	user, err := db.UserByName(t.Context(), username)
	if err != nil {
		t.Fatal(err)
	}
	got, err := db.Events(t.Context(), user.ID, 20)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range events {
		found := false
		for _, event := range got {
			found = found || event.Action == want.Action && event.Detail == want.Detail && event.ActorID == 0
		}
		if !found {
			t.Errorf("got the events %+v of %s, want %+v among them", got, username, want)
		}
	}
}

func TestAdminResetPassword(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, settings []string, db *store.Store) {
		running := start(t, command(t, settings))
		bob := newClient(t, running.url)
		bob.register("bob")
		wantRefusal(t, command(t, settings, "admin", "reset-password", "nobody"), `no account "nobody"`)
		where := "ADDR=" + strings.TrimPrefix(running.url, "http://")
		older := strings.TrimSpace(wantDone(t, command(t, append(settings, where), "admin", "reset-password", "bob@example.com")))
		link := strings.TrimSpace(wantDone(t, command(t, append(settings, where), "admin", "reset-password", "bob")))
		path, ours := strings.CutPrefix(link, running.url)
		if !ours || !strings.HasPrefix(path, "/password-reset/") {
			t.Fatalf("got %q, want a link to %s", link, running.url)
		}
		fresh := form("password", adminSecret, "password_confirm", adminSecret)
		if status, _ := running.get(t, strings.TrimPrefix(older, running.url), ""); status != http.StatusGone {
			t.Errorf("the link before the newest: got status %d, want 410", status)
		}
		if status, _ := running.get(t, path, ""); status != http.StatusOK {
			t.Errorf("the link: got status %d, want 200", status)
		}
		for _, want := range []int{http.StatusSeeOther, http.StatusGone} {
			if status, _ := newClient(t, running.url).post(t.Context(), path, fresh); status != want {
				t.Errorf("a new password by the link: got status %d, want %d", status, want)
			}
		}
		if status, _ := bob.post(t.Context(), "/login", form("email", "bob@example.com", "password", adminSecret)); status != http.StatusSeeOther {
			t.Errorf("logging in with it: got status %d, want 303", status)
		}
		wantEvents(t, db, "bob", chat.Event{Action: chat.ResetLinkMade})
		out := wantDone(t, command(t, append(settings, "BASE_URL=https://chat.example.com"), "admin", "reset-password", "bob"))
		if !strings.HasPrefix(out, "https://chat.example.com/password-reset/") {
			t.Errorf("with a public address: got %q", out)
		}
	})
}

// terminal gives both ends of a new terminal: what a person has, and what a
// program gets.
func terminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = person.Close() })
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() })
	return person, program
}

// talk runs a command on a terminal, types each answer when it is asked, and
// gives what the person saw.
func talk(t *testing.T, command *exec.Cmd, answers ...string) (status int, seen string) {
	t.Helper()
	person, program := terminal(t)
	command.Stdin, command.Stdout, command.Stderr = program, program, program
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	_ = program.Close() // so that the terminal ends with the command
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	context.AfterFunc(ctx, func() { _ = command.Process.Kill() })
	var screen bytes.Buffer
	chunk := make([]byte, 1024)
	for answered := 0; ; {
		n, err := person.Read(chunk)
		screen.Write(chunk[:n])
		if answered < len(answers) && strings.Count(strings.ToLower(screen.String()), "password: ") > answered {
			if _, err := io.WriteString(person, answers[answered]+"\n"); err != nil {
				t.Fatal(err)
			}
			answered++
		}
		if err != nil { // the other end is closed
			break
		}
	}
	_ = command.Wait()
	return command.ProcessState.ExitCode(), screen.String()
}

func TestPasswordIsTypedUnseen(t *testing.T) {
	t.Parallel()
	settings := []string{"DATABASE_URL=sqlite:" + filepath.Join(t.TempDir(), "chat.db")}
	create := []string{"admin", "create", "--email=ada@example.com", "--username=ada"}
	status, seen := talk(t, command(t, settings, create...), adminSecret, "something else")
	if status != 1 || !strings.Contains(seen, "the two passwords differ") || strings.Contains(seen, adminSecret) {
		t.Errorf("two that differ: got status %d and %q", status, seen)
	}
	status, seen = talk(t, command(t, settings, create...), adminSecret, adminSecret)
	if status != 0 || !strings.Contains(seen, "ada is an admin now") || strings.Contains(seen, adminSecret) {
		t.Errorf("got status %d and %q, want success without the password on the screen", status, seen)
	}
}
