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
	"strconv"
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
	driver    string        // as database/sql knows it
	path      string        // of SQLite's file
	source    string        // of PostgreSQL
	migrating string        // the same, for changing tables
	patience  time.Duration // with PostgreSQL's server: how long it may be silent when asked; 0 for ever
}

func parseAddress(address string) (engine, error) {
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok && path != "" {
		return engine{driver: "sqlite", path: strings.TrimPrefix(path, "//")}, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return engine{}, errors.New(`the database's address must begin with "sqlite:" or "postgres://"`)
	}
	source := postgresSource(u)
	return engine{driver: "postgres", source: source.String(), migrating: migratingSource(source), patience: patience(source)}, nil
}

// postgresSource adds the deadlines that keep a frozen server from freezing the
// site. What the address says itself stands.
func postgresSource(u *url.URL) *url.URL {
	query := u.Query()
	for name, value := range map[string]string{
		"connect_timeout":                     "5",
		"statement_timeout":                   "5000",
		"lock_timeout":                        "2000",
		"idle_in_transaction_session_timeout": "10000",
		"application_name":                    "twilightbark",
		"jit":                                 "off", // to compile a search takes longer than to run it
	} {
		if !query.Has(name) {
			query.Set(name, value)
		}
	}
	u.RawQuery = query.Encode()
	return u
}

// migratingSource lets a statement run for as long as it takes: to index a large
// table takes longer than any request may.
func migratingSource(source *url.URL) string {
	slow := *source
	query := slow.Query()
	query.Set("statement_timeout", "0")
	query.Set("lock_timeout", "60000")
	slow.RawQuery = query.Encode()
	return slow.String()
}

// patience is a little longer than the time after which a server that lives
// ends a statement by itself.
func patience(source *url.URL) time.Duration {
	milliseconds, err := strconv.Atoi(source.Query().Get("statement_timeout"))
	if err != nil || milliseconds <= 0 {
		return 0 // without end, or in units of PostgreSQL's own
	}
	return time.Duration(milliseconds)*time.Millisecond + 2*time.Second
}

// dialer makes connections that break when the server is silent for too long.
// The driver itself waits for an answer even past the end of its context: a
// server that froze would hold every request for ever.
type dialer struct{ patience time.Duration }

func (d dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

func (d dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.DialContext(ctx, network, address)
}

func (d dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil || d.patience == 0 {
		return conn, err
	}
	return impatient{conn, d.patience}, nil
}

type impatient struct {
	net.Conn
	patience time.Duration
}

func (c impatient) Read(into []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.patience)); err != nil {
		return 0, err
	}
	return c.Conn.Read(into)
}

func (e engine) open(ctx context.Context) (read, write *sqlx.DB, err error) {
	if e.driver == "postgres" {
		return e.openPostgres(ctx)
	}
	if err := e.makeFile(); err != nil {
		return nil, nil, err
	}
	// Pragmas stand in the address, since each connection of the pool needs them.
	file := "file:" + (&url.URL{Path: e.path}).EscapedPath() +
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
		"&_pragma=foreign_keys(1)&_pragma=journal_size_limit(67108864)"
	if write, err = connect(ctx, file+"&_txlock=immediate"); err != nil {
		return nil, nil, err
	}
	write.SetMaxOpenConns(1)
	if read, err = connect(ctx, file+"&_pragma=query_only(1)"); err != nil {
		return nil, nil, firstError(err, write.Close())
	}
	readers := max(4, runtime.NumCPU())
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	return read, write, nil
}

// connect opens a SQLite file. Sqlx's own Connect leaves what it can't open open.
func connect(ctx context.Context, source string) (*sqlx.DB, error) {
	db, err := sqlx.Open("sqlite", source)
	if err != nil {
		return nil, err
	}
	if err := db.PingContext(ctx); err != nil {
		return nil, firstError(err, db.Close())
	}
	return db, nil
}

// makeFolder makes the folder that SQLite's file lies in.
func (e engine) makeFolder() error { return os.MkdirAll(filepath.Dir(e.path), 0o750) }

