package record

import (
	"bytes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
)

func TestSealedRecordsOpenToTheirContent(t *testing.T) { // REC-45
	eachCipher(t, func(t *testing.T, c Cipher, key, iv []byte) {
		s, o := mustSealer(t, 1, c, key, iv), mustOpener(t, 1, c, key, iv)
		if s.Epoch() != 1 || o.Epoch() != 1 {
			t.Errorf("epochs %d and %d", s.Epoch(), o.Epoch())
		}
		// Several records to a datagram, behind something that is there already.
		b := []byte("prefix")
		var want [][]byte
		for n := range 100 {
			content := bytes.Repeat([]byte{byte(n)}, 13*n)
			var err error
			if b, err = s.Append(b, ContentType(20+n%4), Version12, content); err != nil {
				t.Fatal(err)
			}
			want = append(want, content)
		}
		if !bytes.HasPrefix(b, []byte("prefix")) {
			t.Fatal("what was there is overwritten")
		}
		rest := b[len("prefix"):]
		for n, w := range want {
			r, next, ok := Next(rest)
			if !ok || r.Number != (Number{1, uint64(n)}) || r.Type != ContentType(20+n%4) { // REC-09
				t.Fatalf("record %d: %+v", n, r)
			}
			got, err := o.Open(&r)
			if err != nil || !bytes.Equal(got, w) {
				t.Fatalf("record %d: %v", n, err)
			}
			nonce := 0
			if c.shape().explicit {
				nonce = explicitNonceLen
			}
			if len(got) > 0 && &got[0] != &r.Body()[nonce] {
				t.Error("not decrypted in place")
			}
			rest = next
		}
	})
}

func TestEpochZeroProtectsNothing(t *testing.T) { // REC-09
	var s Sealer
	for seq := range byte(3) {
		b, err := s.Append(nil, TypeHandshake, Version10, []byte{9, 8, 7})
		if want := []byte{22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, seq, 0, 3, 9, 8, 7}; err != nil || !bytes.Equal(b, want) {
			t.Errorf("%x, %v, want %x", b, err, want)
		}
	}
	if s.Overhead() != HeaderLen || s.Epoch() != 0 {
		t.Errorf("overhead %d, epoch %d", s.Overhead(), s.Epoch())
	}
}

func TestAppendAsLeavesNoTrace(t *testing.T) { // COOK-06
	b := AppendAs([]byte{1}, 0x0102030405, TypeHandshake, Version12, []byte{7})
	if want := []byte{1, 22, 0xfe, 0xfd, 0, 0, 0, 1, 2, 3, 4, 5, 0, 1, 7}; !bytes.Equal(b, want) {
		t.Errorf("%x, want %x", b, want)
	}
}

func TestStartAtMovesForwardOnly(t *testing.T) { // REC-09, COOK-06
	var s Sealer
	for _, c := range []struct{ at, want uint64 }{
		{5, 5}, {3, 6}, {7, 7}, {8, 8}, {0, 9},
		{maxSeq, 10}, {maxSeq/2 + 1, 11}, // a number that would leave too few
		{maxSeq / 2, maxSeq / 2},
	} {
		s.StartAt(c.at)
		b, err := s.Append(nil, TypeHandshake, Version12, nil)
		if err != nil || mustNext(t, b).Number.Seq != c.want {
			t.Errorf("StartAt(%d): %x, %v, want number %d", c.at, b, err, c.want)
		}
	}
}

func TestExplicitNonceIsTheRecordNumber(t *testing.T) { // REC-09, REC-26
	const records = 100_000
	for _, c := range []Cipher{AES128GCM, AES256GCM} {
		s := mustSealer(t, 1, c, make([]byte, c.KeyLen()), make([]byte, c.IVLen()))
		var b []byte
		for seq := range uint64(records) {
			var err error
			if b, err = s.Append(b[:0], TypeApplicationData, Version12, nil); err != nil {
				t.Fatal(err)
			}
			// Equal to a number that grows by one each time: so none comes twice.
			if nonce := binary.BigEndian.Uint64(b[HeaderLen:]); nonce != 1<<48|seq || binary.BigEndian.Uint64(b[3:]) != nonce {
				t.Fatalf("record %d has nonce %#x", seq, nonce)
			}
		}
	}
}

