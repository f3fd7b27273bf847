//go:build !unix

package icelite

import "net"

func bufferSizes(*net.UDPConn) (receive, send int) { return 0, 0 }
