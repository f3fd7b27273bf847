package main

import (
	"os"
	"testing"
)

// TestMain makes the test's program filetransfer itself, for the processes of the tests.
func TestMain(m *testing.M) {
	if os.Getenv("FILETRANSFER_MAIN") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}
