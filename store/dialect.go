package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/twilightbark/twilightbark/chat"
)

// All that differs between the two databases stands in this file.

//go:embed migrations
var migrations embed.FS

type engine struct {
	driver string // as database/sql knows it
	path   string // of SQLite's file
	source string // of PostgreSQL
}

func parseAddress(address string) (engine, error) {
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok && path != "" {
		return engine{driver: "sqlite", path: strings.TrimPrefix(path, "//")}, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return engine{}, errors.New(`the database's address must begin with "sqlite:" or "postgres://"`)
	}
	return engine{driver: "postgres", source: postgresSource(u)}, nil
}

// postgresSource adds the deadlines that keep a frozen server from freezing the
// site. What the address says itself stands.
func postgresSource(u *url.URL) string {
	query := u.Query()
	for name, value := range map[string]string{
		"connect_timeout":                     "5",
		"statement_timeout":                   "5000",
		"lock_timeout":                        "2000",
		"idle_in_transaction_session_timeout": "10000",
		"application_name":                    "twilightbark",
	} {
		if !query.Has(name) {
			query.Set(name, value)
		}
	}
	u.RawQuery = query.Encode()
	return u.String()
}

func (e engine) open(ctx context.Context) (read, write *sqlx.DB, err error) {
	if e.driver == "postgres" {
		return e.openPostgres(ctx)
	}
	if err := e.makeFolder(); err != nil {
		return nil, nil, err
	}
	// Pragmas stand in the address, since each connection of the pool needs them.
	file := "file:" + (&url.URL{Path: e.path}).EscapedPath() +
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
		"&_pragma=foreign_keys(1)&_pragma=journal_size_limit(67108864)"
	if write, err = sqlx.ConnectContext(ctx, "sqlite", file+"&_txlock=immediate"); err != nil {
		return nil, nil, err
	}
	write.SetMaxOpenConns(1)
	if read, err = sqlx.ConnectContext(ctx, "sqlite", file+"&_pragma=query_only(1)"); err != nil {
		return nil, nil, firstError(err, write.Close())
	}
	readers := max(4, runtime.NumCPU())
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	return read, write, nil
}

// makeFolder makes the folder that SQLite's file lies in.
func (e engine) makeFolder() error { return os.MkdirAll(filepath.Dir(e.path), 0o750) }

func (e engine) openPostgres(ctx context.Context) (read, write *sqlx.DB, err error) {
	db, err := sqlx.ConnectContext(ctx, "postgres", e.source)
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(20)
	db.SetConnMaxIdleTime(5 * time.Minute)
	db.SetConnMaxLifetime(30 * time.Minute)
	var encoding string
	if err := db.GetContext(ctx, &encoding, "SHOW server_encoding"); err != nil || encoding != "UTF8" {
		_ = db.Close()
		return nil, nil, firstError(err, fmt.Errorf("the database's encoding is %s, and must be UTF8", encoding))
	}
	return db, db, nil
}

func (e engine) migrate(ctx context.Context, db *sql.DB) error {
	provider, err := e.migrations(db)
	if err != nil {
		return err
	}
	known := provider.ListSources()
	current, err := provider.GetDBVersion(ctx)
	if err != nil {
		return err
	}
	if newest := known[len(known)-1].Version; current > newest {
		return fmt.Errorf("they are of version %d, newer than this program, which knows %d", current, newest)
	}
	_, err = provider.Up(ctx)
	return err
}

func (e engine) migrations(db *sql.DB) (*goose.Provider, error) {
	folder, err := fs.Sub(migrations, "migrations/"+e.driver)
	if err != nil {
		return nil, err
	}
	if e.driver == "sqlite" {
		return goose.NewProvider(goose.DialectSQLite3, db, folder)
	}
	// Nodes that start at the same moment migrate one after the other.
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, folder, goose.WithSessionLocker(locker))
}

// translate gives a driver's error in chat's words: no row is NotFound, and
// what will pass by itself (a server that restarts, a lock held too long, a
// full disk) is Unavailable. Any other stays what it is.
func translate(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		return &chat.Error{Kind: chat.NotFound, Message: "There is no such thing.", Err: err}
	}
	if passing(err) {
		return &chat.Error{Kind: chat.Unavailable, Message: "The site can't reach its memory just now. Please try again in a moment.", After: 2 * time.Second, Err: err}
	}
	return err
}

func passing(err error) bool {
	if failure, ok := errors.AsType[*sqlite.Error](err); ok {
		switch failure.Code() & 0xff { // the primary code; extended ones add detail above it
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
			return true
		}
		return false
	}
	if failure, ok := errors.AsType[*pq.Error](err); ok {
		switch failure.Code.Class() {
		case "08", "53", "57", "58": // connection, resources, operator's act, system
			return true
		case "40", "55": // rolled back by a deadlock, lock not had in time
			return true
		}
		return false
	}
	var network net.Error
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.As(err, &network) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
