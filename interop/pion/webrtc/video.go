package main

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"
)

const (
	room     = 1000 // bytes of a frame in a packet
	interval = 3000 // between frames, in ticks of 90 kHz
)

// A roundTrip is a video that goes out, and the packets that come back.
type roundTrip struct {
	*connection
	track  *webrtc.TrackLocalStaticRTP
	sender *webrtc.RTPSender
	sent   uint16 // sequence number

	mu   sync.Mutex
	came []*rtp.Packet
	ssrc webrtc.SSRC // of what comes
}

// roundTrip returns a round trip when packets come back.
func (j *job) roundTrip() (*roundTrip, error) {
	m := &roundTrip{}
	var err error
	if m.track, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "video", "pion"); err != nil {
		return nil, err
	}
	m.connection, err = j.begin(options{}, func(pc *webrtc.PeerConnection) (err error) {
		pc.OnTrack(m.read)
		m.sender, err = pc.AddTrack(m.track)
		return err
	})
	if err != nil {
		return nil, err
	}
	return m, j.until("packets to come back", func() bool {
		m.write(0, true, []byte{0x10, 0, 0})
		return m.count(func(*rtp.Packet) bool { return true }) > 0
	})
}

// read keeps what comes.
func (m *roundTrip) read(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
	for {
		p, _, err := t.ReadRTP()
		if err != nil {
			return
		}
		m.mu.Lock()
		m.came, m.ssrc = append(m.came, p), t.SSRC()
		m.mu.Unlock()
	}
}

func (m *roundTrip) write(timestamp uint32, marker bool, payload []byte) {
	m.sent++
	_ = m.track.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: m.sent, Timestamp: timestamp, Marker: marker}, Payload: payload})
}

// count returns how many packets have come that are of a kind.
func (m *roundTrip) count(is func(*rtp.Packet) bool) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.came {
		if is(p) {
			n++
		}
	}
	return n
}

// frames puts together the frames that begin at a timestamp.
func (m *roundTrip) frames(first uint32, n int) (all [][]byte, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range n {
		var frame []byte
		for _, p := range m.came {
			if p.Timestamp != first+uint32(i)*interval {
				continue
			}
			part, err := (&codecs.VP8Packet{}).Unmarshal(p.Payload)
			if err != nil {
				return nil, err
			}
			frame = append(frame, part...)
		}
		if frame != nil {
			all = append(all, frame)
		}
	}
	return all, nil
}

// video sends the frames of a clip, and has those that come back looked at by who gave it.
func video(j *job) error {
	var clip [][]byte
	if err := j.fetch("/clip", nil, &clip); err != nil {
		return err
	}
	m, err := j.roundTrip()
	if err != nil {
		return err
	}
	var verdict struct{ Error string }
	for attempt := uint32(1); attempt <= 3; attempt++ { // a busy machine may lose a packet
		first := attempt << 28
		var payloader codecs.VP8Payloader
		for n, frame := range clip {
			parts := payloader.Payload(room, frame)
			for i, part := range parts {
				m.write(first+uint32(n)*interval, i == len(parts)-1, part)
			}
			time.Sleep(10 * time.Millisecond)
		}
		last := first + uint32(len(clip)-1)*interval
		for end := time.Now().Add(3 * time.Second); time.Now().Before(end) && m.count(func(p *rtp.Packet) bool { return p.Marker && p.Timestamp == last }) == 0; {
			time.Sleep(10 * time.Millisecond)
		}
		frames, err := m.frames(first, len(clip))
		if err != nil {
			return err
		}
		if err := j.fetch("/clip", frames, &verdict); err != nil {
			return err
		}
		j.facts["frames"], j.facts["attempts"] = float64(len(frames)), float64(attempt)
		if verdict.Error == "" {
			return nil
		}
	}
	return errors.New(verdict.Error)
}

// keyFrameRequest asks for a key frame of what comes back, and waits until the sender is asked.
func keyFrameRequest(j *job) error {
	m, err := j.roundTrip()
	if err != nil {
		return err
	}
	asked := make(chan struct{}, 1)
	go func() {
		for {
			packets, _, err := m.sender.ReadRTCP()
			if err != nil {
				return
			}
			for _, p := range packets {
				if _, ok := p.(*rtcp.PictureLossIndication); ok {
					select {
					case asked <- struct{}{}:
					default:
					}
				}
			}
		}
	}()
	for {
		m.mu.Lock()
		ssrc := m.ssrc
		m.mu.Unlock()
		if err := m.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(ssrc)}}); err != nil {
			return err
		}
		select {
		case <-asked:
			return nil
		case <-time.After(100 * time.Millisecond):
		case <-j.ctx.Done():
			return fmt.Errorf("no PLI has come for our encoder")
		}
	}
}
