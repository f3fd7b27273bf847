package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
	"github.com/rtctransport/rtctransport/interop/hostile/forge"
)

func init() {
	register("R6", "what comes in any order, against an automaton made from the RFC", words)
}

// A trace is a way to shake hands, by its messages:
//
//	H ClientHello or ServerHello   K ClientHello with the latest cookie   Q HelloVerifyRequest
//	C Certificate   E an empty one   X ServerKeyExchange or ClientKeyExchange   R CertificateRequest
//	O ServerHelloDone   V CertificateVerify   T NewSessionTicket   S ChangeCipherSpec
//	F Finished   f the same in the clear   D data in the clear   A a warning   Z HelloRequest
type trace struct {
	name    string
	legal   [2][]string // what a client may say, and a server; with one S, directly before F
	cookies bool
	resumes bool
	psk     bool
	auth    dtlstransport.ClientAuth
}

func (t trace) suite() uint16 {
	if t.psk {
		return 0x00a8 // TLS_PSK_WITH_AES_128_GCM_SHA256
	}
	return forge.AES128GCM
}

// The legal traces: RFC 6347, Section 4.2.4, Figures 1 and 2; RFC 4279, Section 2.
var traces = []trace{
	{name: "full", legal: [2][]string{{"HCXVSF"}, {"HCXROSF"}}},
	{name: "cookie", legal: [2][]string{{"HKCXVSF"}, {"QHCXROSF"}}, cookies: true},
	{name: "resumed", legal: [2][]string{{"HSF"}, {"HSF"}}, resumes: true},
	{name: "no client certificate", legal: [2][]string{{"HEXSF", "HCXVSF"}, {"HCXOSF"}}, auth: dtlstransport.InsecureClientAuthRequest},
	{name: "pre-shared key", legal: [2][]string{{"HXSF"}, {"HOSF"}}, psk: true},
}

var alphabets = [2]string{"HKCEXVSFfDAZ", "HQCXROSFfTDZ"}

// accepts is the reference. What a peer says is legal if its messages are those of a flight, in order, each once. Beside
// them, in DTLS, ChangeCipherSpec has no place in the order: it must have come. HelloRequest is ignored, and so are
// warnings. Whatever is behind a complete handshake is no part of it. Data in the clear is ignored, or, for a
// classical end, an error. A record that cannot be opened, as a Finished before the hello, is noise; and a server that asks
// for cookies remembers nothing from before the hello that returns one.
func (t trace) accepts(role int, classical bool, word string) bool {
	if role == client {
		known := strings.IndexAny(word, "HK")
		if known > 0 && classical && t.psk && strings.Contains(word[:known], "F") {
			return false // what cannot be opened tells of a wrong key
		}
		forgotten := "F"
		if t.cookies {
			// A cookie is good for the next message_seq: the hello that returns it is right behind one that was asked.
			at := asked.FindStringIndex(word)
			if at == nil {
				return false
			}
			known, forgotten = at[0], "HKCEXVFf"
		}
		if known > 0 {
			word = strings.Map(func(symbol rune) rune {
				if strings.ContainsRune(forgotten, symbol) {
					return -1
				}
				return symbol
			}, word[:known]) + word[known:]
		}
	}
	var messages, behind string // of the handshake, and all that came when it was complete
	complete, switched := false, false
	for i := range len(word) {
		symbol := word[i]
		switched = switched || symbol == 'S'
		if complete {
			behind += string(symbol)
		} else if strings.IndexByte("SAZD", symbol) < 0 {
			messages += string(symbol)
			complete = t.complete(role, messages)
		}
		if classical && symbol == 'D' && !(complete && switched) {
			return false
		}
	}
	// A second Finished is a renegotiation to a classical end: message_seq has gone on. Behind a new hello, or a
	// client's new key exchange, the peer has other keys, unless it resumes.
	others := "HKX"
	if role == server {
		others = "H"
	}
	if again := strings.IndexAny(behind, others); again >= 0 && !t.resumes {
		behind = behind[:again]
	}
	return complete && switched && !(classical && strings.Contains(behind, "F"))
}

var asked = regexp.MustCompile("[HK][SAZD]*K")

