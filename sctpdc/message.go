package sctpdc

// Kind tells text from binary messages.
type Kind uint8

const (
	Binary Kind = iota // any bytes; the zero value
	Text               // UTF-8
)

func (k Kind) String() string {
	if k == Text {
		return "text"
	}
	return "binary"
}

// A Message is one message of a channel; it may be empty.
//
// Text that we send is checked to be UTF-8. Text that we receive is not: browsers never send anything else, and a
// receiver that cares can ask utf8.Valid.
type Message struct {
	Kind Kind
	Data []byte
	Info MessageInfo // set by Receive; Send takes no notice of it
}

// A ppid is a payload protocol identifier, by which SCTP messages are told apart. RFC 8831, Section 8.
type ppid uint32

const (
	ppidDCEP          ppid = 50
	ppidString        ppid = 51
	ppidBinaryPartial ppid = 52 // deprecated: a piece of a binary message that a 53 completes
	ppidBinary        ppid = 53
	ppidStringPartial ppid = 54 // deprecated: a piece of a text message that a 51 completes
	ppidStringEmpty   ppid = 56
	ppidBinaryEmpty   ppid = 57
)

// emptyMessage is the body of an empty message: "SCTP does not support the sending of empty user messages. Therefore, if
// an empty message has to be sent, the appropriate PPID (WebRTC String Empty or WebRTC Binary Empty) is used, and the
// SCTP user message of one zero byte is sent." RFC 8831, Section 6.6.
var emptyMessage = []byte{0}

// encode returns the SCTP user message for m. The result may alias m.Data.
func (m Message) encode() ([]byte, ppid) {
	switch {
	case m.Kind == Text && len(m.Data) == 0:
		return emptyMessage, ppidStringEmpty
	case m.Kind == Text:
		return m.Data, ppidString
	case len(m.Data) == 0:
		return emptyMessage, ppidBinaryEmpty
	}
	return m.Data, ppidBinary
}
