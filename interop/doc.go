// Command interop shows every stack we work with: it runs foreign implementations against ours, now, on this machine, and prints
// a table of peers, their roles and cases. What is said of a handshake is measured on the wire.
//
//	go run ./interop                                  everything that is installed
//	go run ./interop -html table.html                 and a page with a picture of each handshake
//	go run ./interop -peer 'mbed' -case 'cookie,mtu'  a part of it
//	go run ./interop -quick -require                  what make test runs: a missing peer is a failure
//	go run ./interop -list                            what there is
//
// Below it is the proof that the library works with others. Nothing here is imported by the library.
//
//	native    OpenSSL, GnuTLS, Mbed TLS, wolfSSL, NSS, Botan and pion/dtls, in both roles
//	pion      programs around pion's stacks, in a module of their own
//	wireshark tshark, which reads our handshakes with our key log
//	webrtc    Chromium, Firefox, libwebrtc, libdatachannel, werift and pion/webrtc against examples/browser
//	table     cells, verdicts, and how they are shown; watch: what a handshake shows to those on the path
//	peer      our DTLS over a bare UDP socket, like openssl s_client and s_server
//	dcpeer    the same with data channels on top
//	hostile   what forgers, losses and floods can do to us, as a table (go run ./interop/hostile)
//	bogo      BoringSSL's conformance suite against the engine (make bogo)
//	requirements  the rules that we obey, and mutants of the code that prove them
//	netsim    a seeded datagram link in virtual time; imports nothing of ours
//	relay     the same between real sockets; process: programs that end with who started them
//	headless  Chromium and Firefox without a screen, for tests and tables
//	setup     a script that installs what these need on Debian
package main
