package flight_test

import (
	"fmt"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/flight"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
	"github.com/rtctransport/rtctransport/dtlstransport/internal/wire"
)

// A message of 300 bytes goes over a link that carries 200, and loses the first.
func Example() {
	header := wire.Header{Type: wire.TypeCertificate, Length: 300, FragmentLength: 300}
	var out flight.Outgoing
	out.Begin(flight.Message{
		Sealer:  new(record.Sealer),
		Version: record.Version12,
		Type:    record.TypeHandshake,
		Bytes:   append(wire.AppendHeader(nil, header), make([]byte, 300)...),
	})
	var in flight.Reassembler
	for send := range 2 {
		if send > 0 {
			out.Rewind()
		}
		for n := 0; out.Pending(); n++ {
			datagram, err := out.AppendDatagram(nil, 200)
			if err != nil {
				panic(err)
			}
			if send == 0 && n == 0 {
				fmt.Println("lost", len(datagram))
				continue
			}
			r, _, _ := record.Next(datagram)
			h, fragment, _, _ := wire.ParseFragment(r.Body())
			in.Add(h, fragment)
			typ, body, ok := in.Message(0)
			fmt.Println("record", r.Number.Seq, "of", len(datagram), "bytes:", ok, typ, len(body))
		}
	}
	// Output:
	// lost 200
	// record 1 of 150 bytes: false HelloRequest 0
	// record 2 of 200 bytes: true Certificate 300
	// record 3 of 150 bytes: true Certificate 300
}
