// Package store keeps users, sessions, rooms and messages in SQLite or
// PostgreSQL, by one SQL text for both. It promises that what it has returned
// without an error is on disk, that a room's revisions are gapless and in
// commit order, and that all its methods may be called from many goroutines at
// once. It knows no HTTP and no HTML; its errors are chat's.
package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/twilightbark/twilightbark/chat"
)

// timeout bounds every statement outside a transaction, and every transaction
// as a whole, the wait for a free connection included.
const timeout = 5 * time.Second

// Store is a database. The zero value is of no use: call Open.
type Store struct {
	read  *sqlx.DB  // for what only looks
	write *sqlx.DB  // for what changes; on SQLite a single connection, so that writers queue
	tx    *sqlx.Tx  // set in a Store that InTx hands out
	until time.Time // when that transaction is broken off
	clock func() time.Time
}

// Open connects to the database that address names, "sqlite:PATH" or
// "postgres://…", and brings its tables up to date. Its errors are one line
// each, for the person who starts the program.
func Open(ctx context.Context, address string) (*Store, error) {
	engine, err := parseAddress(address)
	if err != nil {
		return nil, err
	}
	read, write, err := engine.open(ctx)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	s := &Store{read: read, write: write, clock: time.Now}
	if err := engine.migrate(ctx, write.DB); err != nil {
		_ = s.Close()
		return nil, fmt.Errorf("bring the database's tables up to date: %w", err)
	}
	return s, nil
}

// Close gives the database's connections back. Statements under way fail.
func (s *Store) Close() error {
	err := s.write.Close()
	if s.read != s.write {
		err = firstError(err, s.read.Close())
	}
	return err
}

// WithClock gives the same database seen by another clock, for tests of what
// happens after a time.
func (s *Store) WithClock(now func() time.Time) *Store {
	other := *s
	other.clock = now
	return &other
}

// Ping reports whether the database answers; its error has the kind Unavailable.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return translate(ctx, s.write.PingContext(ctx))
}

// InTx runs fn in one transaction, which is committed only if fn returns nil.
// The Store that fn gets works in the transaction and is of no use after it.
// The transaction does not end with ctx, so that a reader who leaves can't
// break off what was begun; it has its own deadline of 5 seconds. An error may
// leave open whether the commit happened: repeat only what may be repeated.
// Inside a transaction it runs fn as a part of that one.
func (s *Store) InTx(ctx context.Context, fn func(*Store) error) error {
	if s.tx != nil {
		return fn(s)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer timed(ctx, cancel)()
	tx, err := s.write.BeginTxx(ctx, nil)
	if err != nil {
		return translate(ctx, err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	inside := *s
	inside.tx = tx
	inside.until, _ = ctx.Deadline()
	if err := fn(&inside); err != nil {
		return err
	}
	return translate(ctx, tx.Commit())
}

func (s *Store) now() chat.Micros { return chat.At(s.clock()) }

// get loads one row into dst; that there is none is NotFound.
func (s *Store) get(ctx context.Context, dst any, query string, args ...any) error {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	if s.tx != nil {
		return translate(ctx, s.tx.GetContext(ctx, dst, query, args...))
	}
	return translate(ctx, s.read.GetContext(ctx, dst, query, args...))
}

// list loads any number of rows into the slice dst points to.
func (s *Store) list(ctx context.Context, dst any, query string, args ...any) error {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	if s.tx != nil {
		return translate(ctx, s.tx.SelectContext(ctx, dst, query, args...))
	}
	return translate(ctx, s.read.SelectContext(ctx, dst, query, args...))
}

// exec runs a statement that changes rows, and tells how many it changed.
func (s *Store) exec(ctx context.Context, query string, args ...any) (changed int64, err error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var result sql.Result
	if s.tx != nil {
		result, err = s.tx.ExecContext(ctx, query, args...)
	} else {
		result, err = s.write.ExecContext(ctx, query, args...)
	}
	if err != nil {
		return 0, translate(ctx, err)
	}
	changed, err = result.RowsAffected()
	return changed, translate(ctx, err)
}

// bounded gives a statement its deadline. One inside a transaction does not end
// with the reader who asked, for the same reason as the transaction.
func (s *Store) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.tx != nil {
		return context.WithDeadline(context.WithoutCancel(ctx), s.until)
	}
	bounded, cancel := context.WithTimeout(ctx, timeout)
	return bounded, timed(ctx, cancel)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// placeholders gives "$1, $2, …" for ids, and ids as arguments.
func placeholders(ids []int64) (marks string, args []any) { return placeholdersFrom(1, ids) }

// placeholdersFrom begins with the number first.
func placeholdersFrom(first int, ids []int64) (marks string, args []any) {
	var b strings.Builder
	for i, id := range ids {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(first+i))
		args = append(args, id)
	}
	return b.String(), args
}
