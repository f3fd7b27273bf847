package main

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/sdp/v3"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/load/agent"
	"github.com/rtctransport/rtctransport/keying/pionsrtp"
)

// visit connects to the session that an answer describes.
func visit(t *testing.T, ctx context.Context, local agent.Credentials, certificate *fingerprint.Certificate, answer string) *dtlstransport.Transport {
	t.Helper()
	var s sdp.SessionDescription
	if err := s.UnmarshalString(answer); err != nil {
		t.Fatal(err)
	}
	m := s.MediaDescriptions[0]
	value := func(key string) string { v, _ := m.Attribute(key); return v }
	f := strings.Fields(value("candidate"))
	set, err := fingerprint.ParseSet(value("fingerprint"))
	if err != nil {
		t.Fatal(err)
	}
	a, err := agent.Dial(ctx, netip.MustParseAddrPort(f[4]+":"+f[5]), local, agent.Credentials{Ufrag: value("ice-ufrag"), Password: value("ice-pwd")})
	if err != nil {
		t.Fatal(err)
	}
	transport, err := dtlstransport.NewTransport(a, dtlstransport.RoleClient, &dtlstransport.Config{
		Certificates: []*fingerprint.Certificate{certificate}, RemoteFingerprints: set, NewProtector: pionsrtp.New,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { transport.Close() })
	return transport
}

// offerOf is the offer of the tests, by somebody with that certificate.
func offerOf(t *testing.T, direction string, local agent.Credentials, certificate *fingerprint.Certificate) *Offer {
	t.Helper()
	return parsed(t, strings.ReplaceAll(offer, "sendonly", direction), direction == "sendonly", local, certificate)
}

// parsed is an offer, as somebody with that certificate makes it.
func parsed(t *testing.T, text string, publisher bool, local agent.Credentials, certificate *fingerprint.Certificate) *Offer {
	t.Helper()
	text = strings.NewReplacer("abcd", local.Ufrag,
		"sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF", certificate.Fingerprint().String()).Replace(text)
	o, err := ParseOffer(text, publisher)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// Both ways lose one packet in fifty, and every packet of video arrives: what the publisher's way loses the server asks for,
// what the subscriber's way loses it sends again, on the stream for that (RFC 4588).
func TestVideoSurvivesLosses(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	sfu, _ := startSFU(t, nil)
	certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	up, down := rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(3, 4))
	const n = 1500
	const loss = 50 // one in

	// The publisher keeps what it has sent, and sends again what is asked for; it is asked for a key frame as well.
	local := agent.NewCredentials()
	session, answer, err := sfu.Publish(&Visit{Room: "room", Name: "Ada", Offer: offerOf(t, "sendonly", local, certificate)})
	if err != nil {
		t.Fatal(err)
	}
	publisher := visit(t, ctx, local, certificate, answer)
	var kept [n]struct {
		once sync.Once
		b    []byte
	}
	for seq := range kept {
		kept[seq].b = packet(96, uint16(seq), 77, "frame")
	}
	send := func(seq uint16) {
		if int(seq) < n {
			kept[seq].once.Do(func() { publisher.WriteRTP(kept[seq].b) }) // SRTP takes no number twice
		} else {
			publisher.WriteRTP(packet(96, seq, 77, "frame"))
		}
	}
	keyFrame := make(chan struct{}, 1)
	publisher.OnRTCP(func(b []byte) {
		packets, _ := rtcp.Unmarshal(b)
		for _, p := range packets {
			switch p := p.(type) {
			case *rtcp.TransportLayerNack:
				for _, pair := range p.Nacks {
					for _, seq := range pair.PacketList() {
						send(seq)
					}
				}
			case *rtcp.PictureLossIndication:
				select {
				case keyFrame <- struct{}{}:
				default:
				}
			}
		}
	})
	if err := publisher.Handshake(ctx); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the stream is in the room", func() bool { return sfu.rooms.stream(session.ID) != nil })

	// The subscriber loses packets, and asks for them.
	local = agent.NewCredentials()
	_, answer, err = sfu.Subscribe(sfu.rooms.stream(session.ID), &Visit{Room: "room", Offer: offerOf(t, "recvonly", local, certificate)})
	if err != nil {
		t.Fatal(err)
	}
	subscriber := visit(t, ctx, local, certificate, answer)
	var mu sync.Mutex
	var r receiver
	have := make(map[uint16]bool)
	again, lost := 0, 0
	subscriber.OnRTP(func(b []byte) {
		mu.Lock()
		defer mu.Unlock()
		seq, repaired := binary.BigEndian.Uint16(b[2:]), b[1]&0x7f == 97
		if repaired {
			seq = binary.BigEndian.Uint16(b[rtpHeader:])
			b = append(b[:rtpHeader:rtpHeader], b[rtpHeader+2:]...)
		} else if down.IntN(loss) == 0 {
			lost++
			return
		}
		if string(b[rtpHeader:]) != "frame" {
			t.Errorf("packet %d: %q", seq, b[rtpHeader:])
		}
		if repaired {
			again++
		}
		have[seq] = true
		r.packet(seq)
		if seqs := r.wanted(time.Now()); len(seqs) > 0 {
			nack, err := (&rtcp.TransportLayerNack{MediaSSRC: sfu.rooms.stream(session.ID).Out[Video].SSRC, Nacks: rtcp.NackPairsFromSequenceNumbers(seqs)}).Marshal()
			if err == nil {
				subscriber.WriteRTCP(nack)
			}
		}
	})
	if err := subscriber.Handshake(ctx); err != nil {
		t.Fatal(err)
	}
	stream := sfu.rooms.stream(session.ID)
	eventually(t, "the server sends to it", func() bool { return (*stream.subscribers.Load())[0].connected.Load() })

	for seq := range uint16(n) {
		if seq > 0 && up.IntN(loss) == 0 {
			continue // lost on its way to the server, which asks for it
		}
		send(seq)
		if seq%10 == 0 {
			time.Sleep(10 * time.Millisecond) // as fast as video of 10 Mbit/s
		}
	}
	seq := uint16(n)
	eventually(t, "everything has come", func() bool {
		send(seq) // shows what is missing before it
		seq++
		mu.Lock()
		defer mu.Unlock()
		for seq := range uint16(n) {
			if !have[seq] && seq > 0 { // the first may be lost: nobody can tell
				return false
			}
		}
		return true
	})
	select {
	case <-keyFrame:
	case <-ctx.Done():
		t.Error("no key frame was asked for")
	}
	mu.Lock()
	defer mu.Unlock()
	t.Logf("%d packets lost on the way to the subscriber, %d came again", lost, again)
	if again == 0 {
		t.Error("nothing came again")
	}
}
