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
