package dtlstransport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying"
	"github.com/rtctransport/rtctransport/keying/pionsrtp"
)

// transportPair returns two transports over a simulated link, inside a bubble.
func transportPair(t *testing.T, link netsim.Config, change func(client, server *Config)) (a, b *Transport) {
	t.Helper()
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	client.NewProtector, server.NewProtector = pionsrtp.New, pionsrtp.New
	if change != nil {
		change(client, server)
	}
	x, y := netsim.Pipe(link)
	a, err := NewTransport(x, RoleClient, client)
	if err != nil {
		t.Fatal(err)
	}
	if b, err = NewTransport(y, RoleServer, server); err != nil {
		t.Fatal(err)
	}
	return a, b
}

// shakeHands runs both handshakes and returns their errors.
func shakeHands(a, b *Transport) (errA, errB error) {
	done := make(chan error)
	go func() { done <- b.Handshake(context.Background()) }()
	errA = a.Handshake(context.Background())
	return errA, <-done
}

func mustShakeHands(t *testing.T, a, b *Transport) {
	t.Helper()
	if errA, errB := shakeHands(a, b); errA != nil || errB != nil {
		t.Fatalf("handshake: %v, %v", errA, errB)
	}
}

func rtpPacket(seq uint16, payload string) []byte {
	header := []byte{0x80, 111, byte(seq >> 8), byte(seq), 0, 0, 0, 1, 0xde, 0xad, 0xbe, 0xef}
	return append(header, payload...)
}

func TestTransportCarriesDataAndMediaBothWays(t *testing.T) {
	for _, profile := range keying.DefaultSRTPProfiles() {
		t.Run(profile.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := transportPair(t, netsim.Config{Delay: 10 * time.Millisecond}, func(client, _ *Config) {
					client.SRTPProfiles = []keying.SRTPProfile{profile}
				})
				defer a.Close()
				defer b.Close()
				mustShakeHands(t, a, b)
				buf := make([]byte, 1500)
				for _, way := range []struct{ from, to *Transport }{{a, b}, {b, a}} {
					if _, err := way.from.Conn().Write([]byte("data")); err != nil {
						t.Fatal(err)
					}
					if n, err := way.to.Conn().Read(buf); err != nil || string(buf[:n]) != "data" {
						t.Errorf("Read = %q, %v", buf[:n], err)
					}
					rtp := rtpPacket(7, "media")
					if _, err := way.from.WriteRTP(rtp); err != nil {
						t.Fatal(err)
					}
					if n, err := way.to.ReadRTP(buf); err != nil || !bytes.Equal(buf[:n], rtp) {
						t.Errorf("ReadRTP = %x, %v, want %x", buf[:n], err, rtp)
					}
					pli := []byte{0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2}
					if _, err := way.from.WriteRTCP(pli); err != nil {
						t.Fatal(err)
					}
					if n, err := way.to.ReadRTCP(buf); err != nil || !bytes.Equal(buf[:n], pli) {
						t.Errorf("ReadRTCP = %x, %v, want %x", buf[:n], err, pli)
					}
				}
				if got := a.ConnectionState().SRTPProfile; got != profile {
					t.Errorf("profile %v, want %v", got, profile)
				}
			})
		})
	}
}

func TestMediaThatOvertakesTheHandshakeIsKeptForIt(t *testing.T) {
	// The server is done, and sends, half a round trip before the client is.
	synctest.Test(t, func(t *testing.T) {
		a, b := transportPair(t, netsim.Config{Delay: 10 * time.Millisecond, Decide: func(d netsim.Direction, n int) netsim.Fate {
			return netsim.Fate{Drop: d == netsim.BtoA && n == 1} // the server's Finished
		}}, nil)
		defer a.Close()
		defer b.Close()
		go a.Handshake(t.Context())
		if err := b.Handshake(t.Context()); err != nil {
			t.Fatal(err)
		}
		rtp := rtpPacket(1, "early")
		if _, err := b.WriteRTP(rtp); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Conn().Write([]byte("early data")); err != nil {
			t.Fatal(err)
		}
		if state := a.ConnectionState(); state.Connected {
			t.Fatal("the client is connected without the server's Finished")
		}
		buf := make([]byte, 1500)
		if n, err := a.ReadRTP(buf); err != nil || !bytes.Equal(buf[:n], rtp) {
			t.Errorf("ReadRTP = %x, %v, want %x", buf[:n], err, rtp)
		}
		if n, err := a.Conn().Read(buf); err != nil || string(buf[:n]) != "early data" {
			t.Errorf("Read = %q, %v", buf[:n], err)
		}
	})
}

