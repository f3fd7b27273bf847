//go:build unix

package icelite

import "syscall"

// bufferSizes returns what the system has given a socket, in bytes.
func bufferSizes(udp syscall.Conn) (receive, send int) {
	raw, err := udp.SyscallConn()
	if err != nil {
		return 0, 0
	}
	_ = raw.Control(func(fd uintptr) {
		receive, _ = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF)
		send, _ = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_SNDBUF)
	})
	return receive, send
}