func TestSequenceNumbersNeverWrap(t *testing.T) { // REC-10
	sealers := map[string]*Sealer{"plaintext": {}}
	for _, c := range ciphers {
		sealers[cipherName(c)] = mustSealer(t, 1, c, make([]byte, c.KeyLen()), make([]byte, c.IVLen()))
	}
	for name, s := range sealers {
		for typ, last := range map[ContentType]uint64{TypeApplicationData: maxSeq - Reserved, TypeAlert: maxSeq, TypeHandshake: maxSeq} {
			s.next = last - 1
			for _, want := range []uint64{last - 1, last} {
				b, err := s.Append(nil, typ, Version12, []byte("last"))
				if err != nil || mustNext(t, b).Number != (Number{s.epoch, want}) {
					t.Errorf("%s: %x, %v", name, b, err)
				}
			}
			for range 3 {
				b, err := s.Append([]byte("kept"), typ, Version12, []byte("too late"))
				if !errors.Is(err, ErrSequenceExhausted) || string(b) != "kept" {
					t.Errorf("%s: %x, %v", name, b, err)
				}
				s.StartAt(0)
			}
		}
	}
}

func TestContentOverTheLimitIsNeitherSentNorAccepted(t *testing.T) { // REC-05
	eachCipher(t, func(t *testing.T, c Cipher, key, iv []byte) {
		s, o := mustSealer(t, 1, c, key, iv), mustOpener(t, 1, c, key, iv)
		b, err := s.Append([]byte("kept"), TypeApplicationData, Version12, make([]byte, MaxPlaintext+1))
		if !errors.Is(err, ErrTooLarge) || string(b) != "kept" {
			t.Errorf("%d bytes, %v", len(b), err)
		}
		// A peer with the keys may break the rule: Next lets 2^14 + 2048 pass.
		before := *o
		for _, n := range []int{MaxPlaintext + 1, MaxCiphertext - c.Overhead() + HeaderLen} {
			b := sealByHand(t, c, key, iv, 23, Version12, 1, 5, 1<<48|5, make([]byte, n))
			if got, err := o.Open(mustNext(t, b)); !errors.Is(err, ErrOversize) || got != nil {
				t.Errorf("%d bytes: %d, %v", n, len(got), err)
			}
			if o.window != before.window {
				t.Error("the window has moved")
			}
		}
		b, err = s.Append(nil, TypeApplicationData, Version12, make([]byte, MaxPlaintext))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := o.Open(mustNext(t, b)); err != nil || len(got) != MaxPlaintext {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	})
}

func TestEveryFlippedBitIsNoticedAndChangesNothing(t *testing.T) { // REC-20, REC-23, REC-25, REC-45
	eachCipher(t, func(t *testing.T, c Cipher, key, iv []byte) {
		s, o := mustSealer(t, 1, c, key, iv), mustOpener(t, 1, c, key, iv)
		genuine, _ := s.Append(nil, TypeApplicationData, Version12, []byte("genuine"))
		next, _ := s.Append(nil, TypeApplicationData, Version12, []byte("next"))
		if _, err := o.Open(mustNext(t, next)); err != nil {
			t.Fatal(err)
		}
		window := o.window
		for bit := range 8 * len(genuine) {
			if bit/8 == 3 || bit/8 == 4 {
				continue // the epoch, by which the caller finds the opener: below
			}
			b := bytes.Clone(genuine)
			b[bit/8] ^= 1 << (bit % 8)
			r, _, ok := Next(b)
			if !ok {
				continue // a length beyond the datagram
			}
			if got, err := o.Open(&r); err == nil || got != nil {
				t.Errorf("bit %d of byte %d flipped: accepted", bit%8, bit/8)
			}
			if o.window != window {
				t.Fatalf("bit %d of byte %d flipped: the window has moved", bit%8, bit/8)
			}
		}
		if got, err := o.Open(mustNext(t, bytes.Clone(genuine))); err != nil || string(got) != "genuine" {
			t.Errorf("the genuine record afterwards: %q, %v", got, err)
		}
	})
}

func TestRecordOfAnotherEpochIsForged(t *testing.T) { // REC-22, REC-25
	eachCipher(t, func(t *testing.T, c Cipher, key, iv []byte) {
		b, _ := mustSealer(t, 1, c, key, iv).Append(nil, TypeApplicationData, Version12, []byte("data"))
		b[4] = 2
		if _, err := mustOpener(t, 2, c, key, iv).Open(mustNext(t, b)); !errors.Is(err, ErrForged) {
			t.Errorf("error %v", err)
		}
	})
}

func TestShortBodiesAreForged(t *testing.T) { // REC-23
	eachCipher(t, func(t *testing.T, c Cipher, key, iv []byte) {
		s, o := mustSealer(t, 1, c, key, iv), mustOpener(t, 1, c, key, iv)
		b, _ := s.Append(nil, TypeApplicationData, Version12, []byte("data"))
		full := mustNext(t, b)
		for n := range len(full.Body()) {
			r := *full
			r.Raw = slices.Clone(full.Raw[:HeaderLen+n])
			if got, err := o.Open(&r); !errors.Is(err, ErrForged) || got != nil {
				t.Errorf("%d of %d bytes: %v", n, len(full.Body()), err)
			}
		}
	})
}

func TestForgedNumbersDoNotMoveTheWindow(t *testing.T) { // REC-20
	eachCipher(t, func(t *testing.T, c Cipher, key, iv []byte) {
		s, o := mustSealer(t, 1, c, key, iv), mustOpener(t, 1, c, key, iv)
		forged := appendHeader(nil, TypeApplicationData, Version12, Number{1, maxSeq}, nil, 60)
		forged = append(forged, make([]byte, 60)...)
		for range 1000 {
			if _, err := o.Open(mustNext(t, forged)); !errors.Is(err, ErrForged) {
				t.Fatalf("error %v", err)
			}
		}
		b, _ := s.Append(nil, TypeApplicationData, Version12, []byte("genuine"))
		if got, err := o.Open(mustNext(t, b)); err != nil || string(got) != "genuine" {
			t.Errorf("%q, %v", got, err)
		}
	})
}

// countingAEAD counts how often something is decrypted.
type countingAEAD struct {
	opens int
	cipher.AEAD
}

func (a *countingAEAD) Open(dst, nonce, ciphertext, ad []byte) ([]byte, error) {
	a.opens++
	return a.AEAD.Open(dst, nonce, ciphertext, ad)
}

func TestReplaysAreRefusedBeforeDecryption(t *testing.T) { // REC-18, REC-19, REC-21
	eachCipher(t, func(t *testing.T, c Cipher, key, iv []byte) {
		s, o := mustSealer(t, 1, c, key, iv), mustOpener(t, 1, c, key, iv)
		counter := &countingAEAD{AEAD: o.aead.AEAD}
		o.aead.AEAD = counter
		var sent [][]byte
		for range 400 {
			b, _ := s.Append(nil, TypeApplicationData, Version12, []byte("once"))
			sent = append(sent, b)
			if len(sent)%3 == 0 {
				continue // never arrives, or only when it is too old
			}
			if _, err := o.Open(mustNext(t, bytes.Clone(b))); err != nil {
				t.Fatal(err)
			}
		}
		opens := counter.opens
		for i, b := range sent {
			if (i+1)%3 == 0 && i >= len(sent)-windowSize {
				continue // lost, and could still come
			}
			before := bytes.Clone(b)
			if _, err := o.Open(mustNext(t, b)); !errors.Is(err, ErrReplayed) {
				t.Errorf("record %d: %v", i, err)
			}
			if !bytes.Equal(b, before) {
				t.Errorf("record %d was written to", i)
			}
		}
		if counter.opens != opens {
			t.Errorf("%d replays were decrypted", counter.opens-opens)
		}
	})
}

func TestSealAndOpenAllocateNothing(t *testing.T) {
	eachCipher(t, func(t *testing.T, c Cipher, key, iv []byte) {
		s, o := mustSealer(t, 1, c, key, iv), mustOpener(t, 1, c, key, iv)
		content := make([]byte, 1200)
		b := make([]byte, 0, len(content)+s.Overhead())
		if n := testing.AllocsPerRun(200, func() {
			b, _ = s.Append(b[:0], TypeApplicationData, Version12, content)
			r, _, _ := Next(b)
			if _, err := o.Open(&r); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%v allocations for a record", n)
		}
		b, _ = s.Append(b[:0], TypeApplicationData, Version12, content)
		b[20] ^= 1
		forged := mustNext(t, b)
		if n := testing.AllocsPerRun(200, func() {
			if _, err := o.Open(forged); err == nil {
				t.Fatal("accepted")
			}
		}); n != 0 {
			t.Errorf("%v allocations for a forged record", n)
		}
	})
}

func TestProtectedLooksAtTheEpochAlone(t *testing.T) {
	var s Sealer
	plain, err := s.Append(nil, TypeHandshake, Version12, []byte("hello"))
	if err != nil || s.Next() != 1 {
		t.Fatalf("%v, next number %d", err, s.Next())
	}
	for epoch, want := range map[uint16]bool{0: false, 1: true, 256: true} {
		for _, typ := range []ContentType{TypeHandshake, TypeConnectionID} {
			b := append([]byte(nil), plain...)
			b[0], b[3], b[4] = byte(typ), byte(epoch>>8), byte(epoch)
			if got := Protected(b); got != want {
				t.Errorf("%v of epoch %d: %v", typ, epoch, got)
			}
			if Protected(b[:HeaderLen-1]) {
				t.Error("less than a header")
			}
		}
	}
}
