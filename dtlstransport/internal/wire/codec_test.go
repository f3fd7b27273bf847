package wire

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
)

// appender is what all messages have in common.
type appender interface{ Append(b []byte) []byte }

// A codec is one message with both of its directions and examples of it.
type codec struct {
	parse func(body []byte) (appender, error)
	// examples are messages as the parser returns them: they survive a round trip unchanged.
	examples []appender
}

// codecs has every message with a body.
var codecs = map[HandshakeType]codec{
	TypeClientHello:        {parserOf(ParseClientHello), clientHelloExamples},
	TypeServerHello:        {parserOf(ParseServerHello), serverHelloExamples},
	TypeHelloVerifyRequest: {parserOf(ParseHelloVerifyRequest), helloVerifyRequestExamples},
	TypeNewSessionTicket:   {parserOf(ParseNewSessionTicket), newSessionTicketExamples},
	TypeCertificate:        {parserOf(ParseCertificate), certificateExamples},
	TypeServerKeyExchange:  {parserOf(ParseServerKeyExchange), serverKeyExchangeExamples},
	TypeCertificateRequest: {parserOf(ParseCertificateRequest), certificateRequestExamples},
	TypeCertificateVerify:  {parserOf(ParseCertificateVerify), certificateVerifyExamples},
	TypeClientKeyExchange:  {parserOf(ParseClientKeyExchange), clientKeyExchangeExamples},
	TypeFinished:           {parserOf(ParseFinished), finishedExamples},
	TypeCertificateStatus:  {parserOf(ParseCertificateStatus), certificateStatusExamples},
}

// parserOf hides the type of a message. A nil message stays nil.
func parserOf[M appender](parse func([]byte) (M, error)) func([]byte) (appender, error) {
	return func(body []byte) (appender, error) {
		m, err := parse(body)
		if err != nil {
			return nil, err
		}
		return m, nil
	}
}

// check asserts what holds for every body whatever, and fails t otherwise.
//
//   - An error wraps exactly one of the three sentinels.
//   - What parsed appends, parses again and is equal.
//   - All but the hellos have one form only, so they append to the very bytes that were parsed.
//   - The parser does not write to the body.
func (c codec) check(t *testing.T, body []byte) {
	t.Helper()
	before := bytes.Clone(body)
	m, err := c.parse(body)
	if !bytes.Equal(before, body) {
		t.Fatalf("parsing %x changed it to %x", before, body)
	}
	if err != nil {
		checkError(t, err)
		return
	}
	prefix := []byte("prefix")
	again := m.Append(prefix)
	if !bytes.HasPrefix(again, prefix) {
		t.Fatalf("append changed what was there: %x", again)
	}
	again = again[len(prefix):]
	if hasExtensions(m) == nil && !bytes.Equal(again, body) {
		t.Fatalf("%x appends as %x", body, again)
	}
	m2, err := c.parse(again)
	if err != nil {
		t.Fatalf("%+v appends as %x: %v", m, again, err)
	}
	if !equalMessages(m, m2) {
		t.Fatalf("%+v appends as %x, which is %+v", m, again, m2)
	}
}

func checkError(t *testing.T, err error) {
	t.Helper()
	wraps := 0
	for _, sentinel := range []error{ErrDecode, ErrIllegalParameter, ErrDuplicateExtension} {
		if errors.Is(err, sentinel) {
			wraps++
		}
	}
	if wraps != 1 {
		t.Fatalf("error %q wraps %d of the sentinels", err, wraps)
	}
}

// hasExtensions returns the extensions of a hello, nil for other messages.
func hasExtensions(m appender) *Extensions {
	switch m := m.(type) {
	case *ClientHello:
		return &m.Extensions
	case *ServerHello:
		return &m.Extensions
	}
	return nil
}

// equalMessages compares all but Extensions.Types, which Append does not keep.
func equalMessages(a, b appender) bool {
	x, y := hasExtensions(a), hasExtensions(b)
	if x != nil && y != nil {
		xTypes, yTypes := x.Types, y.Types
		x.Types, y.Types = nil, nil
		defer func() { x.Types, y.Types = xTypes, yTypes }()
	}
	return reflect.DeepEqual(a, b)
}

// forExamples runs a test for every example of every message.
func forExamples(t *testing.T, test func(t *testing.T, c codec, m appender)) {
	for msgType, c := range codecs {
		if len(c.examples) == 0 {
			t.Errorf("%v: no examples", msgType)
		}
		for i, m := range c.examples {
			t.Run(fmt.Sprintf("%v/%d", msgType, i), func(t *testing.T) { test(t, c, m) })
		}
	}
}

