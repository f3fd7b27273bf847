package dtlstransport_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/fingerprint"
)

// The ladder of a handshake, as its client sees it.
func ExampleTraceEvent() {
	clientConfig, serverConfig := peers()
	clientConfig.Trace = func(e dtlstransport.TraceEvent) {
		arrow := "--->"
		if e.Direction == dtlstransport.Received {
			arrow = "<---"
		}
		switch e.Kind {
		case dtlstransport.TraceMessage:
			fmt.Printf("%d %s %v\n", e.Datagram, arrow, e.Message.Type)
		case dtlstransport.TraceState:
			fmt.Println("      ", strings.TrimSpace(fmt.Sprint(e.State, " ", e.Awaits)))
		}
	}
	shakeHands(clientConfig, serverConfig)
	// Output:
	//        connecting client12Flight4
	// 1 ---> ClientHello
	// 1 <--- ServerHello
	// 1 <--- Certificate
	// 1 <--- ServerKeyExchange
	// 1 <--- CertificateRequest
	// 1 <--- ServerHelloDone
	//        connecting client12Flight6
	// 2 ---> Certificate
	// 2 ---> ClientKeyExchange
	// 2 ---> CertificateVerify
	// 2 ---> Finished
	// 2 <--- Finished
	//        connected
}

// At level Info a log has one line for each change of state. It never has keys.
func ExampleNewSlogTrace() {
	clientConfig, serverConfig := peers()
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{Level: slog.LevelInfo}))
	clientConfig.Trace = dtlstransport.NewSlogTrace(logger)
	shakeHands(clientConfig, serverConfig)
	// Output:
	// time=2026-01-01T00:00:00.000Z level=INFO msg="dtls state" role=client state=connecting awaits=client12Flight4
	// time=2026-01-01T00:00:00.000Z level=INFO msg="dtls state" role=client state=connecting awaits=client12Flight6
	// time=2026-01-01T00:00:00.000Z level=INFO msg="dtls state" role=client state=connected
}

// Why a handshake has failed, and how it came to that.
func ExampleHandshakeError() {
	clientConfig, serverConfig := peers()
	clientConfig.RemoteFingerprints = clientConfig.Certificates[0].Fingerprints() // of somebody else
	clientConfig.FailureGrace = -1                                                // take what comes first for the truth
	client, server := connect(clientConfig, serverConfig)
	defer client.Close()
	defer server.Close()

	err := client.Handshake(context.Background())
	var failure *dtlstransport.HandshakeError
	if errors.As(err, &failure) {
		fmt.Println("awaited:", failure.Flight)
	}
	var alert *dtlstransport.AlertError
	if errors.As(err, &alert) {
		fmt.Println("alert:", alert.Alert, "from the peer:", alert.FromPeer)
	}
	fmt.Println("another certificate:", errors.Is(err, fingerprint.ErrMismatch))
	// Output:
	// awaited: client12Flight4
	// alert: bad_certificate from the peer: false
	// another certificate: true
}

// A peer that is not there.
func ExampleErrTimeout() {
	config, _ := peers()
	config.HandshakeTimeout = 10 * time.Second
	client, err := dtlstransport.NewEngine(dtlstransport.RoleClient, config)
	if err != nil {
		log.Fatal(err)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	err = client.Start(now)
	for err == nil {
		for datagram, ok := client.AppendDatagram(nil); ok; datagram, ok = client.AppendDatagram(nil) {
			_ = datagram // goes nowhere
		}
		now = client.Deadline()
		err = client.HandleTimeout(now)
	}
	var failure *dtlstransport.HandshakeError
	fmt.Println(errors.Is(err, dtlstransport.ErrTimeout), errors.As(err, &failure) && failure.Sends > 5, failure.Elapsed)
	// Output: true true 10s
}

// Counts of what was dropped, by reason.
func ExampleStats() {
	clientConfig, serverConfig := peers()
	client, server := shakeHands(clientConfig, serverConfig)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	record, err := client.AppendApplicationData(nil, []byte("hello"))
	if err != nil {
		log.Fatal(err)
	}
	forged := append([]byte(nil), record...)
	forged[len(forged)-1] ^= 1
	for _, datagram := range [][]byte{forged, append([]byte(nil), record...), record, []byte("noise")} {
		if err := server.HandleDatagram(now, datagram); err != nil {
			log.Fatal(err)
		}
		for event := server.NextEvent(); event.Kind != dtlstransport.NoEvent; event = server.NextEvent() {
			fmt.Printf("data %q\n", event.Data)
		}
	}
	stats := server.Stats()
	fmt.Println("delivered:", stats.RecordsDelivered)
	for reason, n := range stats.Dropped {
		if n > 0 {
			fmt.Printf("dropped, %v: %d\n", dtlstransport.DropReason(reason), n)
		}
	}
	// Output:
	// data "hello"
	// delivered: 1
	// dropped, framing: 1
	// dropped, replayed: 1
	// dropped, forged: 1
}

// What a WebRTC application shows its users of the transport.
func ExampleConn_RTCStats() {
	clientConfig, serverConfig := peers()
	clientConfig.InitialTimeout, serverConfig.InitialTimeout = time.Minute, time.Minute // nothing is lost here
	client, server := connect(clientConfig, serverConfig)
	defer client.Close()
	defer server.Close()
	mustHandshake(client, server)

	stats := client.RTCStats()
	stats.Transport.BytesSent, stats.Transport.BytesReceived = 0, 0 // signatures differ in size
	stats.Transport.LocalCertificateID, stats.Transport.RemoteCertificateID = "...", "..."
	text, err := json.MarshalIndent(stats.Transport, "", "  ")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))
	fmt.Println(len(stats.Certificates), "certificates")
	// Output:
	// {
	//   "packetsSent": 2,
	//   "packetsReceived": 2,
	//   "bytesSent": 0,
	//   "bytesReceived": 0,
	//   "dtlsState": "connected",
	//   "dtlsRole": "client",
	//   "tlsVersion": "FEFD",
	//   "dtlsCipher": "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
	//   "tlsGroup": "X25519",
	//   "srtpCipher": "SRTP_AEAD_AES_128_GCM",
	//   "localCertificateId": "...",
	//   "remoteCertificateId": "..."
	// }
	// 2 certificates
}

// Keys for Wireshark. With them anybody can read the traffic.
func ExampleConfig_keyLogWriter() {
	clientConfig, serverConfig := peers()
	var keys strings.Builder
	clientConfig.KeyLogWriter = &keys
	shakeHands(clientConfig, serverConfig)
	label, _, _ := strings.Cut(keys.String(), " ")
	fmt.Println(label, len(keys.String()))
	// Output: CLIENT_RANDOM 176
}
