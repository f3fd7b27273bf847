package main

import (
	"bytes"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// rtpPayload is one of 100 bytes, no two alike.
func rtpPayload(n uint16) []byte {
	b := make([]byte, 100)
	for i := range b {
		b[i] = byte(int(n)*31 + i*7)
	}
	b[0], b[1] = byte(n), byte(n>>8)
	return b
}

// rtpPackets sends RTP packets and wants their payload back, byte for byte.
func rtpPackets(j *job) error {
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "video", "pion")
	if err != nil {
		return err
	}
	var came, wrong atomic.Int32
	c, err := j.begin(options{}, func(pc *webrtc.PeerConnection) error {
		pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
			for {
				p, _, err := t.ReadRTP()
				if err != nil {
					return
				}
				if len(p.Payload) < 2 || !bytes.Equal(p.Payload, rtpPayload(uint16(p.Payload[0])|uint16(p.Payload[1])<<8)) {
					wrong.Add(1)
				}
				came.Add(1)
			}
		})
		_, err := pc.AddTrack(track)
		return err
	})
	if err != nil {
		return err
	}
	sent := uint16(0)
	err = j.until("packets to come back", func() bool {
		sent++
		_ = track.WriteRTP(&rtp.Packet{
			Header:  rtp.Header{Version: 2, SequenceNumber: sent, Timestamp: uint32(sent) * 3000, Marker: true},
			Payload: rtpPayload(sent),
		})
		time.Sleep(10 * time.Millisecond)
		return came.Load() >= 20
	})
	if err != nil {
		return fmt.Errorf("%w: %d sent, %d came", err, sent, came.Load())
	}
	s, err := c.stats()
	if err == nil && (wrong.Load() > 0 || s.RTPIn < 20 || !strings.HasPrefix(s.SRTPProfile, "SRTP_")) {
		return fmt.Errorf("%d wrong payloads; the server says %+v", wrong.Load(), s)
	}
	return err
}
