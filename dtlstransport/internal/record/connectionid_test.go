package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

// sealCIDByHand makes a record of RFC 9146 from its sentences, independently of
// the code under test. inner is the DTLSInnerPlaintext.
func sealCIDByHand(t testing.TB, c Cipher, key, iv, cid []byte, epoch uint16, seq uint64, inner []byte) []byte {
	t.Helper()
	number := []byte{byte(epoch >> 8), byte(epoch), byte(seq >> 40), byte(seq >> 32), byte(seq >> 24), byte(seq >> 16), byte(seq >> 8), byte(seq)}
	ad := concat(bytes.Repeat([]byte{0xff}, 8), []byte{25, byte(len(cid)), 25, 0xfe, 0xfd}, number, cid, []byte{byte(len(inner) >> 8), byte(len(inner))})
	var nonce, prefix, body []byte
	if c.CBC() {
		body = cbcByHand(t, c, key, number, ad[:len(ad)-2], inner)
	} else if c == ChaCha20Poly1305 {
		nonce = bytes.Clone(iv)
		for i, b := range number {
			nonce[4+i] ^= b
		}
	} else {
		prefix = number
		nonce = concat(iv, prefix)
	}
	if !c.CBC() {
		body = concat(prefix, bareAEAD(t, c, key).Seal(nil, nonce, inner, ad))
	}
	header := concat([]byte{25, 0xfe, 0xfd}, number, cid, []byte{byte(len(body) >> 8), byte(len(body))})
	return concat(header, body)
}

// cidPair returns both directions of an epoch with a connection ID.
func cidPair(t testing.TB, c Cipher, key, iv, cid []byte, padTo int) (*Sealer, *Opener) {
	s, o := mustSealer(t, 1, c, key, iv), mustOpener(t, 1, c, key, iv)
	s.SetConnectionID(cid, padTo)
	o.SetConnectionID(cid)
	return s, o
}

func TestRecordsWithAConnectionIDAreWhatTheRFCSays(t *testing.T) { // CID-03
	eachCipher(t, func(t *testing.T, c Cipher, key, iv []byte) {
		for _, size := range []int{1, 4, 20, 255} {
			cid := bytes.Repeat([]byte{0xc1}, size)
			for _, n := range []int{0, 1, 15, 16, 1200, MaxPlaintext - 1} {
				content := bytes.Repeat([]byte{7}, n)
				s, o := cidPair(t, c, key, iv, cid, 0)
				s.next = 300
				got, err := s.Append(nil, TypeApplicationData, Version12, content)
				if err != nil {
					t.Fatal(err)
				}
				if want := sealCIDByHand(t, c, key, iv, cid, 1, 300, concat(content, []byte{23})); !bytes.Equal(got, want) {
					t.Fatalf("%d bytes under a connection ID of %d:\n got %x\nwant %x", n, size, got, want)
				}
				if more := len(got) - n; more > s.Overhead() || !c.CBC() && more != s.Overhead() {
					t.Errorf("%d bytes more than the content, Overhead says %d", len(got)-n, s.Overhead())
				}
				r, rest, ok := nextCID(concat(got, []byte("more")), size)
				if !ok || string(rest) != "more" || !bytes.Equal(r.CID(), cid) || r.Number != (Number{1, 300}) {
					t.Fatalf("read as %+v", r)
				}
				if plain, err := o.Open(&r); err != nil || !bytes.Equal(plain, content) || r.Type != TypeApplicationData {
					t.Errorf("opened as %v, %v", r.Type, err)
				}
			}
		}
	})
}

