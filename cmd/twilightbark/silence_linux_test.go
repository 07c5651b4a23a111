package main

import (
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestWhoNoLongerTakesAnythingIsLetGo(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()

	boundConnection(t.Context(), conn)

	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var milliseconds int
	var optionErr error
	if err := raw.Control(func(fd uintptr) {
		milliseconds, optionErr = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT)
	}); err != nil || optionErr != nil {
		t.Fatal(err, optionErr)
	}
	if got, want := time.Duration(milliseconds)*time.Millisecond, silenceTime; got != want {
		t.Errorf("a connection may be silent for %v, want %v", got, want)
	}
}
