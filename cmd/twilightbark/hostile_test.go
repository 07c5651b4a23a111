package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// dial opens a connection on which a test may write what no client would.
func (s *server) dial(t *testing.T) *net.TCPConn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(50 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn.(*net.TCPConn)
}

// say writes the text and gives the status of the answer; it is 0 if there is
// none before the connection ends.
func (s *server) say(t *testing.T, text string) (status int, header http.Header, body string) {
	t.Helper()
	conn := s.dial(t)
	go func() { _, _ = io.WriteString(conn, text) }() // the server may answer, and leave, before all is written
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, nil, ""
	}
	defer func() { _ = response.Body.Close() }()
	content, _ := io.ReadAll(response.Body)
	return response.StatusCode, response.Header, string(content)
}

func TestHostileHTTP(t *testing.T) {
	running := start(t, command(t, []string{"ADDR=127.0.0.1:0", "LOGIN_RATE=0"}))
	const host, kind = "Host: localhost\r\n", "Content-Type: application/x-www-form-urlencoded\r\n"
	get := func(path string, headers ...string) string {
		return "GET " + path + " HTTP/1.1\r\n" + host + "Connection: close\r\n" + strings.Join(headers, "\r\n") + "\r\n\r\n"
	}
	post := func(headers, body string) string {
		return "POST /login HTTP/1.1\r\n" + host + kind + "Connection: close\r\n" + headers + "\r\n" + body
	}
	for name, tt := range map[string]struct {
		text   string
		status int
	}{
		"as it should be": {get("/login"), 200}, "a form": {post("Content-Length: 7\r\n", "email=x"), 422}, "a form in pieces": {post("Transfer-Encoding: chunked\r\n", "7\r\nemail=x\r\n0\r\n\r\n"), 422},

		"a long address": {get("/" + strings.Repeat("a", 8000)), 404}, "a long query": {get("/?q=" + strings.Repeat("a", 65_000)), 431}, "a long header": {get("/", "X: "+strings.Repeat("a", 25_000)), 431},
		"100 headers": {get("/", strings.Repeat("X: y\r\n", 99)+"X: y"), 200}, "10,000 headers": {get("/", strings.Repeat("X: y\r\n", 9999)+"X: y"), 431}, "100 cookies": {get("/", "Cookie: "+strings.Repeat("a=b; ", 100)), 200},
		"slashes": {get("//evil.example/.."), 404}, "dots": {get("/../../etc/passwd"), 404}, "escaped dots": {get("/%2e%2e/%2e%2e/etc/passwd"), 404}, "a NUL": {get("/%00"), 404}, "a real NUL": {get("/\x00"), 400}, "half an escape": {get("/%"), 400}, "bytes": {get("/\xff\xfe"), 404}, "a space": {get("/a b"), 400},
		"no path": {get(""), 400}, "a star": {"OPTIONS * HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n", 200}, "another site's address": {get("http://evil.example/login"), 200}, "a tunnel": {"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n", 404},

		"no host": {"GET / HTTP/1.1\r\n\r\n", 400}, "two hosts": {get("/", host+"X: y"), 400}, "a host that is none": {"GET / HTTP/1.1\r\nHost: a/b\x01\r\n\r\n", 400}, "no host, and none needed": {"GET /login HTTP/1.0\r\n\r\n", 200},
		"HTTP/0.9": {"GET /\r\n", 400}, "HTTP/2": {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 404}, "HTTP/9": {"GET / HTTP/9.9\r\n" + host + "\r\n", 505}, "TLS": {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400}, "nonsense": {"\x00\x00\x00\x00\r\n\r\n", 400}, "SSH": {"SSH-2.0-x\r\n\r\n", 400},
		"a header without a name": {get("/", ": x"), 400}, "a folded header": {get("/", "X: y\r\n z"), 200}, "a header with a NUL": {get("/", "X: \x00"), 400}, "a space before the colon": {get("/", "X : y"), 400}, "a lone carriage return": {get("/", "X: a\rY: b"), 400},

		"a negative length": {post("Content-Length: -1\r\n", ""), 400}, "a length that is none": {post("Content-Length: 1e3\r\n", "email=x"), 400}, "two lengths": {post("Content-Length: 7\r\nContent-Length: 8\r\n", "email=xx"), 400}, "a list of lengths": {post("Content-Length: 7, 8\r\n", "email=xx"), 400}, "a huge length": {post("Content-Length: 99999999999999999999\r\n", ""), 400},
		"another coding": {post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501}, "a coding twice": {post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 501}, "a damaged piece": {post("Transfer-Encoding: chunked\r\n", "zz\r\n"), 400}, "a negative piece": {post("Transfer-Encoding: chunked\r\n", "-1\r\n"), 400},
		"100 MB": {post("Content-Length: 100000000\r\n", strings.Repeat("x", 100_000)), 413}, "100 MB, if they may come": {post("Expect: 100-continue\r\nContent-Length: 100000000\r\n", ""), 413}, "1 MB in pieces": {post("Transfer-Encoding: chunked\r\n", strings.Repeat("400\r\n"+strings.Repeat("x", 1024)+"\r\n", 1024)), 413},
	} {
		status, header, body := running.say(t, tt.text)
		if status != tt.status {
			t.Errorf("%s: got status %d, want %d: %.300s", name, status, tt.status, body)
		}
		if location := header.Get("Location"); location != "" || strings.Contains(body, "evil.example") || strings.Contains(body, "goroutine") {
			t.Errorf("%s: leads to %q, and says %.300s", name, location, body)
		}
	}
	running.wantEnd(t, syscall.SIGTERM)
	running.wantNoFault(t)
}

