package meeting

import (
	"errors"
	"fmt"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// Delay is the one-way delay of the link.
const Delay = 25 * time.Millisecond

// An Outcome is what a handshake came to.
type Outcome struct {
	Client, Server *dtlstransport.Engine
	Now            time.Time // when both were connected
	Datagrams      int       // sent by both
}

// Resumed reports whether the handshake took up an earlier session. It fails if
// the sides disagree.
func (o *Outcome) Resumed() (bool, error) {
	c, s := o.Client.ConnectionState().Resumed, o.Server.ConnectionState().Resumed
	if c != s {
		return false, fmt.Errorf("client says %v about resumption, server %v", c, s)
	}
	return c, nil
}

// Configs returns the configurations of a client and a server that trust each
// other, with new certificates.
func Configs() (client, server *dtlstransport.Config, err error) {
	a, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		return nil, nil, err
	}
	b, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		return nil, nil, err
	}
	return &dtlstransport.Config{Certificates: []*fingerprint.Certificate{a}, RemoteFingerprints: fingerprint.Set{b.Fingerprint()}},
		&dtlstransport.Config{Certificates: []*fingerprint.Certificate{b}, RemoteFingerprints: fingerprint.Set{a.Fingerprint()}}, nil
}

// Run shakes hands, beginning at now, over a link that loses nothing.
func Run(now time.Time, client, server *dtlstransport.Config) (*Outcome, error) {
	link := netsim.New(netsim.Config{Delay: Delay})
	o := &Outcome{Now: now}
	var err error
	if o.Client, err = dtlstransport.NewEngine(dtlstransport.RoleClient, client); err != nil {
		return nil, err
	}
	if o.Server, err = dtlstransport.NewEngine(dtlstransport.RoleServer, server); err != nil {
		return nil, err
	}
	if err := errors.Join(o.Server.Start(now), o.Client.Start(now)); err != nil {
		return nil, err
	}
	o.send(link)
	for !o.Client.ConnectionState().Connected || !o.Server.ConnectionState().Connected {
		next := firstTime(link.NextArrival(), firstTime(o.Client.Deadline(), o.Server.Deadline()))
		if next.IsZero() || next.After(now.Add(time.Minute)) {
			return nil, errors.New("the handshake does not end")
		}
		if next.After(o.Now) {
			o.Now = next
		}
		if d, b, ok := link.Receive(o.Now, nil); !ok {
			err = errors.Join(o.Client.HandleTimeout(o.Now), o.Server.HandleTimeout(o.Now))
		} else if d == netsim.AtoB {
			err = o.Server.HandleDatagram(o.Now, b)
		} else {
			err = o.Client.HandleDatagram(o.Now, b)
		}
		if err != nil {
			return nil, err
		}
		o.send(link)
	}
	return o, nil
}

// send puts on the link what the engines have to send.
func (o *Outcome) send(link *netsim.Link) {
	for d, e := range map[netsim.Direction]*dtlstransport.Engine{netsim.AtoB: o.Client, netsim.BtoA: o.Server} {
		for b, ok := e.AppendDatagram(nil); ok; b, ok = e.AppendDatagram(nil) {
			o.Datagrams++
			link.Send(o.Now, d, b)
		}
	}
}

// firstTime returns the earlier of two times, of which zero means never.
func firstTime(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
