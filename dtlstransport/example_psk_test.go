package dtlstransport_test

import (
	"context"
	"fmt"
	"log"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/interop/netsim"
)

// A device and a server that share a key and need no certificates.
func ExamplePSK() {
	keys := map[string][]byte{"camera 7": []byte("16 random bytes.")}
	suites := []dtlstransport.CipherSuite{dtlstransport.TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256}
	deviceLink, serverLink := netsim.Pipe(netsim.Config{})

	server, err := dtlstransport.Server(serverLink, &dtlstransport.Config{
		CipherSuites: suites,
		PSK:          &dtlstransport.PSK{KeyFor: func(identity []byte) []byte { return keys[string(identity)] }},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	go server.Handshake(context.Background())

	device, err := dtlstransport.Client(deviceLink, &dtlstransport.Config{
		CipherSuites: suites,
		PSK: &dtlstransport.PSK{IdentityFor: func(hint []byte) (identity, key []byte, err error) {
			return []byte("camera 7"), []byte("16 random bytes."), nil
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer device.Close()

	if _, err := device.Write([]byte("door opened")); err != nil {
		log.Fatal(err)
	}
	buf := make([]byte, 1500)
	n, err := server.Read(buf)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %s\n", server.ConnectionState().PSKIdentity, buf[:n])
	// Output: camera 7: door opened
}