func TestMessagesSurviveARoundTrip(t *testing.T) {
	forExamples(t, func(t *testing.T, c codec, m appender) {
		got, err := c.parse(m.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		if !equalMessages(got, m) {
			t.Errorf(" got %+v\nwant %+v", got, m)
		}
	})
}

func TestNoStrictPrefixOfAMessageParses(t *testing.T) { // HS-35
	forExamples(t, func(t *testing.T, c codec, m appender) {
		body := m.Append(nil)
		whole := -1 // the length of the hello up to its extensions: without them it is a hello, too
		if e := hasExtensions(m); e != nil && !reflect.DeepEqual(e, &Extensions{}) {
			hello := TypeClientHello
			if _, ok := m.(*ServerHello); ok {
				hello = TypeServerHello
			}
			whole = len(body) - len(e.appendBlock(nil, hello))
		}
		for n := range len(body) {
			_, err := c.parse(body[:n])
			if n == whole {
				if err != nil {
					t.Errorf("without extensions: %v", err)
				}
				continue
			}
			if !errors.Is(err, ErrDecode) {
				t.Errorf("%d of %d bytes: %v, want ErrDecode", n, len(body), err)
			}
		}
	})
}

func TestATrailingByteIsAnError(t *testing.T) { // HS-36
	forExamples(t, func(t *testing.T, c codec, m appender) {
		for _, extra := range []byte{0, 1, 0xff} {
			if _, err := c.parse(append(m.Append(nil), extra)); !errors.Is(err, ErrDecode) {
				t.Errorf("byte %#x: %v, want ErrDecode", extra, err)
			}
		}
	})
}

func TestEmptyMessagesHaveToBeEmpty(t *testing.T) { // HS-08, HS-36
	for name, parse := range map[string]func([]byte) error{"ServerHelloDone": ParseServerHelloDone} {
		if err := parse(nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := parse([]byte{0}); !errors.Is(err, ErrDecode) {
			t.Errorf("%s with a byte: %v, want ErrDecode", name, err)
		}
	}
}

// Parsers alias, as their comments say: a change of the body shows in every byte slice of a message.
func TestByteSlicesAliasTheBody(t *testing.T) {
	forExamples(t, func(t *testing.T, c codec, m appender) {
		if _, ok := m.(*Finished); ok {
			t.Skip("Finished is a copy")
		}
		body := m.Append(nil)
		got, err := c.parse(body)
		if err != nil {
			t.Fatal(err)
		}
		for i := range body {
			body[i] ^= 0xff
		}
		walkBytes(reflect.ValueOf(got).Elem(), func(b []byte) {
			for i := range b {
				b[i] ^= 0xff
			}
		})
		// What aliases was flipped twice and is as before.
		if !equalSlices(got, m) {
			t.Errorf("after flipping the body and the slices: %+v", got)
		}
	})
}

// equalSlices compares the byte slices of two messages.
func equalSlices(a, b appender) bool {
	var x, y [][]byte
	walkBytes(reflect.ValueOf(a).Elem(), func(s []byte) { x = append(x, s) })
	walkBytes(reflect.ValueOf(b).Elem(), func(s []byte) { y = append(y, s) })
	return slices.EqualFunc(x, y, bytes.Equal)
}

// walkBytes calls f with every []byte in a message but Params, which lies over other fields.
func walkBytes(v reflect.Value, f func(b []byte)) {
	switch {
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Name != "Params" {
				walkBytes(v.Field(i), f)
			}
		}
	case v.Kind() == reflect.Pointer && !v.IsNil():
		walkBytes(v.Elem(), f)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		f(v.Bytes())
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Slice:
		for i := range v.Len() {
			walkBytes(v.Index(i), f)
		}
	}
}

func TestAppendDoesNotAllocateWhenThereIsRoom(t *testing.T) {
	buffer := make([]byte, 0, 4096)
	forExamples(t, func(t *testing.T, c codec, m appender) {
		if n := testing.AllocsPerRun(100, func() { m.Append(buffer) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
	for name, f := range map[string]func(){
		"AppendHeader":           func() { AppendHeader(buffer, Header{Type: TypeFinished, Length: 12, FragmentLength: 12}) },
		"AppendServerECDHParams": func() { AppendServerECDHParams(buffer, 29, buffer[:32]) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestAppendingWhatDoesNotFitPanics(t *testing.T) {
	for name, f := range map[string]func(){
		"cookie of 256 bytes":   func() { (&HelloVerifyRequest{Cookie: make([]byte, 256)}).Append(nil) },
		"ticket of 65536 bytes": func() { (&NewSessionTicket{Ticket: make([]byte, 65536)}).Append(nil) },
		"header of 2^24":        func() { AppendHeader(nil, Header{Length: 1 << 24}) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}

func TestHandshakeTypesHaveTheNamesOfTheRFCs(t *testing.T) {
	for msgType, want := range map[HandshakeType]string{
		0: "HelloRequest", 1: "ClientHello", 2: "ServerHello", 3: "HelloVerifyRequest", 4: "NewSessionTicket", 11: "Certificate",
		12: "ServerKeyExchange", 13: "CertificateRequest", 14: "ServerHelloDone", 15: "CertificateVerify", 16: "ClientKeyExchange",
		20: "Finished", 22: "CertificateStatus", 99: "HandshakeType(99)",
	} {
		if got := msgType.String(); got != want {
			t.Errorf("%d: %q, want %q", uint8(msgType), got, want)
		}
	}
}
