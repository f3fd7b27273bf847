package boltstore

import (
	"errors"
	"fmt"

	bolterrors "go.etcd.io/bbolt/errors"
)

// What an OpenError may wrap, besides what the operating system says.
var (
	// ErrLocked says that a process has the file open, perhaps this one.
	ErrLocked = errors.New("file is in use")
	// ErrPermissions says that others than the owner may read or write the file.
	ErrPermissions = errors.New("file is open to others")
	// ErrFormat says that the file is damaged or no store of ours. There is
	// nothing in it that full handshakes do not bring back: remove it.
	ErrFormat = errors.New("file is damaged or no session store")
)

// ErrBroken says that the database behind a store has failed in a way that leaves
// it unusable. It is found in Stats and returned by Flush and Close.
var ErrBroken = errors.New("boltstore: database is broken")

// ErrClosed says that the store is closed.
var ErrClosed = errors.New("boltstore: store is closed")

// An OpenError says why a file could not be opened.
type OpenError struct {
	Path string
	Err  error
}

// Error names the file and the cause.
func (e *OpenError) Error() string { return fmt.Sprintf("boltstore: open %s: %v", e.Path, e.Err) }

// Unwrap returns the cause.
func (e *OpenError) Unwrap() error { return e.Err }

// openError makes an OpenError of what the database says.
func openError(path string, err error) error {
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		err = ErrLocked
	case errors.Is(err, errPanic), errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum),
		errors.Is(err, bolterrors.ErrVersionMismatch), errors.Is(err, bolterrors.ErrInvalidMapping), errors.Is(err, bolterrors.ErrIncompatibleValue):
		err = fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return &OpenError{path, err}
}

var errPanic = errors.New("database gave up")
