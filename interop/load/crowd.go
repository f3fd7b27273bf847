package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/load/agent"
	"github.com/rtctransport/rtctransport/keying/pionsrtp"
)

// crowdVariable makes this program a crowd: the clients of a server that is measured in another process. It is told what
// to do in orders on its standard input, one JSON value each, and ends with it.
const crowdVariable = "RTC_LOAD_CROWD"

// A part is what a peer does once it is connected.
type part int

const (
	resting part = iota // nothing, or what it does on its data channel
	publisher
	receiver
)

// An order has one field, but the first.
type order struct {
	Begin  *beginning   `json:",omitempty"`
	Join   []invitation `json:",omitempty"`
	Report bool         `json:",omitempty"` // answered, when all have joined or failed, with a Report
}

// beginning is what all have in common.
type beginning struct {
	Server      netip.AddrPort
	Certificate []byte // PEM, of both sides
	Burst       burst
	Channels    bool
	AtATime     int           // how many may be joining; 0: all
	Every       time.Duration // between two that are told of at once
}

type invitation struct {
	Part   part
	Remote agent.Credentials
}

// A crowd is the process, seen from the server's.
type crowd struct {
	command *exec.Cmd
	in      io.WriteCloser
	lines   *bufio.Writer
	orders  *json.Encoder
	reports *json.Decoder
}

func startCrowd(ctx context.Context, b beginning) (*crowd, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &crowd{command: exec.CommandContext(ctx, program)}
	c.command.Env = append(os.Environ(), crowdVariable+"=1")
	c.command.Stderr = os.Stderr
	in, errIn := c.command.StdinPipe()
	out, errOut := c.command.StdoutPipe()
	if err := errors.Join(errIn, errOut); err != nil {
		return nil, err
	}
	if err := c.command.Start(); err != nil {
		return nil, err
	}
	c.in, c.lines, c.reports = in, bufio.NewWriter(in), json.NewDecoder(out)
	c.orders = json.NewEncoder(c.lines)
	return c, c.tell(order{Begin: &b})
}

func (c *crowd) tell(o order) error {
	if err := c.orders.Encode(o); err != nil {
		return err
	}
	return c.lines.Flush()
}

// invite has peers come, if there are any.
func (c *crowd) invite(peers []invitation) error {
	if len(peers) == 0 {
		return nil
	}
	return c.tell(order{Join: peers})
}

// report waits until all have joined, or failed.
func (c *crowd) report() (*Report, error) {
	if err := c.tell(order{Report: true}); err != nil {
		return nil, err
	}
	r := new(Report)
	return r, c.reports.Decode(r)
}

func (c *crowd) close() {
	c.in.Close()
	c.command.Wait()
}

// members are the crowd, in its own process.
type members struct {
	beginning
	ctx    context.Context
	config *dtlstransport.Config
	room   chan struct{} // nil: there is no end of it
	sent   atomic.Uint64

	joining  sync.WaitGroup
	mu       sync.Mutex
	clients  []*client
	failures []error
}

// runCrowd does what it is told until there is nobody who tells.
func runCrowd(in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	orders, reports := json.NewDecoder(in), json.NewEncoder(out)
	m := &members{ctx: ctx}
	for {
		var o order
		err := orders.Decode(&o)
		if errors.Is(err, io.EOF) {
			return nil // the sockets end with the process
		}
		switch {
		case err != nil:
		case o.Begin != nil:
			err = m.begin(o.Begin)
		case o.Join != nil:
			began := time.Now()
			for i := range o.Join {
				if i > 0 {
					time.Sleep(time.Until(began.Add(m.Every * time.Duration(i))))
				}
				m.join(&o.Join[i])
			}
		case o.Report:
			m.joining.Wait()
			err = reports.Encode(m.report())
		}
		if err != nil {
			return err
		}
	}
}

func (m *members) begin(b *beginning) error {
	certificate, err := fingerprint.ParsePEM(b.Certificate)
	if err != nil {
		return err
	}
	m.beginning = *b
	m.config = &dtlstransport.Config{
		Certificates: []*fingerprint.Certificate{certificate}, RemoteFingerprints: fingerprint.Set{certificate.Fingerprint()}, NewProtector: pionsrtp.New,
	}
	if b.AtATime > 0 {
		m.room = make(chan struct{}, b.AtATime)
	}
	return nil
}

// join makes a client, when there is room.
func (m *members) join(i *invitation) {
	if m.room != nil {
		m.room <- struct{}{}
	}
	m.joining.Go(func() {
		err := m.enter(i)
		if m.room != nil {
			<-m.room
		}
		if err != nil {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.failures = append(m.failures, err)
		}
	})
}

func (m *members) enter(i *invitation) error {
	ctx, cancel := context.WithTimeout(m.ctx, joinWithin)
	defer cancel()
	c, err := connect(ctx, m.Server, agent.NewCredentials(), i.Remote, m.config)
	if err != nil {
		return err
	}
	if m.Channels {
		if err := c.open(ctx); err != nil {
			c.transport.Close()
			return fmt.Errorf("data channel: %w", err)
		}
		go c.ping(m.ctx)
	}
	if i.Part == publisher {
		go c.publish(m.ctx, m.Burst, &m.sent)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clients = append(m.clients, c)
	return nil
}

// report tells what has come of all so far.
func (m *members) report() *Report {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := &Report{Peers: len(m.clients), Failed: len(m.failures), Failures: tally(m.failures), Sent: m.sent.Load(), Client: usageOf(os.Getpid()).used}
	r.count(m.clients)
	return r
}

// wait returns false if ctx has ended before.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
