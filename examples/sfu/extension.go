package main

import "encoding/binary"

// extensions returns what stands between the CSRCs and the payload of an RTP packet: the header extension (RFC 3550,
// Section 5.3.1) with its four bytes of profile and length. It aliases b. It is nil if there is none, or if it is cut off.
func extensions(b []byte) []byte {
	if len(b) < rtpHeader || b[0]&0x10 == 0 {
		return nil
	}
	start := rtpHeader + 4*int(b[0]&0xf)
	if len(b) < start+4 {
		return nil
	}
	end := start + 4 + 4*int(binary.BigEndian.Uint16(b[start+2:]))
	if len(b) < end {
		return nil
	}
	return b[start:end]
}

// extension returns the data of the element with that id, in either form of RFC 8285, or nil. It aliases b.
func extension(b []byte, id uint8) []byte {
	all := extensions(b)
	if all == nil {
		return nil
	}
	profile, rest := binary.BigEndian.Uint16(all), all[4:]
	if profile != 0xbede && profile>>4 != 0x100 {
		return nil
	}
	for len(rest) > 0 {
		if rest[0] == 0 { // padding
			rest = rest[1:]
			continue
		}
		element, n := rest[0], 0
		if profile == 0xbede {
			if element>>4 == 15 { // "processing [...] MUST be terminated" (Section 4.2)
				return nil
			}
			element, n, rest = element>>4, int(element&0xf)+1, rest[1:]
		} else {
			if len(rest) < 2 {
				return nil
			}
			n, rest = int(rest[1]), rest[2:]
		}
		if len(rest) < n {
			return nil
		}
		if element == id {
			return rest[:n]
		}
		rest = rest[n:]
	}
	return nil
}

// withoutExtensions moves the header of b to where its extension ends, and returns the packet that begins there: receivers
// have not agreed to any.
func withoutExtensions(b []byte) []byte {
	n := len(extensions(b))
	if n == 0 {
		return b
	}
	copy(b[n:], b[:rtpHeader+4*int(b[0]&0xf)])
	b = b[n:]
	b[0] &^= 0x10
	return b
}
