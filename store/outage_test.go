package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// proxy stands between a store and its PostgreSQL, to break the connections
// that a test says.
type proxy struct {
	listener net.Listener
	server   string // network and address
	network  string
	tripwire atomic.Pointer[[]byte] // the connection on which it is sent is cut when the server answers, before the client hears of it
	frozen   atomic.Bool            // nothing goes through any more, yet nothing is closed

	mu     sync.Mutex // guards what follows
	conns  map[net.Conn]bool
	closed bool
	tasks  sync.WaitGroup
}

// newProxy gives a proxy to the database of that address, and its own address.
func newProxy(t *testing.T, address string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	p := &proxy{network: "tcp", server: u.Host, conns: map[net.Conn]bool{}}
	if folder := query.Get("host"); folder != "" {
		port := query.Get("port")
		if port == "" {
			port = "5432"
		}
		p.network, p.server = "unix", filepath.Join(folder, ".s.PGSQL."+port)
		query.Del("host")
		query.Del("port")
	} else if u.Port() == "" {
		p.server = net.JoinHostPort(u.Hostname(), "5432")
	}
	if p.listener, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	p.tasks.Go(p.accept)
	t.Cleanup(p.stop)
	u.Host, u.RawQuery = p.listener.Addr().String(), query.Encode()
	return p, u.String()
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := (&net.Dialer{}).DialContext(context.Background(), p.network, p.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		if p.closed {
			_, _ = client.Close(), server.Close()
		} else {
			p.conns[client], p.conns[server] = true, true
			var cut atomic.Bool
			p.tasks.Go(func() { p.carry(server, client, true, &cut) })
			p.tasks.Go(func() { p.carry(client, server, false, &cut) })
		}
		p.mu.Unlock()
	}
}

