// Package mux shares one datagram link among the protocols of a WebRTC transport: STUN, DTLS, SRTP and
// SRTCP, and whatever else RFC 7983 and RFC 9443 allow beside them.
//
//	                                 +-> Handle(fn, mux.DTLS)            inline, no copy, no allocation
//	link --Read--> one goroutine ----+-> Handle(fn, mux.RTP, mux.RTCP)
//	               Classify(b)       +-> Endpoint(mux.STUN)              net.Conn: bounded queue, deadlines
//	                                 +-> kept until somebody attaches    DTLS, RTP, RTCP; bounded
//	                                 +-> dropped and counted             see Stats
//	link <-Write-- Mux.Write, Endpoint.Write
//
// A handler is for protocols that do their work at once: it runs on the read loop. An endpoint is for code
// that wants a net.Conn: it pays one copy and one wake-up for each datagram. A reader that is slow or
// absent fills its own queue and disturbs nobody.
//
// The package knows no protocol beyond its first bytes and links nothing but the standard library. A link
// is anything with Read, Write and Close that keeps datagrams apart; package pionice makes one from an
// ice.Conn of pion/ice v2. Which remote addresses are trusted is the link's decision: a Mux hands over what
// the link delivers (RFC 8827, Section 6.3, asks for addresses that ICE has verified).
//
// Read class.go first (the whole demultiplexing rule), then mux.go (who is attached), dispatch.go (who gets what) and
// endpoint.go.
package mux
