package wire

// ParseServerHelloDone checks the body of a ServerHelloDone.
//
//	struct { } ServerHelloDone;                           // RFC 5246, Section 7.4.5
func ParseServerHelloDone(body []byte) error {
	if len(body) != 0 {
		return decodeError("ServerHelloDone: not empty")
	}
	return nil
}

// ParseHelloRequest checks the body of a HelloRequest.
//
//	struct { } HelloRequest;                              // RFC 5246, Section 7.4.1.1
func ParseHelloRequest(body []byte) error {
	if len(body) != 0 {
		return decodeError("HelloRequest: not empty")
	}
	return nil
}
