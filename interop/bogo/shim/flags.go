package main

import (
	"encoding/pem"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/keying"
)

// A test has flags for its first connection and for those that resume.
const (
	initial = iota
	resumed
	connections
)

// options is what the flags say about a connection.
type options struct {
	dtls, server, ipv6 bool
	port               int
	shimID             uint64
	resumeCount        int

	handshakerSupported bool // print that there is no handshaker, and leave

	credential  credential   // the one without a name
	credentials []credential // those of -new-x509-credential

	mtu            int
	initialTimeout time.Duration
	minVersion     uint16
	maxVersion     uint16
	noVersion      [3]bool // 1.0, 1.2, 1.3

	groups []dtlstransport.Group
	srtp   []keying.SRTPProfile
	alpn   []string // to offer or to select

	requestCertificate, requireCertificate bool
	verifyFail, verifyCustom, reverify     bool
	noTicket                               bool

	writesFirst, shutsDown, checkCloseNotify, sendAlert bool

	exportLength  int
	exportLabel   string
	exportContext string
	useContext    bool

	expectALPN                         string
	expectSessionMiss                  bool
	expectSessionID, expectNoSessionID bool
	expectRenewal                      bool
}

// A credential is a certificate chain with its key, in files.
type credential struct{ chain, key string }

// load reads a credential. One of a kind that we do not have is unimplemented.
func (c credential) load() (*fingerprint.Certificate, error) {
	var text []byte
	for _, name := range []string{c.chain, c.key} {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("%w: half a credential", errUnimplemented)
		}
		for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
			if name == c.key != (block.Type == "CERTIFICATE") {
				text = append(text, pem.EncodeToMemory(block)...)
			}
		}
	}
	certificate, err := fingerprint.ParsePEM(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnimplemented, err)
	}
	return certificate, nil
}

// certificates loads all credentials, in order of preference.
func (o *options) certificates() (list []*fingerprint.Certificate, err error) {
	all := o.credentials
	if o.credential != (credential{}) {
		all = append(slices.Clip(all), o.credential)
	}
	for _, c := range all {
		certificate, err := c.load()
		if err != nil {
			return nil, err
		}
		list = append(list, certificate)
	}
	return list, nil
}

// newest returns the credential that a flag is about.
func (o *options) newest() *credential {
	if n := len(o.credentials); n > 0 {
		return &o.credentials[n-1]
	}
	return &o.credential
}

// A flag sets options; exactly one of its functions is set.
type flag struct {
	set   func(o *options)                     // takes no value
	value func(o *options, value string) error // takes one
}

func on(field func(o *options) *bool) flag {
	return flag{set: func(o *options) { *field(o) = true }}
}

func text(field func(o *options) *string) flag {
	return flag{value: func(o *options, v string) error { *field(o) = v; return nil }}
}

func number(field func(o *options) *int) flag {
	return flag{value: func(o *options, v string) (err error) { *field(o), err = strconv.Atoi(v); return }}
}

func version(field func(o *options) *uint16) flag {
	return flag{value: func(o *options, v string) error {
		n, err := strconv.ParseUint(v, 10, 16)
		*field(o) = uint16(n)
		return err
	}}
}

var (
	// ignored asks for nothing that an engine without callbacks does differently.
	ignored      = flag{set: func(*options) {}}
	ignoredValue = flag{value: func(*options, string) error { return nil }}
)

