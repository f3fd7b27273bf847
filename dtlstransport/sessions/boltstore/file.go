package boltstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"
)

// What is in the file:
//
//	bucket "format"    "version" -> 1
//	bucket "sessions"  key -> expires 8 (seconds from 1970), session
//	bucket "expiry"    expires 8, key -> size of the session 4
//
// Every session has one entry in the last, which is therefore in the order in
// which they expire.
var (
	formatBucket  = []byte("format")
	sessionBucket = []byte("sessions")
	expiryBucket  = []byte("expiry")

	versionKey = []byte("version")
	version    = []byte{1}
)

// entryOverhead is what a session takes in the file besides its key and its
// bytes: the key once more in the other bucket, counted apart, two entry headers
// of 16, twice the expiry and the size, 2 * 16 + 2 * 8 + 4 = 52, in bytes.
const entryOverhead = 52

// entrySize returns what a session takes in the file, in bytes, not counting what
// pages leave empty.
func entrySize(key, session int) int { return 2*key + session + entryOverhead }

// lockTimeout is how long Open waits for another process to close the file.
const lockTimeout = 500 * time.Millisecond

// A file is the database, used by one writer and any number of readers.
type file struct {
	db *bbolt.DB

	// sessions and bytes are what is in it. They belong to the writer.
	sessions, bytes int
}

// openFile opens the database, or makes it, and counts what is there.
func openFile(path string) (f *file, err error) {
	if info, err := os.Stat(path); err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: permissions are %v", ErrPermissions, info.Mode().Perm())
	}
	f = new(file)
	err = guard(func() (err error) {
		if f.db, err = bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockTimeout, NoStatistics: true}); err != nil {
			return err
		}
		return f.db.Update(f.prepare)
	})
	if err != nil && f.db != nil && !errors.Is(err, errPanic) {
		return nil, errors.Join(err, f.db.Close())
	}
	return f, err
}

// prepare makes the buckets, or checks and counts what they hold.
func (f *file) prepare(tx *bbolt.Tx) error {
	format, err := tx.CreateBucketIfNotExists(formatBucket)
	if err != nil {
		return err
	}
	switch v := format.Get(versionKey); {
	case v == nil:
		c := tx.Cursor()
		for k, _ := c.First(); k != nil; k, _ = c.Next() {
			if !bytes.Equal(k, formatBucket) {
				return fmt.Errorf("%w: a database with a bucket %q", ErrFormat, k)
			}
		}
		if err := format.Put(versionKey, version); err != nil {
			return err
		}
	case !bytes.Equal(v, version):
		return fmt.Errorf("%w: version %x", ErrFormat, v)
	}
	if _, err := tx.CreateBucketIfNotExists(sessionBucket); err != nil {
		return err
	}
	expiry, err := tx.CreateBucketIfNotExists(expiryBucket)
	if err != nil {
		return err
	}
	f.sessions, f.bytes = 0, 0
	return expiry.ForEach(func(k, size []byte) error {
		if len(k) < 8 || len(size) != 4 {
			return fmt.Errorf("%w: an expiry of %d and %d bytes", ErrFormat, len(k), len(size))
		}
		f.sessions++
		f.bytes += entrySize(len(k)-8, int(binary.BigEndian.Uint32(size)))
		return nil
	})
}

// get returns a copy of the session under key, or nil if there is none or its
// time is over.
func (f *file) get(now time.Time, key string) (session []byte, err error) {
	err = guard(func() error {
		return f.db.View(func(tx *bbolt.Tx) error {
			if v := tx.Bucket(sessionBucket).Get([]byte(key)); len(v) >= 8 && now.Unix() < int64(binary.BigEndian.Uint64(v)) {
				session = append([]byte{}, v[8:]...)
			}
			return nil
		})
	})
	return session, err
}

// rangeStep is how many sessions scan copies in one transaction: as long as a
// transaction reads, no page that others free can be used again.
const rangeStep = 64

