package pionsrtp

import (
	"errors"
	"fmt"

	"github.com/rtctransport/rtctransport/keying"
)

// limits are bounds that tests make small.
type limits struct {
	rtpPackets  uint64 // per master key
	rtcpPackets uint64 // per master key
	active      int    // SSRCs with a window
	retired     int    // SSRCs with a floor
	strangers   int    // SSRCs tried on one throw-away context
}

// defaultLimits has the packet limits of RFC 3711, Section 9.2.
var defaultLimits = limits{
	rtpPackets:  maxRTPIndex + 1,
	rtcpPackets: maxRTCPIndex, // SRTCP indices begin at 1, as in libsrtp.
	active:      maxActive,
	retired:     maxRetired,
	strangers:   64,
}

// Stats counts packets. Every packet given to a Protector is counted once.
type Stats struct {
	RTPProtected    uint64
	RTCPProtected   uint64
	ProtectRefused  uint64 // by either Protect method, whatever the error
	RTPUnprotected  uint64
	RTCPUnprotected uint64

	// What was received and dropped, by error.
	Malformed              uint64
	AuthenticationFailures uint64
	Replayed               uint64
	TooManySources         uint64

	// Sources is the number of SSRCs received that are remembered now, RTP and RTCP counted apart.
	Sources int
}

// A Protector is a keying.Protector on pion/srtp/v2. Make it with New.
//
// What it refuses to send: a sequence number it has sent before under the same SSRC and rollover counter, because AES-GCM and AES-CM
// both break when one index is used twice; so a sender that wants to repeat a packet sends the protected bytes again, or uses RTX.
// Going back is fine for sequence numbers not sent yet within about 1,000 of the highest (a forwarder that fills gaps or reorders does that);
// further back nothing is remembered and ErrIndexReused is the answer. A jump ahead of up to 32,767 is fine too, and a longer one reads as going back
// (RFC 3711, Section 3.3.1), on the other side as well.
//
// What it remembers of received packets is in the comment of sources: forged packets leave nothing.
type Protector struct {
	profile  keying.SRTPProfile
	outbound outbound
	inbound  inbound
}

var _ keying.Protector = (*Protector)(nil)

// New returns a Protector that protects with the keys of local and unprotects with those of its peer. It keeps the slices of m.
// It fails if m's profile is unknown or its keys have the wrong length, or local is neither side.
//
// The result is a *Protector (assert it for Stats), typed so that New itself fits where a constructor of keying.Protector is wanted.
// It needs no closing, and holds about 1 KB at first, 2 to 3 KB more for each direction that is used, and 300 bytes for each SSRC.
func New(m *keying.Material, local keying.Role) (keying.Protector, error) {
	p, err := newProtector(m, local, defaultLimits)
	if err != nil {
		return nil, err // Not a nil *Protector in an interface that is not nil.
	}
	return p, nil
}

func newProtector(m *keying.Material, local keying.Role, l limits) (*Protector, error) {
	if !m.Profile.Known() {
		return nil, fmt.Errorf("%w: %v", keying.ErrUnknownProfile, m.Profile)
	}
	if local.Peer() == 0 {
		return nil, errors.New("pionsrtp: local role is neither client nor server")
	}
	p, none := &Protector{profile: m.Profile}, sources{maxActive: l.active, maxRetired: l.retired}
	for _, writer := range [...]keying.Role{keying.RoleClient, keying.RoleServer} {
		key, salt := m.Keys(writer)
		if len(key) != m.Profile.KeyLen() || len(salt) != m.Profile.SaltLen() {
			return nil, fmt.Errorf("pionsrtp: %v key of %d and salt of %d bytes for %v", writer, len(key), len(salt), m.Profile)
		}
		// Twice as many SSRCs as are active at a time: rebuilding a Context is then a rare event even when all of them change.
		lasting := newTransform(m.Profile, key, salt, 2*2*l.active)
		if writer == local {
			o := &p.outbound
			o.limits, o.transform, o.rtp, o.rtcp = l, lasting, none, none
		} else {
			in := &p.inbound
			in.lasting, in.throwing, in.rtp, in.rtcp = lasting, newTransform(m.Profile, key, salt, l.strangers), none, none
		}
	}
	return p, nil
}

// Stats returns a snapshot. It may be called at any time.
func (p *Protector) Stats() Stats {
	o, in := &p.outbound, &p.inbound
	o.mu.Lock()
	s := Stats{RTPProtected: o.rtpPackets, RTCPProtected: o.rtcpPackets, ProtectRefused: o.refused}
	o.mu.Unlock()

	in.mu.Lock()
	defer in.mu.Unlock()
	s.RTPUnprotected, s.RTCPUnprotected = in.rtpPackets, in.rtcpPackets
	s.Malformed, s.AuthenticationFailures = in.malformed, in.unauthenticated
	s.Replayed, s.TooManySources = in.replayed, in.tooMany
	s.Sources = in.rtp.remembered() + in.rtcp.remembered()
	return s
}
