package sctpdc

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/pion/sctp"
)

// SNAP, the SCTP Negotiation Acceleration Protocol (draft-hancke-tsvwg-snap), saves the two round trips of the SCTP
// handshake: offer and answer carry what would be the INIT chunks, and the association is up when DTLS is.
//
//	offerer                        signalling                       answerer
//	token := NewToken(config)  --- a=sctp-init:BASE64 --->  token := NewToken(config)
//	                           <-- a=sctp-init:BASE64 ---
//	config.Token, config.PeerToken are set at both, then New
//
// A peer whose description has no such attribute does not know it, and the handshake is made as always.

// A Token is the INIT chunk of one side, with its header, for one association. RFC 9260, Section 3.3.2.
type Token []byte

// NewToken returns a token for an association of this Config over DTLS. It must be used once only.
func NewToken(config *Config) (Token, error) {
	c, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	return sctp.GenerateOutOfBandToken(
		sctp.WithMaxReceiveBufferSize(uint32(c.ReceiveBuffer)),
		sctp.WithEnableInterleaving(!c.DisableInterleaving),
		sctp.WithEnableZeroChecksum(!c.DisableZeroChecksum),
	)
}

// tokenAttribute is the SDP attribute, in front of the base64 of the chunk.
const tokenAttribute = "a=sctp-init:"

// Attribute returns the line for SDP, without the end of line.
func (t Token) Attribute() string { return tokenAttribute + base64.StdEncoding.EncodeToString(t) }

// ParseToken returns the peer's token from its SDP attribute, "a=sctp-init:" in front or not.
func ParseToken(attribute string) (Token, error) {
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(strings.TrimPrefix(attribute, tokenAttribute)))
	if err != nil {
		return nil, fmt.Errorf("sctpdc: sctp-init: %w", err)
	}
	if _, err := parseInit(b); err != nil {
		return nil, err
	}
	return b, nil
}

// An initChunk is what the gate wants to know of an INIT.
type initChunk struct {
	initHeader
	zeroChecksum bool // zero checksums are acceptable because DTLS is below. RFC 9653, Section 4
}

const parameterZeroChecksum = 0x8001

var errToken = errors.New("sctpdc: token is not an INIT chunk")

// parseInit parses a token and refuses what RFC 9260, Section 3.3.2, does not allow in an INIT.
func parseInit(b []byte) (initChunk, error) {
	c, rest, ok := nextChunk(b)
	if !ok || len(rest) > 0 || c.typ != chunkInit || c.flags != 0 || !c.wellFormed() {
		return initChunk{}, errToken
	}
	var i initChunk
	i.initHeader, _ = parseInitHeader(c.value)
	for rest := c.value[initHeaderLen:]; len(rest) > 0; {
		typ, value, r, ok := nextParameter(rest)
		if !ok {
			return initChunk{}, errToken
		}
		if typ == parameterZeroChecksum && len(value) >= 4 && binary.BigEndian.Uint32(value) == 1 {
			i.zeroChecksum = true
		}
		rest = r
	}
	return i, nil
}

// useTokens establishes the association for the gate, if both sides have a token, and returns the options for pion/sctp.
func (a *Association) useTokens() ([]sctp.ClientOption, error) {
	if a.config.Token == nil || a.config.PeerToken == nil {
		return nil, nil
	}
	ours, err := parseInit(a.config.Token)
	if err != nil {
		return nil, err
	}
	peers, err := parseInit(a.config.PeerToken)
	if err != nil {
		return nil, err
	}
	if ours.window != uint32(a.config.ReceiveBuffer) {
		return nil, fmt.Errorf("sctpdc: token announces %d bytes, Config.ReceiveBuffer is %d", ours.window, a.config.ReceiveBuffer)
	}
	g := a.gate
	g.localTag, g.peerTag, g.streams, g.settled = ours.tag, peers.tag, int(peers.inbound), true
	g.takesZero = ours.zeroChecksum
	return []sctp.ClientOption{sctp.WithSNAP(a.config.Token, a.config.PeerToken)}, nil
}
