package wire

// The examples of each message, as the parsers return them: an empty vector is empty and not nil.

var (
	exampleRandom = Random{0: 0xa0, 1: 0xa1, 15: 0xaf, 31: 0xff}

	clientHelloExamples = []appender{
		&ClientHello{ // the least there can be
			Version: 0xfefd, SessionID: []byte{}, Cookie: []byte{}, CipherSuites: []uint16{0xc02b}, CompressionMethods: []byte{0},
		},
		&ClientHello{ // everything
			Version: 0xfefd, Random: exampleRandom, SessionID: numbered(32), Cookie: numbered(255),
			CipherSuites: []uint16{0x1a1a, 0xc02b, 0xc02f, EmptyRenegotiationInfoSCSV}, CompressionMethods: []byte{1, 0},
			Extensions: Extensions{
				SupportedGroups: []uint16{0x2a2a, 29, 23}, PointFormats: []byte{2, 0}, SignatureAlgorithms: []uint16{0x0403, 0x0804},
				UseSRTP: &UseSRTP{Profiles: []uint16{7, 1, 8}, MKI: numbered(255)}, ALPN: []string{"webrtc", "c-webrtc"},
				ExtendedMasterSecret: true, EncryptThenMAC: true, HasSessionTicket: true, SessionTicket: numbered(300),
				HasConnectionID: true, ConnectionID: numbered(255), Heartbeat: HeartbeatAllowed, HasRenegotiationInfo: true, RenegotiationInfo: numbered(12),
				HasServerName: true, ServerName: "sfu.example", HasStatusRequest: true, SupportedVersions: []uint16{0xfefc, 0xfefd},
				ClientCertTypes: []uint8{2, 0}, ServerCertTypes: []uint8{0}, Authorities: [][]byte{numbered(1), numbered(40)},
			},
		},
		&ClientHello{ // what is present may be empty
			Version: 0xfeff, Random: exampleRandom, SessionID: []byte{}, Cookie: []byte{}, CipherSuites: []uint16{0xc02b}, CompressionMethods: []byte{0},
			Extensions: Extensions{
				UseSRTP: &UseSRTP{Profiles: []uint16{1}, MKI: []byte{}}, HasSessionTicket: true, SessionTicket: []byte{},
				HasConnectionID: true, ConnectionID: []byte{}, HasRenegotiationInfo: true, RenegotiationInfo: []byte{},
			},
		},
	}

	serverHelloExamples = []appender{
		&ServerHello{Version: 0xfefd, SessionID: []byte{}, CipherSuite: 0xc02b},
		&ServerHello{
			Version: 0xfefd, Random: exampleRandom, SessionID: numbered(32), CipherSuite: 0xc02f, CompressionMethod: 1,
			Extensions: Extensions{
				PointFormats: []byte{0}, UseSRTP: &UseSRTP{Profiles: []uint16{7}, MKI: []byte{}}, ALPN: []string{"webrtc"},
				ExtendedMasterSecret: true, EncryptThenMAC: true, HasSessionTicket: true, SessionTicket: []byte{}, HasConnectionID: true, ConnectionID: numbered(8), Heartbeat: HeartbeatNotAllowed,
				HasRenegotiationInfo: true, RenegotiationInfo: []byte{}, HasServerName: true, HasStatusRequest: true,
			},
		},
	}

	helloVerifyRequestExamples = []appender{
		&HelloVerifyRequest{Version: 0xfeff, Cookie: numbered(20)},
		&HelloVerifyRequest{Version: 0xfefd, Cookie: []byte{}},
		&HelloVerifyRequest{Version: 0xfeff, Cookie: numbered(255)},
	}

	newSessionTicketExamples = []appender{
		&NewSessionTicket{Lifetime: 7200, Ticket: numbered(180)},
		&NewSessionTicket{Lifetime: 0xfffefdfc, Ticket: []byte{}},
	}

	certificateExamples = []appender{
		&Certificate{},
		&Certificate{Chain: [][]byte{{0x30}}},
		&Certificate{Chain: [][]byte{numbered(300), numbered(1), numbered(256)}},
	}

	serverKeyExchangeExamples = []appender{
		&ServerKeyExchange{
			Group: 29, PublicKey: numbered(32), Params: AppendServerECDHParams(nil, 29, numbered(32)),
			Scheme: 0x0403, Signature: numbered(71),
		},
		&ServerKeyExchange{Group: 0xfefe, PublicKey: numbered(1), Params: []byte{3, 0xfe, 0xfe, 1, 0}, Scheme: 0x0804, Signature: []byte{}},
	}

	certificateRequestExamples = []appender{
		&CertificateRequest{Types: []uint8{1, 64}, SignatureAlgorithms: []uint16{0x0403, 0x0804, 0x0401}},
		&CertificateRequest{Types: []uint8{64}, SignatureAlgorithms: []uint16{0x0403}, Authorities: [][]byte{numbered(1), numbered(40)}},
	}

	certificateStatusExamples = []appender{
		&CertificateStatus{Response: numbered(1)},
		&CertificateStatus{Response: numbered(1500)},
	}

	certificateVerifyExamples = []appender{
		&CertificateVerify{Scheme: 0x0403, Signature: numbered(70)},
		&CertificateVerify{Scheme: 0x0807, Signature: []byte{}},
	}

	clientKeyExchangeExamples = []appender{
		&ClientKeyExchange{PublicKey: numbered(65)},
		&ClientKeyExchange{PublicKey: numbered(255)},
	}

	finishedExamples = []appender{
		&Finished{},
		&Finished{VerifyData: [VerifyDataLen]byte(numbered(VerifyDataLen))},
	}
)

// numbered returns the bytes 0, 1, 2 and so on.
func numbered(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}