// makeFile makes SQLite's file if there is none, so that only its owner can read
// what people keep in it. SQLite gives its other files the same rights.
func (e engine) makeFile() error {
	if err := e.makeFolder(); err != nil {
		return err
	}
	file, err := os.OpenFile(e.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil // and is not opened here, for the sake of SQLite's locks
	}
	if err != nil {
		return err
	}
	return file.Close()
}

func (e engine) openPostgres(ctx context.Context) (read, write *sqlx.DB, err error) {
	connector, err := pq.NewConnector(e.source)
	if err != nil {
		return nil, nil, err
	}
	connector.Dialer(dialer{patience: e.patience})
	db := sqlx.NewDb(sql.OpenDB(connector), "postgres")
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
	if e.driver == "postgres" {
		slow, err := sql.Open("postgres", e.migrating)
		if err != nil {
			return err
		}
		defer func() { _ = slow.Close() }() // what was done is committed
		db = slow
	}
	provider, err := e.migrations(db)
	if err != nil {
		return err
	}
	known := provider.ListSources()
	newest := known[len(known)-1].Version
	for before := int64(-1); ; {
		current, err := provider.GetDBVersion(ctx)
		if err != nil {
			return err
		}
		if current > newest {
			return fmt.Errorf("they are of version %d, newer than this program, which knows %d", current, newest)
		}
		_, upErr := provider.Up(ctx)
		if upErr == nil || current == before {
			return upErr
		}
		before = current // on SQLite, nothing keeps another process from being a step ahead: look once more
	}
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
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60)) // looks every second
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, folder, goose.WithSessionLocker(locker))
}

// engineFigures tells what the database is, how large, and how much it may still
// grow: 0 where it lies on a disk of another machine.
func (s *Store) engineFigures(ctx context.Context) (name string, size, free int64, err error) {
	var engine struct {
		Version string
		Size    int64
		File    string
	}
	if s.read.DriverName() == "postgres" {
		err = s.get(ctx, &engine, `
			SELECT split_part(current_setting('server_version'), ' ', 1) AS version, pg_database_size(current_database()) AS size, '' AS file`)
		return "PostgreSQL " + engine.Version, engine.Size, 0, err
	}
	err = s.get(ctx, &engine, `
		SELECT sqlite_version() AS version, pages.page_count * page.page_size AS size, main.file
		FROM pragma_page_count() pages, pragma_page_size() page, pragma_database_list() main WHERE main.name = 'main'`)
	if err == nil {
		free, err = freeBytes(engine.File)
	}
	return "SQLite " + engine.Version, engine.Size, free, err
}

// translate gives a driver's error in chat's words: no row is NotFound, what is
// there already and may be there once only is Conflict, and what will pass by itself (a server that restarts, a lock held too long, a
// full disk) is Unavailable. Any other stays what it is, save that of one who
// left while the database was asked, which each driver words in its own way.
func translate(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	if errors.Is(err, sql.ErrNoRows) {
		return &chat.Error{Kind: chat.NotFound, Message: "There is no such thing.", Err: err}
	}
	if doubled(err) {
		return &chat.Error{Kind: chat.Conflict, Message: "Someone was faster.", Err: err}
	}
	if passing(err) {
		return &chat.Error{Kind: chat.Unavailable, Message: "The site can't reach its memory just now. Please try again in a moment.", After: 2 * time.Second, Err: err}
	}
	return err
}

func doubled(err error) bool {
	if failure, ok := errors.AsType[*sqlite.Error](err); ok {
		return failure.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || failure.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	failure, ok := errors.AsType[*pq.Error](err)
	return ok && failure.Code == "23505" // unique_violation
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
		case "25", "0A": // what a standby says to a statement that writes, and to a transaction that may
			return failure.Code == "25006" || failure.Code == "0A000"
		}
		return false
	}
	var network net.Error
	return err.Error() == "sql: database is closed" || // an error that database/sql does not export
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, sql.ErrTxDone) || errors.As(err, &network) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// awaitWriter waits for the transactions that write rows which name the user, and
// keeps others from doing so until this one ends. On SQLite there are none, since
// one transaction writes at a time.
func (s *Store) awaitWriter(ctx context.Context, userID int64) error {
	if !s.postgres() {
		return nil
	}
	_, err := s.exec(ctx, `SELECT id FROM users WHERE id = $1 FOR UPDATE`, userID)
	return err
}

