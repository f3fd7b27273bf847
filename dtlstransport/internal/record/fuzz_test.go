package record

import (
	"bytes"
	"testing"
)

// FuzzOpen gives a datagram of any content to an opener that has received some
// records: nothing but the records that were sealed comes out, and each of them
// at most once (REC-18, REC-20, REC-23).
func FuzzOpen(f *testing.F) {
	key, iv := make([]byte, 80), make([]byte, 12)
	genuine := func(t testing.TB, c Cipher) [][]byte {
		s := mustSealer(t, 1, c, key[:c.KeyLen()], iv[:c.IVLen()])
		var records [][]byte
		for i := range 4 {
			b, err := s.Append(nil, TypeApplicationData, Version12, bytes.Repeat([]byte("data"), i))
			if err != nil {
				t.Fatal(err)
			}
			records = append(records, b)
		}
		return records
	}
	for i, c := range ciphers {
		records := genuine(f, c)
		f.Add(byte(i), records[0])
		f.Add(byte(i), concat(records[2], records[3], records[2]))
		f.Add(byte(i), concat(AppendAs(nil, 9, TypeAlert, Version12, []byte{2, 40}), records[1]))
		f.Add(byte(i), records[3][:len(records[3])-1])
	}
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		c := ciphers[int(which)%len(ciphers)]
		records := genuine(t, c)
		o := mustOpener(t, 1, c, key[:c.KeyLen()], iv[:c.IVLen()])
		if _, err := o.Open(mustNext(t, bytes.Clone(records[1]))); err != nil {
			t.Fatal(err)
		}
		opened := map[uint64]bool{1: true}
		for len(b) > 0 {
			r, rest, ok := Next(b)
			if !ok {
				break
			}
			b = rest
			raw, window := bytes.Clone(r.Raw), o.window
			got, err := o.Open(&r)
			if err != nil {
				if got != nil || o.window != window {
					t.Fatalf("refused with %v, but not without effect", err)
				}
				continue
			}
			seq := r.Number.Seq
			if seq >= uint64(len(records)) || !bytes.Equal(raw, records[seq]) || opened[seq] {
				t.Fatalf("accepted %x", raw)
			}
			opened[seq] = true
			if !bytes.Equal(got, bytes.Repeat([]byte("data"), int(seq))) {
				t.Fatalf("record %d has content %q", seq, got)
			}
		}
		for seq, raw := range records {
			_, err := o.Open(mustNext(t, bytes.Clone(raw)))
			if fresh := !opened[uint64(seq)]; (err == nil) != fresh {
				t.Errorf("record %d afterwards: %v", seq, err)
			}
		}
	})
}