func TestOnRTPGetsPacketsInline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := transportPair(t, netsim.Config{}, nil)
		defer a.Close()
		defer b.Close()
		mustShakeHands(t, a, b)
		for seq := range uint16(3) {
			if _, err := a.WriteRTP(rtpPacket(seq, "x")); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait() // they wait for ReadRTP
		var got []byte
		b.OnRTP(func(p []byte) { got = append(got, p[3]) })
		a.WriteRTP(rtpPacket(3, "x"))
		synctest.Wait()
		if !bytes.Equal(got, []byte{0, 1, 2, 3}) {
			t.Errorf("handler saw %v, want packets 0 to 3 in order", got)
		}
	})
}

// "[...] an unauthenticated [...] message does not stop media" on such a transport
// (after RFC 7675, Section 5.2): whoever can send to us would stop it.
func TestForgedEndsDoNotStopMedia(t *testing.T) { // ICE-04
	synctest.Test(t, func(t *testing.T) {
		a, b := transportPair(t, netsim.Config{}, nil)
		defer a.Close()
		defer b.Close()
		mustShakeHands(t, a, b)
		for seq, forged := range [][]byte{
			plainRecord(record.TypeAlert, 0, 1<<40, []byte{alertWarning, byte(AlertCloseNotify)}),
			plainRecord(record.TypeAlert, 0, 1<<40, []byte{alertFatal, byte(AlertInternalError)}),
			plainRecord(record.TypeAlert, 1, 1<<40, make([]byte, 26)),
			{0x80, 203, 0, 1, 0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, // RTCP BYE
			{0x00, 0x11, 0, 0, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		} {
			for range 100 {
				if _, err := a.Mux().Write(forged); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait()
			if err := b.Err(); err != nil {
				t.Fatalf("forgery %d ends the transport: %v", seq, err)
			}
			for _, way := range []struct{ from, to *Transport }{{a, b}, {b, a}} {
				if _, err := way.from.WriteRTP(rtpPacket(uint16(seq), "on")); err != nil {
					t.Fatal(err)
				}
				buf := make([]byte, 100)
				if n, err := way.to.ReadRTP(buf); err != nil || !bytes.HasSuffix(buf[:n], []byte("on")) {
					t.Errorf("after forgery %d: ReadRTP = %q, %v", seq, buf[:n], err)
				}
			}
		}
	})
}

func TestForgedMediaIsCountedAndMediaGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := transportPair(t, netsim.Config{}, nil)
		defer a.Close()
		defer b.Close()
		mustShakeHands(t, a, b)
		for range 100 { // SRTP-15, SRTP-16
			a.Mux().Write(append(rtpPacket(1, "forged, with no tag that could fit"), make([]byte, 16)...))
		}
		a.WriteRTP(rtpPacket(2, "genuine"))
		buf := make([]byte, 1500)
		n, err := b.ReadRTP(buf)
		if err != nil || !bytes.HasSuffix(buf[:n], []byte("genuine")) {
			t.Errorf("ReadRTP = %q, %v", buf[:n], err)
		}
		if got := b.Stats().RTP; got.Refused != 100 || got.Received != 1 {
			t.Errorf("stats %+v, want 100 refused and 1 received", got)
		}
	})
}