// flags is everything that we can be asked. What is not there is unimplemented.
var flags = map[string]flag{
	"is-handshaker-supported": on(func(o *options) *bool { return &o.handshakerSupported }),

	"dtls":   on(func(o *options) *bool { return &o.dtls }),
	"server": on(func(o *options) *bool { return &o.server }),
	"ipv6":   on(func(o *options) *bool { return &o.ipv6 }),
	"port":   number(func(o *options) *int { return &o.port }),
	"shim-id": {value: func(o *options, v string) (err error) {
		o.shimID, err = strconv.ParseUint(v, 10, 64)
		return
	}},
	"resume-count": number(func(o *options) *int { return &o.resumeCount }),

	"cert-file":  text(func(o *options) *string { return &o.newest().chain }),
	"key-file":   text(func(o *options) *string { return &o.newest().key }),
	"trust-cert": ignoredValue, // the verdict is that of -verify-fail alone
	"new-x509-credential": {set: func(o *options) {
		o.credentials = append(o.credentials, credential{})
	}},
	"expect-selected-credential": ignoredValue, // the runner sees the certificate itself

	"mtu": number(func(o *options) *int { return &o.mtu }),
	"initial-timeout-duration-ms": {value: func(o *options, v string) error {
		n, err := strconv.Atoi(v)
		o.initialTimeout = time.Duration(n) * time.Millisecond
		return err
	}},
	"min-version": version(func(o *options) *uint16 { return &o.minVersion }),
	"max-version": version(func(o *options) *uint16 { return &o.maxVersion }),
	"no-tls1":     on(func(o *options) *bool { return &o.noVersion[0] }),
	"no-tls12":    on(func(o *options) *bool { return &o.noVersion[1] }),
	"no-tls13":    on(func(o *options) *bool { return &o.noVersion[2] }),

	"curves": {value: func(o *options, v string) error {
		n, err := strconv.ParseUint(v, 10, 16)
		g := dtlstransport.Group(n)
		if err == nil && !slices.Contains(dtlstransport.DefaultGroups(), g) {
			err = fmt.Errorf("%w: group %v", errUnimplemented, g)
		}
		o.groups = append(o.groups, g)
		return err
	}},
	"verify-prefs": {value: func(o *options, v string) error {
		// All schemes that we have are always accepted.
		if v != strconv.Itoa(int(dtlstransport.Ed25519Scheme)) {
			return fmt.Errorf("%w: signature scheme %s", errUnimplemented, v)
		}
		return nil
	}},
	"srtp-profiles": {value: setSRTP},
	"advertise-alpn": {value: func(o *options, v string) error {
		for len(v) > 0 && int(v[0]) < len(v) {
			o.alpn = append(o.alpn, v[1:1+v[0]])
			v = v[1+v[0]:]
		}
		return nil
	}},
	"select-alpn": {value: func(o *options, v string) error { o.alpn = []string{v}; return nil }},
	// No client offers this one, and so everyone is refused.
	"reject-alpn":            {set: func(o *options) { o.alpn = []string{"\x00"} }},
	"decline-alpn":           {set: func(o *options) { o.alpn = nil }},
	"expect-alpn":            text(func(o *options) *string { return &o.expectALPN }),
	"expect-advertised-alpn": ignoredValue, // not visible; what is selected comes out of it

	"verify-peer":                    on(func(o *options) *bool { return &o.requestCertificate }),
	"require-any-client-certificate": on(func(o *options) *bool { return &o.requireCertificate }),
	"verify-fail":                    on(func(o *options) *bool { return &o.verifyFail }),
	"use-custom-verify-callback":     on(func(o *options) *bool { return &o.verifyCustom }),
	"reverify-on-resume":             on(func(o *options) *bool { return &o.reverify }),
	"expect-verify-result":           ignored, // a connection is the verdict
	"no-ticket":                      on(func(o *options) *bool { return &o.noTicket }),
	"expect-session-miss":            on(func(o *options) *bool { return &o.expectSessionMiss }),
	"expect-session-id":              on(func(o *options) *bool { return &o.expectSessionID }),
	"expect-no-session-id":           on(func(o *options) *bool { return &o.expectNoSessionID }),
	"expect-ticket-renewal":          on(func(o *options) *bool { return &o.expectRenewal }),

	"shim-writes-first":  on(func(o *options) *bool { return &o.writesFirst }),
	"shim-shuts-down":    on(func(o *options) *bool { return &o.shutsDown }),
	"check-close-notify": on(func(o *options) *bool { return &o.checkCloseNotify }),
	"send-alert":         on(func(o *options) *bool { return &o.sendAlert }),

	"export-keying-material": number(func(o *options) *int { return &o.exportLength }),
	"export-label":           text(func(o *options) *string { return &o.exportLabel }),
	"export-context":         text(func(o *options) *string { return &o.exportContext }),
	"use-export-context":     on(func(o *options) *bool { return &o.useContext }),

	"async":                        ignored, // there is nothing that blocks
	"implicit-handshake":           ignored, // reading and shaking hands are one loop
	"use-early-callback":           ignored,
	"use-old-client-cert-callback": ignored,
	"expect-no-hrr":                ignored, // of DTLS 1.3
	"quic-use-legacy-codepoint":    ignoredValue,
	"renegotiate-freely":           ignored, // and is refused all the same
}

var srtpNames = map[string]keying.SRTPProfile{
	"SRTP_AES128_CM_SHA1_80": keying.SRTPAES128CMHMACSHA1_80,
	"SRTP_AES128_CM_SHA1_32": keying.SRTPAES128CMHMACSHA1_32,
	"SRTP_AEAD_AES_128_GCM":  keying.SRTPAEADAES128GCM,
	"SRTP_AEAD_AES_256_GCM":  keying.SRTPAEADAES256GCM,
}

func setSRTP(o *options, v string) error {
	for name := range strings.SplitSeq(v, ":") {
		p, ok := srtpNames[name]
		if !ok {
			return fmt.Errorf("%w: %s", errUnimplemented, name)
		}
		o.srtp = append(o.srtp, p)
	}
	return nil
}

// parse reads the command line. A prefix says which connections a flag is for.
func parse(args []string, all *[connections]options) error {
	for i := range all {
		all[i] = options{srtp: []keying.SRTPProfile{}, initialTimeout: 400 * time.Millisecond}
	}
	for len(args) > 0 {
		name, dashed := strings.CutPrefix(args[0], "-")
		args = args[1:]
		targets := []*options{&all[initial], &all[resumed]}
		if rest, ok := strings.CutPrefix(name, "on-initial-"); ok {
			name, targets = rest, targets[:1]
		} else if rest, ok := strings.CutPrefix(name, "on-resume-"); ok {
			name, targets = rest, targets[1:]
		} else {
			name = strings.TrimPrefix(name, "on-shim-")
		}
		f, ok := flags[name]
		if !ok || !dashed {
			return fmt.Errorf("%w: -%s", errUnimplemented, name)
		}
		if f.value != nil && len(args) == 0 {
			return fmt.Errorf("-%s without its value", name)
		}
		for _, o := range targets {
			if f.set != nil {
				f.set(o)
			} else if err := f.value(o, args[0]); err != nil {
				return fmt.Errorf("-%s: %w", name, err)
			}
		}
		if f.value != nil {
			args = args[1:]
		}
	}
	return nil
}
