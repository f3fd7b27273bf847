package dtlstransport_test

import (
	"fmt"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
)

// With GODEBUG=fips140=only in the environment, start from here.
func ExampleFIPSPolicy() {
	certificate, err := fingerprint.Generate(fingerprint.ECDSAP256)
	if err != nil {
		panic(err)
	}
	config := dtlstransport.FIPSPolicy()
	config.Certificates = []*fingerprint.Certificate{certificate}
	for _, s := range config.CipherSuites {
		if info, ok := s.Info(); ok && info.AEAD {
			fmt.Println(info.Name, info.FIPS)
		}
	}
	// Output:
	// TLS_ECDHE_ECDSA_WITH_AES_128_CCM true
	// TLS_ECDHE_ECDSA_WITH_AES_256_CCM true
}
