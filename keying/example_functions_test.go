package keying_test

import (
	"crypto"
	"encoding/hex"
	"fmt"
	"log"

	"github.com/rtctransport/rtctransport/keying"
)

// A vector that the TLS working group published.
func ExamplePRF() {
	secret, _ := hex.DecodeString("9bbe436ba940f017b17652849a71db35")
	seed, _ := hex.DecodeString("a0ba9f936cda311827a6f796ffd5198c")
	out := make([]byte, 16)
	keying.PRF(out, crypto.SHA256, secret, "test label", seed)
	fmt.Printf("%x\n", out)
	// Output: e3f229ba727be17b8d122620557cd453
}

// The secrets of a handshake, from what the ends have agreed on to what they send.
func ExampleMasterSecret() {
	clientRandom, serverRandom := make([]byte, 32), make([]byte, 32)
	preMaster, transcriptHash := make([]byte, 32), make([]byte, 32)

	master := keying.MasterSecret(crypto.SHA256, preMaster, clientRandom, serverRandom)
	keys := make([]byte, 2*(16+4)) // AES-128-GCM: a key and a salt for each direction
	keying.KeyBlock(keys, crypto.SHA256, master, clientRandom, serverRandom)
	finished := keying.VerifyData(crypto.SHA256, master, keying.RoleClient, transcriptHash)
	fmt.Println(len(master), len(keys), len(finished))

	other := keying.VerifyData(crypto.SHA256, master, keying.RoleServer, transcriptHash)
	fmt.Println("each side has its own:", finished != other)
	// Output:
	// 48 40 12
	// each side has its own: true
}

// Keys for an application of its own. No context is another one than an empty one.
func ExampleExport() {
	master := make([]byte, 48)
	clientRandom, serverRandom := make([]byte, 32), make([]byte, 32)
	export := func(label string, context []byte) string {
		out := make([]byte, 8)
		if err := keying.Export(out, crypto.SHA256, master, clientRandom, serverRandom, label, context); err != nil {
			log.Fatal(err)
		}
		return hex.EncodeToString(out)
	}
	none, empty := export("EXPORTER-example", nil), export("EXPORTER-example", []byte{})
	fmt.Println(len(none), none == empty, none == export("EXPORTER-example", nil))
	// Output: 16 false true
}

// What is exported for SRTP is cut into the keys of both sides, and printed without
// them.
func ExampleNewMaterial() {
	profile := keying.SRTPAES128CMHMACSHA1_80
	exported := make([]byte, profile.MaterialLen())
	for i := range exported {
		exported[i] = byte(i)
	}
	material, err := keying.NewMaterial(profile, exported)
	if err != nil {
		log.Fatal(err)
	}
	key, salt := material.Keys(keying.RoleServer)
	fmt.Printf("the server protects with %x, %x\n", key, salt)
	fmt.Printf("%+v\n", material)
	// Output:
	// the server protects with 101112131415161718191a1b1c1d1e1f, 2e2f303132333435363738393a3b
	// keying.Material{SRTP_AES128_CM_HMAC_SHA1_80, keys hidden}
}

func ExampleDefaultSRTPProfiles() {
	for _, p := range keying.DefaultSRTPProfiles() {
		fmt.Println(p, "adds", p.RTPOverhead(), "bytes to RTP,", p.RTCPOverhead(), "to RTCP")
	}
	// Output:
	// SRTP_AEAD_AES_128_GCM adds 16 bytes to RTP, 20 to RTCP
	// SRTP_AEAD_AES_256_GCM adds 16 bytes to RTP, 20 to RTCP
	// SRTP_AES128_CM_HMAC_SHA1_80 adds 10 bytes to RTP, 14 to RTCP
}

func ExampleRole() {
	fmt.Println(keying.RoleClient, keying.RoleClient.Peer())
	// Output: client server
}
