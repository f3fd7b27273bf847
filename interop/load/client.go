package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/sdp/v3"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/load/agent"
	"github.com/rtctransport/rtctransport/keying/pionsrtp"
	"github.com/rtctransport/rtctransport/sctpdc"
)

// A client is one peer of the server.
type client struct {
	transport *dtlstransport.Transport
	session   string // what the server calls it; a path

	asked   time.Duration // from the start to the answer to the offer
	setUp   time.Duration // from the first connectivity check to the keys
	opening time.Duration // from the keys to the first echo on the data channel; 0: it has none

	channel *sctpdc.Channel
	echoes  atomic.Uint64

	received atomic.Uint64 // RTP packets
	mu       sync.Mutex
	first    uint32 // sequence numbers of video, extended
	highest  uint32
	any      bool
}

// videoType is the payload type that we give video.
const videoType = 96

// offer writes what browsers would, as far as servers read it.
func offer(direction string, channels bool, local agent.Credentials, print fingerprint.Fingerprint) string {
	transport := fmt.Sprintf("a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n%s\r\na=setup:actpass\r\n", local.Ufrag, local.Password, print.Attribute())
	section := func(media, mid, rtpmap string) string {
		pt, _, _ := strings.Cut(rtpmap, " ")
		s := fmt.Sprintf("m=%s 9 UDP/TLS/RTP/SAVPF %s\r\nc=IN IP4 0.0.0.0\r\na=mid:%s\r\na=%s\r\na=rtcp-mux\r\na=rtcp-rsize\r\na=rtpmap:%s\r\n%s", media, pt, mid, direction, rtpmap, transport)
		if direction == "sendonly" {
			s += "a=msid:load load-" + mid + "\r\na=ssrc:" + fmt.Sprint(ssrc) + " cname:load\r\n"
		}
		return s
	}
	group, data := "0", ""
	if channels {
		group = "0 1"
		data = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n" + transport
	}
	return "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE " + group + "\r\na=msid-semantic: WMS *\r\n" +
		section("video", "0", fmt.Sprintf("%d VP8/90000", videoType)) + data
}

// ssrc is that of all publishers' video: it is theirs alone on their transports.
const ssrc = 0x10adbeef

// join makes a session by a POST of an offer to url, and connects.
func join(ctx context.Context, http *http.Client, url, direction string, channels bool, certificate *fingerprint.Certificate) (*client, error) {
	local := agent.NewCredentials()
	began := time.Now()
	answer, session, err := post(ctx, http, url, offer(direction, channels, local, certificate.Fingerprint()))
	if err != nil {
		return nil, err
	}
	asked := time.Since(began)
	remote, addr, prints, err := readAnswer(answer, channels)
	if err != nil {
		return nil, err
	}
	c, err := connect(ctx, addr, local, remote, &dtlstransport.Config{
		Certificates: []*fingerprint.Certificate{certificate}, RemoteFingerprints: prints, NewProtector: pionsrtp.New,
	})
	if err != nil {
		return nil, err
	}
	c.session, c.asked = session, asked
	if channels {
		if err := c.open(ctx); err != nil {
			c.transport.Close()
			return nil, fmt.Errorf("data channel: %w", err)
		}
	}
	return c, nil
}

// connect makes checks, a handshake and keys.
func connect(ctx context.Context, addr netip.AddrPort, local, remote agent.Credentials, config *dtlstransport.Config) (*client, error) {
	began := time.Now()
	a, err := agent.Dial(ctx, addr, local, remote)
	if err != nil {
		return nil, fmt.Errorf("ICE: %w", err)
	}
	c := new(client)
	c.transport, err = dtlstransport.NewTransport(a, dtlstransport.RoleClient, config)
	if err != nil {
		a.Close()
		return nil, err
	}
	c.transport.OnRTP(c.onRTP)
	c.transport.OnRTCP(func([]byte) {})
	if err := c.transport.Handshake(ctx); err != nil {
		c.transport.Close()
		return nil, err
	}
	c.setUp = time.Since(began)
	return c, nil
}

