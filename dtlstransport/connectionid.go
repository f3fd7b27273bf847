package dtlstransport

import (
	"slices"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// connectionIDs is what two hellos have settled about connection IDs (RFC 9146,
// Section 3). The zero value is none.
type connectionIDs struct {
	local []byte // on records to us; empty: none
	peer  []byte // on records of ours; empty: none
}

// offerConnectionID puts what we want on the peer's records into a ClientHello.
func (c *Config) offerConnectionID(m *wire.ClientHello) {
	m.HasConnectionID, m.ConnectionID = c.ConnectionID != nil, c.ConnectionID
}

// agreeConnectionIDs reads the hello of the peer, after ours: both have the
// extension, or there are no connection IDs.
func (p *parameters) agreeConnectionIDs(local []byte, x *wire.Extensions) {
	if local != nil && x.HasConnectionID {
		p.ids = connectionIDs{local, slices.Clone(x.ConnectionID)}
	}
}

// answerConnectionID puts ours into the answer to a hello that has one: "A server
// willing to use CIDs will respond with a 'connection_id' extension in the ServerHello"
// (RFC 9146, Section 3).
func (e *Engine) answerConnectionID(hello *wire.ClientHello, answer *wire.ServerHello) {
	if e.localCID != nil && hello.HasConnectionID {
		answer.HasConnectionID, answer.ConnectionID = true, e.localCID
	}
}

// protection returns both directions of epoch 1 under schedule, with the connection
// IDs of p on their records.
func (e *Engine) protection(schedule *schedule12, p *parameters) (*record.Sealer, *record.Opener, error) {
	sealer, opener, err := schedule.protection(e.role)
	if err != nil {
		return nil, nil, err
	}
	sealer.SetConnectionID(p.ids.peer, e.config.RecordPadding)
	opener.SetConnectionID(p.ids.local)
	opener.SetWindow(e.config.window())
	return sealer, opener, nil
}

// readEnd returns one more than the largest sequence number of the peer's authentic
// records.
func (e *Engine) readEnd() uint64 {
	if e.read == nil {
		return 0
	}
	return e.read.End()
}

// nextRecord reads the record at the start of b. All records of TypeConnectionID
// that mean us have ours.
func (e *Engine) nextRecord(b []byte) (r record.Record, rest []byte, ok bool) {
	rest, ok = r.Next(b, len(e.localCID))
	return r, rest, ok
}

// mayBeHandshake reports whether a record may have handshake messages: with a
// connection ID, what it has is not to be seen.
func mayBeHandshake(raw []byte) bool {
	t := record.ContentType(raw[0])
	return t == record.TypeHandshake || t == record.TypeConnectionID
}
