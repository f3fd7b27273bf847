package record

import (
	"bytes"
	"encoding/hex"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// concat returns its arguments one behind the other, in memory of its own.
func concat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func TestNextReadsEveryFieldWhereTheRFCPutsIt(t *testing.T) { // REC-01
	b := unhex(t, "16"+"fefd"+"0102"+"030405060708"+"0003"+"aabbcc"+"ff")
	r, rest, ok := Next(b)
	if !ok {
		t.Fatal("refused")
	}
	if r.Type != TypeHandshake || r.Version != Version12 || r.Number != (Number{Epoch: 0x0102, Seq: 0x030405060708}) {
		t.Errorf("%v %#x %v", r.Type, r.Version, r.Number)
	}
	if !bytes.Equal(r.Body(), b[13:16]) || !bytes.Equal(r.Raw, b[:16]) || !bytes.Equal(rest, b[16:]) {
		t.Errorf("body %x, raw %x, rest %x", r.Body(), r.Raw, rest)
	}
	// Appending to a part must not run into what follows it in the datagram.
	_, _ = append(r.Body(), 0), append(r.Raw, 0)
	if b[16] != 0xff {
		t.Error("the parts share capacity with the rest of the datagram")
	}
}

func TestNextTable(t *testing.T) {
	header := func(length string) string { return "17fefd0001000000000009" + length }
	zeros := func(n int) []byte { return make([]byte, n) }
	for _, c := range []struct {
		name string
		b    []byte
		ok   bool
		body int // bytes
	}{
		{"nothing", nil, false, 0},
		{"header short by a byte", unhex(t, header("00")), false, 0},                                           // REC-01
		{"empty body", unhex(t, header("0000")), true, 0},                                                      // REC-06: the content type's business
		{"whole record", concat(unhex(t, header("0005")), zeros(5)), true, 5},                                  // REC-01
		{"split over two datagrams, first half", concat(unhex(t, header("0005")), zeros(4)), false, 0},         // REC-01
		{"split over two datagrams, second half", zeros(3), false, 0},                                          // REC-01
		{"length of 65535", concat(unhex(t, header("ffff")), zeros(100)), false, 0},                            // REC-04
		{"length of 65535, which is there", concat(unhex(t, header("ffff")), zeros(65535)), false, 0},          // REC-05
		{"2^14+2048 bytes", concat(unhex(t, header("4800")), zeros(18432)), true, 18432},                       // REC-05
		{"2^14+2049 bytes", concat(unhex(t, header("4801")), zeros(18433)), false, 0},                          // REC-05
		{"unknown type", concat(unhex(t, "63fefd00000000000000000001"), zeros(1)), true, 1},                    // REC-07
		{"unknown version", concat(unhex(t, "16030300000000000000000001"), zeros(1)), true, 1},                 // REC-08
		{"highest epoch and sequence number", unhex(t, "17fefdffffffffffffffff0000"), true, 0},                 // REC-01
		{"record and less than a header", concat(unhex(t, header("0001")), zeros(1), zeros(12)), true, 1},      // REC-02
		{"record and most of another", concat(unhex(t, header("0001")), zeros(1), zeros(500)), true, 1},        // REC-02
		{"record of the largest size and another", concat(unhex(t, header("4800")), zeros(20e3)), true, 18432}, // REC-02
	} {
		r, rest, ok := Next(c.b)
		if ok != c.ok || len(r.Body()) != c.body {
			t.Errorf("%s: ok %v, body of %d bytes, want %v, %d", c.name, ok, len(r.Body()), c.ok, c.body)
		}
		if ok && len(r.Raw)+len(rest) != len(c.b) || !ok && (rest != nil || r.Raw != nil || r.Body() != nil) {
			t.Errorf("%s: %d bytes raw, %d rest of %d", c.name, len(r.Raw), len(rest), len(c.b))
		}
	}
}

func TestNoStrictPrefixOfARecordIsARecord(t *testing.T) { // REC-01
	b := AppendAs(nil, 7, TypeHandshake, Version10, []byte("client hello"))
	for n := range b {
		if _, _, ok := Next(b[:n]); ok {
			t.Errorf("%d of %d bytes are a record", n, len(b))
		}
	}
}

func TestNextFindsAllRecordsOfADatagram(t *testing.T) { // REC-02, REC-03
	// Mixed epochs, types and versions, some of them of no use to anybody.
	type part struct {
		Type    ContentType
		Version uint16
		Number  Number
		Body    []byte
	}
	want := []part{
		{Type: TypeHandshake, Version: Version10, Number: Number{0, 0}, Body: []byte("hello")},
		{Type: TypeHandshake, Version: 0x0303, Number: Number{0, 1}, Body: []byte("of another version")},
		{Type: 99, Version: Version12, Number: Number{0, 2}, Body: []byte("of another type")},
		{Type: TypeChangeCipherSpec, Version: Version12, Number: Number{0, 3}, Body: []byte{1}},
		{Type: TypeHandshake, Version: Version12, Number: Number{1, 0}, Body: nil},
		{Type: TypeApplicationData, Version: Version12, Number: Number{1, maxSeq}, Body: []byte("sealed")},
		{Type: TypeAlert, Version: Version12, Number: Number{65535, 5}, Body: []byte{2, 40}},
		{Type: TypeHandshake, Version: Version12, Number: Number{0, 4}, Body: bytes.Repeat([]byte{7}, 3000)},
	}
	for n := range len(want) + 1 {
		var b []byte
		for _, r := range want[:n] {
			b = append(appendHeader(b, r.Type, r.Version, r.Number, nil, len(r.Body)), r.Body...)
		}
		for i := range n {
			r, rest, ok := Next(b)
			if w := want[i]; !ok || r.Type != w.Type || r.Version != w.Version || r.Number != w.Number || !bytes.Equal(r.Body(), w.Body) {
				t.Fatalf("record %d of %d: %v, %+v", i, n, ok, r)
			}
			b = rest
		}
		if len(b) != 0 {
			t.Errorf("%d bytes behind %d records", len(b), n)
		}
	}
}

func TestNextAllocatesNothing(t *testing.T) {
	b := AppendAs(nil, 7, TypeHandshake, Version10, []byte("client hello"))
	if n := testing.AllocsPerRun(100, func() { Next(b) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestContentTypesHaveTheNamesOfTheRFC(t *testing.T) {
	for typ, want := range map[ContentType]string{
		20: "ChangeCipherSpec", 21: "Alert", 22: "Handshake", 23: "ApplicationData", 24: "Heartbeat", 25: "ConnectionID", 26: "ContentType(26)", 0: "ContentType(0)",
	} {
		if got := typ.String(); got != want {
			t.Errorf("%d is %s, want %s", uint8(typ), got, want)
		}
	}
}

func FuzzNext(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(AppendAs(nil, 7, TypeHandshake, Version10, []byte("client hello")))
	f.Add(AppendAs(AppendAs(nil, 1, 99, 0, nil), 2, TypeAlert, Version12, []byte{2, 40}))
	f.Add(unhex(f, "17fefdffffffffffffffffffff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		original := bytes.Clone(b)
		var again []byte
		for rest := b; len(rest) > 0; {
			r, next, ok := Next(rest)
			if !ok {
				again = append(again, rest...)
				break
			}
			if len(r.Body()) > MaxCiphertext || r.Number.Seq > maxSeq || len(next) >= len(rest) {
				t.Fatalf("%+v", r)
			}
			again = append(appendHeader(again, r.Type, r.Version, r.Number, nil, len(r.Body())), r.Body()...)
			rest = next
		}
		if !bytes.Equal(again, original) || !bytes.Equal(b, original) {
			t.Errorf("%x appends as %x", original, again)
		}
	})
}