// post sends an offer and returns the answer and the Location.
func post(ctx context.Context, client *http.Client, url, offer string) (answer, location string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(offer))
	if err != nil {
		return "", "", err
	}
	request.Header.Set("Content-Type", "application/sdp")
	response, err := client.Do(request)
	if err != nil {
		return "", "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return "", "", err
	}
	if response.StatusCode != http.StatusCreated {
		return "", "", fmt.Errorf("%s: %s", response.Status, strings.TrimSpace(string(body)))
	}
	return string(body), response.Header.Get("Location"), nil
}

// readAnswer returns where the server is and who. It has to take data channels if we have offered them.
func readAnswer(text string, channels bool) (remote agent.Credentials, addr netip.AddrPort, prints fingerprint.Set, err error) {
	var s sdp.SessionDescription
	if err := s.UnmarshalString(text); err != nil || len(s.MediaDescriptions) == 0 {
		return remote, addr, nil, errors.New("the answer is no session description")
	}
	if n := len(s.MediaDescriptions); channels && (n < 2 || s.MediaDescriptions[n-1].MediaName.Port.Value == 0) {
		return remote, addr, nil, errors.New("the server takes no data channels")
	}
	attributes := slices.Concat(s.MediaDescriptions[0].Attributes, s.Attributes)
	for _, a := range attributes {
		switch f := strings.Fields(a.Value); {
		case a.Key == "ice-ufrag":
			remote.Ufrag = a.Value
		case a.Key == "ice-pwd":
			remote.Password = a.Value
		case a.Key == "fingerprint":
			if prints, err = fingerprint.ParseSet(a.Value); err != nil {
				return remote, addr, nil, err
			}
		case a.Key == "candidate" && len(f) > 5 && strings.EqualFold(f[2], "udp"):
			if ip, err := netip.ParseAddrPort(f[4] + ":" + f[5]); err == nil && ip.Addr().IsLoopback() {
				addr = ip
			}
		}
	}
	if !addr.IsValid() {
		return remote, addr, nil, errors.New("the answer has no candidate on the loopback interface")
	}
	return remote, addr, prints, nil
}

// onRTP counts.
func (c *client) onRTP(b []byte) {
	if len(b) < 12 {
		return
	}
	c.received.Add(1)
	seq := binary.BigEndian.Uint16(b[2:])
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.any {
		c.any, c.first, c.highest = true, uint32(seq), uint32(seq)
		return
	}
	if ahead := seq - uint16(c.highest); ahead < 1<<15 {
		c.highest += uint32(ahead)
	}
}

// missing returns how many packets between the first and the last have not come.
func (c *client) missing() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.any {
		return 0
	}
	expected := uint64(c.highest-c.first) + 1
	return expected - min(expected, c.received.Load())
}

// A burst is how a publisher sends: packets at a time, as the frames of a video.
type burst struct {
	Packets, Size int
	PerSecond     int
}

// publish sends bursts until ctx ends, and counts the packets.
func (c *client) publish(ctx context.Context, b burst, sent *atomic.Uint64) {
	packet := make([]byte, b.Size)
	packet[0] = 0x80
	binary.BigEndian.PutUint32(packet[8:], ssrc)
	packet[12] = 0x10 // VP8: the start of a partition (RFC 7741, Section 4.2)
	ticker := time.NewTicker(time.Second / time.Duration(b.PerSecond))
	defer ticker.Stop()
	seq := uint16(0)
	for frame := uint32(0); ; frame++ {
		select {
		case <-ctx.Done():
			return
		case <-c.transport.Done():
			return
		case <-ticker.C:
		}
		binary.BigEndian.PutUint32(packet[4:], frame*(90000/uint32(b.PerSecond)))
		for i := range b.Packets {
			packet[1] = videoType
			if i == b.Packets-1 {
				packet[1] |= 0x80 // the end of the frame
			}
			binary.BigEndian.PutUint16(packet[2:], seq)
			seq++
			if _, err := c.transport.WriteRTP(packet); err == nil {
				sent.Add(1)
			}
		}
	}
}
