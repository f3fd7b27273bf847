//go:build !linux

package icelite

import (
	"errors"
	"fmt"
)

func listen(network, address string, config *Config) (packetConn, error) {
	if config.Sockets > 1 {
		return nil, fmt.Errorf("icelite: several sockets on one port: %w", errors.ErrUnsupported)
	}
	return listenPortable(network, address, config)
}
