package dtlstransport

import (
	"testing"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// forgedVerifyRequest is a HelloVerifyRequest that no server sent.
func forgedVerifyRequest(seq uint16, cookie string) []byte {
	m := wire.HelloVerifyRequest{Version: record.Version10, Cookie: []byte(cookie)}
	body := m.Append(nil)
	message := wire.AppendHeader(nil, wire.Header{Type: wire.TypeHelloVerifyRequest, Length: uint32(len(body)), Seq: seq, FragmentLength: uint32(len(body))})
	return record.AppendAs(nil, 0, record.TypeHandshake, record.Version12, append(message, body...))
}

func TestAForgedHelloVerifyRequestEndsNothing(t *testing.T) { // HS-25, HS-26
	for _, cookies := range []*Cookies{nil, NewCookies()} {
		for seq := range uint16(3) {
			for position := range 6 {
				client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
				server.Cookies = cookies
				p := newPair(t, client, server, netsim.Config{Delay: 25 * time.Millisecond})
				p.start()
				for steps := 0; !p.bothConnected(); steps++ {
					if steps == position {
						p.client.note(p.client.HandleDatagram(p.now, forgedVerifyRequest(seq, "forged")))
						p.flush(p.client)
					}
					if !p.step(epochZero.Add(time.Minute)) {
						t.Fatalf("cookies %v, message_seq %d before step %d: client %v (%v), server %v (%v)", cookies != nil, seq, position,
							p.client.connected, p.client.err, p.server.connected, p.server.err)
					}
				}
			}
		}
	}
}

func TestManyForgedHelloVerifyRequestsCostFewHellos(t *testing.T) { // HS-26
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	p := newPair(t, client, server, netsim.Config{})
	p.client.Start(p.now)
	p.flush(p.client)
	for i := range 10000 {
		p.client.note(p.client.HandleDatagram(p.now, forgedVerifyRequest(uint16(i%8), string(rune('a'+i)))))
		p.flush(p.client)
	}
	if p.client.err != nil || p.client.datagrams > 1+maxHelloVerifyRequests {
		t.Errorf("%d hellos, %v", p.client.datagrams, p.client.err)
	}
}

func TestForgedHelloVerifyRequestsDoNotUseUpTheGenuineOne(t *testing.T) {
	client, server := configs(t, fingerprint.ECDSAP256, fingerprint.ECDSAP256)
	server.Cookies = NewCookies()
	p := newPair(t, client, server, netsim.Config{Delay: 25 * time.Millisecond})
	p.start()
	for i := range 16 {
		p.client.note(p.client.HandleDatagram(p.now, forgedVerifyRequest(0, string(rune('a'+i)))))
		p.flush(p.client)
	}
	if !p.run(5*time.Second, p.bothConnected) {
		t.Fatalf("client %v (%v), server %v (%v)", p.client.connected, p.client.err, p.server.connected, p.server.err)
	}
	p.checkTraffic(t)
}
