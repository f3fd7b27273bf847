package contract

import (
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
)

// The flags of the contract, and what they say together.

// flags lists the flags of the contract. Those that mean nothing to a role are
// accepted and have no effect, so that both ends can be given the same.
func (o *Options) flags(files *certificateFiles) []Flag {
	return []Flag{
		{Name: "addr", Set: text(&o.Addr)},
		{Name: "cert", Set: text(&files.cert)},
		{Name: "key", Set: text(&files.key)},
		{Name: "peer-fingerprint", Set: o.setPeer},
		{Name: "suites", Set: list("--suites", &o.Suites, suiteOf)},
		{Name: "groups", Set: list("--groups", &o.Groups, groupOf)},
		{Name: "srtp", Set: list("--srtp", &o.SRTP, profileOf)},
		{Name: "ems", Set: choice("--ems", &o.EMS, map[string]dtlstransport.EMSPolicy{
			"request": dtlstransport.EMSRequest,
			"require": dtlstransport.EMSRequire, "off": dtlstransport.InsecureEMSOff,
		})},
		{Name: "export", Set: o.addExport},
		{Name: "mtu", Set: o.setMTU},
		{Name: "cookie", Set: choice("--cookie", &o.Cookie, onOff)},
		{Name: "client-auth", Set: choice("--client-auth", &o.ClientAuth, map[string]bool{"require": true, "none": false})},
		{Name: "tickets", Set: choice("--tickets", &o.Tickets, onOff)},
		{Name: "resume", Set: text(&o.Resume)},
		{Name: "accept", Set: number(&o.Accept, 1)},
		{Name: "send", Set: o.addSend},
		{Name: "echo", Bare: true, Set: func(string) error { return nil }}, // servers always do
		{Name: "close-after", Set: number(&o.CloseAfter, 0)},
		{Name: "wait-close", Bare: true, Set: func(string) error { o.WaitClose = true; return nil }},
		{Name: "keylog", Set: text(&o.KeyLog)},
		{Name: "trace", Set: text(&o.Trace)},
		{Name: "timeout", Set: seconds(&o.Timeout)},
		{Name: "handshake-timeout", Set: seconds(&o.HandshakeTimeout)},
		{Name: "cid", Set: o.setCID},
		{Name: "psk", Set: o.setPSK},
	}
}

func (o *Options) setPeer(value string) error {
	name, digits, _ := strings.Cut(value, ":")
	if !strings.EqualFold(name, "sha-256") {
		return &UnsupportedError{"--peer-fingerprint " + name}
	}
	sum, err := hex.DecodeString(strings.ReplaceAll(digits, ":", ""))
	if err != nil {
		return err
	}
	f, err := fingerprint.FromBytes(fingerprint.SHA256, sum)
	if err != nil {
		return err
	}
	o.Peer = fingerprint.Set{f}
	return nil
}

// addExport takes LABEL:LEN or LABEL:LEN:CTXHEX.
func (o *Options) addExport(value string) error {
	parts := strings.SplitN(value, ":", 3)
	if len(parts) < 2 || parts[0] == "" {
		return fmt.Errorf("%q is not LABEL:LEN[:CTXHEX]", value)
	}
	e := Export{Label: parts[0]}
	if err := number(&e.Length, 1)(parts[1]); err != nil {
		return err
	}
	if e.Length > maxExport {
		return &UnsupportedError{"--export of " + parts[1] + " bytes"}
	}
	if len(parts) == 3 {
		context, err := hex.DecodeString(parts[2])
		if err != nil {
			return err
		}
		e.Context = append([]byte{}, context...) // not nil: an empty one is another than none
	}
	o.Exports = append(o.Exports, e)
	return nil
}

func (o *Options) setMTU(value string) error {
	if err := number(&o.MTU, 1)(value); err != nil {
		return err
	}
	if o.MTU < dtlstransport.MinDatagramSize || o.MTU > maxDatagram {
		return &UnsupportedError{"--mtu " + value}
	}
	return nil
}

func (o *Options) addSend(value string) error {
	b, err := hex.DecodeString(value)
	if err != nil {
		return err
	}
	if len(b) == 0 || len(b) > maxRecord {
		return &UnsupportedError{fmt.Sprintf("--send of %d bytes", len(b))}
	}
	o.Send = append(o.Send, b)
	return nil
}

// setCID takes the connection ID that we want on the peer's records, or the word
// empty for none while the peer may have one on ours.
func (o *Options) setCID(value string) error {
	if value == "empty" {
		o.ConnectionID = []byte{}
		return nil
	}
	b, err := hex.DecodeString(value)
	if err != nil {
		return err
	}
	if len(b) == 0 || len(b) > maxConnectionID {
		return &UnsupportedError{fmt.Sprintf("--cid of %d bytes", len(b))}
	}
	o.ConnectionID = b
	return nil
}

// setPSK takes IDENTITY:KEYHEX, for both roles. Suites that use it have to be named.
func (o *Options) setPSK(value string) error {
	i := strings.LastIndexByte(value, ':')
	if i < 0 {
		return fmt.Errorf("%q is not IDENTITY:KEYHEX", value)
	}
	key, err := hex.DecodeString(value[i+1:])
	if err != nil || len(key) == 0 {
		return fmt.Errorf("%q is no key", value[i+1:])
	}
	o.PSKIdentity, o.PSKKey = []byte(value[:i]), key
	return nil
}

func seconds(to *time.Duration) func(string) error {
	return func(value string) error {
		s, err := strconv.ParseFloat(value, 64)
		if err != nil || !(s > 0) || s > 1e6 {
			return fmt.Errorf("%q is not a number of seconds", value)
		}
		*to = time.Duration(s * float64(time.Second))
		return nil
	}
}

// check looks at what several flags say together.
func (o *Options) check(files *certificateFiles) error {
	if o.Addr == "" {
		return usagef("--addr is needed")
	}
	if (files.cert == "") != (files.key == "") {
		return usagef("--cert and --key belong together")
	}
	if files.cert != "" {
		var err error
		if o.Certificate, err = files.read(); err != nil {
			return err
		}
	}
	if o.Role == dtlstransport.RoleServer {
		if o.Certificate == nil && o.PSKKey == nil {
			return &UnsupportedError{"server without --cert"}
		}
		if !o.ClientAuth && o.Peer != nil {
			return usagef("--client-auth none leaves nothing for --peer-fingerprint to match")
		}
	}
	return nil
}

// certificateFiles are read when both names are known.
type certificateFiles struct{ cert, key string }

func (f *certificateFiles) read() (*fingerprint.Certificate, error) {
	text, err := os.ReadFile(f.cert)
	if err != nil {
		return nil, &UsageError{err}
	}
	key, err := os.ReadFile(f.key)
	if err != nil {
		return nil, &UsageError{err}
	}
	if f.key != f.cert {
		text = append(append(text, '\n'), key...)
	}
	c, err := fingerprint.ParsePEM(text)
	if err != nil {
		return nil, usagef("--cert: %w", err)
	}
	return c, nil
}
