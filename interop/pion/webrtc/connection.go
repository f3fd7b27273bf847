package main

import (
	"context"
	"fmt"
	"net"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
)

// A job is one that is being done.
type job struct {
	ctx     context.Context
	address string
	setup   string
	facts   map[string]float64
	ends    []func()
}

func (j *job) clean() {
	for _, f := range j.ends {
		f()
	}
}

// until waits for a condition.
func (j *job) until(what string, condition func() bool) error {
	for !condition() {
		select {
		case <-j.ctx.Done():
			return fmt.Errorf("waited in vain for %s", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

// A description is one of SDP on its way.
type description struct {
	Type string `json:"type"`
	SDP  string `json:"sdp"`
	ID   string `json:"id,omitempty"`
}

// stats are what the server says of a connection.
type stats struct {
	State, DTLSState, DTLSRole, Fingerprint, CipherSuite, SRTPProfile, Error string
	ExtendedMasterSecret                                                     bool
	RTPIn, Channels                                                          int
}

// A connection is one with the server.
type connection struct {
	*webrtc.PeerConnection
	job *job
	id  string
}

func (c *connection) stats() (s stats, err error) {
	err = c.job.ask("stats?id="+c.id, nil, &s)
	return s, err
}

// options are what is not as usual about a connection.
type options struct {
	editOffer, editAnswer func(string) string
	late                  time.Duration // of the answer
	at                    string        // where the offer goes; empty: to the server
	certificates          []webrtc.Certificate
	answering             webrtc.DTLSRole // when the server offers
}

func newPeerConnection(o *options) (*webrtc.PeerConnection, error) {
	var e webrtc.SettingEngine
	e.SetIncludeLoopbackCandidate(true)
	e.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	e.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
	e.SetPrflxAcceptanceMinWait(0)
	if o.answering != 0 {
		if err := e.SetAnsweringDTLSRole(o.answering); err != nil {
			return nil, err
		}
	}
	media := &webrtc.MediaEngine{}
	if err := media.RegisterDefaultCodecs(); err != nil {
		return nil, err
	}
	return webrtc.NewAPI(webrtc.WithSettingEngine(e), webrtc.WithMediaEngine(media)).NewPeerConnection(webrtc.Configuration{Certificates: o.certificates})
}

// begin makes a connection; prepare adds channels and tracks. It is not up when it returns.
func (j *job) begin(o options, prepare func(*webrtc.PeerConnection) error) (*connection, error) {
	pc, err := newPeerConnection(&o)
	if err != nil {
		return nil, err
	}
	c := &connection{PeerConnection: pc, job: j}
	j.ends = append(j.ends, func() {
		_ = pc.Close()
		if c.id != "" {
			var nothing struct{}
			after := &job{ctx: context.Background(), address: j.address}
			_ = after.ask("close?id="+c.id, nothing, &nothing)
		}
	})
	if err := prepare(pc); err != nil {
		return nil, err
	}
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		return nil, err
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(offer); err != nil {
		return nil, err
	}
	<-gathered
	sdp := pc.LocalDescription().SDP
	if o.editOffer != nil {
		sdp = o.editOffer(sdp)
	}
	var answer description
	at := o.at
	if at == "" {
		at = "offer"
	}
	if err := j.ask(at+"?setup="+j.setup, description{Type: "offer", SDP: sdp}, &answer); err != nil {
		return nil, err
	}
	if !strings.Contains(answer.SDP, "a=setup:"+j.setup) {
		return nil, fmt.Errorf("the answer has not a=setup:%s", j.setup)
	}
	c.id = answer.ID
	time.Sleep(o.late)
	if o.editAnswer != nil {
		answer.SDP = o.editAnswer(answer.SDP)
	}
	return c, pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer.SDP})
}

var fingerprint = regexp.MustCompile(`(a=fingerprint:\S+ )(.)`)

// forge makes the fingerprints of a description wrong.
func forge(sdp string) string {
	return fingerprint.ReplaceAllStringFunc(sdp, func(s string) string {
		digit := "0"
		if strings.HasSuffix(s, "0") {
			digit = "1"
		}
		return s[:len(s)-1] + digit
	})
}

// A channel keeps what it receives.
type channel struct {
	*webrtc.DataChannel
	job *job

	mu  sync.Mutex
	got []webrtc.DataChannelMessage
}

func (j *job) keep(d *webrtc.DataChannel) *channel {
	c := &channel{DataChannel: d, job: j}
	d.OnMessage(func(m webrtc.DataChannelMessage) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.got = append(c.got, m)
	})
	return c
}

func (j *job) open(pc *webrtc.PeerConnection, label string, init *webrtc.DataChannelInit) (*channel, error) {
	d, err := pc.CreateDataChannel(label, init)
	if err != nil {
		return nil, err
	}
	return j.keep(d), nil
}

func (c *channel) opened() error {
	return c.job.until("channel "+c.Label()+" open", func() bool { return c.ReadyState() == webrtc.DataChannelStateOpen })
}

func (c *channel) closed() error {
	return c.job.until("channel "+c.Label()+" closed", func() bool { return c.ReadyState() == webrtc.DataChannelStateClosed })
}

// received waits for n messages and takes them.
func (c *channel) received(n int) (got []webrtc.DataChannelMessage, err error) {
	err = c.job.until(fmt.Sprintf("%d messages on %s", n, c.Label()), func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.got) >= n
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	got, c.got = c.got, nil
	return got, err
}

// echoes sends messages, strings and byte slices, and wants them back in order.
func (c *channel) echoes(messages ...any) error {
	for _, m := range messages {
		var err error
		switch m := m.(type) {
		case string:
			err = c.SendText(m)
		case []byte:
			err = c.Send(m)
		}
		if err != nil {
			return err
		}
	}
	got, err := c.received(len(messages))
	if err != nil {
		return err
	}
	for i, m := range messages {
		text, isText := m.(string)
		if b, isBytes := m.([]byte); isBytes {
			text = string(b)
		}
		if got[i].IsString != isText || string(got[i].Data) != text {
			return fmt.Errorf("message %d came back as %d bytes, text %v; want %d bytes, text %v", i, len(got[i].Data), got[i].IsString, len(text), isText)
		}
	}
	return nil
}