// stillMay is mayWrite for the end of a transaction, after the rows that name who
// writes: they wait for a deletion of the account, or a sanction, that is under
// way, so that this sees how it ended. On SQLite none can have come between.
func (s *Store) stillMay(ctx context.Context, userID, roomID int64) error {
	if !s.postgres() {
		return nil
	}
	_, _, err := s.mayWrite(ctx, userID, roomID)
	return err
}

func (s *Store) postgres() bool { return s.write.DriverName() == "postgres" }

// wordsBlock is how many messages, by their ids, are a block of PostgreSQL's
// index of words.
const wordsBlock = 8192

func blockToken(id int64) string { return "¤" + strconv.FormatInt(id/wordsBlock, 10) }

// candidates gives up to limit messages before one that have all the tokens, the
// newest first. There is no quotation mark in a token.
func (s *Store) candidates(ctx context.Context, tokens []string, before int64, limit int) (ids []int64, err error) {
	if !s.postgres() {
		err = s.list(ctx, &ids, `
			SELECT rowid FROM message_words WHERE message_words MATCH $1 AND rowid < $2
			ORDER BY rowid DESC LIMIT $3`, `"`+strings.Join(tokens, `" AND "`)+`"`, before, limit)
		return ids, err
	}
	// PostgreSQL would gather all that have the tokens before it sorts them. So it
	// is asked for one block after the other, and stops when there are enough. Each
	// token is a condition of its own, since its index leaps from one condition's
	// next message to the other's, and takes single steps within one. The sum keeps
	// it from reading a block in order of the ids instead of by the words.
	var having strings.Builder
	args := []any{before, before, limit, limit}
	for _, token := range tokens {
		args = append(args, "'"+token+"'")
		fmt.Fprintf(&having, " AND w.words @@ $%d::tsquery", len(args))
	}
	err = s.list(ctx, &ids, `
		SELECT hit.message_id
		FROM generate_series((SELECT LEAST(COALESCE(MAX(message_id), 0), $1::bigint - 1) FROM message_words) / 8192, 0, -1) AS block
		CROSS JOIN LATERAL (
			SELECT w.message_id FROM message_words w
			WHERE w.words @@ ('''¤' || block || '''')::tsquery AND w.message_id < $2`+having.String()+`
			ORDER BY w.message_id + 0 DESC LIMIT $3
		) hit
		LIMIT $4`, args...)
	return ids, err
}

// setWords makes the index hold the messages as they are: those that are deleted
// no more.
func (s *Store) setWords(ctx context.Context, messages []indexed) error {
	var gone []int64
	var rows strings.Builder
	var args []any
	for _, m := range messages {
		if m.DeletedAt != 0 {
			gone = append(gone, m.ID)
			continue
		}
		if len(args) > 0 {
			rows.WriteString(", ")
		}
		n := len(args)
		if s.postgres() {
			fmt.Fprintf(&rows, "($%d, array_to_tsvector(string_to_array($%d, ' ')))", n+1, n+2)
			args = append(args, m.ID, m.words()+" "+blockToken(m.ID))
		} else {
			fmt.Fprintf(&rows, "($%d, $%d)", n+1, n+2)
			args = append(args, m.ID, m.words())
		}
	}
	set, drop := `INSERT OR REPLACE INTO message_words (rowid, words) VALUES `+rows.String(), `DELETE FROM message_words WHERE rowid IN `
	if s.postgres() {
		set = `INSERT INTO message_words (message_id, words) VALUES ` + rows.String() + ` ON CONFLICT (message_id) DO UPDATE SET words = excluded.words`
		drop = `DELETE FROM message_words WHERE message_id IN `
	}
	if len(args) > 0 {
		if _, err := s.exec(ctx, set, args...); err != nil {
			return err
		}
	}
	if len(gone) == 0 {
		return nil
	}
	marks, ids := placeholders(gone)
	_, err := s.exec(ctx, drop+`(`+marks+`)`, ids...)
	return err
}