func TestTheContentTypeIsBehindThePadding(t *testing.T) { // CID-04
	eachCipher(t, func(t *testing.T, c Cipher, key, iv []byte) {
		cid := []byte("cid")
		for _, tt := range []struct {
			name  string
			inner []byte
			typ   ContentType
			want  string
			err   error
		}{
			{"no padding", []byte("data\x17"), 23, "data", nil},
			{"padding", []byte("data\x17\x00\x00\x00"), 23, "data", nil},
			{"content that ends with zeros", []byte("data\x00\x00\x17\x00"), 23, "data\x00\x00", nil},
			{"no content", []byte("\x16"), 22, "", nil},
			{"nothing but padding", make([]byte, 40), 0, "", ErrNoContentType},
			{"nothing at all", nil, 0, "", ErrNoContentType},
		} {
			_, o := cidPair(t, c, key, iv, cid, 0)
			r, _, _ := nextCID(sealCIDByHand(t, c, key, iv, cid, 1, 5, tt.inner), len(cid))
			got, err := o.Open(&r)
			if string(got) != tt.want || !errors.Is(err, tt.err) || err == nil && r.Type != tt.typ {
				t.Errorf("%s: %q of type %v, %v", tt.name, got, r.Type, err)
			}
		}
	})
}

func TestApplicationDataIsPaddedToAMultiple(t *testing.T) {
	key, iv := make([]byte, 16), make([]byte, 4)
	for _, padTo := range []int{0, 1, 2, 16, 100, MaxPlaintext} {
		s, o := cidPair(t, AES128GCM, key, iv, []byte("cid"), padTo)
		for _, n := range []int{0, 1, 14, 15, 16, 99, 100, 1199, MaxPlaintext - 2, MaxPlaintext - 1} {
			content := bytes.Repeat([]byte{1}, n)
			b, err := s.Append(nil, TypeApplicationData, Version12, content)
			if err != nil {
				t.Fatal(err)
			}
			inner := len(b) - s.Overhead() + 1
			if padTo > 1 && inner%padTo != 0 && inner != MaxPlaintext || inner-n-1 > s.MaxPadding() {
				t.Errorf("%d bytes became %d, to be padded to a multiple of %d", n, inner, padTo)
			}
			r, _, _ := nextCID(b, 3)
			if got, err := o.Open(&r); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%d bytes padded to %d: %v", n, padTo, err)
			}
			alert, _ := s.Append(nil, TypeAlert, Version12, content)
			if len(alert) != n+s.Overhead() {
				t.Error("an alert was padded")
			}
		}
		if _, err := s.Append(nil, TypeApplicationData, Version12, make([]byte, MaxPlaintext)); !errors.Is(err, ErrTooLarge) {
			t.Errorf("2^14 bytes and their type: %v", err)
		}
	}
}

func TestMaxContentFillsADatagram(t *testing.T) {
	size := func(s *Sealer, n int) int {
		b, err := s.Append(nil, TypeApplicationData, Version12, make([]byte, n))
		if err != nil {
			return 1 << 20
		}
		return len(b)
	}
	eachCipher(t, func(t *testing.T, c Cipher, key, iv []byte) {
		step := 41
		if c != AES128GCM {
			step = 997 // the others in passing
		}
		for _, cid := range []string{"", "cid"} {
			for _, padTo := range []int{0, 7, 64} {
				for limit := 200; limit < 20000; limit += step {
					s, _ := cidPair(t, c, key, iv, []byte(cid), padTo)
					// With CBC and a connection ID there may be room left.
					if n := s.MaxContent(limit); size(s, n) > limit || size(s, n+1) <= limit && !(c.CBC() && cid != "") {
						t.Fatalf("connection ID %q, padded to %d: %d bytes for a datagram of %d, they take %d and one more %d",
							cid, padTo, n, limit, size(s, n), size(s, n+1))
					}
				}
			}
		}
	})
}

func TestRecordsWithAnotherConnectionIDAreRefusedBeforeDecryption(t *testing.T) { // REC-36, CID-02
	eachCipher(t, func(t *testing.T, c Cipher, key, iv []byte) {
		with := func(cid string) []byte {
			s := mustSealer(t, 1, c, key, iv)
			s.SetConnectionID([]byte(cid), 0)
			b, _ := s.Append(nil, TypeApplicationData, Version12, []byte("data"))
			return b
		}
		for _, tt := range []struct{ sent, expected string }{{"abc", "abd"}, {"", "abc"}, {"abc", ""}} {
			o := mustOpener(t, 1, c, key, iv)
			o.SetConnectionID([]byte(tt.expected))
			counter := &countingAEAD{AEAD: o.aead.AEAD}
			o.aead.AEAD = counter
			r, _, ok := nextCID(with(tt.sent), len(tt.sent))
			if got, err := o.Open(&r); !ok || !errors.Is(err, ErrConnectionID) || got != nil || counter.opens > 0 || o.End() != 0 {
				t.Errorf("%q for %q: %q, %v, %d decrypted", tt.sent, tt.expected, got, err, counter.opens)
			}
		}
	})
}

