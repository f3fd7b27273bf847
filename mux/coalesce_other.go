//go:build !linux || 386 || s390x

package mux

import "net"

// newCoalescer returns nil: the system does not coalesce, or package syscall has no number for recvmsg.
func newCoalescer(*net.UDPConn) reader { return nil }
