package contract

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/keying"
)

// The values of flags: words, numbers and names.

func text(to *string) func(string) error {
	return func(value string) error {
		if value == "" {
			return fmt.Errorf("empty")
		}
		*to = value
		return nil
	}
}

func number(to *int, least int) func(string) error {
	return func(value string) error {
		n, err := strconv.Atoi(value)
		if err != nil || n < least {
			return fmt.Errorf("%q is not a number of at least %d", value, least)
		}
		*to = n
		return nil
	}
}

var onOff = map[string]bool{"on": true, "off": false}

func choice[T any](flag string, to *T, values map[string]T) func(string) error {
	return func(value string) error {
		v, ok := values[value]
		if !ok {
			return &UnsupportedError{flag + " " + value}
		}
		*to = v
		return nil
	}
}

// list sets a flag whose value is a list of names, in preference order.
func list[T any](flag string, to *[]T, of func(name string) (T, bool)) func(string) error {
	return func(value string) error {
		var l []T
		for name := range strings.SplitSeq(value, ",") {
			v, ok := of(strings.TrimSpace(name))
			if !ok {
				return &UnsupportedError{flag + " " + name}
			}
			l = append(l, v)
		}
		*to = l
		return nil
	}
}

func suiteOf(name string) (dtlstransport.CipherSuite, bool) {
	for _, info := range dtlstransport.CipherSuites() {
		if info.Name == name {
			return info.Suite, true
		}
	}
	return 0, false
}

func groupOf(name string) (dtlstransport.Group, bool) {
	for _, info := range dtlstransport.Groups() {
		if strings.EqualFold(info.Name, name) {
			return info.Group, true
		}
	}
	return 0, false
}

func profileOf(name string) (keying.SRTPProfile, bool) {
	for _, p := range []keying.SRTPProfile{keying.SRTPAES128CMHMACSHA1_80, keying.SRTPAES128CMHMACSHA1_32, keying.SRTPAEADAES128GCM, keying.SRTPAEADAES256GCM} {
		if p.String() == name {
			return p, true
		}
	}
	return 0, false
}
