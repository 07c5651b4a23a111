//go:build unix

package store

import (
	"errors"
	"os"
	"syscall"
)

// Claim makes the caller the one server of the SQLite file that address names,
// until release is called or the process ends, however it ends. A second
// server's claim fails: each would know nothing of the other's viewers.
// Any number of servers may share a PostgreSQL database.
func Claim(address string) (release func() error, err error) {
	engine, err := parseAddress(address)
	if err != nil || engine.driver != "sqlite" {
		return func() error { return nil }, err
	}
	// A file beside the database: closing any handle of the database's own file
	// would drop the locks that SQLite holds on it.
	file, err := engine.lockFile()
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, errors.New("another twilightbark serves " + engine.path + " already")
	}
	return file.Close, nil
}

func (e engine) lockFile() (*os.File, error) {
	if err := e.makeFolder(); err != nil {
		return nil, err
	}
	return os.OpenFile(e.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
}
