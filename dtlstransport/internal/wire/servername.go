package wire

import (
	"strings"

	"golang.org/x/crypto/cryptobyte"
)

const (
	// MaxServerName is how long a name may be, in bytes: no host has a longer one.
	MaxServerName = 255

	nameTypeHostName = 0 // NameType.host_name
)

// readServerName reads server_name.
//
//	struct {
//	    NameType name_type;
//	    select (name_type) {
//	        case host_name: HostName;                     // opaque HostName<1..2^16-1>;
//	    } name;
//	} ServerName;
//
//	struct {
//	    ServerName server_name_list<1..2^16-1>
//	} ServerNameList;                                     // RFC 6066, Section 3
//
// What a server answers is empty. "[...] any future name types [...] MUST begin with a 16-bit length field" (after the same
// section): they are skipped.
func (e *Extensions) readServerName(data cryptobyte.String, hello HandshakeType) error {
	if hello == TypeServerHello {
		if !data.Empty() {
			return decodeError("server_name")
		}
		e.HasServerName = true
		return nil
	}
	var list cryptobyte.String
	if !data.ReadUint16LengthPrefixed(&list) || list.Empty() || !data.Empty() {
		return decodeError("server_name")
	}
	for !list.Empty() {
		var nameType uint8
		var name cryptobyte.String
		if !list.ReadUint8(&nameType) || !list.ReadUint16LengthPrefixed(&name) || name.Empty() {
			return decodeError("server_name: ServerName")
		}
		if nameType != nameTypeHostName {
			continue
		}
		// "The ServerNameList MUST NOT contain more than one name of the same name_type."
		if e.HasServerName {
			return illegalParameter("server_name with two host names")
		}
		if !IsServerName(string(name)) {
			return illegalParameter("server_name: HostName")
		}
		e.HasServerName, e.ServerName = true, string(name)
	}
	return nil
}

// IsServerName reports whether name can be a HostName: it is "represented as a byte string using ASCII encoding without a
// trailing dot" (RFC 6066, Section 3).
func IsServerName(name string) bool {
	outside := func(c rune) bool { return c <= ' ' || c > '~' }
	return name != "" && len(name) <= MaxServerName && !strings.HasSuffix(name, ".") && !strings.ContainsFunc(name, outside)
}

func (e *Extensions) appendServerName(b []byte) []byte {
	if !e.HasServerName {
		return b
	}
	b, at := beginExtension(b, ExtensionServerName)
	if e.ServerName == "" {
		return endVector(b, at, 2)
	}
	b, list := beginVector(b, 2)
	b, name := beginVector(append(b, nameTypeHostName), 2)
	b = endVector(append(b, e.ServerName...), name, 2)
	return endVector(endVector(b, list, 2), at, 2)
}