// A length and pieces at once are how one server is made to read another request
// than the one before it: what follows is never read as a request of its own.
func TestLengthAndPieces(t *testing.T) {
	running := start(t, command(t, []string{"ADDR=127.0.0.1:0"}))
	conn := running.dial(t)
	smuggled := "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
	body := "0\r\n\r\n" + smuggled
	if _, err := fmt.Fprintf(conn, "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n%s", len(body), body); err != nil {
		t.Fatal(err)
	}
	answers, err := io.ReadAll(conn)
	if err != nil || strings.Count(string(answers), "HTTP/1.1 ") != 1 {
		t.Errorf("got %v and %d answers, want one, and the end: %s", err, strings.Count(string(answers), "HTTP/1.1 "), answers)
	}
}

// What never ends is answered, and broken off.
func TestEndlessBody(t *testing.T) {
	running := start(t, command(t, []string{"ADDR=127.0.0.1:0"}))
	conn := running.dial(t)
	sent := make(chan int)
	go func() {
		_, err := io.WriteString(conn, "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n")
		pieces := 0
		for ; err == nil; pieces++ {
			_, err = io.WriteString(conn, "4000\r\n"+strings.Repeat("x", 0x4000)+"\r\n")
		}
		sent <- pieces
	}()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || response.StatusCode != http.StatusRequestEntityTooLarge || !response.Close {
		t.Fatalf("got %+v, %v, want status 413 and the end", response, err)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	if pieces := <-sent; pieces > 1000 { // what fits into the system's buffers is sent, read or not
		t.Errorf("%d pieces of 16 KB were taken", pieces)
	}
	running.wantEnd(t, syscall.SIGTERM)
	running.wantNoFault(t)
}

func TestManyRequestsAtOnce(t *testing.T) {
	running := start(t, command(t, []string{"ADDR=127.0.0.1:0"}))
	conn := running.dial(t)
	go func() {
		_, _ = io.WriteString(conn, strings.Repeat("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n", 500))
	}()
	answers := bufio.NewReader(conn)
	for i := range 1000 {
		response, err := http.ReadResponse(answers, nil)
		if want := []int{200, 404}[i%2]; err != nil || response.StatusCode != want {
			t.Fatalf("answer %d: got %+v, %v, want status %d", i, response, err, want)
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			t.Fatal(err)
		}
	}
}

// Who sends slowly, or leaves, holds nothing up.
func TestSlowAndBrokenConnections(t *testing.T) {
	running := start(t, command(t, []string{"ADDR=127.0.0.1:0"}))
	const begun = "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 10\r\n"
	for _, text := range []string{"", "G", "GET / HTTP/1.1\r\nHost: ", begun, begun + "\r\nemail"} {
		conn := running.dial(t)
		if _, err := io.WriteString(conn, text); err != nil {
			t.Fatal(err)
		}
		if err := conn.SetLinger(0); err != nil { // a reset, not an end
			t.Fatal(err)
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
	half := running.dial(t)
	if _, err := io.WriteString(half, begun+"\r\nemail"); err != nil {
		t.Fatal(err)
	}
	if err := half.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if response, err := http.ReadResponse(bufio.NewReader(half), nil); err != nil || response.StatusCode != http.StatusBadRequest {
		t.Errorf("half a form, and then silence: got %+v, %v, want status 400", response, err)
	}
	for name, tt := range map[string]struct {
		text string
		most time.Duration
	}{
		"headers that don't end": {"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", headerTime},
		"a form that does not":   {begun + "\r\nemai", requestTime},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && tt.most > headerTime {
				t.Skip("takes half a minute")
			}
			conn, since := running.dial(t), time.Now()
			if _, err := io.WriteString(conn, tt.text); err != nil {
				t.Fatal(err)
			}
			_, err := io.ReadAll(conn)
			if took := time.Since(since); errors.Is(err, os.ErrDeadlineExceeded) || took > tt.most+5*time.Second || took < tt.most-time.Second {
				t.Errorf("got %v after %v, want an end after %v", err, took, tt.most)
			}
		})
	}
}
