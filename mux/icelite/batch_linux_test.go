package icelite

import (
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A call of the kernel keeps its thread from the scheduler, and so must be short.
func TestOneCallMovesABoundedAmount(t *testing.T) {
	c, receiver := linux(t), open(t, "udp4", "127.0.0.1:0", nil)
	total := 0
	c.out.call = func(_ uintptr, headers *mmsghdr, n int) (int, unix.Errno) {
		bytes := 0
		for _, h := range unsafe.Slice(headers, n) {
			bytes += int(h.Iov.Len)
		}
		if total += bytes; n > outboxMessages || bytes >= outboxBytes+pendingBytes {
			t.Errorf("%d messages with %d bytes in one call", n, bytes)
		}
		return n, 0
	}
	var trains []train
	for range 100 {
		trains = append(trains, train{receiver.localAddr(), make([]byte, 1), 1}, train{receiver.localAddr(), make([]byte, pendingBytes), 1024})
	}
	for range 2 * outboxMessages {
		trains = append(trains, train{receiver.localAddr(), make([]byte, 1), 1})
	}
	if _, failed := c.send(trains); failed != 0 || total != 100*(1+pendingBytes)+2*outboxMessages {
		t.Errorf("%d bytes were sent, %d datagrams were not", total, failed)
	}
}
