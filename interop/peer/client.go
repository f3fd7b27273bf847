package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/interop/peer/contract"
)

const (
	echoWait    = 700 * time.Millisecond // for the echo of a record
	echoResends = 15
	closeWait   = 3 * time.Second // for the peer's close_notify, with --wait-close
)

// A client is one run of the client's side.
type client struct {
	*association
	options *contract.Options
	out     *contract.Output
	end     time.Time // of --timeout
	buffer  []byte
	failed  bool // an export
}

func runClient(options *contract.Options, config *dtlstransport.Config, out *contract.Output, end time.Time) int {
	address, err := net.ResolveUDPAddr("udp", options.Addr)
	if err != nil {
		return out.Failed(contract.StageSocket, &contract.UsageError{Err: err})
	}
	var sessions contract.Sessions
	if options.Resume != "" {
		if sessions, err = contract.LoadSessions(options.Resume); err != nil {
			out.Note("%s: %v", options.Resume, err)
		}
		config.Sessions, config.NoTickets = sessions, !options.Tickets
	}
	network := "udp4"
	remote := netip.AddrPortFrom(address.AddrPort().Addr().Unmap(), uint16(address.Port))
	if !remote.Addr().Is4() {
		network = "udp6"
	}
	socket, err := net.ListenUDP(network, nil)
	if err != nil {
		return out.Failed(contract.StageSocket, err)
	}
	defer socket.Close()
	a, err := newAssociation(dtlstransport.RoleClient, config, socket, remote)
	if err != nil {
		return out.Failed(contract.StageUsage, err)
	}
	c := &client{association: a, options: options, out: out, end: end, buffer: make([]byte, receiveBuffer)}
	code := c.run()
	if options.Resume != "" {
		switch saved, err := sessions.Save(options.Resume); {
		case err != nil:
			return max(code, out.Failed(contract.StageSession, err))
		case saved:
			out.SessionSaved()
		}
	}
	return code
}

func (c *client) run() int {
	c.start()
	if err := c.wait(c.end, func() bool { return c.connected }); err != nil {
		return c.out.Failed(contract.StageHandshake, err)
	}
	c.out.Connected(c.engine.ConnectionState())
	c.failed = !exportAll(c.engine, c.options, c.out)
	for i, data := range c.options.Send {
		if err := c.echo(data); errors.Is(err, errClosed) {
			c.out.Closed(contract.ByPeer, true)
			return contract.ExitFailed
		} else if err != nil {
			return c.out.Failed(contract.StageData, fmt.Errorf("record %d: %w", i, err))
		}
	}
	return c.finish()
}

// errClosed says that the peer has closed.
var errClosed = errors.New("closed by the peer")

// wait goes on until done says so, or a time, without an error then if it is
// before the end of --timeout.
func (c *client) wait(until time.Time, done func() bool) error {
	for !done() {
		switch now := time.Now(); {
		case c.err != nil:
			return c.err
		case c.closed:
			return errClosed
		case !now.Before(c.end):
			c.close()
			return contract.ErrWatchdog
		case !now.Before(until):
			return nil
		}
		b, from, err := read(c.socket, c.buffer, firstTime(firstTime(until, c.end), c.engine.Deadline()))
		switch {
		case err != nil:
			return err
		case b == nil:
			c.expire()
		case from == c.remote:
			c.receive(b)
		}
	}
	return nil
}

// echo sends a record until it comes back.
func (c *client) echo(data []byte) error {
	for range 1 + echoResends {
		if err := c.send(data); err != nil {
			if c.closed {
				return errClosed
			}
			return err
		}
		var echoed bool
		err := c.wait(time.Now().Add(echoWait), func() bool {
			for b := c.takeRecord(); b != nil && !echoed; b = c.takeRecord() {
				echoed = bytes.Equal(b, data) // or else the echo of an earlier one, sent twice
			}
			return echoed
		})
		if err != nil {
			return err
		}
		if echoed {
			c.out.Received(data)
			return nil
		}
	}
	return fmt.Errorf("no echo of %d bytes, sent %d times", len(data), 1+echoResends)
}

// finish ends the association as asked.
func (c *client) finish() int {
	code := contract.ExitDone
	if c.failed {
		code = contract.ExitFailed
	}
	if !c.options.WaitClose {
		c.close()
		c.out.Closed(contract.BySelf, false)
		return code
	}
	switch err := c.wait(time.Now().Add(closeWait), func() bool { return false }); {
	case errors.Is(err, errClosed):
		c.out.Closed(contract.ByPeer, false)
		return code
	case err != nil:
		return c.out.Failed(contract.StageData, err)
	}
	c.close()
	c.out.Closed(contract.ByTimeout, false)
	return contract.ExitFailed
}

// exportAll prints what --export asks for and reports whether it could.
func exportAll(engine *dtlstransport.Engine, options *contract.Options, out *contract.Output) bool {
	done := true
	for _, e := range options.Exports {
		value, err := engine.ExportKeyingMaterial(e.Label, e.Context, e.Length)
		if err != nil {
			out.Failed(contract.StageExport, err)
			done = false
			continue
		}
		out.Export(e, value)
	}
	return done
}
