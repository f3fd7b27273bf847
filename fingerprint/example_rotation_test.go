package fingerprint_test

import (
	"fmt"
	"time"

	"github.com/rtctransport/rtctransport/fingerprint"
)

// A server that runs for months presents a certificate of its own for about twenty days each.
func ExampleRotation() {
	var rotation fingerprint.Rotation
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) // time.Now(), but for the example

	certificates, err := rotation.Certificates(now) // for dtlstransport.Config
	if err != nil {
		fmt.Println(err)
		return
	}
	signalled := certificates[0].Fingerprint() // for the session description
	fmt.Println("first, due again", rotation.Due().Format(time.DateOnly))

	now = rotation.Due()
	if certificates, err = rotation.Certificates(now); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("second, the first one is kept:", len(certificates), "certificates, due again", rotation.Due().Format(time.DateOnly))
	fmt.Println("an answer to the old offer still finds its certificate:", rotation.Signalled(now, signalled) == certificates[1])
	// Output:
	// first, due again 2026-01-21
	// second, the first one is kept: 2 certificates, due again 2026-02-10
	// an answer to the old offer still finds its certificate: true
}
