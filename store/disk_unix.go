//go:build linux || darwin || freebsd

package store

import "syscall"

// freeBytes is how much may still be written to the disk that a file lies on.
func freeBytes(path string) (int64, error) {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(path, &disk); err != nil {
		return 0, err
	}
	return int64(disk.Bavail) * int64(disk.Bsize), nil //nolint:unconvert // the types differ by system
}
