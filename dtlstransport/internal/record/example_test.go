package record_test

import (
	"fmt"

	"github.com/rtctransport/rtctransport/dtlstransport/internal/record"
)

// A record on its way from one end to the other.
func Example() {
	c := record.AES128GCM
	key, iv := make([]byte, c.KeyLen()), make([]byte, c.IVLen()) // from the key block

	sealer, err := record.NewSealer(1, c, key, iv)
	if err != nil {
		panic(err)
	}
	datagram, err := sealer.Append(nil, record.TypeApplicationData, record.Version12, []byte("hello"))
	if err != nil {
		panic(err)
	}

	opener, err := record.NewOpener(1, c, key, iv)
	if err != nil {
		panic(err)
	}
	for len(datagram) > 0 {
		r, rest, ok := record.Next(datagram)
		if !ok {
			break
		}
		again := append([]byte(nil), r.Raw...)
		content, err := opener.Open(&r)
		fmt.Printf("%v %+v %q %v\n", r.Type, r.Number, content, err)

		replayed, _, _ := record.Next(again)
		_, err = opener.Open(&replayed)
		fmt.Println(err)
		datagram = rest
	}
	// Output:
	// ApplicationData {Epoch:1 Seq:0} "hello" <nil>
	// record: sequence number seen before or too old
}
