package main

import (
	"io"
	"os"
	"time"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/interop/peer/contract"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout)) }

// run is the program. It returns its exit code.
func run(args []string, stdout io.Writer) int {
	out := &contract.Output{W: stdout}
	options, err := contract.Parse(args)
	if err != nil {
		return out.Failed(contract.StageUsage, err)
	}
	config, err := options.Config()
	if err != nil {
		return out.Failed(contract.StageUsage, err)
	}
	config.Trace = out.Warnings(config.Trace)
	end := time.Now().Add(options.Timeout)
	if options.Role == dtlstransport.RoleClient {
		return runClient(options, config, out, end)
	}
	return runServer(options, config, out, end)
}
