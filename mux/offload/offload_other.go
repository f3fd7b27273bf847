//go:build !linux

package offload

import "net"

// See offload_linux.go.
const (
	Segments    = false
	ControlSize = 0
)

// Coalesce reports that there is no such thing.
func Coalesce(*net.UDPConn) bool { return false }

// Size returns 0.
func Size([]byte) int { return 0 }

// AppendControl returns b.
func AppendControl(b []byte, _ int) []byte { return b }
