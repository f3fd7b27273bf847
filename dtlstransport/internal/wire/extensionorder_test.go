package wire

import (
	"slices"
	"testing"
)

func TestExtensionsAreWrittenInTheOrderThatIsAskedFor(t *testing.T) {
	hello := *clientHelloExamples[1].(*ClientHello) // everything
	hello.Order = nil
	plain, err := ParseClientHello(hello.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	backwards := slices.Clone(plain.Types)
	slices.Reverse(backwards)
	first := []uint16{0xeeee, ExtensionUseSRTP, ExtensionSupportedGroups} // one is not there
	rest := slices.DeleteFunc(slices.Clone(plain.Types), func(x uint16) bool { return slices.Contains(first, x) })
	for _, test := range []struct{ order, want []uint16 }{
		{nil, plain.Types},
		{[]uint16{}, plain.Types},
		{plain.Types, plain.Types},
		{backwards, backwards},
		{first, append(slices.Clone(first[1:]), rest...)},
	} {
		hello.Order = test.order
		got, err := ParseClientHello(append([]byte(nil), hello.Append(nil)...))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Types, test.want) {
			t.Errorf("order %d: %d, want %d", test.order, got.Types, test.want)
		}
		got.Types, got.Order = plain.Types, nil
		if !equalMessages(got, plain) {
			t.Errorf("order %d: %+v, want %+v", test.order, got, plain)
		}
	}
}

func TestARandomOrderHasEveryExtensionThatIsWritten(t *testing.T) {
	for i, hello := range clientHelloExamples {
		m, err := ParseClientHello(hello.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range m.Types {
			if !slices.Contains(RandomOrder(), x) {
				t.Errorf("example %d: extension %d would always come last", i, x)
			}
		}
	}
}

func TestEveryExtensionComesToEveryPlace(t *testing.T) {
	seen := map[[2]int]bool{} // which, where
	for range 10_000 {        // the chance to miss one is below 1 in 10^100
		for place, x := range RandomOrder() {
			seen[[2]int{int(x), place}] = true
		}
	}
	if n := len(ordered); len(seen) != n*n {
		t.Errorf("%d of %d places were taken", len(seen), n*n)
	}
}
