package watch

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// lines are a server's: the first flight of its peer comes, its own is sent twice, and the peer's Finished before its key.
const traced = `
{"time":"T0.001","msg":"dtls datagram","role":"server","direction":"received","datagram":1,"size":100}
{"time":"T0.001","msg":"dtls record","role":"server","direction":"received","datagram":1,"type":"Handshake","epoch":0,"seq":0}
{"time":"T0.002","msg":"dtls flight","role":"server","direction":"sent","cause":"new","messages":"ServerHello","sends":1}
{"time":"T0.002","msg":"dtls datagram","role":"server","direction":"sent","datagram":1,"size":200}
{"time":"T0.002","msg":"dtls record","role":"server","direction":"sent","datagram":1,"type":"Handshake","epoch":0,"seq":0}
{"time":"T0.202","msg":"dtls flight","role":"server","direction":"sent","cause":"timeout","messages":"ServerHello","sends":2}
{"time":"T0.202","msg":"dtls datagram","role":"server","direction":"sent","datagram":2,"size":200}
{"time":"T0.202","msg":"dtls record","role":"server","direction":"sent","datagram":2,"type":"Handshake","epoch":0,"seq":1}
{"time":"T0.300","msg":"dtls datagram","role":"server","direction":"received","datagram":2,"size":61}
{"time":"T0.300","msg":"dtls record","role":"server","direction":"received","datagram":2,"type":"Handshake","epoch":1,"seq":0}
{"time":"T0.301","msg":"dtls datagram","role":"server","direction":"received","datagram":3,"size":100}
{"time":"T0.301","msg":"dtls record","role":"server","direction":"received","datagram":3,"type":"Handshake","epoch":0,"seq":1}
{"time":"T0.301","msg":"dtls drop","role":"server","direction":"received","datagram":3,"reason":"repeated message"}
{"time":"T0.301","msg":"dtls message","role":"server","direction":"received","datagram":0,"epoch":1,"seq":0,"message":"Finished"}
{"time":"T0.302","msg":"dtls state","role":"server","state":"connected"}
{"time":"T0.302","msg":"dtls state","role":"server","state":"connected","awaits":"verdict"}
{"time":"T0.3`

func TestATraceExplainsWhatWasSeen(t *testing.T) {
	zero := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	text := strings.ReplaceAll(strings.TrimPrefix(traced, "\n"), "T0.", "2026-01-02T03:04:05.")
	text = strings.ReplaceAll(text, `","msg"`, `Z","msg"`)
	trace, err := ReadTrace(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	datagram := func(ms int, from Side, size, epoch, number int) Datagram {
		return Datagram{At: time.Duration(ms) * time.Millisecond, From: from, Size: size, Records: []Record{{Epoch: epoch, Number: uint64(number)}}}
	}
	h := Handshake{began: zero, Datagrams: []Datagram{
		datagram(0, Client, 100, 0, 0), datagram(3, Server, 200, 0, 0), datagram(203, Server, 200, 0, 1),
		datagram(290, Client, 61, 1, 0), datagram(300, Client, 100, 0, 1), datagram(300, Client, 100, 0, 7),
	}}
	all := []Handshake{h}
	trace.Explain(all)
	var got []string
	for _, d := range all[0].Datagrams {
		got = append(got, fmt.Sprintf("%s%v%v%v", d.Cause, d.Taken, d.Dropped, d.Records[0].Inside))
	}
	want := []string{"1ms[][]", "0s[][]", "timeout0s[][]", "300ms[][Finished]", "301ms[repeated message][]", "0s[][]"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if want := []Moment{{302 * time.Millisecond, "connected", false}}; !reflect.DeepEqual(all[0].Ours, want) {
		t.Errorf("got %v, want %v", all[0].Ours, want)
	}
}

func TestATraceThatIsNoneIsAnError(t *testing.T) {
	if _, err := ReadTrace(strings.NewReader("nonsense\n")); err == nil {
		t.Error("no error")
	}
}

func TestATraceTellsHowSoonAHintWasTheVerdict(t *testing.T) {
	line := func(second int, rest string) string {
		return fmt.Sprintf(`{"time":"2026-01-02T03:04:%02dZ",%s}`+"\n", second, rest)
	}
	hint := func(second int) string { return line(second, `"msg":"dtls hint","err":"they say no"`) }
	failed := func(second int) string { return line(second, `"msg":"dtls state","state":"failed"`) }
	for text, want := range map[string]time.Duration{hint(1) + hint(2) + failed(3): 2 * time.Second, hint(1): -1, failed(3): -1} {
		trace, err := ReadTrace(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		hinted, at, ok := trace.Verdict()
		if ok != (want >= 0) || ok && at.Sub(hinted) != want {
			t.Errorf("%s: from %v to %v, %v", text, hinted, at, ok)
		}
	}
}
