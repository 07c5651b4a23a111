package e2e

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// fault is what a proxy does to a request.
type fault int

const (
	none        fault = iota
	unavailable       // answer 503 with a page of the proxy's own
	hang              // never answer
)

// proxy stands between browsers and a site, and breaks things.
type proxy struct {
	t        *testing.T
	url      string
	upstream *httputil.ReverseProxy

	mu          sync.Mutex // guards what follows
	pages       fault      // of all but streams
	streams     fault
	changed     chan struct{} // closed, and replaced, when a fault begins or ends
	swallowed   int           // generation: streams of an earlier one deliver nothing
	unavailable int           // streams that were answered 503
	hung        int           // streams that were given up while they hung
	server      *http.Server
	connections map[net.Conn]struct{}
}

// startProxy puts a proxy before the site, until the test is over.
func startProxy(t *testing.T, s *site) *proxy {
	t.Helper()
	target, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, changed: make(chan struct{}), connections: map[net.Conn]struct{}{}}
	p.upstream = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // the browser's own, which the site compares with its Origin
		},
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0), // breaking things is what it is for
		Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 8},
	}
	p.listen("127.0.0.1:0")
	t.Cleanup(p.refuse)
	return p
}

func (p *proxy) listen(address string) {
	p.t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		p.t.Fatal(err)
	}
	p.url = "http://" + listener.Addr().String()
	server := &http.Server{Handler: p, ConnState: p.track, ErrorLog: log.New(io.Discard, "", 0)}
	p.mu.Lock()
	p.server = server
	p.mu.Unlock()
	go func() { _ = server.Serve(listener) }()
}

func (p *proxy) track(connection net.Conn, state http.ConnState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch state {
	case http.StateNew:
		p.connections[connection] = struct{}{}
	case http.StateClosed, http.StateHijacked:
		delete(p.connections, connection)
	}
}

// set chooses what happens to requests from now on, and to those that hang.
func (p *proxy) set(pages, streams fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pages, p.streams = pages, streams
	close(p.changed)
	p.changed = make(chan struct{})
}

// swallow lets the streams that are open now go on without delivering anything.
func (p *proxy) swallow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.swallowed++
}

// cut resets all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for connection := range p.connections {
		if tcp, ok := connection.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // no goodbye: a reset
		}
		_ = connection.Close()
	}
}

// refuse resets all connections and takes no new ones, until accept.
func (p *proxy) refuse() {
	p.mu.Lock()
	server := p.server
	p.mu.Unlock()
	p.cut()
	_ = server.Close()
}

func (p *proxy) accept() {
	p.t.Helper()
	p.listen(strings.TrimPrefix(p.url, "http://"))
}

// seen tells how many streams were answered 503, and how many were given up
// while they hung.
func (p *proxy) seen() (unavailable, hung int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.unavailable, p.hung
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	stream := strings.HasSuffix(r.URL.Path, "/events")
	p.mu.Lock()
	does, changed, generation := p.pages, p.changed, p.swallowed
	if stream {
		does = p.streams
	}
	p.mu.Unlock()
	switch does {
	case unavailable:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "<html><body><h1>The proxy's own page</h1></body></html>")
		p.count(stream, &p.unavailable)
		return
	case hang:
		select {
		case <-r.Context().Done():
			p.count(stream, &p.hung)
		case <-changed:
		}
		return
	}
	if stream {
		w = &mouth{ResponseWriter: w, proxy: p, generation: generation}
	}
	p.upstream.ServeHTTP(w, r)
}

func (p *proxy) count(stream bool, counter *int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if stream {
		*counter++
	}
}

// mouth is a stream's writer. What it swallows is gone, and nobody is told.
type mouth struct {
	http.ResponseWriter
	proxy      *proxy
	generation int
}

func (m *mouth) Unwrap() http.ResponseWriter { return m.ResponseWriter }

func (m *mouth) Write(bytes []byte) (int, error) {
	m.proxy.mu.Lock()
	swallowed := m.generation < m.proxy.swallowed
	m.proxy.mu.Unlock()
	if swallowed {
		return len(bytes), nil
	}
	return m.ResponseWriter.Write(bytes)
}
