package dtls

import (
	"fmt"
	"io"
)

// runConns does a task with blocking connections, which connect makes.
func runConns(k kind, n int, connect func(kind) (client, server io.ReadWriteCloser, err error)) (float64, error) {
	switch k {
	case records:
		client, server, err := connect(full)
		if err != nil {
			return 0, err
		}
		defer server.Close()
		defer client.Close()
		message, buf := make([]byte, 1200), make([]byte, 2048)
		return repeat(n, func() error { return record(client, server, message, buf) })
	case idle:
		var all []io.Closer
		return kept(n, func() error {
			client, server, err := connect(full)
			all = append(all, client, server)
			return err
		}, func() {
			for _, c := range all {
				c.Close()
			}
		})
	}
	return repeat(n, func() error {
		client, server, err := connect(k)
		if err != nil {
			return err
		}
		client.Close()
		return server.Close()
	})
}

// record sends a message and reads it.
func record(from io.Writer, to io.Reader, message, buf []byte) error {
	if _, err := from.Write(message); err != nil {
		return err
	}
	if n, err := to.Read(buf); err != nil || n != len(message) {
		return fmt.Errorf("read %d bytes: %w", n, err)
	}
	return nil
}
