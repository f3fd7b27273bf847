package datachannel

import (
	"io"
	"log"
	"os"
	"testing"
)

// A channel is one end of a reliable, ordered data channel.
type channel interface {
	// send sends a binary message. It waits while about 1 MiB is buffered.
	send(b []byte) error

	// buffered returns how many bytes were sent and not acknowledged.
	buffered() int

	// onMessage has f called with each message, one at a time, in the way that is natural for the stack. It is called once, before the
	// other end sends. b is valid until f returns.
	onMessage(f func(b []byte))
}

// A stack makes two ends that are connected over UDP on the loopback interface.
type stack struct {
	name    string
	connect func(b *testing.B) *ends
}

// ends are the two ends of an association.
type ends struct {
	open  func(b *testing.B) (x, y channel) // a new channel
	close func()
}

// stacks returns what runs in this process.
func stacks() []stack {
	return []stack{
		{"rtctransport", connectOurs(overUDP(0))},
		{"rtctransport-ICE", connectOurs(overICE)},
		{"pion-webrtc", connectPion},
		{"pion-sctp", connectBare},
	}
}

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard)
	os.Exit(m.Run())
}
