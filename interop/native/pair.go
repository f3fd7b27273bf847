//go:build unix

package native

// theirClient plays the scene with their client and our server.
func (r *run) theirClient() {
	s := r.s
	args := append(r.flags("server"), "--addr", "127.0.0.1:0")
	rounds := 1
	if s.resume != "" {
		rounds = 2
		args = append(args, "--accept", "2")
	}
	server := r.start(r.ours, args...)
	sessions := r.TempDir()
	var client foreign
	var port string
	for n := 1; n <= rounds; n++ {
		listening := server.Await(`(?m)^listening addr=127\.0\.0\.1:(\d+)$`, n)[1]
		if n == 1 {
			port = r.relay(listening)
		}
		client = r.k.client(r, port, sessions, client)
		f := client.connected(1)
		r.check(server, n, f, n > 1)
		r.path.calm.Store(true)
		for i, size := range s.sizes {
			line := payload(i, size)
			client.send(line)
			server.Await(`(?m)^recv `+asHex(line)+`$`, n)
			client.received(line)
		}
		if s.serverCloses {
			client.closed()
		} else {
			client.close()
			server.Await(`(?m)^closed by=peer$`, n)
		}
	}
	if code := server.Exit(); code != 0 {
		r.Errorf("our exit code is %d", code)
	}
}

// theirServer plays the scene with their server and our client.
func (r *run) theirServer() {
	s := r.s
	args := r.flags("client")
	rounds := 1
	if s.resume != "" {
		rounds = 2
		args = append(args, "--resume", r.TempDir()+"/session")
	}
	if s.serverCloses {
		args = append(args, "--wait-close")
	}
	for i, size := range s.sizes {
		args = append(args, "--send", asHex(payload(i, size)))
	}
	port := r.freePort()
	server := r.k.server(r, port)
	args = append(args, "--addr", "127.0.0.1:"+r.relay(port))
	for n := 1; n <= rounds; n++ {
		client := r.start(r.ours, args...)
		r.check(client, 1, server.connected(n), n > 1)
		r.path.calm.Store(true)
		for i, size := range s.sizes {
			server.echo(payload(i, size))
		}
		by := "self"
		if s.serverCloses {
			client.Await(`(?m)^recv `+asHex(payload(len(s.sizes)-1, s.sizes[len(s.sizes)-1]))+`$`, 1)
			server.close()
			by = "peer"
		}
		client.Await(`(?m)^closed by=`+by+`$`, 1)
		if code := client.Exit(); code != 0 {
			r.Errorf("our exit code is %d", code)
		}
		if !s.serverCloses {
			server.closed()
		}
	}
}
