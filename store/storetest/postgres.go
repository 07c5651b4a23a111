package storetest

import (
	"bufio"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lib/pq"
)

// PostgresURL gives the address of a new and empty PostgreSQL database, for
// tests that open it themselves or hand it to a program. It is dropped when the
// test ends, whoever is still connected to it.
//
// The server is the one that TEST_POSTGRES_URL names, whose user must be allowed
// to create databases, or else a throwaway one. Do not measure on a throwaway
// one: it never waits for the disk.
//
// Each test has a database rather than a schema, since notifications, advisory
// locks and extensions belong to the database: in a shared one, parallel tests
// would hear each other's hints and wait for each other's migrations.
func PostgresURL(t testing.TB) string {
	t.Helper()
	server, err := postgresServer()
	if err != nil {
		t.Fatal(err)
	}
	name := "twilightbark_test_" + strings.ToLower(rand.Text())
	// In the locale C, nothing passes only because of the language of the server it was tested on.
	if err := execute(t.Context(), server, "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"); err != nil {
		t.Fatalf("create a database for the test: %v", err)
	}
	t.Cleanup(func() {
		// The test's own context is over by now.
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := execute(ctx, server, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	database := server
	database.Path = "/" + name
	return database.String()
}

// execute runs one statement on a connection of its own, so that no pool, nor
// its goroutine, outlives the test.
func execute(ctx context.Context, server url.URL, statement string) error {
	connector, err := pq.NewConnector(server.String())
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer func() { _ = db.Close() }() // the statement's own error says enough
	_, err = db.ExecContext(ctx, statement)
	return err
}

// postgresServer gives the address of the server's own database. The throwaway
// server is one per test program, started by the first test that asks: it is up
// in less than a second, and sharing one between the programs of a "go test
// ./..." would need them to agree on who stops it.
var postgresServer = sync.OnceValues(func() (url.URL, error) {
	if given := os.Getenv("TEST_POSTGRES_URL"); given != "" {
		address, err := url.Parse(given)
		if err != nil {
			return url.URL{}, fmt.Errorf("TEST_POSTGRES_URL: %w", err)
		}
		return *address, nil
	}
	return startPostgres()
})

// guard runs a PostgreSQL server in the folder $1 by the programs in $2 for as
// long as its input stays open. The other end of that input is held by the test
// program alone, and the kernel closes it however that program ends: so the
// server never outlives it, nor does the folder.
const guard = `
folder=$1 programs=$2
trap '"$programs/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1; rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
trap '' PIPE # the test program may be gone before it has read a word
{
	"$programs/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C --no-sync &&
	"$programs/pg_ctl" -D "$folder/data" -l "$folder/log" -o "$3" -w start
} >"$folder/start" 2>&1 || {
	cat "$folder/start" "$folder/log"
	exit 1
}
echo ready
read -r _
`

// guardian runs the guard. Kept here, since a garbage-collected input would be
// closed and stop the server.
var guardian *exec.Cmd

// startPostgres starts a server that only this user can reach, through a socket
// in a folder of its own.
func startPostgres() (url.URL, error) {
	programs, err := postgresPrograms()
	if err != nil {
		return url.URL{}, err
	}
	folder, owner, err := postgresFolder()
	if err != nil {
		return url.URL{}, err
	}
	settings := "-c listen_addresses= -c unix_socket_directories='" + folder + "' -c max_connections=200" +
		" -c fsync=off -c full_page_writes=off" // no test crashes the machine
	guardian = exec.CommandContext(context.Background(), "sh", "-c", guard, "sh", folder, programs, settings)
	// The working directory may be closed to another user.
	guardian.Dir = folder
	guardian.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	// In a session of its own, a terminal's interrupt ends the test program but not the guard.
	guardian.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: owner}
	if _, err := guardian.StdinPipe(); err != nil {
		return url.URL{}, err
	}
	output, err := guardian.StdoutPipe()
	if err != nil {
		return url.URL{}, err
	}
	if err := guardian.Start(); err != nil {
		return url.URL{}, errors.Join(err, os.RemoveAll(folder))
	}
	lines := bufio.NewReader(output)
	if first, _ := lines.ReadString('\n'); first != "ready\n" {
		rest, _ := io.ReadAll(lines)
		return url.URL{}, fmt.Errorf("PostgreSQL does not start: %w\n%s%s", guardian.Wait(), first, rest)
	}
	query := url.Values{"host": {folder}, "sslmode": {"disable"}}
	return url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: query.Encode()}, nil
}

// postgresFolder makes the server's folder and tells whose it is: PostgreSQL
// refuses to run as root, so root's tests run it as the user postgres.
func postgresFolder() (folder string, owner *syscall.Credential, err error) {
	if os.Geteuid() != 0 {
		folder, err = os.MkdirTemp("", "twilightbark-")
		return folder, nil, err
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return "", nil, fmt.Errorf("run the tests as another user than root, or make a user called postgres: %w", err)
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return "", nil, err
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return "", nil, err
	}
	// Not in root's own TMPDIR, which may be closed to others.
	if folder, err = os.MkdirTemp("/tmp", "twilightbark-"); err != nil {
		return "", nil, err
	}
	owner = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return folder, owner, os.Chown(folder, int(uid), int(gid))
}

// postgresPrograms finds the folder that the server's programs lie in. Debian
// and its relatives keep them out of PATH, one folder for each version.
func postgresPrograms() (string, error) {
	var folders []string
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			folders = append(folders, filepath.Dir(path))
		}
	}
	// pg_config belongs to the client's library, and may name a folder where no server is.
	if folder, err := exec.CommandContext(context.Background(), "pg_config", "--bindir").Output(); err == nil {
		folders = append(folders, strings.TrimSpace(string(folder)))
	}
	versions, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // its only error is a bad pattern
	slices.SortFunc(versions, func(a, b string) int { return postgresVersion(b) - postgresVersion(a) })
	folders = append(folders, versions...)
	for _, folder := range folders {
		if hasAll(folder, "initdb", "pg_ctl", "postgres") {
			return folder, nil
		}
	}
	return "", errors.New("PostgreSQL is missing: install the package postgresql, or name a server in TEST_POSTGRES_URL")
}

func postgresVersion(folder string) int {
	version, _ := strconv.Atoi(filepath.Base(filepath.Dir(folder)))
	return version
}

func hasAll(folder string, programs ...string) bool {
	return !slices.ContainsFunc(programs, func(program string) bool {
		_, err := exec.LookPath(filepath.Join(folder, program))
		return err != nil
	})
}
