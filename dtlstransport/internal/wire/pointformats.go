package wire

import (
	"bytes"

	"golang.org/x/crypto/cryptobyte"
)

// PointFormatUncompressed is ECPointFormat.uncompressed, the only format that RFC 8422 left over.
const PointFormatUncompressed uint8 = 0

// readPointFormats reads ec_point_formats.
//
//	struct {
//	    ECPointFormat ec_point_format_list<1..2^8-1>
//	} ECPointFormatList;                                  // RFC 8422, Section 5.1.2
func (e *Extensions) readPointFormats(data cryptobyte.String) error {
	if !readVector8(&data, &e.PointFormats) || len(e.PointFormats) == 0 || !data.Empty() {
		return decodeError("ec_point_formats")
	}
	// "If the client sends the extension and the extension does not contain the uncompressed point format, [...] then the
	// server MUST abort the handshake and return an illegal_parameter alert." RFC 8422, Section 5.1.2. It asks this of clients
	// with a curve of that RFC, and the list of a server has the same rule; without such a curve there is no use for a list.
	if bytes.IndexByte(e.PointFormats, PointFormatUncompressed) < 0 {
		return illegalParameter("ec_point_formats without uncompressed")
	}
	return nil
}

func (e *Extensions) appendPointFormats(b []byte) []byte {
	if len(e.PointFormats) == 0 {
		return b
	}
	b, at := beginExtension(b, ExtensionPointFormats)
	return endVector(appendVector8(b, e.PointFormats), at, 2)
}
