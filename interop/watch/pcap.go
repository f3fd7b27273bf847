package watch

import (
	"encoding/binary"
	"io"
	"time"
)

// captured is a datagram that went on.
type captured struct {
	at         time.Time
	client     uint16 // port
	fromClient bool
	bytes      []byte
}

// ServerPort is the port of the server in the files of WriteCapture.
const ServerPort = 40000 // nobody's, so that nothing is made of the data

// WriteCapture writes what went on, of a Watch that keeps it, in the format of tcpdump: IPv4 packets between
// 127.0.0.1 and itself, those of the server with ServerPort.
func (w *Watch) WriteCapture(out io.Writer) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	const magic, linkRaw = 0xa1b2c3d4, 101
	file := binary.LittleEndian.AppendUint32(nil, magic)
	file = binary.LittleEndian.AppendUint16(file, 2) // version 2.4
	file = binary.LittleEndian.AppendUint16(file, 4)
	file = append(file, make([]byte, 8)...) // time zone and accuracy
	file = binary.LittleEndian.AppendUint32(file, 1<<16)
	file = binary.LittleEndian.AppendUint32(file, linkRaw)
	for _, c := range w.kept {
		size := uint32(20 + 8 + len(c.bytes))
		file = binary.LittleEndian.AppendUint32(file, uint32(c.at.Unix()))
		file = binary.LittleEndian.AppendUint32(file, uint32(c.at.Nanosecond()/1000))
		file = binary.LittleEndian.AppendUint32(file, size)
		file = binary.LittleEndian.AppendUint32(file, size)
		file = append(file, c.headers()...)
		file = append(file, c.bytes...)
	}
	_, err := out.Write(file)
	return err
}

// headers returns those of IPv4 (RFC 791) and UDP (RFC 768); the latter's checksum is left out.
func (c *captured) headers() []byte {
	b := []byte{0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1}
	binary.BigEndian.PutUint16(b[2:], uint16(20+8+len(c.bytes)))
	var sum uint32
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(b[10:], ^uint16(sum))
	from, to := c.client, uint16(ServerPort)
	if !c.fromClient {
		from, to = to, from
	}
	b = binary.BigEndian.AppendUint16(b, from)
	b = binary.BigEndian.AppendUint16(b, to)
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(c.bytes)))
	return append(b, 0, 0)
}
