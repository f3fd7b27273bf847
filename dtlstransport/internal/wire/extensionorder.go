package wire

import (
	"crypto/rand"
	"encoding/binary"
	mathrand "math/rand/v2"
	"slices"
)

// ordered has all that appendBlock writes.
var ordered = []uint16{
	ExtensionRenegotiationInfo, ExtensionExtendedMasterSecret, ExtensionSupportedGroups, ExtensionPointFormats,
	ExtensionSignatureAlgorithms, ExtensionUseSRTP, ExtensionALPN, ExtensionSessionTicket, ExtensionConnectionID, ExtensionServerName,
	ExtensionStatusRequest, ExtensionSupportedVersions, ExtensionClientCertType, ExtensionServerCertType, ExtensionCertAuthorities,
	ExtensionEncryptThenMAC, ExtensionHeartbeat,
}

// RandomOrder returns an Extensions.Order of all extensions that Append can write. All orders are as likely. It
// follows from crypto/rand, as all that is random in an association does.
func RandomOrder() []uint16 {
	order := slices.Clone(ordered)
	var seed [32]byte
	rand.Read(seed[:])
	mathrand.New(mathrand.NewChaCha8(seed)).Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	return order
}

// reorder puts the extensions of an encoded block, without its length, into the order of types. Those that are not in
// types come behind the others, in the order they have.
func reorder(block []byte, types []uint16) {
	type encoded struct {
		place int
		bytes []byte
	}
	all := make([]encoded, 0, 16)
	for rest := slices.Clone(block); len(rest) > 0; {
		place := slices.Index(types, binary.BigEndian.Uint16(rest))
		if place < 0 {
			place = len(types)
		}
		n := 4 + int(binary.BigEndian.Uint16(rest[2:]))
		all = append(all, encoded{place, rest[:n]})
		rest = rest[n:]
	}
	slices.SortStableFunc(all, func(a, b encoded) int { return a.place - b.place })
	block = block[:0]
	for _, e := range all {
		block = append(block, e.bytes...)
	}
}
