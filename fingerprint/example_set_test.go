package fingerprint_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/rtctransport/rtctransport/fingerprint"
)

const line = "a=fingerprint:SHA-256 4a:ad:b9:b1:3f:82:18:3b:54:02:12:df:3e:5d:49:6b:19:e5:7c:ab:3e:4b:65:2e:7d:46:3f:54:42:cd:54:f1"

// Either case is read, and the form of the RFC is written.
func ExampleParse() {
	f, err := fingerprint.Parse(line)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(f)
	// Output: sha-256 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:3E:4B:65:2E:7D:46:3F:54:42:CD:54:F1
}

// For signalling that does not use SDP.
func ExampleFromBytes() {
	parsed, err := fingerprint.Parse(line)
	if err != nil {
		log.Fatal(err)
	}
	f, err := fingerprint.FromBytes("sha-256", parsed.Value())
	fmt.Println(f == parsed, err)
	_, err = fingerprint.FromBytes("sha-256", parsed.Value()[:20])
	fmt.Println(err)
	// Output:
	// true <nil>
	// fingerprint: malformed fingerprint: 20 bytes, sha-256 has 32
}

// The verdict on the certificate that has arrived in a handshake.
func ExampleSet_Verify() {
	alice, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		log.Fatal(err)
	}
	set, err := fingerprint.ParseSet(line, alice.Fingerprint().Attribute()) // she has two certificates
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("Alice:", set.Verify(alice.Chain()[0]))

	mallory, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		log.Fatal(err)
	}
	err = set.Verify(mallory.Chain()[0])
	var mismatch *fingerprint.MismatchError
	if errors.As(err, &mismatch) {
		fmt.Println("Mallory's is another:", mismatch.Got == mallory.Fingerprint(), "than one of", len(mismatch.Want))
	}
	// Output:
	// Alice: <nil>
	// Mallory's is another: true than one of 2
}

// A set that would authenticate nobody is noticed before the handshake.
func ExampleSet_Check() {
	var none fingerprint.Set
	err := none.Check()
	fmt.Println(err)
	fmt.Println(errors.Is(err, fingerprint.ErrNoUsable))
	// Output:
	// fingerprint: no usable fingerprint: none was signalled
	// true
}
