package wire

import "testing"

func BenchmarkParseClientHello(b *testing.B) {
	for _, name := range []string{"firefox153-client-hello-1", "wrtc0.10-client-hello-1"} {
		b.Run(name, func(b *testing.B) {
			body := firstMessage(b, name, TypeClientHello)
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := ParseClientHello(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPeekClientHello(b *testing.B) {
	body := firstMessage(b, "firefox153-client-hello-cookie", TypeClientHello)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, _, _, err := PeekClientHello(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendClientHello(b *testing.B) {
	m, err := ParseClientHello(firstMessage(b, "wrtc0.10-client-hello-1", TypeClientHello))
	if err != nil {
		b.Fatal(err)
	}
	buffer := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		m.Append(buffer)
	}
}

func BenchmarkSubjectPublicKeyInfo(b *testing.B) {
	m, err := ParseCertificate(firstMessage(b, "firefox153-client-flight5", TypeCertificate))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := SubjectPublicKeyInfo(m.Chain[0]); err != nil {
			b.Fatal(err)
		}
	}
}
