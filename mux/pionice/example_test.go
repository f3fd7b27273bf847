package pionice_test

import (
	"context"
	"fmt"
	"time"

	"github.com/pion/logging"
	"github.com/pion/transport/v2/vnet"
	"github.com/rtctransport/rtctransport/mux"
	"github.com/rtctransport/rtctransport/mux/pionice"
)

// Two peers in one program, on a virtual network. On real ones Net is left out, and the descriptions go
// through signalling as JSON.
func Example() {
	alice, bob := virtualNetwork()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	a, err := pionice.Gather(ctx, &pionice.Config{Net: alice})
	if err != nil {
		fmt.Println(err)
		return
	}
	b, err := pionice.Gather(ctx, &pionice.Config{Net: bob})
	if err != nil {
		fmt.Println(err)
		return
	}

	received := make(chan string, 1)
	go func() { // Bob answers
		link, err := b.Accept(ctx, a.Description())
		if err != nil {
			received <- err.Error()
			return
		}
		m := mux.New(link, nil)
		m.Handle(func(b []byte) {
			received <- fmt.Sprint(mux.Classify(b), " from ", m.RemoteAddr().Network())
		}, mux.DTLS)
	}()

	link, err := a.Dial(ctx, b.Description()) // Alice offers
	if err != nil {
		fmt.Println(err)
		return
	}
	m := mux.New(link, nil)
	defer m.Close()
	defer b.Close()
	m.Write([]byte{22, 0xfe, 0xff})
	fmt.Println(<-received)
	// Output: DTLS from udp
}

func virtualNetwork() (alice, bob *vnet.Net) {
	router, err := vnet.NewRouter(&vnet.RouterConfig{
		CIDR: "192.0.2.0/24", LoggerFactory: logging.NewDefaultLoggerFactory(),
	})
	if err != nil {
		panic(err)
	}
	var nets [2]*vnet.Net
	for i := range nets {
		nets[i], err = vnet.NewNet(&vnet.NetConfig{StaticIPs: []string{fmt.Sprint("192.0.2.", i+1)}})
		if err == nil {
			err = router.AddNet(nets[i])
		}
		if err != nil {
			panic(err)
		}
	}
	if err := router.Start(); err != nil {
		panic(err)
	}
	return nets[0], nets[1]
}
