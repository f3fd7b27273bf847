// Package netsim is a simulated datagram link between two ends, A and B, for tests.
//
// It has one-way delay, jitter, loss, duplication, reordering, corruption and an MTU. What befalls a datagram is
// decided by (seed, direction, number) and never by its bytes or by the time of day: a handshake with new random keys
// meets exactly the same network, and a failing seed fails again.
//
//	  Send(now, AtoB, b)                                    Receive(now, dst)
//	        |                                                      ^
//	        v                                                      |
//	+----------------+   +--------------------+   +-------------------------------+
//	| number it (n)  |-->| Fate = f(seed,d,n) |-->| in flight, by time of arrival |
//	+----------------+   +--------------------+   +-------------------------------+
//	                        | Drop, larger                   |
//	                        v than MTU                       v
//	                     counted, gone                 NextArrival()
//
// There are two ways to use it. [Link] is a plain value without goroutine, lock or clock: an engine test steps two
// engines and a Link by hand to the earliest deadline. [Pipe] puts two blocking [net.Conn] ends around a Link for code
// that reads and writes, inside a testing/synctest bubble where waiting costs nothing.
//
// Read link.go first, then fate.go for what the seed means, then pipe.go. The package imports nothing of this module, so
// the tests of every package may import it.
package netsim
