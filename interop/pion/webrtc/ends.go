package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pion/webrtc/v4"
)

func wrongOffer(j *job) error {
	return j.refused(options{editOffer: forge}, "the server")
}

func wrongAnswer(j *job) error {
	return j.refused(options{editAnswer: forge}, "pion")
}

// refused waits until both sides have given up, and checks that neither was ever connected.
func (j *job) refused(o options, whose string) error {
	var d *channel
	c, err := j.begin(o, func(pc *webrtc.PeerConnection) (err error) {
		d, err = j.open(pc, "chat", nil)
		return err
	})
	if err != nil {
		return err
	}
	var s stats
	opened := false
	err = j.until(whose+" to refuse", func() bool {
		s, _ = c.stats()
		opened = opened || s.State == "connected" || d.ReadyState() == webrtc.DataChannelStateOpen
		state := c.ConnectionState()
		return s.DTLSState == "failed" && (state == webrtc.PeerConnectionStateFailed || state == webrtc.PeerConnectionStateClosed)
	})
	if err != nil {
		return fmt.Errorf("%w: the server says %s %s, pion %v", err, s.DTLSState, s.Error, c.ConnectionState())
	}
	if opened || s.Channels != 0 {
		return errors.New("it was connected")
	}
	return nil
}

func weClose(j *job) error {
	c, d, err := j.withChannel("chat", options{}, nil)
	if err != nil {
		return err
	}
	if err := errors.Join(d.echoes("before"), c.Close()); err != nil {
		return err
	}
	return j.until("the server to be closed", func() bool {
		s, _ := c.stats()
		return s.DTLSState == "closed"
	})
}

func serverCloses(j *job) error {
	c, d, err := j.withChannel("chat", options{}, nil)
	if err != nil {
		return err
	}
	var nothing struct{}
	if err := errors.Join(d.echoes("before"), j.ask("close?id="+c.id, nothing, &nothing), d.closed()); err != nil {
		return err
	}
	return j.until("pion to be closed", func() bool { return c.ConnectionState() == webrtc.PeerConnectionStateClosed })
}

func call(j *job) error { return j.called(webrtc.DTLSRoleClient, "server") }

func callAnsweredPassive(j *job) error { return j.called(webrtc.DTLSRoleServer, "client") }

// called answers the server's offer in a role.
func (j *job) called(answering webrtc.DTLSRole, server string) error {
	var nothing struct{}
	var offer description
	if err := j.ask("call", nothing, &offer); err != nil {
		return err
	}
	pc, err := newPeerConnection(&options{answering: answering})
	if err != nil {
		return err
	}
	c := &connection{PeerConnection: pc, job: j, id: offer.ID}
	j.ends = append(j.ends, func() { _ = pc.Close() })
	if !strings.Contains(offer.SDP, "a=setup:actpass") {
		return errors.New("the offer is not actpass")
	}
	came := make(chan *channel, 1)
	pc.OnDataChannel(func(d *webrtc.DataChannel) { came <- j.keep(d) })
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer.SDP}); err != nil {
		return err
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		return err
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(answer); err != nil {
		return err
	}
	<-gathered
	if err := j.ask("answer?id="+offer.ID, description{Type: "answer", SDP: pc.LocalDescription().SDP}, &nothing); err != nil {
		return err
	}
	select {
	case d := <-came:
		if err := errors.Join(d.opened(), d.echoes("hello", "", []byte{}, make([]byte, 65535))); err != nil {
			return err
		}
	case <-j.ctx.Done():
		return errors.New("waited in vain for the channel of the server")
	}
	s, err := c.stats()
	if err == nil && s.DTLSRole != server {
		return fmt.Errorf("the server is the DTLS %s, want %s", s.DTLSRole, server)
	}
	return err
}
