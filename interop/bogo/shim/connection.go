package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
)

const (
	version12 = 0xfefd // versions count downwards

	// dueSoon is how early the suite lets a timer fire: one with no more than this to
	// go counts as due.
	dueSoon = 10 * time.Millisecond
)

// resumption is what the connections of a test share.
type resumption struct {
	store   store
	tickets *dtlstransport.TicketKeys
}

// store is a SessionStore that forgets nothing.
type store map[string][]byte

func (s store) Get(key string) []byte                 { return s[key] }
func (s store) Put(key string, b []byte, _ time.Time) { s[key] = b }
func (s store) Delete(key string)                     { delete(s, key) }

// hasServerSession reports whether a session_id was given out as a server.
func (s store) hasServerSession() bool {
	for key := range s {
		if strings.HasPrefix(key, "server ") {
			return true
		}
	}
	return false
}

// config makes the engine's configuration.
func (o *options) config(resumes bool, keys *resumption) (*dtlstransport.Config, error) {
	if o.noVersion == [3]bool{true, true, true} {
		return nil, errors.New("no version is left")
	}
	if !o.dtls || o.noVersion[1] || o.minVersion != 0 && o.minVersion < version12 || o.maxVersion != 0 && o.maxVersion > version12 {
		return nil, fmt.Errorf("%w: another version than DTLS 1.2", errUnimplemented)
	}
	certificates, err := o.certificates()
	if err != nil {
		return nil, err
	}
	if o.server && len(certificates) == 0 {
		return nil, fmt.Errorf("%w: a server without certificate", errUnimplemented)
	}
	c := &dtlstransport.Config{
		Conformance:              true,
		Certificates:             certificates,
		ClientAuth:               dtlstransport.InsecureClientAuthNone,
		Groups:                   o.groups,
		SRTPProfiles:             o.srtp,
		ALPN:                     o.alpn,
		ExtendedMasterSecret:     dtlstransport.EMSRequest,
		InsecureExportWithoutEMS: true,
		MaxDatagramSize:          o.mtu,
		InitialTimeout:           o.initialTimeout,
		HandshakeTimeout:         -1, // the timer gives up by itself
		Sessions:                 keys.store,
		NoTickets:                o.noTicket,
		VerifyPeer:               func([][]byte) error { return o.verify(resumes) },
	}
	switch {
	case o.requireCertificate:
		c.ClientAuth = dtlstransport.ClientAuthRequire
	case o.requestCertificate, !o.server: // a client needs no certificate then
		c.ClientAuth = dtlstransport.InsecureClientAuthRequest
	}
	if !o.noTicket {
		if keys.tickets == nil {
			keys.tickets = dtlstransport.NewTicketKeys([32]byte{})
		}
		c.Tickets = keys.tickets
	}
	return c, nil
}

// verify is the verdict on a certificate, which the suite orders. A failure counts
// only where a verdict was asked for, and a session's certificate has had its own.
func (o *options) verify(resumes bool) error {
	if !o.verifyFail || !o.requestCertificate && !o.requireCertificate || resumes && !o.reverify && !o.expectSessionMiss {
		return nil
	}
	alert := dtlstransport.AlertHandshakeFailure
	if o.verifyCustom {
		alert = dtlstransport.AlertCertificateUnknown
	}
	return &dtlstransport.AlertError{Alert: alert, Err: errors.New("refused as told")}
}

// connection is one association with the runner.
type connection struct {
	*options
	resumes bool
	keys    *resumption
	link    *link
	engine  *dtlstransport.Engine
	now     time.Time // the runner's clock
	done    bool      // nothing is left to be done but leave
}

// connect makes one connection and returns what time it is then.
func connect(now time.Time, o *options, resumes bool, keys *resumption) (time.Time, error) {
	config, err := o.config(resumes, keys)
	if err != nil {
		return now, err
	}
	role := dtlstransport.RoleClient
	if o.server {
		role = dtlstransport.RoleServer
	}
	c := &connection{options: o, resumes: resumes, keys: keys, now: now}
	if c.engine, err = dtlstransport.NewEngine(role, config); err != nil {
		return now, err
	}
	if c.link, err = dial(o); err != nil {
		return now, err
	}
	defer c.link.close()
	before := len(keys.store)
	clientSession := string(keys.store["client"])
	err = c.run()
	if err == nil && o.expectRenewal && clientSession == string(keys.store["client"]) {
		err = errors.New("the ticket was not renewed")
	}
	if err == nil && before == 0 && o.server {
		switch has := keys.store.hasServerSession(); {
		case o.expectSessionID && !has:
			err = errors.New("no session_id was given out")
		case o.expectNoSessionID && has:
			err = errors.New("a session_id was given out")
		}
	}
	return c.now, err
}

