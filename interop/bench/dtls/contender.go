package dtls

import (
	"runtime"

	"github.com/rtctransport/rtctransport/interop/bench/rounds"
)

// A contender does tasks.
type contender interface {
	name() string
	can(k kind) bool // whether it has the task at all
	slow(k kind) int // how many times fewer it does it in a round; 0: not fewer

	// run does a task n times and returns the CPU time of both ends in ns, or the bytes that both ends keep.
	run(k kind, n int) (float64, error)
	close()
}

// all returns those that take part, ours first.
func all(tell func(string)) ([]contender, error) {
	mine, err := newOurs()
	if err != nil {
		return nil, err
	}
	other, err := newPion()
	if err != nil {
		return nil, err
	}
	list := []contender{mine, ourConn{mine}, other}
	for _, p := range programs {
		if err := p.start(); err != nil {
			tell("without " + p.title + ": " + err.Error())
			continue
		}
		list = append(list, p)
	}
	return append(list, floor{}), nil
}

// repeat returns the CPU time of doing something n times.
func repeat(n int, do func() error) (float64, error) { return rounds.Repeat(1, do)(n) }

// kept returns the bytes of heap and stacks that n things keep. release lets go of them.
func kept(n int, make func() error, release func()) (float64, error) {
	defer release()
	before := memory()
	for range n {
		if err := make(); err != nil {
			return 0, err
		}
	}
	return memory() - before, nil
}

func memory() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what finalizers have let go of
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}
