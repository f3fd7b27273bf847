package wire

// ParseAlert reads the plaintext of an alert record.
//
//	struct {
//	    AlertLevel level;                                 // warning(1), fatal(2)
//	    AlertDescription description;
//	} Alert;                                              // RFC 5246, Section 7.2
//
// The values are not checked: an unknown description at an unknown level is still an alert. Of another size than two bytes
// there is none: alerts are neither fragmented nor put together.
func ParseAlert(b []byte) (level, description uint8, err error) {
	if len(b) != 2 {
		return 0, 0, decodeError("alert: not two bytes")
	}
	return b[0], b[1], nil
}
