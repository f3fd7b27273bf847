// Command dtls is pion/dtls v3 for the table of interop. Its command line and what it prints are those of
// interop/native/testdata/shim.h; suites and profiles are numbers, hexadecimal and decimal, groups have the names of IANA.
package main

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/pion/dtls/v3"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "version" {
		fmt.Println(version())
		return
	}
	o, err := parse(os.Args[1:])
	if err == nil {
		err = o.run(bufio.NewReader(os.Stdin))
	}
	if err != nil {
		fmt.Printf("error %v\n", err)
		os.Exit(1)
	}
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, m := range info.Deps {
		if m.Path == "github.com/pion/dtls/v3" {
			return strings.TrimPrefix(m.Version, "v")
		}
	}
	return "unknown"
}

// run runs the associations.
func (o *options) run(stdin *bufio.Reader) error {
	local := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}
	if o.server {
		local.Port = o.port
	}
	socket, err := net.ListenUDP("udp4", local)
	if err != nil {
		return err
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		for {
			line, err := stdin.ReadString('\n')
			if err != nil {
				return
			}
			lines <- strings.TrimSuffix(line, "\n")
		}
	}()
	for round := range o.rounds {
		p := &peer{UDPConn: socket, remote: &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: o.port}}
		if o.server {
			fmt.Println("ready")
			if err := p.awaitClient(); err != nil {
				return err
			}
		} else if round > 0 {
			if _, ok := <-lines; !ok { // "again"
				return nil
			}
		}
		if err := o.associate(p, lines); err != nil {
			return err
		}
	}
	return nil
}

func (o *options) associate(p *peer, lines <-chan string) error {
	open := dtls.Client
	if o.server {
		open = dtls.Server
	}
	c, err := open(p, p.remote, o.config)
	if err != nil {
		return err
	}
	if err := c.Handshake(); err != nil {
		fmt.Printf("handshake: %v\n", err)
		return errors.New("handshake")
	}
	state, _ := c.ConnectionState()
	srtp := "none"
	if profile, ok := c.SelectedSRTPProtectionProfile(); ok {
		srtp = strconv.Itoa(int(profile))
	}
	fmt.Printf("connected suite=%04x group=- srtp=%s ems=- resumed=-\n", uint16(state.CipherSuiteID), srtp)
	for _, e := range o.exports {
		value, err := state.ExportKeyingMaterial(e.label, e.context, e.length)
		if err != nil {
			fmt.Println("export failed")
			continue
		}
		fmt.Printf("export %x\n", value)
	}
	fmt.Println("up")
	return o.traffic(c, p, lines)
}

// traffic runs an association until it is closed.
func (o *options) traffic(c *dtls.Conn, p *peer, lines <-chan string) error {
	records := make(chan []byte)
	ended := make(chan error, 1)
	go func() {
		b := make([]byte, 1<<16)
		for {
			n, err := c.Read(b)
			if err != nil {
				ended <- err
				return
			}
			records <- append([]byte(nil), b[:n]...)
		}
	}()
	for {
		select {
		case b := <-records:
			fmt.Printf("data %s\n", strings.TrimSuffix(string(b), "\n"))
			if o.server {
				if _, err := c.Write(b); err != nil {
					return err
				}
			}
		case err := <-ended:
			_ = c.Close()
			if !errors.Is(err, io.EOF) {
				return err
			}
			fmt.Println("closed by=peer")
			return nil
		case line, ok := <-lines:
			if !ok || line == "Q" {
				err := c.Close()
				fmt.Println("closed by=self")
				return err
			}
			if _, err := c.Write([]byte(line + "\n")); err != nil {
				return err
			}
		}
	}
}

// An export asks for keying material.
type export struct {
	label   string
	length  int
	context []byte
}

func parseExport(s string) (e export, err error) {
	parts := strings.Split(s, ":")
	if len(parts) < 2 {
		return e, fmt.Errorf("usage: export=%s", s)
	}
	e.label = parts[0]
	if e.length, err = strconv.Atoi(parts[1]); err == nil && len(parts) > 2 {
		e.context, err = hex.DecodeString(parts[2])
	}
	return e, err
}
