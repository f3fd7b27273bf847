package main

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/keying"
)

// options is what the flags of one connection say. The zero value is what the
// runner assumes without any.
type options struct {
	// The connection to the runner.
	port        int
	shimID      uint64
	ipv6        bool
	dtls        bool
	resumeCount int

	// What the engine is told.
	server                    bool
	credentials               []*credential // the first is the default one
	mtu                       int
	initialTimeout            time.Duration
	noTLS1, noTLS12, noTLS13  bool
	minVersion, maxVersion    int
	verifyPeer, requireClient bool
	verifyFail, customVerify  bool
	reverify                  bool // resumed sessions too
	srtpProfiles              []keying.SRTPProfile
	groups                    []dtlstransport.Group
	advertiseALPN             []string
	selectALPN                *string // nil: -decline-alpn, which is the default too
	rejectALPN                bool
	serverName                string // of a client
	maxCertificateList        int
	cookies                   bool // HelloVerifyRequest
	requestStatus             bool
	status                    statusCallback // the flags of the legacy one
	quicParameters            bool
	noTickets                 bool
	tickets                   *ticketSealer // of the application; nil: the engine's
	psk, pskIdentity          string
	suites                    []dtlstransport.CipherSuite
	verifySchemes             []dtlstransport.SignatureScheme

	// What the shim does.
	implicitHandshake bool
	exportLength      int
	exportLabel       string
	exportContext     string
	useExportContext  bool
	writeFirst        bool
	sendAlert         bool
	shutDown          bool

	// What has to have come out.
	expectALPN          string
	expectAdvertised    string // ALPN, as in the hello
	expectServerName    string
	expectStatus        []byte
	serverNameAck       bool
	expectCredential    int
	hasExpectCredential bool
	expectMiss          bool // no resumption
	expectID            bool // a session_id was given out
	expectNoID          bool
	expectRenewal       bool // of the ticket
	expectNoPeer        bool
}

// A flag is one flag of the runner.
type flag struct {
	value bool // an argument follows
	set   func(o *options, value string) error
}

// parseFlags reads the command line into the options of the first connection and
// those of the connections after it, which should resume.
func parseFlags(args []string) (initial, resumed *options, err error) {
	initial, resumed = newOptions(), newOptions()
	for len(args) > 0 {
		name, ok := strings.CutPrefix(args[0], "-")
		if !ok {
			return nil, nil, fmt.Errorf("%w: argument %q", errMustFail, args[0])
		}
		args = args[1:]
		name, targets := split(name, initial, resumed)
		f, ok := flags[name]
		if !ok {
			return nil, nil, unimplementedError("-" + name)
		}
		value := ""
		if f.value {
			if len(args) == 0 {
				return nil, nil, fmt.Errorf("%w: -%s without its argument", errMustFail, name)
			}
			value, args = args[0], args[1:]
		}
		for _, o := range targets {
			if err := f.set(o, value); err != nil {
				return nil, nil, fmt.Errorf("-%s: %w", name, err)
			}
		}
	}
	if !initial.dtls {
		return nil, nil, unimplementedError("TLS")
	}
	return initial, resumed, nil
}

func newOptions() *options {
	return &options{credentials: []*credential{{index: -1}}, maxCertificateList: 100 << 10, serverNameAck: true}
}

// split takes the prefix off a flag that says to which connections it applies.
func split(name string, initial, resumed *options) (string, []*options) {
	for prefix, targets := range map[string][]*options{
		"on-initial-":    {initial},
		"on-resume-":     {resumed},
		"on-shim-":       {initial, resumed},
		"on-retry-":      nil, // after early data was rejected: 1.3
		"on-handshaker-": nil, // of another process
	} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return rest, targets
		}
	}
	return name, []*options{initial, resumed}
}

