//go:build !unix

package icelite

import "syscall"

func bufferSizes(syscall.Conn) (receive, send int) { return 0, 0 }
