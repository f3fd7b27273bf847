//go:build !linux

package udp

import "github.com/rtctransport/rtctransport/interop/bench/rounds"

// Figures returns none here.
func Figures() []rounds.Figure { return nil }
