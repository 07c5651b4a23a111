package main

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// boundSilence ends a connection whose other end does not take what is sent to
// it for so long. By itself Linux tries for a quarter of an hour: for as long, a
// member whose laptop fell asleep would be here, and have read what is posted.
// See TCP_USER_TIMEOUT in tcp(7).
func boundSilence(conn *net.TCPConn, silence time.Duration) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return // it is closed already
	}
	_ = raw.Control(func(fd uintptr) { // no harm if the system has its own mind
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(silence.Milliseconds()))
	})
}
