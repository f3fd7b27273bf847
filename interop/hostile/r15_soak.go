package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying/pionsrtp"
	"github.com/rtctransport/rtctransport/sctpdc"
)

func init() { register("R15", "a day of messages and media, 5 % lost, the path switched", soak) }

// A path is a link that is another one from time to time: what was under way on the old one is lost.
type path struct {
	mu  sync.Mutex
	now net.Conn
	end bool
}

func (p *path) current() (net.Conn, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now, p.end
}

func (p *path) Read(b []byte) (int, error) {
	for {
		c, end := p.current()
		if end {
			return 0, net.ErrClosed
		}
		if n, err := c.Read(b); err == nil || !errors.Is(err, net.ErrClosed) {
			return n, err
		}
	}
}

func (p *path) Write(b []byte) (int, error) {
	c, _ := p.current()
	_, _ = c.Write(b) // a moment after the switch the old one is closed, which is a loss
	return len(b), nil
}

func (p *path) Close() error {
	p.mu.Lock()
	p.end = true
	p.mu.Unlock()
	return p.now.Close()
}

func (p *path) become(next net.Conn) {
	p.mu.Lock()
	old := p.now
	p.now = next
	p.mu.Unlock()
	if old != nil {
		_ = old.Close()
	}
}

const (
	soakChannels = 4
	messageEvery = 100 * time.Millisecond
	packetEvery  = 20 * time.Millisecond
)

// soak runs in virtual time with all its goroutines, which is what package synctest is for; that wants to be in a test.
func soak(r *report) {
	length, switches := 24*time.Hour, 100
	if r.short {
		length, switches = 5*time.Minute, 10
	}
	r.inTest(func(t *testing.T) {
		synctest.Test(t, func(*testing.T) {
			if err := r.soakFor(length, switches); err != nil {
				r.row("set up", err.Error(), "", false)
			}
		})
	})
}

func (r *report) soakFor(length time.Duration, switches int) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var paths [2]*path
	seed := r.seed
	renew := func() {
		a, b := netsim.Pipe(netsim.Config{Seed: seed, Delay: oneWay, Loss: 0.05})
		seed++
		for i, c := range []net.Conn{a, b} {
			if paths[i] == nil {
				paths[i] = new(path)
			}
			paths[i].become(c)
		}
	}
	renew()
	var transports [2]*dtlstransport.Transport
	var associations [2]*sctpdc.Association
	configs := bothConfigs()
	var up sync.WaitGroup
	var failures [2]error
	for i, role := range []dtlstransport.Role{dtlstransport.RoleClient, dtlstransport.RoleServer} {
		configs[i].NewProtector = pionsrtp.New
		t, err := dtlstransport.NewTransport(paths[i], role, configs[i])
		if err != nil {
			return err
		}
		defer t.Close()
		transports[i] = t
		up.Go(func() {
			if failures[i] = t.Handshake(ctx); failures[i] == nil {
				associations[i], failures[i] = sctpdc.New(t.Conn(), &sctpdc.Config{Role: role})
			}
			if failures[i] == nil {
				failures[i] = associations[i].Handshake(ctx)
			}
		})
	}
	up.Wait()
	if err := errors.Join(failures[:]...); err != nil {
		return err
	}
	defer associations[client].Close()
	defer associations[server].Close()

	var sent, received, wrong, media, mediaTwice atomic.Int64
	var last uint32
	transports[server].OnRTP(func(packet []byte) {
		media.Add(1)
		if n := binary.BigEndian.Uint32(packet[12:]); n == last {
			mediaTwice.Add(1)
		} else {
			last = n
		}
	})
	began := time.Now()
	var work sync.WaitGroup
	for i := range soakChannels {
		from, to := i%2, 1-i%2 // two each way
		c, err := associations[from].Open(ctx, fmt.Sprint(i), nil)
		if err != nil {
			return err
		}
		d, err := associations[to].Accept(ctx)
		if err != nil {
			return err
		}
		work.Go(func() {
			for n := uint64(0); time.Since(began) < length; n++ {
				if err := c.SendBinary(ctx, binary.BigEndian.AppendUint64(nil, n)); err != nil {
					wrong.Add(1)
					return
				}
				sent.Add(1)
				time.Sleep(messageEvery)
			}
			_ = c.Close() // which delivers what was sent
		})
		work.Go(func() {
			for n := uint64(0); ; n++ {
				m, err := d.Receive(ctx)
				if err == io.EOF {
					return
				}
				if err != nil || binary.BigEndian.Uint64(m.Data) != n {
					wrong.Add(1)
					return
				}
				received.Add(1)
			}
		})
	}
	packets := 0
	work.Go(func() {
		rtp := append([]byte{0x80, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, make([]byte, 160)...)
		for ; time.Since(began) < length; packets++ {
			binary.BigEndian.PutUint16(rtp[2:], uint16(packets))
			binary.BigEndian.PutUint32(rtp[12:], uint32(packets+1))
			if _, err := transports[client].WriteRTP(rtp); err != nil {
				wrong.Add(1)
				return
			}
			time.Sleep(packetEvery)
		}
	})
	work.Go(func() {
		for range switches {
			time.Sleep(length / time.Duration(switches+1))
			renew()
		}
	})
	work.Wait()
	r.Runs = int(sent.Load()) + packets
	lost := sent.Load() - received.Load()
	r.row(fmt.Sprintf("%d messages in %v, %d switches", sent.Load(), length, switches), fmt.Sprintf("%d lost, %d out of order or twice", lost, wrong.Load()),
		"0 lost, duplicated, reordered", lost == 0 && wrong.Load() == 0)
	share := float64(media.Load()) / float64(packets)
	r.row(fmt.Sprintf("%d RTP packets", packets), fmt.Sprintf("%.1f %% arrived, %d twice", 100*share, mediaTwice.Load()), "95 % but for the switches, none twice", share > 0.93 && mediaTwice.Load() == 0)
	return nil
}