// carry copies from one end to the other until either is closed. It looks for the
// tripwire in what is watched, the way to the server; cut is the connection's.
func (p *proxy) carry(to, from net.Conn, watched bool, cut *atomic.Bool) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if p.frozen.Load() {
			continue
		}
		if !watched && cut.Load() {
			return // this is the answer: the server has done what it was asked
		}
		if word := p.tripwire.Load(); watched && word != nil && bytes.Contains(buffer[:n], *word) {
			p.tripwire.Store(nil)
			cut.Store(true)
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// stop is the end of the server, as its clients see it.
func (p *proxy) stop() {
	_ = p.listener.Close()
	p.mu.Lock()
	p.closed = true
	for conn := range p.conns {
		_ = conn.Close()
	}
	p.mu.Unlock()
	p.tasks.Wait()
}

func TestStoppedServerIsUnavailable(t *testing.T) {
	t.Parallel()
	server, address := newProxy(t, storetest.PostgresURL(t))
	s := open(t, address)
	ada := storetest.User(t, s, "ada")
	storetest.Room(t, s, "dogs")
	begin(t, s, ada, 1, nil)
	if err := s.Ping(t.Context()); err != nil {
		t.Fatalf("before: %v", err)
	}
	server.stop()
	for round := range 2 { // the first with connections that were good, the second with new ones
		for method, err := range everyMethod(t.Context(), s) {
			if got := chat.KindOf(err); got != chat.Unavailable {
				t.Errorf("%s in round %d with the server stopped: got %v of kind %d, want Unavailable", method, round, err, got)
			} else if problem, _ := errors.AsType[*chat.Error](err); problem.After <= 0 {
				t.Errorf("%s with the server stopped: got no time after which to try again", method)
			}
		}
	}
}

// A post whose commit is not answered may or may not be stored; sending it
// again finds out, and stores it once.
func TestUnansweredCommit(t *testing.T) {
	t.Parallel()
	server, address := newProxy(t, storetest.PostgresURL(t))
	s := open(t, address)
	ada, room := storetest.User(t, s, "ada"), storetest.Room(t, s, "dogs")
	for n := range 3 {
		said := draft(room.ID, ada.ID, n, fmt.Sprint("woof ", n)) // a newcomer does not say the same twice
		word := []byte("COMMIT")
		server.tripwire.Store(&word)
		_, err := s.Post(t.Context(), said, chat.Rate{Count: n + 1, Window: time.Hour})
		wantKind(t, err, chat.Unavailable, "a commit that is not answered")
		if room, err := s.Room(t.Context(), "dogs"); err != nil || room.MessageCount != int64(n)+1 {
			t.Fatalf("after an unanswered commit: got %d messages, %v, want %d: the test means nothing if the commit was lost", room.MessageCount, err, n+1)
		}
		m, err := s.Post(t.Context(), said, chat.Rate{Count: n + 1, Window: time.Hour})
		if err != nil || m.Number != int64(n)+1 {
			t.Errorf("the same draft again: got message %d, %v, want %d", m.Number, err, n+1)
		}
	}
	checkLog(t, s, "dogs", 3)
}

// A connection that broke, of the pool or in a transaction, costs one request
// at most; nothing has to be restarted.
func TestBrokenConnectionsAreReplaced(t *testing.T) {
	t.Parallel()
	server, address := newProxy(t, storetest.PostgresURL(t))
	s := open(t, address)
	ada, room := storetest.User(t, s, "ada"), storetest.Room(t, s, "dogs")
	word := []byte("UPDATE rooms")
	server.tripwire.Store(&word)
	_, err := s.Post(t.Context(), draft(room.ID, ada.ID, 1, "woof"), noRate)
	wantKind(t, err, chat.Unavailable, "a transaction that is cut")
	if m := post(t, s, draft(room.ID, ada.ID, 1, "woof")); m.Number != 1 {
		t.Errorf("the same draft again: got message %d, want 1", m.Number)
	}
	checkLog(t, s, "dogs", 1)
}

// A server that accepts and then says nothing holds nobody up for ever.
func TestFrozenServer(t *testing.T) {
	t.Parallel()
	server, address := newProxy(t, storetest.PostgresURL(t))
	s := open(t, address)
	room, ada := storetest.Room(t, s, "dogs"), storetest.User(t, s, "ada")
	server.frozen.Store(true)
	begun := time.Now()
	_, err := s.Post(t.Context(), draft(room.ID, ada.ID, 1, "woof"), noRate)
	wantKind(t, err, chat.Unavailable, "a post to a frozen server")
	if took := time.Since(begun); took > 12*time.Second {
		t.Errorf("a post to a frozen server: took %v, want about 5 seconds", took)
	}
	server.stop()
}

// What another holds too long is Unavailable; what was asked can be asked again.
func TestLockHeldByAnother(t *testing.T) {
	t.Parallel() // it waits long
	eachAddress(t, func(t *testing.T, address string) {
		if u, err := url.Parse(address); err == nil && u.Scheme == "postgres" {
			query := u.Query()
			query.Set("lock_timeout", "300") // what the address says stands; SQLite waits its 5 seconds
			u.RawQuery = query.Encode()
			address = u.String()
		}
		db := database{open(t, address), openRaw(t, address), address}
		ada, room := storetest.User(t, db.Store, "ada"), storetest.Room(t, db.Store, "dogs")
		holder := db.raw.MustBegin()
		defer func() { _ = holder.Rollback() }()
		holder.MustExec(`UPDATE rooms SET revision = revision WHERE id = $1`, room.ID)
		_, err := db.Post(t.Context(), draft(room.ID, ada.ID, 1, "woof"), noRate)
		wantKind(t, err, chat.Unavailable, "a post to a room that another holds")
		if _, err := db.Messages(t.Context(), room.ID, chat.Page(1)); err != nil {
			t.Errorf("reading what another holds: got %v, want no error", err)
		}
		if err := holder.Rollback(); err != nil {
			t.Fatal(err)
		}
		post(t, db.Store, draft(room.ID, ada.ID, 1, "woof"))
		checkLog(t, db.Store, "dogs", 1)
	})
}

// A server that was replaced by another, and takes no writes any more, is one
// that can't just now.
func TestReadOnlyServerIsUnavailable(t *testing.T) {
	t.Parallel()
	address := storetest.PostgresURL(t)
	room := storetest.Room(t, open(t, address), "dogs")
	raw := openRaw(t, address)
	var name string
	if err := raw.Get(&name, "SELECT current_database()"); err != nil {
		t.Fatal(err)
	}
	raw.MustExec("ALTER DATABASE " + name + " SET default_transaction_read_only = on")
	s := open(t, address)
	wantKind(t, s.End(t.Context(), token(1)), chat.Unavailable, "ending a session")
	if _, err := s.Messages(t.Context(), room.ID, chat.Page(1)); err != nil {
		t.Errorf("reading: got %v, want no error", err)
	}
}

// That a session was seen can be noted another time: reading does not wait for
// whoever writes.
func TestReadersDoNotWaitForWriters(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		clock := newClock()
		s := db.WithClock(clock.now)
		ada := storetest.User(t, s, "ada")
		begin(t, s, ada, 1, nil)
		clock.pass(time.Hour)
		holder := db.raw.MustBegin()
		defer func() { _ = holder.Rollback() }()
		holder.MustExec(`UPDATE sessions SET user_agent = 'held'`)
		begun := time.Now()
		wantSession(t, s, 1, &ada, "held by a writer")
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("looking a session up that a writer holds: took %v, want it not to wait", took)
		}
	})
}

// Who leaves while a post waits for its room does not keep it from being
// stored: the transaction that began goes on.
func TestPostGoesOnWithoutItsAsker(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		ada, room := storetest.User(t, db.Store, "ada"), storetest.Room(t, db.Store, "dogs")
		holder := db.raw.MustBegin()
		defer func() { _ = holder.Rollback() }()
		holder.MustExec(`UPDATE rooms SET revision = revision WHERE id = $1`, room.ID)
		ctx, leave := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = db.Post(ctx, draft(room.ID, ada.ID, 1, "woof"), noRate) // its answer has nobody to go to
		}()
		select {
		case <-done:
			t.Fatal("a post to a room that another holds was answered, want it to wait")
		case <-time.After(200 * time.Millisecond):
		}
		leave()
		if err := holder.Rollback(); err != nil {
			t.Fatal(err)
		}
		<-done
		checkLog(t, db.Store, "dogs", 1)
	})
}
