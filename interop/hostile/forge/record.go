package forge

import "encoding/binary"

// Content types of records.
const (
	ChangeCipherSpec byte = 20
	Alert            byte = 21
	Handshake        byte = 22
	ApplicationData  byte = 23
)

// Versions of records and hellos.
const (
	Version10 uint16 = 0xfeff
	Version12 uint16 = 0xfefd
)

const (
	recordHeader  = 13
	messageHeader = 12
)

// A Record is one record of a datagram.
type Record struct {
	Type    byte
	Version uint16
	Epoch   uint16
	Seq     uint64 // 48 bits
	Body    []byte
}

// Records takes a datagram apart. The bodies alias it.
func Records(datagram []byte) (records []Record) {
	for b := datagram; len(b) > 0; {
		number := binary.BigEndian.Uint64(b[3:])
		end := recordHeader + int(binary.BigEndian.Uint16(b[11:]))
		records = append(records, Record{b[0], binary.BigEndian.Uint16(b[1:]), uint16(number >> 48), number & (1<<48 - 1), b[recordHeader:end:end]})
		b = b[end:]
	}
	return records
}

// Append appends the record to b.
func (r Record) Append(b []byte) []byte {
	b = append(b, r.Type, byte(r.Version>>8), byte(r.Version))
	b = binary.BigEndian.AppendUint64(b, uint64(r.Epoch)<<48|r.Seq&(1<<48-1))
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.Body)))
	return append(b, r.Body...)
}

// Plain returns a datagram of one record of epoch 0.
func Plain(typ byte, seq uint64, body []byte) []byte {
	return Record{Type: typ, Version: Version12, Seq: seq, Body: body}.Append(nil)
}

// Renumbered returns a copy of a datagram in which the records of epoch 0 count from seq.
func Renumbered(datagram []byte, seq uint64) (out []byte) {
	for _, r := range Records(datagram) {
		if r.Epoch == 0 {
			r.Seq = seq
			seq++
		}
		out = r.Append(out)
	}
	return out
}

// A Fragment is a piece of a handshake message, or claims to be.
type Fragment struct {
	Type   byte
	Length int // of the whole message
	Seq    uint16
	Offset int
	Claims int // fragment_length, when it is not that of Body; zero: it is
	Body   []byte
}

// Append appends the fragment to b.
func (f Fragment) Append(b []byte) []byte {
	length := len(f.Body)
	if f.Claims != 0 {
		length = f.Claims
	}
	b = append(b, f.Type, byte(f.Length>>16), byte(f.Length>>8), byte(f.Length), byte(f.Seq>>8), byte(f.Seq))
	b = append(b, byte(f.Offset>>16), byte(f.Offset>>8), byte(f.Offset), byte(length>>16), byte(length>>8), byte(length))
	return append(b, f.Body...)
}

// fragments takes the content of a handshake record apart.
func fragments(b []byte) (all []Fragment) {
	uint24 := func(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }
	for len(b) > 0 {
		end := messageHeader + uint24(b[9:])
		all = append(all, Fragment{Type: b[0], Length: uint24(b[1:]), Seq: binary.BigEndian.Uint16(b[4:]), Offset: uint24(b[6:]), Body: b[messageHeader:end:end]})
		b = b[end:]
	}
	return all
}
