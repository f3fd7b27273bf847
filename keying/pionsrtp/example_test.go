package pionsrtp_test

import (
	"fmt"

	"github.com/rtctransport/rtctransport/keying"
	"github.com/rtctransport/rtctransport/keying/pionsrtp"
)

// Both sides of an association make a Protector from the same material, each with its own role.
func Example() {
	profile := keying.SRTPAEADAES128GCM
	material, err := keying.NewMaterial(profile, make([]byte, profile.MaterialLen())) // From the exporter, in truth.
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := pionsrtp.New(material, keying.RoleClient)
	if err != nil {
		fmt.Println(err)
		return
	}
	server, err := pionsrtp.New(material, keying.RoleServer)
	if err != nil {
		fmt.Println(err)
		return
	}

	packet := append([]byte{0x80, 96, 0, 1, 0, 0, 0, 0, 0xde, 0xca, 0xfb, 0xad}, "hello"...)
	protected, err := client.ProtectRTP(nil, packet)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(packet), "->", len(protected))

	received, err := server.UnprotectRTP(nil, protected)
	fmt.Printf("%s %v\n", received[12:], err)
	_, err = server.UnprotectRTP(nil, protected)
	fmt.Println(err)
	_, err = client.ProtectRTP(nil, packet)
	fmt.Println(err)
	// Output:
	// 17 -> 33
	// hello <nil>
	// keying: packet replayed or too old
	// keying: SSRC and sequence number were used before
}