// run shakes hands, does what the options say, and echoes until the end.
func (c *connection) run() error {
	if err := c.after(c.engine.Start(c.now)); err != nil {
		return err
	}
	for !c.done {
		m, err := c.link.receive()
		if errors.Is(err, io.EOF) {
			if !c.engine.ConnectionState().Connected {
				return errors.New("end of the link in the handshake")
			}
			break
		}
		if err != nil {
			return err
		}
		if err := c.handle(m); err != nil {
			return err
		}
	}
	if c.checkCloseNotify {
		return c.after(c.engine.Close(c.now))
	}
	return nil
}

// handle does what the runner says.
func (c *connection) handle(m message) error {
	switch m.op {
	case opDatagram:
		return c.after(c.engine.HandleDatagram(c.now, m.datagram))
	case opTimeout:
		if err := c.link.timeoutTaken(); err != nil {
			return err
		}
		c.now = c.now.Add(time.Duration(m.number))
		due := c.now
		if d := c.engine.Deadline(); !d.IsZero() && d.After(due) && d.Sub(due) <= dueSoon {
			due = d
		}
		return c.after(c.engine.HandleTimeout(due))
	case opExpectTimeout:
		left := uint64(math.MaxUint64)
		if d := c.engine.Deadline(); !d.IsZero() {
			left = uint64(max(d.Sub(c.now), 0))
		}
		if left != m.number {
			return fmt.Errorf("timeout in %v, want %v", time.Duration(left), time.Duration(m.number))
		}
	case opMTU:
		c.engine.SetMaxDatagramSize(int(m.number))
	case opInitialTimeout:
		c.engine.SetInitialTimeout(time.Duration(m.number) * time.Millisecond)
	}
	return nil
}

// after takes what a call into the engine has led to, and its error.
func (c *connection) after(failure error) error {
	for {
		b, ok := c.engine.AppendDatagram(nil)
		if !ok {
			break
		}
		if err := c.link.send(b); err != nil {
			return err
		}
	}
	if failure != nil {
		return failure
	}
	for !c.done {
		switch e := c.engine.NextEvent(); e.Kind {
		case dtlstransport.NoEvent:
			return nil
		case dtlstransport.EventConnected:
			if err := c.connected(); err != nil {
				return err
			}
		case dtlstransport.EventData:
			for i := range e.Data {
				e.Data[i] ^= 0xff
			}
			if err := c.write(e.Data); err != nil {
				return err
			}
		case dtlstransport.EventClosed:
			c.done = true
		}
	}
	return nil
}

// write sends one record of application data.
func (c *connection) write(p []byte) error {
	b, err := c.engine.AppendApplicationData(nil, p)
	if err != nil {
		return err
	}
	return c.link.send(b)
}

// connected checks the handshake and does what comes before the echo.
func (c *connection) connected() error {
	if err := c.check(); err != nil {
		return err
	}
	if c.exportLength > 0 {
		var context []byte
		if c.useContext {
			context = append([]byte{}, c.exportContext...)
		}
		b, err := c.engine.ExportKeyingMaterial(c.exportLabel, context, c.exportLength)
		if err != nil {
			return err
		}
		if err := c.write(b); err != nil {
			return err
		}
	}
	if c.sendAlert {
		c.done = true
		c.engine.SendAlert(c.now, dtlstransport.AlertDecompressionFailure)
		return c.after(nil)
	}
	if c.writesFirst {
		if err := c.write([]byte("hello")); err != nil {
			return err
		}
	}
	c.done = c.shutsDown
	return nil
}

// check compares the connection with what was expected.
func (c *connection) check() error {
	s := c.engine.ConnectionState()
	switch want := c.resumes && !c.expectSessionMiss; {
	case s.Resumed != want:
		return fmt.Errorf("resumed is %v", s.Resumed)
	case len(s.PeerCertificates) == 0 && (!c.server || c.requireCertificate):
		return errors.New("no certificate of the peer")
	case c.expectALPN != "" && s.ALPN != c.expectALPN:
		return fmt.Errorf("protocol %q, want %q", s.ALPN, c.expectALPN)
	}
	return nil
}
