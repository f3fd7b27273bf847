package wire

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestEachExtensionIsStrictAboutItsForm(t *testing.T) {
	const client, server = TypeClientHello, TypeServerHello
	for _, test := range []struct {
		row, name string
		hello     HandshakeType
		extension []byte
		want      error
	}{
		{"HS-35", "groups", client, extension(10, 0, 4, 0, 29, 0, 23), nil},
		{"HS-35", "groups without data", client, extension(10), ErrDecode},
		{"HS-35", "groups empty", client, extension(10, 0, 0), ErrDecode},
		{"HS-35", "groups odd", client, extension(10, 0, 3, 0, 29, 0), ErrDecode},
		{"HS-35", "groups short", client, extension(10, 0, 4, 0, 29), ErrDecode},
		{"HS-36", "groups and a byte", client, extension(10, 0, 2, 0, 29, 0), ErrDecode},
		{"HS-30", "groups of a server are ignored", server, extension(10, 0xff), nil},

		{"HB-02", "heartbeat", client, extension(15, 1), nil},
		{"HB-02", "heartbeat that is refused", server, extension(15, 2), nil},
		{"HB-02", "heartbeat of mode 0", client, extension(15, 0), ErrIllegalParameter},
		{"HB-02", "heartbeat of mode 3", server, extension(15, 3), ErrIllegalParameter},
		{"HB-02", "heartbeat without a mode", client, extension(15), ErrDecode},
		{"HB-02", "heartbeat and a byte", client, extension(15, 1, 0), ErrDecode},

		{"CID-05", "connection ID", client, extension(54, 2, 1, 2), nil},
		{"CID-05", "connection ID of no bytes", server, extension(54, 0), nil},
		{"CID-05", "connection ID without data", client, extension(54), ErrDecode},
		{"CID-05", "connection ID that is short", client, extension(54, 2, 1), ErrDecode},
		{"CID-05", "connection ID and a byte", server, extension(54, 1, 1, 0), ErrDecode},

		{"HS-43", "formats", client, extension(11, 1, 0), nil},
		{"HS-43", "formats of libdatachannel", client, extension(11, 3, 0, 1, 2), nil},
		{"HS-43", "formats empty", client, extension(11, 0), ErrDecode},
		{"HS-43", "formats without data", client, extension(11), ErrDecode},
		{"HS-43", "formats short", client, extension(11, 2, 0), ErrDecode},
		{"HS-43", "formats and a byte", client, extension(11, 1, 0, 0), ErrDecode},
		{"HS-43", "compressed only", client, extension(11, 1, 1), ErrIllegalParameter},
		{"HS-43", "compressed only, from a server", server, extension(11, 2, 1, 2), ErrIllegalParameter},
		{"HS-43", "formats empty, from a server", server, extension(11, 0), ErrDecode},

		{"HS-35", "schemes", client, extension(13, 0, 2, 4, 3), nil},
		{"HS-35", "schemes empty", client, extension(13, 0, 0), ErrDecode},
		{"HS-35", "schemes odd", client, extension(13, 0, 1, 4), ErrDecode},
		{"HS-36", "schemes and a byte", client, extension(13, 0, 2, 4, 3, 0), ErrDecode},
		{"HS-28", "schemes of a server", server, extension(13, 0, 2, 4, 3), ErrIllegalParameter},

		{"SRTP-04", "one profile", client, extension(14, 0, 2, 0, 1, 0), nil},
		{"SRTP-04", "two profiles and an MKI", client, extension(14, 0, 4, 0, 1, 0, 7, 2, 9, 9), nil},
		{"SRTP-04", "use_srtp without data", client, extension(14), ErrDecode},
		{"SRTP-04", "no profiles", client, extension(14, 0, 0, 0), ErrDecode},
		{"SRTP-04", "profiles odd", client, extension(14, 0, 3, 0, 1, 0, 0), ErrDecode},
		{"SRTP-04", "profiles short", client, extension(14, 0, 4, 0, 1, 0), ErrDecode},
		{"SRTP-04", "no MKI vector", client, extension(14, 0, 2, 0, 1), ErrDecode},
		{"SRTP-04", "MKI short", client, extension(14, 0, 2, 0, 1, 2, 9), ErrDecode},
		{"SRTP-04", "MKI and a byte", client, extension(14, 0, 2, 0, 1, 1, 9, 9), ErrDecode},
		{"SRTP-04", "one profile, from a server", server, extension(14, 0, 2, 0, 1, 0), nil},
		{"SRTP-04", "an MKI, from a server", server, extension(14, 0, 2, 0, 1, 1, 9), nil},
		{"SRTP-04", "two profiles, from a server", server, extension(14, 0, 4, 0, 1, 0, 7, 0), ErrDecode},

		{"HS-35", "ALPN", client, extension(16, 0, 5, 1, 'a', 2, 'b', 'c'), nil},
		{"HS-35", "ALPN without data", client, extension(16), ErrDecode},
		{"HS-35", "ALPN without names", client, extension(16, 0, 0), ErrDecode},
		{"HS-35", "ALPN with an empty name", client, extension(16, 0, 1, 0), ErrDecode},
		{"HS-35", "ALPN with an empty name at the end", client, extension(16, 0, 3, 1, 'a', 0), ErrDecode},
		{"HS-35", "ALPN with a short name", client, extension(16, 0, 2, 2, 'a'), ErrDecode},
		{"HS-36", "ALPN and a byte", client, extension(16, 0, 2, 1, 'a', 0), ErrDecode},
		{"HS-35", "ALPN of a server", server, extension(16, 0, 2, 1, 'a'), nil},
		{"HS-35", "two names of a server", server, extension(16, 0, 4, 1, 'a', 1, 'b'), ErrDecode},

		{"HS-36", "extended_master_secret", client, extension(23), nil},
		{"HS-36", "extended_master_secret with data", client, extension(23, 0), ErrDecode},
		{"HS-36", "extended_master_secret with data, from a server", server, extension(23, 0), ErrDecode},

		{"HS-36", "no ticket", client, extension(35), nil},
		{"HS-36", "ticket", client, extension(35, 1, 2, 3), nil},
		{"HS-36", "ticket promised", server, extension(35), nil},
		{"HS-36", "ticket of a server", server, extension(35, 1, 2, 3), ErrDecode},

		{"HS-36", "heartbeat", client, extension(15, 1), nil},
		{"HS-36", "heartbeat that is not allowed, of a server", server, extension(15, 2), nil},
		{"HS-36", "heartbeat of unknown mode", client, extension(15, 3), ErrIllegalParameter},
		{"HS-36", "heartbeat without mode", client, extension(15), ErrDecode},
		{"HS-36", "heartbeat and a byte", server, extension(15, 1, 1), ErrDecode},

		{"HS-36", "connection_id", client, extension(54, 3, 1, 2, 3), nil},
		{"HS-36", "connection_id empty", client, extension(54, 0), nil},
		{"HS-36", "connection_id of a server", server, extension(54, 1, 9), nil},
		{"HS-36", "connection_id without data", client, extension(54), ErrDecode},
		{"HS-36", "connection_id short", client, extension(54, 2, 9), ErrDecode},
		{"HS-36", "connection_id and a byte", server, extension(54, 1, 9, 9), ErrDecode},
		{"HS-35", "name", client, extension(0, 0, 5, 0, 0, 2, 'a', 'b'), nil},
		{"HS-35", "name without data", client, extension(0), ErrDecode},
		{"HS-35", "no names", client, extension(0, 0, 0), ErrDecode},
		{"HS-35", "name that is empty", client, extension(0, 0, 3, 0, 0, 0), ErrDecode},
		{"HS-35", "name too short", client, extension(0, 0, 5, 0, 0, 3, 'a', 'b'), ErrDecode},
		{"HS-36", "name and a byte", client, extension(0, 0, 4, 0, 0, 1, 'a', 0), ErrDecode},
		{"HS-35", "name of another type", client, extension(0, 0, 8, 9, 0, 1, 0xff, 0, 0, 1, 'a'), nil},
		{"HS-35", "two host names", client, extension(0, 0, 8, 0, 0, 1, 'a', 0, 0, 1, 'b'), ErrIllegalParameter},
		{"HS-35", "name with a dot behind", client, extension(0, 0, 5, 0, 0, 2, 'a', '.'), ErrIllegalParameter},
		{"HS-35", "name with a zero", client, extension(0, 0, 5, 0, 0, 2, 'a', 0), ErrIllegalParameter},
		{"HS-35", "name of 256 bytes", client, extension(0, append([]byte{1, 3, 0, 1, 0}, bytes.Repeat([]byte{'a'}, 256)...)...), ErrIllegalParameter},
		{"HS-36", "name acknowledged", server, extension(0), nil},
		{"HS-36", "name acknowledged with data", server, extension(0, 0), ErrDecode},

		{"HS-35", "status", client, extension(5, 1, 0, 0, 0, 0), nil},
		{"HS-35", "status of responders", client, extension(5, 1, 0, 3, 0, 1, 9, 0, 2, 7, 7), nil},
		{"HS-35", "status without data", client, extension(5), ErrDecode},
		{"HS-35", "status short", client, extension(5, 1, 0, 0, 0), ErrDecode},
		{"HS-36", "status and a byte", client, extension(5, 1, 0, 0, 0, 0, 0), ErrDecode},
		{"HS-35", "status of another type", client, extension(5, 2, 0xff), nil},
		{"HS-36", "status promised", server, extension(5), nil},
		{"HS-36", "status of a server", server, extension(5, 1), ErrDecode},

		{"HS-35", "versions", client, extension(43, 4, 0xfe, 0xfc, 0xfe, 0xfd), nil},
		{"HS-35", "versions without data", client, extension(43), ErrDecode},
		{"HS-35", "no versions", client, extension(43, 0), ErrDecode},
		{"HS-35", "versions odd", client, extension(43, 3, 0xfe, 0xfc, 0xfe), ErrDecode},
		{"HS-36", "versions and a byte", client, extension(43, 2, 0xfe, 0xfd, 0), ErrDecode},
		{"HS-28", "version of a server is for the caller to refuse", server, extension(43, 0xfe, 0xfc), nil},

		{"HS-35", "certificate types of clients", client, extension(19, 2, 0, 2), nil},
		{"HS-35", "certificate types of servers", client, extension(20, 1, 2), nil},
		{"HS-35", "no certificate types", client, extension(20, 0), ErrDecode},
		{"HS-36", "certificate types and a byte", client, extension(20, 1, 0, 0), ErrDecode},
		{"HS-28", "certificate type of a server is for the caller to refuse", server, extension(20, 0), nil},

		{"HS-35", "authorities", client, extension(47, 0, 5, 0, 3, 0x30, 1, 0), nil},
		{"HS-35", "no authorities", client, extension(47, 0, 0), ErrDecode},
		{"HS-35", "authority without a name", client, extension(47, 0, 2, 0, 0), ErrDecode},
		{"HS-36", "authorities and a byte", client, extension(47, 0, 3, 0, 1, 0x30, 0), ErrDecode},
		{"HS-28", "authorities of a server are for the caller to refuse", server, extension(47, 0xff), nil},

		{"RENEG-01", "renegotiation_info", client, extension(0xff01, 0), nil},
		{"RENEG-03", "renegotiated_connection is for the caller to judge", client, extension(0xff01, 1, 9), nil},
		{"RENEG-03", "renegotiated_connection of a server", server, extension(0xff01, 1, 9), nil},
		{"RENEG-01", "renegotiation_info without data", client, extension(0xff01), ErrDecode},
		{"RENEG-01", "renegotiation_info short", client, extension(0xff01, 2, 9), ErrDecode},
		{"RENEG-01", "renegotiation_info and a byte", client, extension(0xff01, 0, 0), ErrDecode},
	} {
		e, err := parseHello(test.hello, helloWith(test.hello, test.extension))
		if !errors.Is(err, test.want) {
			t.Errorf("%s: %v: %s: %v, want %v", test.row, test.hello, test.name, err, test.want)
		}
		if err == nil && len(e.Types) != 1 {
			t.Errorf("%s: %v: %s: types %d", test.row, test.hello, test.name, e.Types)
		}
		if err != nil && !strings.Contains(err.Error(), test.hello.String()) {
			t.Errorf("%s: error does not name the message: %v", test.name, err)
		}
	}
}

