package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/keying"
)

// The names that the runner has for SRTP protection profiles.
var profiles = map[string]keying.SRTPProfile{
	"SRTP_AES128_CM_SHA1_80": keying.SRTPAES128CMHMACSHA1_80,
	"SRTP_AES128_CM_SHA1_32": keying.SRTPAES128CMHMACSHA1_32,
	"SRTP_AEAD_AES_128_GCM":  keying.SRTPAEADAES128GCM,
	"SRTP_AEAD_AES_256_GCM":  keying.SRTPAEADAES256GCM,
}

func setProfiles(o *options, v string) error {
	o.srtpProfiles = nil
	for name := range strings.SplitSeq(v, ":") {
		p, ok := profiles[name]
		if !ok {
			return unimplementedError(name)
		}
		o.srtpProfiles = append(o.srtpProfiles, p)
	}
	return nil
}

func addGroup(o *options, v string) error {
	n, err := strconv.ParseUint(v, 10, 16)
	if err != nil {
		return err
	}
	for _, g := range dtlstransport.DefaultGroups() {
		if g == dtlstransport.Group(n) {
			o.groups = append(o.groups, g)
			return nil
		}
	}
	return unimplementedError("group " + v)
}

// setSuites reads a list in the syntax of OpenSSL, of which only names are known.
func setSuites(o *options, v string) error {
	policy, err := dtlstransport.LoadPolicy(strings.NewReader("cipher_suites = " + strings.ReplaceAll(v, ":", " ")))
	if err != nil {
		return unimplementedError(v)
	}
	o.suites = policy.CipherSuites
	return nil
}

func addVerifyScheme(o *options, v string) error {
	s, err := parseScheme(v)
	o.verifySchemes = append(o.verifySchemes, s)
	return err
}

func addSigningScheme(o *options, v string) error {
	s, err := parseScheme(v)
	c := o.credential()
	c.use.Schemes = append(c.use.Schemes, s)
	return err
}

func parseScheme(v string) (dtlstransport.SignatureScheme, error) {
	n, err := strconv.ParseUint(v, 10, 16)
	s := dtlstransport.SignatureScheme(n)
	if err == nil && strings.HasPrefix(s.String(), "SignatureScheme(") {
		return 0, unimplementedError(s.String())
	}
	return s, err
}

// setALPN reads a list of names, each behind a byte with its length.
func setALPN(o *options, v string) error {
	o.advertiseALPN = nil
	for v != "" {
		n := int(v[0])
		if n > len(v)-1 {
			return fmt.Errorf("%w: list of protocols", errMustFail)
		}
		o.advertiseALPN = append(o.advertiseALPN, v[1:1+n])
		v = v[1+n:]
	}
	return nil
}
