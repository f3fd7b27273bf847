package icelite

import (
	"errors"
	"math"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func linux(t *testing.T) *linuxConn {
	c, ok := open(t, "udp4", "127.0.0.1:0", nil).(*linuxConn)
	if !ok {
		t.Skip("no batches on this kernel")
	}
	return c
}

// dialed returns a socket whose datagrams go to c.
func dialed(t *testing.T, c *linuxConn) net.Conn {
	t.Helper()
	sender, err := net.Dial("udp4", c.localAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sender.Close() })
	return sender
}

// What comes while nobody waits must wake nobody: a loop that is busy looks by itself.
func TestABellRingsOnlyForWhoWaits(t *testing.T) {
	c := linux(t)
	sender := dialed(t, c)
	send := func() {
		t.Helper()
		if _, err := sender.Write([]byte("rings")); err != nil {
			t.Fatal(err)
		}
		fds := []unix.PollFd{{Events: unix.POLLIN}}
		if err := c.bell.raw.Control(func(set uintptr) { fds[0].Fd = int32(set) }); err != nil {
			t.Fatal(err)
		}
		if n, err := unix.Poll(fds, 0); n != 0 || err != nil {
			t.Errorf("a datagram rings before anybody waits: %d, %v", n, err)
		}
	}
	for range 3 {
		send()
		if err := c.bell.wait(); err != nil { // for what is there already
			t.Fatal(err)
		}
		send()
		if got := receiveAll(t, c, 2); len(got) != 2 {
			t.Errorf("%d datagrams", len(got))
		}
	}
	ended := make(chan error)
	go func() {
		_, err := c.receive()
		ended <- err
	}()
	c.close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

// What comes between the last look and the wait must not be waited for: nothing else may ever come.
func TestABellRingsForWhatIsThereAlready(t *testing.T) {
	c := linux(t)
	sender := dialed(t, c)
	for range 3 {
		if _, err := sender.Write([]byte("rings")); err != nil {
			t.Fatal(err)
		}
		rung := make(chan error, 1)
		go func() { rung <- c.bell.wait() }()
		select {
		case err := <-rung:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("it does not ring")
		}
		if got := receiveAll(t, c, 1); len(got) != 1 {
			t.Errorf("%d datagrams", len(got))
		}
	}
}

func TestWhatTheKernelHasNoRoomForIsSentLater(t *testing.T) {
	c, receiver := linux(t), open(t, "udp4", "127.0.0.1:0", nil)
	full := 3
	c.out.call = func(fd uintptr, headers *mmsghdr, n int) (int, unix.Errno) {
		if full--; full >= 0 {
			return -1, unix.EAGAIN
		}
		return sendmmsg(fd, headers, n)
	}
	if _, failed := c.send([]train{{receiver.localAddr(), []byte("later"), 5}}); failed != 0 {
		t.Error("not sent")
	}
	if got := receiveAll(t, receiver, 1); got[0].b != "later" {
		t.Errorf("%v", got)
	}
	full = math.MaxInt
	c.close()
	if _, failed := c.send([]train{{receiver.localAddr(), []byte("never"), 5}}); failed != 1 {
		t.Error("sent by a socket that is closed")
	}
	if err := c.sendOne([]byte("never"), receiver.localAddr()); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}
