//go:build unix

package native

import "github.com/rtctransport/rtctransport/interop/process"

// timedOut is evidence that we have waited in vain.
const timedOut = `(?m)^error stage=handshake .*timed out`

// showFault waits for the evidence of a known fault.
func (r *run) showFault(why, evidence string) {
	s := r.s
	s.silent = evidence == timedOut
	var we, they *process.Process
	if r.role == "client" {
		we = r.start(r.ours, append(r.flags("server"), "--addr", "127.0.0.1:0", "--accept", "2")...)
		port := r.relay(we.Await(`(?m)^listening addr=127\.0\.0\.1:(\d+)$`, 1)[1])
		client := r.k.client(r, port, r.TempDir(), nil)
		if s.resume != "" {
			client.connected(1)
			client.close()
			we.Await(`(?m)^closed by=peer$`, 1)
			client = r.k.client(r, port, r.TempDir(), client)
		}
		they = client.program()
	} else {
		port := r.freePort()
		server := r.k.server(r, port)
		they = server.program()
		args := append(r.flags("client"), "--addr", "127.0.0.1:"+r.relay(port))
		if s.serverCloses {
			args = append(args, "--wait-close")
		}
		if s.resume != "" {
			args = append(args, "--resume", r.TempDir()+"/session", "--send", asHex(payload(0, 8)))
			first := r.start(r.ours, args...)
			if code := first.Exit(); code != 0 {
				r.Errorf("our exit code is %d", code)
			}
			server.connected(1)
		}
		we = r.start(r.ours, args...)
		if s.serverCloses {
			server.connected(1)
			server.close()
		}
	}
	process.AwaitEither(r, evidence, we, they)
	r.Fault(why)
}
