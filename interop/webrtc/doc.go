// Package webrtc puts examples/browser before whole WebRTC stacks: Chromium and Firefox, headless; libwebrtc, libdatachannel and
// werift in Node.js; pion/webrtc.
//
// No browser driver is needed. A program is started with the address of a page, or of what is like one; it asks for jobs and posts
// what came of them. Its ICE finds our agent behind a relay, on which a watch reads the handshake.
//
//	cells.go ──── lists what is shown
//	runner.go ◀── GET /next, POST /done ──── a browser: js/page.html  ┐
//	   │                                     Node.js:   js/node.mjs   ├ js/jobs/*.js do it
//	   │                                     interop/pion/webrtc      ┘ (pion in Go)
//	signalling.go  ◀── /peer/... ── descriptions pass here, and candidates become those of relays
//	   │                                   │
//	examples/browser ◀── WebRTC ── relay ──┘    path.go says what it loses, check.go what it has to show
//
// In some jobs interop/dcpeer is in the place of examples/browser, behind an agent of dcpeer.go; in one, stacks without codecs carry
// the video of clip.go.
//
// Read cells.go first. browsers.go, node.go and pion.go start the programs; fixture.go keeps one for all the cells of a peer.
package webrtc