// complete reports whether the messages begin with a whole handshake.
func (t trace) complete(role int, messages string) bool {
	// Hellos may be asked for, and said, more than once.
	switch {
	case role == client && t.cookies:
		// The first one's cookie is not the server's; the next with a cookie has the one that it asked for.
		rest := strings.TrimLeft(messages, "H")
		if messages == "" || messages[0] == 'K' {
			rest = strings.TrimLeft(strings.TrimPrefix(messages, "K"), "H")
		}
		if len(messages) == len(rest) || !strings.HasPrefix(rest, "K") {
			return false
		}
		messages = "HK" + rest[1:]
	case role == client:
		// Nobody has asked for a cookie; one that comes all the same says nothing.
		if strings.HasPrefix(messages, "K") {
			messages = "H" + messages[1:]
		}
	default:
		// A client with more than four questions stops to answer, and no word here has as many.
		messages = strings.TrimLeft(messages, "Q")
	}
	for _, legal := range t.legal[role] {
		legal = strings.ReplaceAll(strings.TrimLeft(legal, "Q"), "S", "")
		if strings.HasPrefix(messages, legal) {
			return true
		}
		if role == server && !t.resumes && !t.psk && !strings.Contains(legal, "R") {
			legal = strings.Replace(legal, "O", "RO", 1)
		} else {
			legal = strings.Replace(legal, "R", "", 1)
		}
		if role == server && strings.HasPrefix(messages, legal) {
			return true // a server may ask for a certificate
		}
	}
	return false
}

// words plays every prefix of every legal trace with all words up to length three behind it, and all traces within two
// edits of a legal one, to both roles.
func words(r *report) {
	length := 3
	if r.short {
		length = 2
	}
	for _, t := range traces {
		for _, classical := range []bool{false, true} {
			for role := range 2 {
				name := fmt.Sprintf("%s, to our %s", t.name, []string{"server", "client"}[role])
				if classical {
					name += ", Conformance"
				}
				all := map[string]bool{}
				for _, legal := range t.legal[role] {
					for n := range len(legal) + 1 {
						extend(all, legal[:n], alphabets[role], length)
					}
					for once := range edits(legal, alphabets[role]) {
						if all[once] = true; !r.short {
							for twice := range edits(once, alphabets[role]) {
								all[twice] = true
							}
						}
					}
				}
				accepted, n := 0, 0
				for word := range all {
					want := t.accepts(role, classical, word)
					if n++; r.short && !want && n%8 != 0 {
						continue
					}
					if want {
						accepted++
					}
					if got := t.play(role, classical, r.seed, word); got != want {
						r.fail(name, fmt.Sprintf("%q: accepted %t, want %t", word, got, want), nil)
					}
					r.ran(0)
				}
				r.none(name, len(all), fmt.Sprintf("accepted iff legal; %d legal", accepted))
			}
		}
	}
}

// extend adds prefix with all words up to the given length behind it.
func extend(all map[string]bool, prefix, alphabet string, length int) {
	all[prefix] = true
	if length == 0 {
		return
	}
	for _, symbol := range alphabet {
		extend(all, prefix+string(symbol), alphabet, length-1)
	}
}

// edits returns what one insertion, deletion or exchange makes of a word.
func edits(word, alphabet string) map[string]bool {
	all := map[string]bool{}
	for i := range len(word) + 1 {
		for _, symbol := range alphabet {
			all[word[:i]+string(symbol)+word[i:]] = true
			if i < len(word) {
				all[word[:i]+string(symbol)+word[i+1:]] = true
			}
		}
		if i < len(word) {
			all[word[:i]+word[i+1:]] = true
		}
	}
	return all
}

// play says a word to an engine and reports whether it is connected then. No time passes.
func (t trace) play(role int, classical bool, seed uint64, word string) bool {
	reseed(seed)
	ours := 1 - role
	c := &dtlstransport.Config{Conformance: classical, NoTickets: true, ClientAuth: t.auth}
	if t.psk {
		c.CipherSuites = []dtlstransport.CipherSuite{dtlstransport.TLS_PSK_WITH_AES_128_GCM_SHA256}
		c.PSK = &dtlstransport.PSK{
			IdentityFor: func([]byte) ([]byte, []byte, error) { return pskIdentity, pskKey, nil },
			KeyFor:      func([]byte) []byte { return pskKey },
		}
	} else {
		c.Certificates = []*fingerprint.Certificate{certificates[ours]}
		c.RemoteFingerprints = fingerprint.Set{certificates[role].Fingerprint()}
	}
	if t.cookies && role == client {
		c.Cookies = dtlstransport.NewCookies()
	}
	a := &actor{role: role, kind: t}
	if t.resumes {
		both := rememberedSessions()
		reseed(seed)
		c.Sessions = both[ours]
		a.resumed.master = sessionMaster
		if role == client {
			a.resumed.id = sessionIDOf(both[server])
		}
	}
	e, err := dtlstransport.NewEngine([]dtlstransport.Role{dtlstransport.RoleClient, dtlstransport.RoleServer}[ours], c)
	if err != nil {
		panic(err)
	}
	a.engine, a.key = &end{Engine: e, role: ours}, forge.Key()
	copy(a.random[:], random(32))
	_ = e.Start(epochZero)
	a.hear()
	for i := range len(word) {
		a.say(word[i])
	}
	return a.engine.connected && e.Err() == nil
}
