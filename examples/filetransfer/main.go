package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"
)

const usage = `usage:
  filetransfer send [flags] FILE
  filetransfer receive [flags]
  filetransfer page [-addr HOST:PORT]
`

// A program is one run of the command.
type program struct {
	in       *bufio.Scanner // codes that people paste
	out      io.Writer      // codes for people
	messages io.Writer
	network  network
	qr       bool   // show codes as pictures, too
	folder   string // where received files go
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	p := &program{in: bufio.NewScanner(os.Stdin), out: os.Stdout, messages: os.Stderr}
	switch err := p.run(ctx, os.Args[1:]); {
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "\nfiletransfer: interrupted; started again, a transfer goes on where it was")
		os.Exit(1)
	case err != nil:
		fmt.Fprintf(os.Stderr, "filetransfer: %v\n", err)
		os.Exit(1)
	}
}

// run does what the command line says.
func (p *program) run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return p.usage()
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.SetOutput(p.messages)
	flags.Usage = func() {
		fmt.Fprint(p.messages, usage)
		flags.PrintDefaults()
	}
	if args[0] == "page" {
		address := flags.String("addr", "127.0.0.1:0", "where to serve the page")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return servePage(ctx, *address, p.out)
	}
	flags.BoolVar(&p.qr, "qr", false, "show codes as QR codes, too, with the program qrencode")
	flags.BoolVar(&p.network.loopback, "loopback", false, "also try addresses of this machine only")
	flags.StringVar(&p.network.stun, "stun", "", "a STUN server, to get through NAT: stun:HOST:PORT")
	flags.DurationVar(&p.network.patience, "patience", 10*time.Second, "how long the other side may be silent before the connection counts as broken")
	flags.StringVar(&p.folder, "o", ".", "receive: the folder for the file")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	switch {
	case args[0] == "send" && flags.NArg() == 1:
		return p.send(ctx, flags.Arg(0))
	case args[0] == "receive" && flags.NArg() == 0:
		return p.receive(ctx)
	}
	return p.usage()
}

// usage says how the program is used.
func (p *program) usage() error {
	fmt.Fprint(p.messages, usage)
	return errors.New("a command is missing, or not one of these")
}

// say tells people what to do.
func (p *program) say(format string, args ...any) { fmt.Fprintf(p.messages, format+"\n", args...) }

// show gives a code to people.
func (p *program) show(code string) {
	fmt.Fprintf(p.out, "%s\n", code)
	if p.qr {
		p.showQR(code)
	}
}

// ask waits for a code of the type. It may come in several lines: terminals and mail break long ones.
func (p *program) ask(ctx context.Context, typ string) (description, error) {
	type line struct {
		text string
		ok   bool
	}
	var code string // as far as it has come
	for {
		lines := make(chan line, 1)
		go func() {
			ok := p.in.Scan()
			lines <- line{p.in.Text(), ok}
		}()
		select {
		case l := <-lines:
			if !l.ok {
				return description{}, errors.New("no code: the input has ended")
			}
			text := strings.TrimSpace(l.text)
			if text == "" {
				continue
			}
			if strings.Contains(text, ".") { // the first line of one
				code = ""
			}
			code += text
			d, err := decode(typ, code)
			if err == nil {
				return d, nil
			}
			p.say("This is not the code: %v. Paste the rest of it, or try again:", err)
		case <-ctx.Done():
			return description{}, ctx.Err()
		}
	}
}
