package wire_test

import (
	"errors"
	"fmt"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// A message is appended, gets a header, travels in a record, and is parsed again.
func Example() {
	hello := &wire.ClientHello{
		Version:            0xfefd, // DTLS 1.2
		CipherSuites:       []uint16{0xc02b, wire.EmptyRenegotiationInfoSCSV},
		CompressionMethods: []byte{0},
		Extensions: wire.Extensions{
			SupportedGroups:      []uint16{29, 23},
			UseSRTP:              &wire.UseSRTP{Profiles: []uint16{7, 1}},
			ExtendedMasterSecret: true,
		},
	}
	body := hello.Append(nil)
	record := wire.AppendHeader(nil, wire.Header{
		Type: wire.TypeClientHello, Length: uint32(len(body)), FragmentLength: uint32(len(body)),
	})
	record = append(record, body...)

	header, fragment, rest, err := wire.ParseFragment(record)
	if err != nil || len(rest) != 0 || header.FragmentLength != header.Length {
		fmt.Println("not one whole message:", err)
		return
	}
	parsed, err := wire.ParseClientHello(fragment)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(header.Type, "with groups", parsed.SupportedGroups, "and extensions", parsed.Types)

	_, err = wire.ParseClientHello(fragment[:len(fragment)-1])
	fmt.Println(err, errors.Is(err, wire.ErrDecode))
	// Output:
	// ClientHello with groups [29 23] and extensions [23 10 14]
	// malformed message: ClientHello: extensions true
}
