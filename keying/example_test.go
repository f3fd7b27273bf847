package keying_test

import (
	"crypto"
	"fmt"

	"github.com/rtctransport/rtctransport/keying"
)

// From the secrets of a handshake to the keys of its media.
func Example() {
	clientRandom, serverRandom := make([]byte, 32), make([]byte, 32) // from the hellos
	preMaster, sessionHash := make([]byte, 32), make([]byte, 32)     // from ECDHE, and over the messages
	master := keying.ExtendedMasterSecret(crypto.SHA256, preMaster, sessionHash)

	profile := keying.SRTPAEADAES128GCM // what use_srtp agreed on
	exported := make([]byte, profile.MaterialLen())
	if err := keying.Export(exported, crypto.SHA256, master, clientRandom, serverRandom, keying.SRTPLabel, nil); err != nil {
		fmt.Println(err)
		return
	}
	material, err := keying.NewMaterial(profile, exported)
	if err != nil {
		fmt.Println(err)
		return
	}
	key, salt := material.Keys(keying.RoleClient)
	fmt.Println(material)
	fmt.Println(len(key), len(salt))
	// Output:
	// keying.Material{SRTP_AEAD_AES_128_GCM, keys hidden}
	// 16 12
}

// One Secret for all that follows from a master secret in a handshake.
func ExampleSecret() {
	clientRandom, serverRandom := make([]byte, 32), make([]byte, 32) // from the hellos
	messages := make([]byte, 32)                                     // the hash over them
	master := make([]byte, keying.MasterSecretLen)

	secret := keying.NewSecret(crypto.SHA256, master)
	keys := make([]byte, 2*(16+4)) // AES-128-GCM
	secret.KeyBlock(keys, clientRandom, serverRandom)
	verifyData := secret.VerifyData(keying.RoleClient, messages)
	fmt.Println(len(keys), len(verifyData))
	// Output: 40 12
}