func TestANonEmptyRenegotiatedConnectionReachesTheCaller(t *testing.T) { // RENEG-03
	for _, hello := range []HandshakeType{TypeClientHello, TypeServerHello} {
		e, err := parseHello(hello, helloWith(hello, extension(ExtensionRenegotiationInfo, 2, 7, 9)))
		if err != nil || !e.HasRenegotiationInfo || !slices.Equal(e.RenegotiationInfo, []byte{7, 9}) {
			t.Errorf("%v: %+v, %v", hello, e, err)
		}
	}
}

func TestAnExtensionMayNotComeTwice(t *testing.T) { // HS-29
	for _, hello := range []HandshakeType{TypeClientHello, TypeServerHello} {
		for _, twice := range [][]byte{
			extension(ExtensionExtendedMasterSecret), extension(ExtensionUseSRTP, 0, 2, 0, 1, 0), extension(ExtensionRenegotiationInfo, 0),
			extension(0x0a0a), extension(0xffff), extension(0x1234, 1, 2, 3),
		} {
			other := extension(0x7777, 1)
			if _, err := parseHello(hello, helloWith(hello, twice, other)); err != nil {
				t.Errorf("%v: % x once: %v", hello, twice, err)
			}
			for _, body := range [][]byte{helloWith(hello, twice, twice), helloWith(hello, twice, other, twice)} {
				if _, err := parseHello(hello, body); !errors.Is(err, ErrDuplicateExtension) {
					t.Errorf("%v: % x twice: %v, want ErrDuplicateExtension", hello, twice, err)
				}
			}
		}
	}
}

