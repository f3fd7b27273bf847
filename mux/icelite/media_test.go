package icelite

import (
	"encoding/binary"
	"testing"

	"github.com/rtctransport/rtctransport/keying"
	"github.com/rtctransport/rtctransport/keying/pionsrtp"
	"github.com/rtctransport/rtctransport/mux"
)

// protectors returns both ends of an SRTP association.
func protectors(t testing.TB) (client, server keying.Protector) {
	profile := keying.DefaultSRTPProfiles()[0]
	m, err := keying.NewMaterial(profile, make([]byte, profile.MaterialLen()))
	if err != nil {
		t.Fatal(err)
	}
	for role, p := range map[keying.Role]*keying.Protector{keying.RoleClient: &client, keying.RoleServer: &server} {
		if *p, err = pionsrtp.New(m, role); err != nil {
			t.Fatal(err)
		}
	}
	return client, server
}

// sealedPackets returns n SRTP packets of the client, in order.
func sealedPackets(t testing.TB, client keying.Protector, n int) (packets [][]byte) {
	for seq := range n {
		packet := make([]byte, 1200)
		packet[0], packet[1] = 0x80, 96
		binary.BigEndian.PutUint16(packet[2:], uint16(seq))
		sealed, err := client.ProtectRTP(nil, packet)
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, sealed)
	}
	return packets
}

// From what the socket has received to the handler of the decrypted packet, and from there to the queue of another
// peer, nothing is allocated but what srtp/v2 allocates for each packet that it opens or protects.
func TestTheMediaPathAllocatesWhatSRTPDoes(t *testing.T) {
	inBubble(t, nil, func(h *harness) {
		const n = 500
		client, server := protectors(t)
		alone, bare := protectors(t)
		_, onward := protectors(t)
		packets, forBare := sealedPackets(t, client, 2*n), sealedPackets(t, alone, 2*n)

		i := 0
		opened := testing.AllocsPerRun(n, func() {
			if _, err := bare.UnprotectRTP(forBare[i][:0], forBare[i]); err != nil {
				t.Fatal(err)
			}
			i++
		})
		plain, scratch := make([]byte, 1200), make([]byte, 0, 2048)
		plain[0], plain[1], plain[8] = 0x80, 96, 1
		i = 0
		sealed := testing.AllocsPerRun(n, func() {
			binary.BigEndian.PutUint16(plain[2:], uint16(i))
			if _, err := onward.ProtectRTP(scratch, plain); err != nil {
				t.Fatal(err)
			}
			i++
		})

		p, q := h.peer(), h.peer()
		h.arrive(alice, binding(p.Credentials()))
		h.arrive(bob, binding(q.Credentials()))
		_, sender := protectors(t)
		out := make([]byte, 0, 2048)
		delivered := 0
		mux.New(p, nil).Handle(func(b []byte) {
			packet, err := server.UnprotectRTP(b[:0], b)
			if err != nil {
				t.Fatal(err)
			}
			delivered++
			if out, err = sender.ProtectRTP(out[:0], packet); err != nil {
				t.Fatal(err)
			}
			if _, err := q.Write(out); err != nil {
				t.Fatal(err)
			}
		}, mux.RTP)
		h.conn.mute = true // it would copy
		h.hold(h.now())
		i = 0
		whole := testing.AllocsPerRun(n, func() {
			h.sockets[0].take(h.now(), train{alice, packets[i], len(packets[i])})
			i++
			if i%10 == 0 {
				h.sockets[0].queue.flush()
			}
		})
		h.release()
		if delivered != n+1 {
			t.Fatalf("%d packets were delivered", delivered)
		}
		if whole > opened+sealed+0.5 {
			t.Errorf("%v allocations a packet, of which srtp/v2's are %v + %v", whole, opened, sealed)
		}
		t.Logf("srtp/v2 allocates %v to open a packet and %v to protect one; all of it %v", opened, sealed, whole)
	})
}
