package mux

import (
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rtctransport/rtctransport/interop/bench/rounds"
)

// A replay is a link that delivers packets of the mix, a given number in all, and costs one copy for each, as a socket
// without the system call. It is a net.Conn as far as anybody here needs one.
type replay struct {
	net.Conn // nil
	left     int
	next     int
	queues   *queues // nil: packets arrive as soon as they are read
}

// queues keep a replay from filling the queues of endpoints, which are bounded, and from ending before they are empty.
type queues struct {
	opened   chan struct{} // closed when all endpoints are there
	begun    bool
	underway atomic.Int64  // packets
	arrived  chan struct{} // holds a token when half of ahead have arrived
	closed   chan struct{}
	once     sync.Once
}

// ahead is how many packets may be under way.
const ahead = 128

func newReplay(n int) *replay { return &replay{left: n} }

// newQueuedReplay returns one that waits until its queues are opened.
func newQueuedReplay(n int) *replay {
	return &replay{left: n, queues: &queues{opened: make(chan struct{}), arrived: make(chan struct{}, 1), closed: make(chan struct{})}}
}

func (l *replay) Read(b []byte) (int, error) {
	if q := l.queues; q != nil {
		q.wait(l.left == 0)
	}
	if l.left == 0 {
		return 0, io.EOF
	}
	l.left--
	d := mix[l.next]
	if l.next++; l.next == len(mix) {
		l.next = 0
	}
	return copy(b, d), nil
}

func (l *replay) Write(b []byte) (int, error) { return len(b), nil }

func (l *replay) Close() error {
	if q := l.queues; q != nil {
		q.once.Do(func() { close(q.closed) })
	}
	return nil
}

// wait waits until a packet may be under way; at the end, until nobody reads any more.
func (q *queues) wait(end bool) {
	if end {
		<-q.closed
		return
	}
	if !q.begun {
		<-q.opened
		q.begun = true
	}
	for q.underway.Load() >= ahead {
		<-q.arrived
	}
	q.underway.Add(1)
}

// take tells that a packet has arrived.
func (q *queues) take() {
	if q.underway.Add(-1) == ahead/2 {
		select {
		case q.arrived <- struct{}{}:
		default:
		}
	}
}

// readAll reads what n packets are to endpoints, with a goroutine for each.
func readAll(n int, q *queues, ends []io.Reader) (float64, error) {
	ns, err := rounds.CPU(func() error {
		var left atomic.Int64
		left.Store(int64(n))
		done := make(chan struct{})
		for _, e := range ends {
			go func() {
				buf := make([]byte, 8192)
				for {
					got, err := e.Read(buf)
					if err != nil || got != size {
						return
					}
					q.take()
					if left.Add(-1) == 0 {
						close(done)
					}
				}
			}()
		}
		close(q.opened)
		select {
		case <-done:
			return nil
		case <-time.After(time.Minute):
			return fmt.Errorf("%d of %d packets have not arrived", left.Load(), n)
		}
	})
	return ns / float64(time.Nanosecond), err
}