func TestEveryFlippedBitOfARecordWithAConnectionIDIsNoticed(t *testing.T) {
	eachCipher(t, func(t *testing.T, c Cipher, key, iv []byte) {
		s, o := cidPair(t, c, key, iv, []byte("1234"), 32)
		genuine, _ := s.Append(nil, TypeApplicationData, Version12, []byte("genuine"))
		for bit := range 8 * len(genuine) {
			if bit/8 == 3 || bit/8 == 4 {
				continue // the epoch, by which the caller finds the opener
			}
			b := bytes.Clone(genuine)
			b[bit/8] ^= 1 << (bit % 8)
			if r, _, ok := nextCID(b, 4); ok {
				if got, err := o.Open(&r); err == nil || got != nil || o.End() != 0 {
					t.Errorf("bit %d of byte %d flipped: accepted", bit%8, bit/8)
				}
			}
		}
		r, _, _ := nextCID(genuine, 4)
		if got, err := o.Open(&r); err != nil || string(got) != "genuine" {
			t.Errorf("the genuine record afterwards: %q, %v", got, err)
		}
	})
}

func TestShortRecordsWithAConnectionIDAreNoRecords(t *testing.T) {
	key, iv := make([]byte, 16), make([]byte, 4)
	s, _ := cidPair(t, AES128GCM, key, iv, []byte("12345678"), 0)
	b, _ := s.Append(nil, TypeApplicationData, Version12, []byte("data"))
	for n := range len(b) {
		if _, _, ok := nextCID(b[:n], 8); ok {
			t.Errorf("%d of %d bytes are a record", n, len(b))
		}
	}
	// Other types have none, whatever was negotiated.
	if r, _, ok := nextCID(AppendAs(nil, 1, TypeHandshake, Version12, []byte("hello")), 8); !ok || r.CID() != nil || string(r.Body()) != "hello" {
		t.Errorf("a record in the clear is %+v", r)
	}
}

func TestRecordsWithAConnectionIDAllocateNothing(t *testing.T) {
	eachCipher(t, func(t *testing.T, c Cipher, key, iv []byte) {
		s, o := cidPair(t, c, key, iv, []byte("12345678"), 64)
		content := make([]byte, 1200)
		b := make([]byte, 0, len(content)+s.Overhead()+s.MaxPadding())
		if n := testing.AllocsPerRun(200, func() {
			b, _ = s.Append(b[:0], TypeApplicationData, Version12, content)
			r, _, _ := nextCID(b, 8)
			if _, err := o.Open(&r); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%v allocations for a record", n)
		}
	})
}

// FuzzNextCID reads any datagram with connection IDs of any size.
func nextCID(b []byte, cidLen int) (r Record, rest []byte, ok bool) {
	rest, ok = r.Next(b, cidLen)
	return r, rest, ok
}

func FuzzNextCID(f *testing.F) {
	f.Add(byte(3), []byte{25, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 5, 'c', 'i', 'd', 0, 1, 9})
	f.Fuzz(func(t *testing.T, cidLen byte, b []byte) {
		for {
			r, rest, ok := nextCID(b, int(cidLen))
			if !ok {
				return
			}
			if len(r.Raw)+len(rest) != len(b) || len(r.Body()) > MaxCiphertext || r.CID() != nil && len(r.CID()) != int(cidLen) {
				t.Fatalf("%d bytes: record of %d, rest of %d, %d of connection ID", len(b), len(r.Raw), len(rest), len(r.CID()))
			}
			header := HeaderLen + len(r.CID())
			if n := binary.BigEndian.Uint16(r.Raw[header-2:]); int(n) != len(r.Body()) || len(r.Raw) != header+len(r.Body()) {
				t.Fatalf("length %d, body %d, record %d", n, len(r.Body()), len(r.Raw))
			}
			b = rest
		}
	})
}