// The flags we know. Those that an engine without I/O has nothing to do for say
// so.
var flags = map[string]flag{
	"port":         number(func(o *options, n int) { o.port = n }),
	"shim-id":      {true, func(o *options, v string) (err error) { o.shimID, err = strconv.ParseUint(v, 10, 64); return err }},
	"ipv6":         bit(func(o *options) { o.ipv6 = true }),
	"dtls":         bit(func(o *options) { o.dtls = true }),
	"server":       bit(func(o *options) { o.server = true }),
	"resume-count": number(func(o *options, n int) { o.resumeCount = n }),
	"async":        nothing, // nothing here blocks

	"cert-file":           {true, func(o *options, v string) error { return o.credential().readChain(v) }},
	"key-file":            {true, func(o *options, v string) error { return o.credential().readKey(v) }},
	"new-x509-credential": bit((*options).newCredential),
	"must-match-issuer":   bit(func(o *options) { o.credential().use.MatchIssuer = true }),
	"signing-prefs":       {true, addSigningScheme},
	"ocsp-response": {true, func(o *options, v string) (err error) {
		o.credential().staple, err = base64.StdEncoding.DecodeString(v)
		return err
	}},

	"enable-ocsp-stapling": bit(func(o *options) { o.requestStatus = true }),
	"expect-ocsp-response": {true, func(o *options, v string) (err error) {
		o.expectStatus, err = base64.StdEncoding.DecodeString(v)
		return err
	}},
	"use-ocsp-callback":     nothing, // there is always one
	"set-ocsp-in-callback":  nothing, // there is no other place
	"decline-ocsp-callback": bit(func(o *options) { o.status.decline = true }),
	"fail-ocsp-callback":    bit(func(o *options) { o.status.fail = true }),
	"trust-cert":            {true, ignore}, // the verdict is that of -verify-fail alone

	"use-early-callback":           nothing, // certificates are there from the start
	"use-old-client-cert-callback": nothing,

	"mtu":                         number(func(o *options, n int) { o.mtu = n }),
	"initial-timeout-duration-ms": number(func(o *options, n int) { o.initialTimeout = time.Duration(n) * time.Millisecond }),

	"no-tls1":                   bit(func(o *options) { o.noTLS1 = true }),
	"no-tls12":                  bit(func(o *options) { o.noTLS12 = true }),
	"no-tls13":                  bit(func(o *options) { o.noTLS13 = true }),
	"min-version":               number(func(o *options, n int) { o.minVersion = n }),
	"max-version":               number(func(o *options, n int) { o.maxVersion = n }),
	"expect-no-hrr":             nothing, // 1.2 has no HelloRetryRequest
	"quic-use-legacy-codepoint": {true, ignore},
	"quic-transport-params":     {true, func(o *options, _ string) error { o.quicParameters = true; return nil }},

	// Of 1.3: an end that has only 1.2 neither offers them nor answers them.
	"application-settings":   {true, ignore},
	"alps-use-new-codepoint": {true, ignore},

	"verify-peer":                    bit(func(o *options) { o.verifyPeer = true }),
	"require-any-client-certificate": bit(func(o *options) { o.requireClient = true }),
	"verify-fail":                    bit(func(o *options) { o.verifyFail = true }),
	"use-custom-verify-callback":     bit(func(o *options) { o.customVerify = true }),
	"expect-verify-result":           nothing, // there is no other place where the verdict is kept
	"reverify-on-resume":             bit(func(o *options) { o.reverify = true }),
	"verify-prefs":                   {true, addVerifyScheme},
	"expect-no-peer-cert":            bit(func(o *options) { o.expectNoPeer = true }),

	"max-cert-list": number(func(o *options, n int) { o.maxCertificateList = n }),

	"host-name":          text(func(o *options, v string) { o.serverName = v }),
	"expect-server-name": text(func(o *options, v string) { o.expectServerName = v }),
	"no-server-name-ack": bit(func(o *options) { o.serverNameAck = false }),

	// Not of the suite, for a look at servers that ask for cookies. Tests that cut the
	// hello before its cookie fail then, and those that count our flights.
	"cookies": bit(func(o *options) { o.cookies = true }),

	"srtp-profiles": {true, setProfiles},
	"curves":        {true, addGroup},
	"cipher":        {true, setSuites},

	"psk":          text(func(o *options, v string) { o.psk = v }),
	"psk-identity": text(func(o *options, v string) { o.pskIdentity = v }),

	"advertise-alpn":    {true, setALPN},
	"expect-alpn":       text(func(o *options, v string) { o.expectALPN = v }),
	"select-alpn":       text(func(o *options, v string) { o.selectALPN = &v }),
	"decline-alpn":      bit(func(o *options) { o.selectALPN = nil }),
	"reject-alpn":       bit(func(o *options) { o.rejectALPN = true }),
	"select-empty-alpn": bit(func(o *options) { o.selectALPN = new(string) }),

	"expect-advertised-alpn": text(func(o *options, v string) { o.expectAdvertised = v }),

	"no-ticket":                bit(func(o *options) { o.noTickets = true }),
	"use-ticket-callback":      bit(func(o *options) { o.ticketSealer() }),
	"use-ticket-aead-callback": bit(func(o *options) { o.ticketSealer() }),
	"renew-ticket":             bit(func(o *options) { o.ticketSealer().renew = true }),
	"skip-ticket":              bit(func(o *options) { o.ticketSealer().skip = true }),

	"expect-session-miss":   bit(func(o *options) { o.expectMiss = true }),
	"expect-session-id":     bit(func(o *options) { o.expectID = true }),
	"expect-no-session-id":  bit(func(o *options) { o.expectNoID = true }),
	"expect-ticket-renewal": bit(func(o *options) { o.expectRenewal = true }),
	"renegotiate-freely":    nothing, // DTLS refuses it all the same

	"expect-selected-credential": number(func(o *options, n int) { o.expectCredential, o.hasExpectCredential = n, true }),

	"implicit-handshake":     bit(func(o *options) { o.implicitHandshake = true }),
	"export-keying-material": number(func(o *options, n int) { o.exportLength = n }),
	"export-label":           text(func(o *options, v string) { o.exportLabel = v }),
	"export-context":         text(func(o *options, v string) { o.exportContext = v }),
	"use-export-context":     bit(func(o *options) { o.useExportContext = true }),
	"shim-writes-first":      bit(func(o *options) { o.writeFirst = true }),
	"send-alert":             bit(func(o *options) { o.sendAlert = true }),
	"shim-shuts-down":        bit(func(o *options) { o.shutDown = true }),
}

func ignore(*options, string) error { return nil }

var nothing = flag{set: ignore}

func bit(set func(o *options)) flag {
	return flag{false, func(o *options, _ string) error { set(o); return nil }}
}

func text(set func(o *options, v string)) flag {
	return flag{true, func(o *options, v string) error { set(o, v); return nil }}
}

func number(set func(o *options, n int)) flag {
	return flag{true, func(o *options, v string) error {
		n, err := strconv.Atoi(v)
		set(o, n)
		return err
	}}
}

// ticketSealer returns the one of the application.
func (o *options) ticketSealer() *ticketSealer {
	if o.tickets == nil {
		o.tickets = new(ticketSealer)
	}
	return o.tickets
}
