package sctpdc

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseMaxMessageSize returns the peer's limit for Config.PeerMaxMessageSize or SetPeerMaxMessageSize from the value of its
// SDP attribute max-message-size, "a=max-message-size:" in front or not; "" if the attribute was absent: 65536. A value of
// 0 means no limit, and returns -1. RFC 8841, Section 6.
func ParseMaxMessageSize(attribute string) (int, error) {
	value := strings.TrimSpace(strings.TrimPrefix(attribute, "a=max-message-size:"))
	if value == "" && attribute == "" {
		return absentMaxMessageSize, nil
	}
	// "max-message-size-value = 1*DIGIT". One that no int holds is more than we ever send.
	for _, c := range []byte(value) {
		if c < '0' || c > '9' {
			value = ""
		}
	}
	if value == "" {
		return 0, fmt.Errorf("sctpdc: max-message-size %q is not a number", attribute)
	}
	n, err := strconv.ParseUint(value, 10, 63)
	switch {
	case err != nil || n > math.MaxInt32:
		return math.MaxInt32, nil
	case n == 0:
		return -1, nil
	}
	return int(n), nil
}

// MaxMessageSizeAttribute returns the line for our SDP, without the end of line: "a=max-message-size:262144" for the zero Config.
func (c *Config) MaxMessageSizeAttribute() string {
	n := c.MaxMessageSize
	if n == 0 {
		n = defaultMaxMessageSize
	}
	return fmt.Sprintf("a=max-message-size:%d", n)
}

// SetPeerMaxMessageSize replaces Config.PeerMaxMessageSize, with the same meaning, for what is sent from now on: when the
// peer's description arrives only after the association was made, or is renewed.
func (a *Association) SetPeerMaxMessageSize(n int) {
	if n == 0 {
		n = absentMaxMessageSize
	}
	a.peerLimit.Store(int64(n))
}

// peerMaxMessageSize returns the limit, in bytes; negative: none.
func (a *Association) peerMaxMessageSize() int { return int(a.peerLimit.Load()) }
