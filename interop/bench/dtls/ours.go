package dtls

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/dtlstransport/sessions"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/bench/rounds"
)

// ours is two engines in memory.
type ours struct {
	client, server map[kind]*dtlstransport.Config
	ends           [2]*dtlstransport.Engine // for records
	message, buf   []byte
}

func newOurs() (*ours, error) {
	o := &ours{client: map[kind]*dtlstransport.Config{}, server: map[kind]*dtlstransport.Config{}, message: make([]byte, 1200), buf: make([]byte, 0, 2048)}
	a, errA := fingerprint.Generate(fingerprint.ECDSAP256)
	b, errB := fingerprint.Generate(fingerprint.ECDSAP256)
	if err := errors.Join(errA, errB); err != nil {
		return nil, err
	}
	for _, k := range []kind{full, resumed, ticketed} {
		config := func(own, peer *fingerprint.Certificate) *dtlstransport.Config {
			c := &dtlstransport.Config{
				Certificates:       []*fingerprint.Certificate{own},
				RemoteFingerprints: fingerprint.Set{peer.Fingerprint()},
				CipherSuites:       []dtlstransport.CipherSuite{dtlstransport.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
				Groups:             []dtlstransport.Group{dtlstransport.X25519},
			}
			if k != full {
				c.Sessions = sessions.NewMemoryStore(nil)
			}
			return c
		}
		o.client[k], o.server[k] = config(a, b), config(b, a)
		o.client[k].NoTickets = k == resumed
		if k == ticketed {
			o.server[k].Tickets = dtlstransport.NewTicketKeys([32]byte{1})
		}
		if _, _, err := o.handshake(k); err != nil {
			return nil, err
		}
	}
	var err error
	o.ends[0], o.ends[1], err = o.handshake(full)
	return o, err
}

func (o *ours) name() string  { return rounds.Ours }
func (o *ours) can(kind) bool { return true }
func (o *ours) slow(kind) int { return 0 }
func (o *ours) close()        {}

var errNotConnected = errors.New("not connected")

// handshake connects two engines. Time stands still.
func (o *ours) handshake(k kind) (client, server *dtlstransport.Engine, err error) {
	now := time.Now()
	client, errC := dtlstransport.NewEngine(dtlstransport.RoleClient, o.client[k])
	server, errS := dtlstransport.NewEngine(dtlstransport.RoleServer, o.server[k])
	if err := errors.Join(errC, errS); err != nil {
		return nil, nil, err
	}
	if err := client.Start(now); err != nil {
		return nil, nil, err
	}
	connected := 0
	for from, to := client, server; connected < 2; from, to = to, from {
		moved := false
		for {
			datagram, ok := from.AppendDatagram(o.buf)
			if !ok {
				break
			}
			moved = true
			if err := to.HandleDatagram(now, datagram); err != nil {
				return nil, nil, err
			}
			for e := to.NextEvent(); e.Kind != dtlstransport.NoEvent; e = to.NextEvent() {
				if e.Kind == dtlstransport.EventConnected {
					connected++
				}
			}
		}
		if !moved && connected < 2 && from == server {
			return nil, nil, errNotConnected
		}
	}
	return client, server, nil
}

func (o *ours) run(k kind, n int) (float64, error) {
	switch k {
	case records:
		return repeat(n, o.record)
	case idle:
		var all []*dtlstransport.Engine
		return kept(n, func() error {
			client, server, err := o.handshake(full)
			all = append(all, client, server)
			return err
		}, func() { clear(all) })
	}
	return repeat(n, func() error {
		client, _, err := o.handshake(k)
		if err != nil {
			return err
		}
		if got := client.ConnectionState().Resumed; got != (k != full) {
			return errNotResumed
		}
		return nil
	})
}

var errNotResumed = errors.New("resumed, or not, against what was asked for")

func (o *ours) record() error {
	datagram, err := o.ends[0].AppendApplicationData(o.buf, o.message)
	if err != nil {
		return err
	}
	if err := o.ends[1].HandleDatagram(time.Time{}, datagram); err != nil {
		return err
	}
	if e := o.ends[1].NextEvent(); e.Kind != dtlstransport.EventData || len(e.Data) != len(o.message) {
		return errors.New("no data")
	}
	return nil
}

// ourConn is the same as blocking connections over a link in memory, which is
// what pion/dtls has.
type ourConn struct{ *ours }

func (o ourConn) name() string { return rounds.Ours + ", Conn" }

func (o ourConn) connect(k kind) (client, server *dtlstransport.Conn, err error) {
	a, b := pipe()
	client, errC := dtlstransport.Client(a, o.client[k])
	server, errS := dtlstransport.Server(b, o.server[k])
	if err := errors.Join(errC, errS); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var wait sync.WaitGroup
	wait.Go(func() { errS = server.Handshake(ctx) })
	errC = client.Handshake(ctx)
	wait.Wait()
	return client, server, errors.Join(errC, errS)
}

func (o ourConn) run(k kind, n int) (float64, error) {
	return runConns(k, n, func(k kind) (client, server io.ReadWriteCloser, err error) { return o.connect(k) })
}
