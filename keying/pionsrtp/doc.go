// Package pionsrtp protects media with github.com/pion/srtp/v2: its Protector is a keying.Protector over srtp.Context,
// and obeys RFC 3711 (SRTP) and RFC 7714 (AES-GCM).
//
// An srtp.Context remembers every SSRC it is shown, before it knows whether the packet is genuine, forgets none, and
// neither its replay list nor its sender know what was sent before. So the Context is used here as the cipher alone.
// All state that protects (rollover counters, replay lists, what has been sent) is in this package:
//
//	packet -> header.go    lengths, SSRC, sequence number         else ErrMalformed
//	             |
//	             v
//	          sources.go   what is known of the SSRC: active (a window), retired (a floor), or nothing
//	             |
//	             v
//	          index.go     48-bit index from 16-bit sequence number, RFC 3711 3.3.1
//	          window.go    received, or sent, before?              else ErrReplayed, ErrIndexReused
//	             |
//	             v
//	          transform.go   SSRC known: the lasting Context; unknown: a throw-away one, and only
//	             |         if the packet is genuine the SSRC enters sources   else ErrAuthentication
//	             v
//	          window.go    the index is marked
//
// Read protector.go first, then sources.go, which says what is remembered for how long.
//
// srtp.SessionSRTP and srtp.SessionSRTCP are not used: one forged packet with an unknown SSRC stops them while nobody is
// accepting streams.
package pionsrtp
