module github.com/rtctransport/rtctransport/interop/bench

go 1.26.0

require (
	github.com/pion/dtls/v3 v3.1.15
	github.com/pion/ice/v2 v2.3.38
	github.com/pion/interceptor v0.1.48
	github.com/pion/logging v0.2.4
	github.com/pion/sctp v1.11.3
	github.com/pion/srtp/v2 v2.0.20
	github.com/pion/srtp/v3 v3.0.13
	github.com/pion/stun v0.6.1
	github.com/pion/webrtc/v4 v4.2.20
	github.com/rtctransport/rtctransport v0.0.0
	golang.org/x/sys v0.49.0
)

require (
	github.com/google/uuid v1.6.0 // indirect
	github.com/pion/datachannel v1.6.2 // indirect
	github.com/pion/dtls/v2 v2.2.7 // indirect
	github.com/pion/ice/v4 v4.4.2 // indirect
	github.com/pion/mdns v0.0.12 // indirect
	github.com/pion/mdns/v2 v2.2.0 // indirect
	github.com/pion/randutil v0.1.0 // indirect
	github.com/pion/rtcp v1.2.17 // indirect
	github.com/pion/rtp v1.10.5 // indirect
	github.com/pion/sdp/v3 v3.0.20 // indirect
	github.com/pion/stun/v4 v4.0.0 // indirect
	github.com/pion/transport/v2 v2.2.10 // indirect
	github.com/pion/transport/v4 v4.1.0 // indirect
	github.com/pion/transport/v5 v5.0.1 // indirect
	github.com/pion/turn/v2 v2.1.3 // indirect
	github.com/pion/turn/v5 v5.1.0 // indirect
	github.com/stretchr/testify v1.12.1 // indirect
	github.com/wlynxg/anet v0.0.5 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/net v0.60.0 // indirect
	golang.org/x/time v0.14.0 // indirect
)

replace github.com/rtctransport/rtctransport => ../..
