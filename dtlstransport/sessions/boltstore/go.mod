module github.com/rtctransport/rtctransport/dtlstransport/sessions/boltstore

go 1.26.0

require (
	github.com/rtctransport/rtctransport v0.0.0-00010101000000-000000000000
	go.etcd.io/bbolt v1.5.0
)

require (
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/rtctransport/rtctransport => ../../..