func TestTypesKeepTheOrderOfTheWire(t *testing.T) { // HS-28
	types := []uint16{65281, 14, 23, 4660, 11, 0, 35, 16}
	body := helloWith(TypeServerHello, extension(65281, 0), extension(14, 0, 2, 0, 1, 0), extension(23), extension(4660), extension(11, 1, 0),
		extension(0), extension(35), extension(16, 0, 2, 1, 'a'))
	m, err := ParseServerHello(body)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(m.Types, types) {
		t.Errorf("%d, want %d", m.Types, types)
	}
}

// As many extensions as fit: the duplicate check must not take quadratic time, and nothing is lost.
func TestAHelloFullOfExtensionsParses(t *testing.T) {
	const count = 0xffff / 4
	var extensions [][]byte
	for i := range uint16(count) {
		extensions = append(extensions, extension(0x1000+i))
	}
	m, err := ParseClientHello(helloWith(TypeClientHello, extensions...))
	if err != nil || len(m.Types) != count {
		t.Fatalf("%v", err)
	}
	extensions[count-1] = extension(0x1000)
	if _, err := ParseClientHello(helloWith(TypeClientHello, extensions...)); !errors.Is(err, ErrDuplicateExtension) {
		t.Errorf("%v, want ErrDuplicateExtension", err)
	}
}
