package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pion/webrtc/v4"
)

// jobs are those of interop/webrtc/js/jobs that hold for pion.
var jobs = map[string]func(*job) error{
	"connects": connects, "connectsSoon": connectsSoon, "reports": reports, "echo": echo, "empty": empty, "unreliable": unreliable, "mirror": mirror, "sink": sink, "source": source,
	"closeMe": closeMe, "manyChannels": manyChannels, "rtp": rtpPackets, "video": video, "keyFrameRequest": keyFrameRequest, "rsaCertificate": rsaCertificate,
	"lateAnswer": lateAnswer, "wrongOfferFingerprint": wrongOffer, "wrongAnswerFingerprint": wrongAnswer,
	"pageCloses": weClose, "serverCloses": serverCloses, "call": call, "callAnsweredPassive": callAnsweredPassive,
	"dcpeerEchoes": dcpeerEchoes, "dcpeerEchoesLossy": dcpeerEchoesLossy, "dcpeerOpens": dcpeerOpens, "dcpeerOpensLossy": dcpeerOpens,
}

// withChannel connects with one channel and waits until it is open.
func (j *job) withChannel(label string, o options, init *webrtc.DataChannelInit) (c *connection, d *channel, err error) {
	c, err = j.begin(o, func(pc *webrtc.PeerConnection) (err error) {
		d, err = j.open(pc, label, init)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return c, d, d.opened()
}

func connects(j *job) error {
	_, d, err := j.withChannel("chat", options{}, nil)
	if err != nil {
		return err
	}
	return d.echoes("hello", make([]byte, 3000))
}

// connectsSoon is connects for what will not come.
func connectsSoon(j *job) error {
	ctx, cancel := context.WithTimeout(j.ctx, 6*time.Second)
	defer cancel()
	j.ctx = ctx
	return connects(j)
}

func reports(j *job) error {
	c, _, err := j.withChannel("chat", options{}, nil)
	if err != nil {
		return err
	}
	var s stats
	err = j.until("the server to be connected", func() bool {
		s, _ = c.stats()
		return s.State == "connected"
	})
	if err != nil {
		return err
	}
	role := map[string]string{"active": "client", "passive": "server"}[j.setup]
	if s.DTLSState != "connected" || s.DTLSRole != role || s.Fingerprint != "matches" || !s.ExtendedMasterSecret || !strings.HasPrefix(s.CipherSuite, "TLS_ECDHE_") {
		return fmt.Errorf("the server says %+v", s)
	}
	return nil
}

func echo(j *job) error {
	_, d, err := j.withChannel("chat", options{}, nil)
	if err != nil {
		return err
	}
	return d.echoes("hello", "Grüße 🙂", "", make([]byte, 1), []byte{}, make([]byte, 1200), make([]byte, 16384), make([]byte, 65535), strings.Repeat("x", 65535), "end")
}

func empty(j *job) error {
	_, d, err := j.withChannel("chat", options{}, nil)
	if err != nil {
		return err
	}
	return d.echoes("", []byte{}, "end")
}

func unreliable(j *job) error {
	no, zero, lifetime := false, uint16(0), uint16(500)
	for _, init := range []*webrtc.DataChannelInit{{Ordered: &no, MaxRetransmits: &zero}, {MaxPacketLifeTime: &lifetime}} {
		_, d, err := j.withChannel("lossy", options{}, init)
		if err != nil {
			return err
		}
		if err := errors.Join(d.echoes("one"), d.echoes(make([]byte, 3000))); err != nil {
			return err
		}
	}
	return nil
}

func mirror(j *job) error {
	no, three, lifetime, protocol := false, uint16(3), uint16(1500), "chess/2"
	inits := map[string]*webrtc.DataChannelInit{"plain": {}, "retransmits": {Ordered: &no, MaxRetransmits: &three}, "lifetime": {MaxPacketLifeTime: &lifetime, Protocol: &protocol}}
	came := make(chan *channel, len(inits))
	var own []*channel
	_, err := j.begin(options{}, func(pc *webrtc.PeerConnection) error {
		pc.OnDataChannel(func(d *webrtc.DataChannel) { came <- j.keep(d) })
		for name, init := range inits {
			d, err := j.open(pc, "mirror:"+name, init)
			if err != nil {
				return err
			}
			own = append(own, d)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, d := range own {
		if err := errors.Join(d.opened(), d.echoes("over the channel itself")); err != nil {
			return err
		}
	}
	for range inits {
		var d *channel
		select {
		case d = <-came:
		case <-j.ctx.Done():
			return errors.New("waited in vain for a channel back")
		}
		init := inits[d.Label()]
		if init == nil || d.Ordered() != (init.Ordered == nil) || (d.MaxRetransmits() == nil) != (init.MaxRetransmits == nil) || (d.MaxPacketLifeTime() == nil) != (init.MaxPacketLifeTime == nil) ||
			(d.Protocol() == "") != (init.Protocol == nil) {
			return fmt.Errorf("channel %s back: ordered %v, protocol %q", d.Label(), d.Ordered(), d.Protocol())
		}
		if err := errors.Join(d.opened(), d.echoes("over the mirrored channel")); err != nil {
			return err
		}
	}
	return nil
}

func sink(j *job) error {
	_, d, err := j.withChannel("sink", options{}, nil)
	if err != nil {
		return err
	}
	total := 0
	for i := range 2000 {
		if err := d.Send(make([]byte, i%1000)); err != nil {
			return err
		}
		total += i % 1000
	}
	if err := d.SendText("end"); err != nil {
		return err
	}
	got, err := d.received(1)
	if want := fmt.Sprintf("2000 %d", total); err == nil && string(got[0].Data) != want {
		return fmt.Errorf("the sink says %q, want %q", got[0].Data, want)
	}
	return err
}

func source(j *job) error {
	_, d, err := j.withChannel("source", options{}, nil)
	if err != nil {
		return err
	}
	if err := d.SendText("500 4000"); err != nil {
		return err
	}
	got, err := d.received(500)
	if err != nil {
		return err
	}
	for i, m := range got {
		if len(m.Data) != 4000 || binary.BigEndian.Uint32(m.Data) != uint32(i) {
			return fmt.Errorf("message %d has %d bytes", i, len(m.Data))
		}
	}
	return nil
}

func closeMe(j *job) error {
	var doomed, other *channel
	_, err := j.begin(options{}, func(pc *webrtc.PeerConnection) (err error) {
		if doomed, err = j.open(pc, "close-me", nil); err != nil {
			return err
		}
		other, err = j.open(pc, "other", nil)
		return err
	})
	if err != nil {
		return err
	}
	if err := errors.Join(doomed.opened(), other.opened()); err != nil {
		return err
	}
	if err := errors.Join(doomed.SendText("now"), doomed.closed(), other.echoes("still here"), other.Close()); err != nil {
		return err
	}
	return other.closed()
}

func manyChannels(j *job) error {
	var all []*channel
	c, err := j.begin(options{}, func(pc *webrtc.PeerConnection) error {
		for i := range 60 {
			d, err := j.open(pc, fmt.Sprint("c", i), nil)
			if err != nil {
				return err
			}
			all = append(all, d)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, d := range all {
		if err := errors.Join(d.opened(), d.echoes(fmt.Sprint(i), make([]byte, i))); err != nil {
			return err
		}
	}
	return j.until("60 channels at the server", func() bool {
		s, _ := c.stats()
		return s.Channels == 60
	})
}

func rsaCertificate(j *job) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	certificate, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return err
	}
	_, d, err := j.withChannel("chat", options{certificates: []webrtc.Certificate{*certificate}}, nil)
	if err != nil {
		return err
	}
	return d.echoes("signed with RSA")
}

func lateAnswer(j *job) error {
	_, d, err := j.withChannel("chat", options{late: 2 * time.Second}, nil)
	if err != nil {
		return err
	}
	return d.echoes("better late than never")
}
