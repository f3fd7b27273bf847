package dtlstransport

import (
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/keying"
	"github.com/rtctransport/rtctransport/mux"
)

// What a Conn passes on to its Engine under its lock, and tells of it.

// SetRemoteFingerprints gives the peer's fingerprints, where Config did not; see
// Engine.SetRemote.
func (c *Conn) SetRemoteFingerprints(set fingerprint.Set) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.engine.SetRemote(time.Now(), set)
	c.after(c.engine.Err())
	return err
}

// ConnectionState returns what the association came to so far.
func (c *Conn) ConnectionState() ConnectionState {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engine.ConnectionState()
}

// ExportKeyingMaterial exports keys (RFC 5705); see Engine.ExportKeyingMaterial.
func (c *Conn) ExportKeyingMaterial(label string, context []byte, length int) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engine.ExportKeyingMaterial(label, context, length)
}

// SRTPMaterial returns the SRTP keys of both sides; see Engine.SRTPMaterial.
func (c *Conn) SRTPMaterial() (*keying.Material, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engine.SRTPMaterial()
}

// SetMaxDatagramSize changes the bound on handshake datagrams, live.
func (c *Conn) SetMaxDatagramSize(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.engine.SetMaxDatagramSize(n)
}

// RecordOverhead returns by how many bytes a record is larger than the data in it;
// see Engine.RecordOverhead.
func (c *Conn) RecordOverhead() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engine.RecordOverhead()
}

// MaxPayload returns how much one Write can put into a datagram of the largest
// size, in bytes; see Engine.MaxPayload. Larger writes, up to 2^14 bytes, are left
// to IP to fragment.
func (c *Conn) MaxPayload() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engine.MaxPayload()
}

// SendAlert ends the association with a fatal alert; see Engine.SendAlert. The link
// stays open until Close.
func (c *Conn) SendAlert(d AlertDescription) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.engine.SendAlert(time.Now(), d)
	c.after(c.engine.Err())
	return err
}

// SendWarning sends an alert of level warning; see Engine.SendWarning.
func (c *Conn) SendWarning(d AlertDescription) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.engine.SendWarning(d)
	c.flush()
	return err
}

// Stats returns the counts so far.
func (c *Conn) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.engine.Stats()
	s.LinkErrors = c.linkErrors
	if m, ok := c.carrier.(interface{ Stats() mux.Stats }); ok {
		s.LinkErrors += m.Stats().LinkErrors
	}
	return s
}

// isFinal reports whether we have sent the final flight of the handshake.
func (c *Conn) isFinal() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engine.sentFinalFlight()
}

// finalAnswers returns how often the peer may still ask for our last flight.
func (c *Conn) finalAnswers() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.engine.finals
}
