package datachannel

import (
	"net"
	"testing"

	"github.com/pion/webrtc/v4"
)

// pionChannel is a channel of pion/webrtc, used as its examples do.
type pionChannel struct {
	*webrtc.DataChannel
	room chan struct{}
}

const (
	pionHigh = 1 << 20 // bytes
	pionLow  = 512 << 10
)

func newPionChannel(c *webrtc.DataChannel) pionChannel {
	p := pionChannel{c, make(chan struct{}, 1)}
	c.SetBufferedAmountLowThreshold(pionLow)
	c.OnBufferedAmountLow(func() {
		select {
		case p.room <- struct{}{}:
		default:
		}
	})
	return p
}

func (c pionChannel) send(b []byte) error {
	if c.BufferedAmount() >= pionHigh {
		<-c.room
	}
	return c.Send(b)
}

func (c pionChannel) buffered() int { return int(c.BufferedAmount()) }

func (c pionChannel) onMessage(f func([]byte)) {
	c.OnMessage(func(m webrtc.DataChannelMessage) { f(m.Data) })
}

// connectPion makes two PeerConnections.
func connectPion(b *testing.B) *ends {
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	settings.SetIPFilter(func(ip net.IP) bool { return ip.Equal(net.IPv4(127, 0, 0, 1)) })
	api := webrtc.NewAPI(webrtc.WithSettingEngine(settings))
	x, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		b.Fatal(err)
	}
	y, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		b.Fatal(err)
	}
	incoming := make(chan *webrtc.DataChannel, 16)
	y.OnDataChannel(func(c *webrtc.DataChannel) { incoming <- c })
	if _, err := x.CreateDataChannel("first", nil); err != nil { // so that the offer has a section for data
		b.Fatal(err)
	}
	offer, err := x.CreateOffer(nil)
	if err != nil {
		b.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(x)
	if err := x.SetLocalDescription(offer); err != nil {
		b.Fatal(err)
	}
	<-gathered
	if err := y.SetRemoteDescription(*x.LocalDescription()); err != nil {
		b.Fatal(err)
	}
	answer, err := y.CreateAnswer(nil)
	if err != nil {
		b.Fatal(err)
	}
	gathered = webrtc.GatheringCompletePromise(y)
	if err := y.SetLocalDescription(answer); err != nil {
		b.Fatal(err)
	}
	<-gathered
	if err := x.SetRemoteDescription(*y.LocalDescription()); err != nil {
		b.Fatal(err)
	}
	<-incoming
	return &ends{
		open: func(b *testing.B) (channel, channel) {
			c, err := x.CreateDataChannel("x", nil)
			if err != nil {
				b.Fatal(err)
			}
			opened := make(chan struct{})
			c.OnOpen(func() { close(opened) })
			<-opened
			return newPionChannel(c), newPionChannel(<-incoming)
		},
		close: func() {
			_ = x.Close()
			_ = y.Close()
		},
	}
}