func TestWithoutACommonProfileDataGoesOn(t *testing.T) { // SRTP-07
	synctest.Test(t, func(t *testing.T) {
		a, b := transportPair(t, netsim.Config{}, func(_, server *Config) { server.SRTPProfiles = []keying.SRTPProfile{} })
		defer a.Close()
		defer b.Close()
		mustShakeHands(t, a, b)
		for _, x := range []*Transport{a, b} {
			if _, err := x.WriteRTP(rtpPacket(1, "")); !errors.Is(err, ErrNoSRTP) {
				t.Errorf("WriteRTP: %v, want ErrNoSRTP", err)
			}
			if _, err := x.ReadRTP(make([]byte, 100)); !errors.Is(err, ErrNoSRTP) {
				t.Errorf("ReadRTP: %v, want ErrNoSRTP", err)
			}
			if _, err := x.SRTPMaterial(); !errors.Is(err, ErrNoSRTP) {
				t.Errorf("SRTPMaterial: %v, want ErrNoSRTP", err)
			}
		}
		a.Conn().Write([]byte("data"))
		buf := make([]byte, 100)
		if n, err := b.Conn().Read(buf); err != nil || string(buf[:n]) != "data" {
			t.Errorf("Read = %q, %v", buf[:n], err)
		}
	})
}

// Who has forgotten it hears so at once, and does not wait for packets that cannot come.
func TestMediaWithoutAProtectorIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := transportPair(t, netsim.Config{}, func(client, server *Config) { client.NewProtector, server.NewProtector = nil, nil })
		defer a.Close()
		defer b.Close()
		for _, when := range []string{"before the handshake", "after it"} {
			for name, call := range map[string]func([]byte) (int, error){
				"WriteRTP": a.WriteRTP, "WriteRTCP": a.WriteRTCP, "ReadRTP": a.ReadRTP, "ReadRTCP": a.ReadRTCP,
			} {
				if _, err := call(rtpPacket(1, "")); !errors.Is(err, ErrNoSRTP) || !strings.Contains(err.Error(), "NewProtector") {
					t.Errorf("%s %s: %v, want an ErrNoSRTP that names NewProtector", name, when, err)
				}
			}
			mustShakeHands(t, a, b)
		}
		if _, err := a.SRTPMaterial(); err != nil {
			t.Errorf("SRTPMaterial: %v", err)
		}
	})
}

func TestMediaBeforeTheHandshakeIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := transportPair(t, netsim.Config{}, nil)
		defer b.Close()
		if _, err := a.WriteRTP(rtpPacket(1, "")); !errors.Is(err, ErrNotConnected) {
			t.Errorf("WriteRTP: %v, want ErrNotConnected", err)
		}
		a.SetReadDeadline(time.Now().Add(time.Second))
		start := time.Now()
		if _, err := a.ReadRTP(make([]byte, 10)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("ReadRTP: %v after %v, want the deadline after 1 s", err, time.Since(start))
		}
		a.Close()
		a.SetReadDeadline(time.Time{})
		if _, err := a.ReadRTP(make([]byte, 10)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("ReadRTP after Close: %v, want net.ErrClosed", err)
		}
		if _, err := a.WriteRTP(rtpPacket(1, "")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("WriteRTP after Close: %v, want net.ErrClosed", err)
		}
	})
}

func TestCloseReachesTheOtherEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := transportPair(t, netsim.Config{Delay: time.Millisecond}, nil)
		mustShakeHands(t, a, b)
		a.Conn().Write([]byte("last words"))
		a.Close()
		<-b.Done()
		if !errors.Is(b.Err(), io.EOF) {
			t.Errorf("Err = %v, want io.EOF", b.Err())
		}
		buf := make([]byte, 100)
		if n, err := b.Conn().Read(buf); err != nil || string(buf[:n]) != "last words" {
			t.Errorf("Read = %q, %v: what came before the close is to be read first", buf[:n], err)
		}
		if _, err := b.Conn().Read(buf); err != io.EOF {
			t.Errorf("Read = %v, want io.EOF", err)
		}
		if _, err := b.ReadRTP(buf); !errors.Is(err, io.EOF) {
			t.Errorf("ReadRTP = %v, want io.EOF", err)
		}
		if _, err := b.Conn().Write([]byte("x")); !errors.Is(err, ErrClosed) {
			t.Errorf("Write = %v, want ErrClosed", err)
		}
		b.Close()
	})
}
