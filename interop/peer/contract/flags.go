package contract

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rtctransport/rtctransport/dtlstransport"
	"github.com/rtctransport/rtctransport/keying"
)

// A Flag is one flag of a program.
type Flag struct {
	// Name is without the dashes.
	Name string
	// Bare says that the flag takes no value; Set is called with "".
	Bare bool
	// Set takes the value. Its error ends Parse: an *UnsupportedError as it is, any
	// other one as a *UsageError.
	Set func(value string) error
}

// An UnsupportedError says that a flag or a value of a flag is unknown or not
// available. Nothing has touched the network.
type UnsupportedError struct {
	What string
}

func (e *UnsupportedError) Error() string { return "unsupported " + e.What }

// A UsageError says that the command line makes no sense.
type UsageError struct {
	Err error
}

func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *UsageError) Unwrap() error { return e.Err }

func usagef(format string, args ...any) error { return &UsageError{fmt.Errorf(format, args...)} }

// Parse reads a command line, without the program's name: the role, then flags
// in any order. extra are the flags that a program has besides those of the
// contract, or in place of one of them.
func Parse(args []string, extra ...Flag) (*Options, error) {
	o := &Options{
		SRTP:       []keying.SRTPProfile{},
		EMS:        dtlstransport.EMSRequest,
		MTU:        defaultMTU,
		Cookie:     true,
		ClientAuth: true,
		Tickets:    true,
		Accept:     1,
		CloseAfter: -1,
		Timeout:    defaultTimeout,
	}
	if len(args) == 0 {
		return nil, usagef("first argument must be client or server")
	}
	switch args[0] {
	case "client":
		o.Role = dtlstransport.RoleClient
	case "server":
		o.Role = dtlstransport.RoleServer
	default:
		return nil, usagef("first argument must be client or server, is %q", args[0])
	}
	files := &certificateFiles{}
	flags := slices.Concat(extra, o.flags(files))
	for args = args[1:]; len(args) > 0; {
		var err error
		if args, err = parseOne(flags, args); err != nil {
			return nil, err
		}
	}
	if err := o.check(files); err != nil {
		return nil, err
	}
	return o, nil
}

// parseOne takes the first flag of args, with its value, and returns the rest.
func parseOne(flags []Flag, args []string) ([]string, error) {
	arg := args[0]
	if !strings.HasPrefix(arg, "--") {
		return nil, usagef("%q is not a flag", arg)
	}
	name, value, joined := strings.Cut(arg[2:], "=")
	for _, f := range flags {
		if f.Name != name {
			continue
		}
		rest := args[1:]
		switch {
		case f.Bare && joined:
			return nil, usagef("--%s takes no value", name)
		case f.Bare, joined:
		case len(rest) == 0:
			return nil, usagef("--%s needs a value", name)
		default:
			value, rest = rest[0], rest[1:]
		}
		err := f.Set(value)
		if _, unsupported := err.(*UnsupportedError); err != nil && !unsupported {
			return nil, usagef("--%s: %w", name, err)
		}
		return rest, err
	}
	return nil, &UnsupportedError{"--" + name}
}
