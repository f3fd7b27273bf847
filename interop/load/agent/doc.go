// Package agent is the client side of ICE for a load generator: a full, controlling agent (RFC 8445) with one
// candidate, which checks and nominates one address of a server. It does nothing that thousands of peers in one
// process could do without: no gathering, no STUN servers, no trickling; for those there is pion/ice.
//
//	UDP socket --> one goroutine --> STUN: checks answered, our own completed
//	                             \-> all else: mux.Pusher, inline
package agent
