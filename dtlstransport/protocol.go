package dtlstransport

import (
	"errors"
	"slices"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// ErrDeclineProtocol is what Config.SelectProtocol returns to go on without an
// application protocol.
var ErrDeclineProtocol = errors.New("dtls: no application protocol")

// selectProtocol answers the application protocols that a client offers (RFC
// 7301, Section 3.2); empty is no answer.
func (c *Config) selectProtocol(m *wire.ClientHello) (string, *AlertError) {
	if len(m.ALPN) == 0 || len(c.ALPN) == 0 && c.SelectProtocol == nil {
		return "", nil
	}
	if c.SelectProtocol == nil {
		i := slices.IndexFunc(c.ALPN, func(name string) bool { return slices.Contains(m.ALPN, name) })
		if i < 0 {
			return "", alertf(AlertNoApplicationProtocol, "no common application protocol")
		}
		return c.ALPN[i], nil
	}
	name, err := c.SelectProtocol(m.ALPN)
	if errors.Is(err, ErrDeclineProtocol) {
		return "", nil
	}
	if a, ok := errors.AsType[*AlertError](err); ok {
		return "", alertf(a.Alert, "application protocol: %w", err)
	}
	if err != nil {
		return "", alertf(AlertNoApplicationProtocol, "application protocol: %w", err)
	}
	if !slices.Contains(m.ALPN, name) {
		return "", alertf(AlertInternalError, "SelectProtocol chose %q, which was not offered", name)
	}
	return name, nil
}