// A record is a session and what it is kept with.
type record struct {
	key     string
	session []byte
}

// scan returns copies of some sessions whose time is not over, from key on, and
// where to go on; an empty key when that was all.
func (f *file) scan(now time.Time, from string) (found []record, next string, err error) {
	err = guard(func() error {
		return f.db.View(func(tx *bbolt.Tx) error {
			c := tx.Bucket(sessionBucket).Cursor()
			k, v := c.Seek([]byte(from))
			for ; k != nil && len(found) < rangeStep; k, v = c.Next() {
				if len(v) >= 8 && now.Unix() < int64(binary.BigEndian.Uint64(v)) {
					found = append(found, record{string(k), bytes.Clone(v[8:])})
				}
			}
			next = string(k)
			return nil
		})
	})
	return found, next, err
}

// A change is what a transaction did, to be counted when it has succeeded.
type change struct {
	sessions, bytes  int
	written          uint64
	expired, evicted uint64
}

// apply writes what is pending, removes at most sweepLimit sessions whose time is
// over, and as many of those that expire first as the bounds ask for.
func (f *file) apply(now time.Time, pending map[string]operation, maxSessions, maxBytes, sweepLimit int) (done change, err error) {
	err = guard(func() error {
		return f.db.Update(func(tx *bbolt.Tx) error {
			done = change{sessions: f.sessions, bytes: f.bytes}
			b := buckets{tx.Bucket(sessionBucket), tx.Bucket(expiryBucket), &done}
			for key, op := range pending {
				if _, err := b.remove([]byte(key)); err != nil {
					return err
				}
				if op.session == nil {
					continue
				}
				if err := b.put(key, op); err != nil {
					return err
				}
			}
			for {
				k, _ := b.expiry.Cursor().First()
				switch expired := k != nil && now.Unix() >= int64(binary.BigEndian.Uint64(k)); {
				case expired && done.expired < uint64(sweepLimit):
					done.expired++
				case k != nil && (done.sessions > maxSessions || done.bytes > maxBytes):
					done.evicted++
				default:
					return nil
				}
				if ok, err := b.remove(bytes.Clone(k[8:])); err != nil {
					return err
				} else if !ok {
					return fmt.Errorf("%w: an expiry without a session", ErrFormat)
				}
			}
		})
	})
	if err == nil {
		f.sessions, f.bytes = done.sessions, done.bytes
	}
	return done, err
}

// buckets are those of one transaction, and what it has done so far.
type buckets struct {
	sessions, expiry *bbolt.Bucket
	done             *change
}

func (b *buckets) put(key string, op operation) error {
	expires := binary.BigEndian.AppendUint64(nil, uint64(op.expires.Unix()))
	if err := b.sessions.Put([]byte(key), append(bytes.Clone(expires), op.session...)); err != nil {
		return err
	}
	if err := b.expiry.Put(append(expires, key...), binary.BigEndian.AppendUint32(nil, uint32(len(op.session)))); err != nil {
		return err
	}
	b.done.written++
	b.done.sessions++
	b.done.bytes += entrySize(len(key), len(op.session))
	return nil
}

// remove takes a session out, if there is one under key, and reports whether
// there was.
func (b *buckets) remove(key []byte) (bool, error) {
	v := b.sessions.Get(key)
	if v == nil {
		return false, nil
	}
	if len(v) < 8 {
		return false, fmt.Errorf("%w: a session of %d bytes", ErrFormat, len(v))
	}
	size := entrySize(len(key), len(v)-8)
	expiryKey := append(bytes.Clone(v[:8]), key...)
	if err := errors.Join(b.sessions.Delete(key), b.expiry.Delete(expiryKey)); err != nil {
		return false, err
	}
	b.done.sessions--
	b.done.bytes -= size
	return true, nil
}

// guard calls f and turns a panic into an error that is errPanic: that is how the
// database speaks of damaged pages, and the system of a file cut short behind our
// back. The database must not be used after that.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", errPanic, r)
		}
	}()
	return f()
}
