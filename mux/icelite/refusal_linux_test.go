package icelite

import (
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A refusal is a call that the kernel does not make for us: only with argument arg of that value, if arg is not 0.
type refusal struct {
	call  uint32
	arg   uint32 // from 1
	value uint32
	errno unix.Errno
}

// refusals are what kernels and sandboxes are known to refuse.
var refusals = map[string][]refusal{
	"batches": {{call: unix.SYS_RECVMMSG, errno: unix.ENOSYS}, {call: unix.SYS_SENDMMSG, errno: unix.ENOSYS}},
	"epoll":   {{call: unix.SYS_EPOLL_CREATE1, errno: unix.EMFILE}},
	"offloads": {
		{call: unix.SYS_SETSOCKOPT, arg: 3, value: unix.UDP_GRO, errno: unix.ENOPROTOOPT},
		{call: unix.SYS_GETSOCKOPT, arg: 3, value: unix.UDP_SEGMENT, errno: unix.ENOPROTOOPT},
	},
	"buffers": {
		{call: unix.SYS_SETSOCKOPT, arg: 3, value: unix.SO_RCVBUFFORCE, errno: unix.EPERM},
		{call: unix.SYS_SETSOCKOPT, arg: 3, value: unix.SO_SNDBUFFORCE, errno: unix.EPERM},
	},
	"IPv6": {{call: unix.SYS_SOCKET, arg: 1, value: unix.AF_INET6, errno: unix.EAFNOSUPPORT}},
}

// refuse has the kernel refuse calls of this process from now on, by a filter of seccomp(2).
func refuse(list []refusal) error {
	const load, equal, ret = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	var filter []unix.SockFilter
	for _, r := range list {
		// struct seccomp_data: the number at 0, arguments of 8 bytes from 16.
		rule := []unix.SockFilter{{Code: load}, {Code: equal, K: r.call}}
		if r.arg > 0 {
			rule = append(rule, unix.SockFilter{Code: load, K: 16 + 8*(r.arg-1)}, unix.SockFilter{Code: equal, K: r.value})
		}
		rule = append(rule, unix.SockFilter{Code: ret, K: unix.SECCOMP_RET_ERRNO | uint32(r.errno)})
		for i := range rule {
			if rule[i].Code == equal {
				rule[i].Jf = uint8(len(rule) - 1 - i) // behind the rule
			}
		}
		filter = append(filter, rule...)
	}
	filter = append(filter, unix.SockFilter{Code: ret, K: unix.SECCOMP_RET_ALLOW})
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return errno
	}
	return nil
}

const refusalVariable = "ICELITE_TEST_REFUSAL"

// Whatever the kernel refuses, a server behaves as ever: this test runs itself as a process of which the kernel refuses something.
func TestAServerServesWhateverTheKernelRefuses(t *testing.T) {
	if what := os.Getenv(refusalVariable); what != "" {
		serveDespite(t, what)
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for what := range refusals {
		t.Run(what, func(t *testing.T) {
			child := exec.Command(self, "-test.run=^"+strings.Split(t.Name(), "/")[0]+"$", "-test.v")
			child.Env = append(os.Environ(), refusalVariable+"="+what)
			out, err := child.CombinedOutput()
			switch {
			case err != nil:
				t.Errorf("%v\n%s", err, out)
			case strings.Contains(string(out), "--- SKIP"):
				t.Skipf("%s", out)
			case !strings.Contains(string(out), "--- PASS"):
				t.Errorf("nothing was tested\n%s", out)
			}
		})
	}
}

func serveDespite(t *testing.T, what string) {
	open(t, "udp4", "127.0.0.1:0", &Config{Portable: true}) // so that Go has its own poller
	if err := refuse(refusals[what]); err != nil {
		t.Skip("no seccomp here: ", err)
	}
	for _, config := range []*Config{nil, {Sockets: 2}} {
		s, err := Listen("udp", ":0", config)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		v := visit(t, s, 3)
		v.echo(20, 3)
		v.move(s, net.IPv4(127, 0, 0, 1))
		v.echo(20, 3)
		stats := s.Stats()
		offloads, ipv4 := stats.Segmentation || stats.Coalescing, s.AddrPort().Addr().Is4()
		if stats.SendErrors+stats.ReceiveErrors+stats.UnknownSource != 0 || stats.ReceiveBuffer == 0 || stats.SendBuffer == 0 {
			t.Errorf("%+v", stats)
		}
		if (what == "batches" || what == "epoll" || what == "offloads") && offloads || what == "IPv6" && !ipv4 {
			t.Errorf("offloads %v, IPv4 only %v: was nothing refused?", offloads, ipv4)
		}
		for _, c := range s.Candidates() {
			if ipv4 && strings.Contains(c, ":") {
				t.Errorf("candidate %q of a server without IPv6", c)
			}
		}
	}
	if what == "IPv6" {
		if _, err := Listen("udp", "[::1]:0", nil); err == nil || !strings.Contains(err.Error(), "[::1]") {
			t.Errorf("an address of IPv6: %v", err)
		} else {
			t.Log(err)
		}
	}
}

// A device may refuse segments that the kernel has promised to cut, and does so at the first that come.
func TestSegmentationEndsWhenADeviceRefusesIt(t *testing.T) {
	config := (*Config)(nil).filled()
	conn, err := listen("udp4", "127.0.0.1:0", &config)
	if err != nil {
		t.Fatal(err)
	}
	c, ok := conn.(*linuxConn)
	if segmentation, _ := conn.offloads(); !ok || !segmentation {
		conn.close()
		t.Skip("no UDP_SEGMENT on this kernel")
	}
	var refused atomic.Int64
	c.out.call = func(fd uintptr, headers *mmsghdr, n int) (int, unix.Errno) {
		for i, h := range unsafe.Slice(headers, n) {
			switch {
			case h.Control != nil && i == 0:
				refused.Add(1)
				return 0, unix.EIO
			case h.Control != nil:
				return sendmmsg(fd, headers, i)
			}
		}
		return sendmmsg(fd, headers, n)
	}
	s := serve([]packetConn{conn}, config)
	defer s.Close()
	v := visit(t, s, 5)
	v.echo(20, 5)
	once := refused.Load() // more than one may have been on their way
	v.echo(20, 5)
	if stats := s.Stats(); stats.Segmentation || stats.SendErrors != 0 || once == 0 || refused.Load() != once {
		t.Errorf("%+v; %d refused, and %d later", stats, once, refused.Load()-once)
	}
}
