package sctpdc

import (
	"encoding/binary"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/sctp"

	"github.com/rtctransport/rtctransport/interop/netsim"
)

// A dtlsConn looks like DTLS.
type dtlsConn struct{ net.Conn }

func (dtlsConn) ExportKeyingMaterial(string, []byte, int) ([]byte, error) { return nil, nil }

// withoutChecksum counts the packets without a checksum, and reports wrong ones and those that must have one.
func withoutChecksum(t *testing.T, packets [][]byte) (n int) {
	t.Helper()
	for _, p := range packets {
		switch typ := chunkType(p[commonHeaderLen]); {
		case binary.LittleEndian.Uint32(p[8:]) == checksum(p):
		case binary.LittleEndian.Uint32(p[8:]) != 0:
			t.Errorf("packet with chunk %d has a wrong checksum", typ)
		case typ == chunkInit || typ == chunkCookieEcho:
			t.Errorf("packet with chunk %d has none", typ)
		default:
			n++
		}
	}
	return n
}

// SCTP-07: the checksum is left out when both sides are over DTLS and want it, and only then.
func TestChecksumIsLeftOutOverDTLSIfBothSidesAgree(t *testing.T) {
	for _, test := range []struct{ dtls, clientOff, serverOff bool }{
		{dtls: true}, {dtls: true, clientOff: true}, {dtls: true, serverOff: true}, {},
	} {
		t.Run(fmt.Sprintf("%+v", test), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := netsim.Pipe(netsim.Config{Seed: 3, Delay: 20 * time.Millisecond, Loss: 0.05})
				x, y := &tap{Conn: a}, &tap{Conn: b}
				var over [2]net.Conn = [2]net.Conn{x, y}
				if test.dtls {
					over = [2]net.Conn{dtlsConn{x}, dtlsConn{y}}
				}
				p := &pair{t: t}
				p.client = p.start(over[0], 1, Config{DisableZeroChecksum: test.clientOff})
				p.server = p.start(over[1], 2, Config{DisableZeroChecksum: test.serverOff, ChannelQueue: 1 << 14})
				c, d := p.open(p.client, p.server, "x", nil)
				go func() { _, _ = c.Stream().Write(make([]byte, 400_000)) }()
				for sum := 0; sum < 400_000; {
					time.Sleep(5 * time.Millisecond) // slow enough that the window is narrowed in SACKs
					m, err := d.Receive(within(t, time.Minute))
					if err != nil {
						t.Fatal(err)
					}
					sum += len(m.Data)
				}
				want := test.dtls && !test.clientOff && !test.serverOff
				for i, side := range []*Association{p.client, p.server} {
					all := []*tap{x, y}[i].packets()
					n := withoutChecksum(t, all)
					if want != (n > len(all)/2) || !want && n > 0 {
						t.Errorf("side %d: %d of %d packets without checksum", i, n, len(all))
					}
					s := side.Stats()
					if s.BadChecksum != 0 || s.ZeroChecksumSending != want {
						t.Errorf("side %d: %+v", i, s)
					}
				}
				_ = p.client.Close()
				_ = p.server.Close()
			})
		})
	}
}

// A peer may say that it takes zero checksums although nothing below us finds errors.
func TestChecksumIsThereWithoutDTLSWhateverThePeerSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := netsim.Pipe(rtt40)
		x := &tap{Conn: c}
		p := &pair{t: t}
		a := p.start(x, 2, Config{})
		defer a.Close()
		rude, err := sctp.ClientContext(within(t, time.Minute), sctp.WithNetConn(d), sctp.WithEnableZeroChecksum(true), silent())
		if err != nil {
			t.Fatal(err)
		}
		defer rude.Close()
		rudeStream(t, rude, 0, ppidDCEP, openMessage("x", &ChannelOptions{}).append(nil))
		if _, err := a.Accept(within(t, time.Minute)); err != nil {
			t.Fatal(err)
		}
		if n := withoutChecksum(t, x.packets()); n > 0 {
			t.Errorf("%d packets without checksum", n)
		}
	})
}

// SCTP-07
func TestZeroChecksumIsRefusedUnlessAnnounced(t *testing.T) {
	for _, takes := range []bool{false, true} {
		g := newGate(nil, &seeingOwner{}, 1000)
		g.localTag, g.peerTag, g.takesZero = 1, 0x01020304, takes
		for _, typ := range []chunkType{chunkSack, chunkCookieEcho, chunkInit} {
			tag := uint32(1)
			if typ == chunkInit {
				tag = 0
			}
			value := goodInit
			if typ == chunkSack {
				value = make([]byte, sackLen)
			}
			p := onePacket(tag, typ, 0, value)
			good := g.inbound(append([]byte(nil), p...)) > 0
			binary.LittleEndian.PutUint32(p[8:], 0)
			zero := g.inbound(append([]byte(nil), p...)) > 0
			binary.LittleEndian.PutUint32(p[8:], 1)
			wrong := g.inbound(p) > 0
			if !good || wrong || zero != (takes && typ == chunkSack) {
				t.Errorf("announced %v, chunk %d: right checksum taken %v, zero %v, wrong %v", takes, typ, good, zero, wrong)
			}
		}
	}
}
