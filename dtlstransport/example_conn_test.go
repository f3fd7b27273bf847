package dtlstransport_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/interop/netsim"
	"github.com/rtctransport/rtctransport/keying"
)

// A Conn is a net.Conn: what is written at one end in one call is read at the other
// in one call.
func ExampleClient() {
	clientConfig, serverConfig := peers()
	clientLink, serverLink := netsim.Pipe(netsim.Config{}) // or any link for datagrams: a UDP socket, ICE
	server, err := dtlstransport.Server(serverLink, serverConfig)
	if err != nil {
		log.Fatal(err)
	}
	go func(c net.Conn) {
		defer c.Close()
		io.Copy(c, c) // an echo; the handshake runs by itself
	}(server)

	client, err := dtlstransport.Client(clientLink, clientConfig)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	buf := make([]byte, 1500)
	for _, message := range []string{"one", "two"} {
		if _, err := client.Write([]byte(message)); err != nil {
			log.Fatal(err)
		}
		n, err := client.Read(buf)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n", buf[:n])
	}
	// Output:
	// one
	// two
}

// How an association ends: Read says io.EOF when the peer has closed it.
func ExampleConn_Read() {
	clientConfig, serverConfig := peers()
	client, server := connect(clientConfig, serverConfig)
	defer client.Close()
	mustHandshake(client, server)

	_ = client.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := client.Read(make([]byte, 1500))
	fmt.Println("deadline:", errors.Is(err, os.ErrDeadlineExceeded))

	_ = client.SetReadDeadline(time.Time{})
	server.Close()
	_, err = client.Read(make([]byte, 1500))
	fmt.Println("closed by the peer:", err == io.EOF)

	client.Close()
	_, err = client.Read(make([]byte, 1500))
	fmt.Println("closed by us:", errors.Is(err, net.ErrClosed))
	// Output:
	// deadline: true
	// closed by the peer: true
	// closed by us: true
}

// Keys for something else than SRTP (RFC 5705): both ends have the same.
func ExampleConn_ExportKeyingMaterial() {
	clientConfig, serverConfig := peers()
	client, server := connect(clientConfig, serverConfig)
	defer client.Close()
	defer server.Close()
	mustHandshake(client, server)

	x, err := client.ExportKeyingMaterial("EXPORTER-example", []byte("context"), 32)
	if err != nil {
		log.Fatal(err)
	}
	y, err := server.ExportKeyingMaterial("EXPORTER-example", []byte("context"), 32)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(x), bytes.Equal(x, y))
	// Output: 32 true
}

// The SRTP keys, for an application that protects media itself.
func ExampleConn_SRTPMaterial() {
	clientConfig, serverConfig := peers()
	client, server := connect(clientConfig, serverConfig)
	defer client.Close()
	defer server.Close()
	mustHandshake(client)

	material, err := client.SRTPMaterial()
	if err != nil {
		log.Fatal(err)
	}
	key, salt := material.Keys(keying.RoleClient) // with which we protect
	fmt.Println(client.ConnectionState().SRTPProfile, len(key), len(salt))
	// Output: SRTP_AEAD_AES_128_GCM 16 12
}

// How much fits into one datagram: 1200 bytes, less 13 of the record's header, 8 of
// its nonce and 16 of its tag. The path may turn out to be narrower.
func ExampleConn_MaxPayload() {
	clientConfig, serverConfig := peers()
	client, server := connect(clientConfig, serverConfig)
	defer client.Close()
	defer server.Close()
	mustHandshake(client)
	fmt.Println(client.MaxPayload())
	client.SetMaxDatagramSize(576)
	fmt.Println(client.MaxPayload())
	// Output:
	// 1163
	// 539
}

// An alert of the caller's choice ends the association at both ends.
func ExampleEngine_SendAlert() {
	clientConfig, serverConfig := peers()
	client, server := shakeHands(clientConfig, serverConfig)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	fmt.Println(client.SendAlert(now, dtlstransport.AlertUserCanceled))
	datagram, _ := client.AppendDatagram(nil)
	fmt.Println(server.HandleDatagram(now, datagram))
	// Output:
	// dtls: user_canceled: sent by the application
	// dtls: peer sent alert user_canceled
}
