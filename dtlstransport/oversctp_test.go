package dtlstransport_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/logging"
	"github.com/pion/sctp"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// sctpLink is one ordered, reliable stream of SCTP as the link of a Conn: each Read and
// Write is one user message.
type sctpLink struct{ *sctp.Stream }

// Close has Read return as well, which a stream by itself does only when the peer has
// closed its side.
func (l sctpLink) Close() error {
	err := l.Stream.Close()
	l.SetReadDeadline(time.Unix(1, 0))
	return err
}

// overSCTP returns two SCTP associations over a link of datagrams, and stream 0 of
// both.
func overSCTP(link netsim.Config) (associations [2]*sctp.Association, streams [2]sctpLink, err error) {
	x, y := netsim.Pipe(link)
	type side struct {
		a   *sctp.Association
		err error
	}
	start := func(conn net.Conn) chan side {
		c := make(chan side, 1)
		go func() {
			a, err := sctp.ClientContext(context.Background(), sctp.WithNetConn(conn), sctp.WithMaxMessageSize(1<<16),
				sctp.WithLoggerFactory(&logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}))
			c <- side{a, err}
		}()
		return c
	}
	for i, c := range []chan side{start(x), start(y)} {
		s := <-c
		if s.err != nil {
			return associations, streams, s.err
		}
		associations[i] = s.a
	}
	for i, a := range associations {
		s, err := a.OpenStream(0, sctp.PayloadTypeWebRTCBinary)
		if err != nil {
			return associations, streams, err
		}
		streams[i] = sctpLink{s}
	}
	return associations, streams, nil
}

func TestDTLSRunsOverAStreamOfSCTP(t *testing.T) { // R6083-01, R6083-02
	for _, loss := range []float64{0, 0.1} {
		synctest.Test(t, func(t *testing.T) {
			associations, streams, err := overSCTP(netsim.Config{Seed: 1, Delay: 10 * time.Millisecond, Loss: loss, Reorder: loss, MTU: 1228})
			if err != nil {
				t.Fatal(err)
			}
			clientConfig, serverConfig := peers()
			clientConfig.ReliableTransport, serverConfig.ReliableTransport = true, true
			serverConfig.ReceiveBuffer = 40000 // so that the reader is too slow at times
			client, err := dtlstransport.Client(streams[0], clientConfig)
			if err != nil {
				t.Fatal(err)
			}
			server, err := dtlstransport.Server(streams[1], serverConfig)
			if err != nil {
				t.Fatal(err)
			}
			go server.Handshake(t.Context())
			if err := client.Handshake(t.Context()); err != nil {
				t.Fatal(err)
			}
			// The largest records there are, many more than anybody holds, each of them
			// delivered, once and in order.
			const records = 60
			go func() {
				for i := range records {
					if _, err := client.Write(bytes.Repeat([]byte{byte(i)}, client.MaxPayload()-i)); err != nil {
						t.Error(err)
					}
				}
			}()
			buf := make([]byte, 1<<14)
			for i := range records {
				n, err := server.Read(buf)
				if err != nil || n != 1<<14-i || !bytes.Equal(buf[:n], bytes.Repeat([]byte{byte(i)}, n)) {
					t.Fatalf("record %d: %d bytes, %v", i, n, err)
				}
				if i%10 == 0 {
					time.Sleep(time.Second)
				}
			}
			a, errA := client.SCTPAuthSecret()
			b, errB := server.SCTPAuthSecret()
			if errA != nil || errB != nil || len(a) != 64 || !bytes.Equal(a, b) {
				t.Errorf("SCTP-AUTH secrets %x and %x, %v, %v", a, b, errA, errB)
			}
			for _, c := range []*dtlstransport.Conn{client, server} {
				s := c.Stats()
				for reason, n := range s.Dropped {
					if n > 0 {
						t.Errorf("%d dropped: %v", n, dtlstransport.DropReason(reason))
					}
				}
				if s.Retransmissions > 0 {
					t.Errorf("%d retransmissions", s.Retransmissions)
				}
			}
			// "The supported maximum length of SCTP user messages MUST be at least 2^14 + 2048
			// + 13 = 18445 bytes" (RFC 6083, Section 4.1): one comes whole, and is no record
			// of the peer's.
			largest := append([]byte{23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0xff, 0xff, 0x48, 0}, make([]byte, 1<<14+2048)...)
			if _, err := streams[0].Write(largest); err != nil {
				t.Error(err)
			}
			client.Write([]byte("behind it"))
			if n, err := server.Read(buf); err != nil || string(buf[:n]) != "behind it" {
				t.Errorf("read %q, %v", buf[:n], err)
			}
			if s := server.Stats(); s.Dropped[dtlstransport.DropOversize]+s.Dropped[dtlstransport.DropForged] != 1 {
				t.Errorf("%+v", s.Dropped)
			}
			client.Close()
			if _, err := server.Read(buf); err != io.EOF {
				t.Errorf("after close_notify: %v", err)
			}
			server.Close()
			for _, a := range associations {
				a.Close()
			}
		})
	}
}
