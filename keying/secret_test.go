package keying

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A transcript is a recorded DTLS 1.2 handshake with its master secret.
type transcript struct {
	master, clientRandom, serverRandom []byte
	suite                              uint16
	messages                           [2][][]byte // plaintext handshake messages by side and message_seq, with headers
	finished                           [2][]byte   // the first record of epoch 1 of each side
}

const client, server = 0, 1

func readTranscript(t *testing.T, name string) *transcript {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	tr := &transcript{}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if words[0] == "#" {
			if words[1] == "keylog" {
				tr.clientRandom, tr.master = unhex(t, words[3]), unhex(t, words[4])
			}
			continue
		}
		side := client
		if (words[0] == ">") != strings.Contains(name, "-client") {
			side = server
		}
		for b := unhex(t, words[1]); len(b) > 0; {
			n := 13 + int(binary.BigEndian.Uint16(b[11:]))
			record := b[:n]
			b = b[n:]
			switch {
			case record[0] != 22:
			case binary.BigEndian.Uint16(record[3:]) == 1 && tr.finished[side] == nil:
				tr.finished[side] = record
			case binary.BigEndian.Uint16(record[3:]) == 0:
				tr.addFragments(side, record[13:])
			}
		}
	}
	return tr
}

// addFragments puts together messages of which each byte comes at least once.
func (tr *transcript) addFragments(side int, b []byte) {
	uint24 := func(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }
	for len(b) > 0 {
		length, seq := uint24(b[1:]), int(binary.BigEndian.Uint16(b[4:]))
		offset, n := uint24(b[6:]), uint24(b[9:])
		for len(tr.messages[side]) <= seq {
			tr.messages[side] = append(tr.messages[side], nil)
		}
		m := tr.messages[side][seq]
		if m == nil {
			// "the Finished MAC MUST be computed as if each handshake message had been sent as a single fragment", RFC 6347, Section 4.2.6.
			m = slices.Concat(b[:6], []byte{0, 0, 0}, b[1:4], make([]byte, length))
			tr.messages[side][seq] = m
		}
		copy(m[12+offset:], b[12:12+n])
		b = b[12+n:]
	}
}

// hashed returns the messages that the hashes cover, in order, without the client's Finished.
func (tr *transcript) hashed() [][]byte {
	c, s := tr.messages[client], tr.messages[server]
	if s[0][0] == 3 { // HelloVerifyRequest: it and the hello before it are not hashed.
		c, s = c[1:], s[1:]
	}
	hello := s[0][12:]
	tr.serverRandom = hello[2:34]
	tr.suite = binary.BigEndian.Uint16(hello[35+int(hello[34]):])
	return slices.Concat(c[:1], s, c[1:])
}

// openFinished decrypts a Finished record with AES-GCM and the key block (RFC 5288, Section 3), and returns the message.
func (tr *transcript) openFinished(t *testing.T, h crypto.Hash, keyLen, side int) []byte {
	t.Helper()
	block := make([]byte, 2*keyLen+2*4)
	KeyBlock(block, h, tr.master, tr.clientRandom, tr.serverRandom)
	key, iv := block[side*keyLen:][:keyLen], block[2*keyLen+side*4:][:4]
	c, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(c)
	if err != nil {
		t.Fatal(err)
	}
	record := tr.finished[side]
	nonce := slices.Concat(iv, record[13:21])
	additional := slices.Concat(record[3:11], record[:3], binary.BigEndian.AppendUint16(nil, uint16(len(record)-13-8-16)))
	message, err := gcm.Open(nil, nonce, record[21:], additional)
	if err != nil {
		t.Fatalf("the key block does not open the Finished of side %d: %v", side, err)
	}
	return message
}

// EMS-02, and the known answers for key block and verify_data: recorded handshakes of foreign stacks, whose master secrets are known,
// decrypt with our key block to Finished messages that hold our verify_data.
func TestRecordedHandshakesOfOtherStacks(t *testing.T) {
	names, _ := filepath.Glob("testdata/*.txt")
	if len(names) < 4 {
		t.Fatalf("only %d transcripts", len(names))
	}
	hashes := map[crypto.Hash]bool{}
	for _, name := range names {
		tr := readTranscript(t, name)
		messages := tr.hashed()
		var h crypto.Hash
		var keyLen int
		switch tr.suite {
		case 0xc02b:
			h, keyLen = crypto.SHA256, 16
		case 0xc02c:
			h, keyLen = crypto.SHA384, 32
		default:
			t.Fatalf("%s: suite %04x", name, tr.suite)
		}
		hashes[h] = true
		for side, sender := range []Role{RoleClient, RoleServer} {
			transcriptHash := h.New()
			for _, m := range messages {
				transcriptHash.Write(m)
			}
			message := tr.openFinished(t, h, keyLen, side)
			want := VerifyData(h, tr.master, sender, transcriptHash.Sum(nil))
			if message[0] != 20 || !bytes.Equal(message[12:], want[:]) {
				t.Errorf("%s: the %v's Finished is %x, verify_data %x", name, sender, message, want)
			}
			messages = append(messages, message) // The server's covers the client's.
		}
	}
	if len(hashes) != 2 {
		t.Errorf("the transcripts cover %d PRF hashes, want 2", len(hashes))
	}
}

// EMS-02: the vectors of RFC 7627 do not exist, so the two master secrets are told apart by their seeds:
// PRF with the label of RFC 7627, Section 4, over the session hash.
func TestMasterSecretsUseTheirLabels(t *testing.T) {
	pre, a, b := []byte("pre"), bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384} {
		if got, want := MasterSecret(h, pre, a, b), naivePRF(h, pre, "master secret", slices.Concat(a, b), 48); !bytes.Equal(got, want) {
			t.Errorf("%v: master secret %x, want %x", h, got, want)
		}
		sessionHash := make([]byte, h.Size())
		if got, want := ExtendedMasterSecret(h, pre, sessionHash), naivePRF(h, pre, "extended master secret", sessionHash, 48); !bytes.Equal(got, want) {
			t.Errorf("%v: extended master secret %x, want %x", h, got, want)
		}
	}
}

func TestVerifyDataDiffersByRole(t *testing.T) {
	master, hash := make([]byte, 48), make([]byte, 32)
	if VerifyData(crypto.SHA256, master, RoleClient, hash) == VerifyData(crypto.SHA256, master, RoleServer, hash) {
		t.Fatal("both sides send the same Finished: it could be reflected")
	}
	defer func() {
		if recover() == nil {
			t.Fatal("a sender of neither side has a verify_data")
		}
	}()
	VerifyData(crypto.SHA256, master, 0, hash)
}
