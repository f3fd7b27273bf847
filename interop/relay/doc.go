// Package relay is a bad network between real UDP sockets: datagrams that clients send to it go on to one target, and what
// the target answers goes back, with the loss, duplication, reordering, delay, corruption and MTU of a [netsim.Config].
//
//	client A ---> +-------------------------------+ ---> target B
//	              | number n of this direction    |
//	client A <--- | Fate = script or f(seed,d,n)  | <--- target B
//	              +-------------------------------+
//	                       | Observe
//	                       v
//	                  who looks at the wire
//
// The kernel of a test machine often has no netem, and netem has no seed. Here what befalls a datagram follows from
// (seed, direction, number), as in package netsim, whose link this is; each client has a link of its own. Only the
// order in which real processes happen to send is not ours.
//
// Read relay.go, then script.go for faults that are spelled out: "drop the second datagram of A".
package relay
