package forge

import (
	"encoding/binary"
	"slices"
)

// An Extension is one extension of a hello.
type Extension struct {
	Type uint16
	Body []byte
}

// Extension types.
const (
	SupportedGroups      uint16 = 10
	PointFormats         uint16 = 11
	SignatureAlgorithms  uint16 = 13
	UseSRTP              uint16 = 14
	ALPN                 uint16 = 16
	ExtendedMasterSecret uint16 = 23
	SessionTicket        uint16 = 35
	RenegotiationInfo    uint16 = 0xff01
)

// A Hello is a ClientHello or a ServerHello, whichever fields that has.
type Hello struct {
	Version     uint16
	Random      [32]byte
	SessionID   []byte
	Cookie      []byte   // of a client
	Suites      []uint16 // of a client
	Compression []byte   // of a client
	Suite       uint16   // of a server
	Method      byte     // of a server
	Extensions  []Extension
}

// cut takes n bytes from the front of b.
func cut(b *[]byte, n int) []byte {
	head := (*b)[:n:n]
	*b = (*b)[n:]
	return head
}

func cut8(b *[]byte) []byte  { return cut(b, int(cut(b, 1)[0])) }
func cut16(b *[]byte) []byte { return cut(b, int(binary.BigEndian.Uint16(cut(b, 2)))) }

func words(b []byte) (w []uint16) {
	for len(b) > 0 {
		w = append(w, binary.BigEndian.Uint16(cut(&b, 2)))
	}
	return w
}

// ParseClientHello reads the body of a ClientHello.
func ParseClientHello(b []byte) (h Hello) {
	h.Version = binary.BigEndian.Uint16(cut(&b, 2))
	copy(h.Random[:], cut(&b, 32))
	h.SessionID, h.Cookie = cut8(&b), cut8(&b)
	h.Suites, h.Compression = words(cut16(&b)), cut8(&b)
	h.parseExtensions(b)
	return h
}

// ParseServerHello reads the body of a ServerHello.
func ParseServerHello(b []byte) (h Hello) {
	h.Version = binary.BigEndian.Uint16(cut(&b, 2))
	copy(h.Random[:], cut(&b, 32))
	h.SessionID = cut8(&b)
	h.Suite, h.Method = binary.BigEndian.Uint16(cut(&b, 2)), cut(&b, 1)[0]
	h.parseExtensions(b)
	return h
}

func (h *Hello) parseExtensions(b []byte) {
	if len(b) == 0 {
		return
	}
	for x := cut16(&b); len(x) > 0; {
		typ := binary.BigEndian.Uint16(cut(&x, 2))
		h.Extensions = append(h.Extensions, Extension{typ, cut16(&x)})
	}
}

func append8(b, v []byte) []byte { return append(append(b, byte(len(v))), v...) }
func append16(b, v []byte) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(v))), v...)
}

// Client returns the body of a ClientHello.
func (h Hello) Client() []byte {
	b := append(binary.BigEndian.AppendUint16(nil, h.Version), h.Random[:]...)
	b = append8(append8(b, h.SessionID), h.Cookie)
	var suites []byte
	for _, s := range h.Suites {
		suites = binary.BigEndian.AppendUint16(suites, s)
	}
	return h.appendExtensions(append8(append16(b, suites), h.Compression))
}

// Server returns the body of a ServerHello.
func (h Hello) Server() []byte {
	b := append(binary.BigEndian.AppendUint16(nil, h.Version), h.Random[:]...)
	b = append8(b, h.SessionID)
	b = append(binary.BigEndian.AppendUint16(b, h.Suite), h.Method)
	return h.appendExtensions(b)
}

func (h Hello) appendExtensions(b []byte) []byte {
	var all []byte
	for _, x := range h.Extensions {
		all = append16(binary.BigEndian.AppendUint16(all, x.Type), x.Body)
	}
	return append16(b, all)
}

// Extension returns the body of an extension, or nil.
func (h Hello) Extension(typ uint16) []byte {
	for _, x := range h.Extensions {
		if x.Type == typ {
			return x.Body
		}
	}
	return nil
}

// With returns the hello with an extension in place of the one that it had, if any.
func (h Hello) With(typ uint16, body []byte) Hello {
	h = h.Without(typ)
	h.Extensions = append(slices.Clip(h.Extensions), Extension{typ, body})
	return h
}

// Without returns the hello without an extension.
func (h Hello) Without(typ uint16) Hello {
	h.Extensions = slices.DeleteFunc(slices.Clone(h.Extensions), func(x Extension) bool { return x.Type == typ })
	return h
}
