package fingerprint_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/rtctransport/rtctransport/fingerprint"
)

// Both sides of it: what goes into our SDP, and what decides about the certificate that arrives in the handshake.
func Example() {
	alice, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		fmt.Println(err)
		return
	}

	// Alice signals this line in her offer or answer.
	line := alice.Fingerprint().Attribute()
	fmt.Println(strings.HasPrefix(line, "a=fingerprint:sha-256 "), len(line))

	// Bob reads it, and asks for a verdict when a certificate arrives.
	expected, err := fingerprint.ParseSet(line)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("Alice:", expected.Verify(alice.Chain()[0]))

	mallory, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = expected.Verify(mallory.Chain()[0])
	fmt.Println("Mallory refused:", errors.Is(err, fingerprint.ErrMismatch))
	// Output:
	// true 117
	// Alice: <nil>
	// Mallory refused: true
}

func ExampleParseSet() {
	_, err := fingerprint.ParseSet("sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB")
	fmt.Println(err)
	// Output:
	// fingerprint: no usable fingerprint: signalled were sha-1, wanted is sha-256, sha-384 or sha-512
}
