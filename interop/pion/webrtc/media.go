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

// rtpPackets sends RTP packets and wants their payload back.
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
				if len(p.Payload) != 100 || !bytes.Equal(p.Payload[1:], bytes.Repeat(p.Payload[:1], 99)) {
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
			Payload: bytes.Repeat([]byte{byte(sent)}, 100),
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
