// Package ring is the queue in front of every reader that may be slow: the endpoints of package mux, and Read, ReadRTP and
// ReadRTCP of package dtlstransport. It is bounded in bytes, copies what it takes, and is nobody's API.
package ring
