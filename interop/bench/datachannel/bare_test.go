package datachannel

import (
	"io"
	"net"
	"testing"

	"github.com/pion/logging"
	"github.com/pion/sctp"
)

// bareChannel is a stream of pion/sctp, with neither DTLS nor DCEP.
type bareChannel struct {
	*sctp.Stream
	room chan struct{}
}

func newBareChannel(s *sctp.Stream) bareChannel {
	c := bareChannel{s, make(chan struct{}, 1)}
	s.SetBufferedAmountLowThreshold(pionLow)
	s.OnBufferedAmountLow(func() {
		select {
		case c.room <- struct{}{}:
		default:
		}
	})
	return c
}

func (c bareChannel) send(b []byte) error {
	if c.BufferedAmount() >= pionHigh {
		<-c.room
	}
	_, err := c.WriteSCTP(b, sctp.PayloadTypeWebRTCBinary)
	return err
}

func (c bareChannel) buffered() int { return int(c.BufferedAmount()) }

func (c bareChannel) onMessage(f func([]byte)) {
	go func() {
		b := make([]byte, 1<<16)
		for {
			n, _, err := c.ReadSCTP(b)
			if err != nil {
				return
			}
			f(b[:n])
		}
	}()
}

// connectBare makes two associations of pion/sctp over UDP, without checksums.
func connectBare(b *testing.B) *ends {
	links := overUDP(0)
	lx, ly := links(b)
	associate := func(l any) *sctp.Association {
		a, err := sctp.ClientWithOptions(
			sctp.WithNetConn(l.(net.Conn)),
			sctp.WithLoggerFactory(&logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}),
			sctp.WithEnableZeroChecksum(true),
		)
		if err != nil {
			b.Error(err)
		}
		return a
	}
	other := make(chan *sctp.Association, 1)
	go func() { other <- associate(ly) }()
	x, y := associate(lx), <-other
	if x == nil || y == nil {
		b.FailNow()
	}
	next := uint16(0)
	return &ends{
		open: func(b *testing.B) (channel, channel) {
			c, err := x.OpenStream(next, sctp.PayloadTypeWebRTCBinary)
			if err != nil {
				b.Fatal(err)
			}
			d, err := y.OpenStream(next, sctp.PayloadTypeWebRTCBinary)
			if err != nil {
				b.Fatal(err)
			}
			next++
			return newBareChannel(c), newBareChannel(d)
		},
		close: func() {
			go func() { _ = y.Close() }()
			_ = x.Close()
		},
	}
}
