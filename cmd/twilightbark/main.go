// Command twilightbark serves live chat rooms made of plain HTML. This package
// reads the configuration, wires the parts, and stops them in order; the work
// is done elsewhere.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/twilightbark/twilightbark/store"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // from then on, a second signal ends the program at once
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "twilightbark:", strings.ReplaceAll(err.Error(), "\n", "; "))
		stop()
		os.Exit(1)
	}
}

// commands is the command line; kong reads its tags.
type commands struct {
	Serve   serveCommand   `cmd:"" default:"withargs" help:"Serve the site (the default)."`
	Migrate migrateCommand `cmd:"" help:"Bring the database's tables up to date, and stop."`
	Admin   adminCommand   `cmd:"" help:"Make an admin, change a role, or give a link to set a password."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// errHelp stops the program after it has printed its help.
var errHelp = errors.New("help was printed")

// run is main without the process, so that a test can start and stop it.
func run(ctx context.Context, args []string, out, errOut io.Writer) (err error) {
	var line commands
	parser, err := kong.New(&line,
		kong.Name("twilightbark"),
		kong.Description("Live chat rooms made of plain HTML."),
		kong.Writers(out, errOut),
		kong.Exit(func(int) { panic(errHelp) }), // kong's way to stop after --help
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.BindTo(out, (*io.Writer)(nil)),
	)
	if err != nil {
		return err
	}
	defer func() {
		cause := recover()
		if stopped, ok := cause.(error); cause != nil && (!ok || !errors.Is(stopped, errHelp)) {
			panic(cause)
		}
	}()
	command, err := parser.Parse(args)
	if err != nil {
		return err
	}
	return command.Run()
}

type migrateCommand struct {
	Database databaseConfig `embed:""`
}

// Run brings the tables up to date. It may run beside a server.
func (m migrateCommand) Run(ctx context.Context, out io.Writer) error {
	return m.Database.with(ctx, func(*store.Store) error { // opening it does
		_, err := fmt.Fprintln(out, "The database is up to date.")
		return err
	})
}

type versionCommand struct{}

// Run prints the module's version, or the commit it was built from.
func (versionCommand) Run(out io.Writer) error {
	_, err := fmt.Fprintln(out, "twilightbark", version())
	return err
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return "development"
}
