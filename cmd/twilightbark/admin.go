package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/handlers"
	"github.com/twilightbark/twilightbark/password"
	"github.com/twilightbark/twilightbark/store"
)

// adminCommand is what a host does for accounts. All of it may run beside a
// server. Nobody becomes an admin in any other way, the first to register
// included.
type adminCommand struct {
	Create        createCommand  `cmd:"" help:"Make an account that is an admin's. Asks for its password."`
	Promote       promoteCommand `cmd:"" help:"Give an account another role, and log it out everywhere."`
	ResetPassword resetCommand   `cmd:"" name:"reset-password" help:"Print a link with which an account's password can be set anew, once and within the hour."`
}

type createCommand struct {
	Database     databaseConfig `embed:""`
	Email        string         `required:"" help:"Email of the account."`
	Username     string         `required:"" help:"Name of the account."`
	PasswordFile string         `placeholder:"FILE" help:"File whose first line is the password; - for standard input. Without it you are asked."`
}

// Run makes an account and its role in one transaction.
func (a createCommand) Run(ctx context.Context, out io.Writer) error {
	registration := chat.Registration{Email: chat.NormalEmail(a.Email), Username: a.Username}
	if problems := registration.Problems(); len(problems) > 0 {
		return inOneLine(problems)
	}
	secret, err := a.password()
	if err != nil {
		return err
	}
	if weakness := password.Weakness(secret, a.Username, registration.Email); weakness != "" {
		return inOneLine(map[string]string{"password": weakness})
	}
	if registration.PasswordHash, err = password.NewHasher(1).Hash(ctx, secret); err != nil {
		return err
	}
	return a.Database.with(ctx, func(db *store.Store) error {
		if err := db.CreateAdmin(ctx, registration); err != nil {
			return told(err)
		}
		_, err := fmt.Fprintf(out, "%s is an admin now, and can log in.\n", a.Username)
		return err
	})
}

// password reads it from the file, or has a person type it twice.
func (a createCommand) password() (string, error) {
	if a.PasswordFile != "" {
		return firstLine(a.PasswordFile)
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return "", errors.New("there is no terminal to ask for the password: give --password-file")
	}
	return askPassword(os.Stdin, os.Stderr)
}

// askPassword shows nothing of what is typed, from before the first question on:
// some people type ahead.
func askPassword(in, out *os.File) (secret string, err error) {
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return "", fmt.Errorf("ask for the password: %w", err)
	}
	defer func() { err = errors.Join(err, term.Restore(int(in.Fd()), before)) }()
	screen := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{in, out}, "")
	if secret, err = screen.ReadPassword("Password: "); err != nil {
		return "", errors.New("no password was given")
	}
	again, err := screen.ReadPassword("Confirm password: ")
	if err != nil || again != secret {
		return "", errors.New("the two passwords differ")
	}
	return secret, nil
}

// firstLine reads no more of a file than the longest password takes.
func firstLine(path string) (line string, err error) {
	file := os.Stdin
	if path != "-" {
		if file, err = os.Open(path); err != nil { //nolint:gosec // the host names it
			return "", fmt.Errorf("--password-file: %w", err)
		}
		defer func() { _ = file.Close() }() // was only read
	}
	text, err := io.ReadAll(io.LimitReader(file, password.MaxLength+2))
	if err != nil {
		return "", fmt.Errorf("--password-file: %w", err)
	}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	return string(bytes.TrimSuffix(first, []byte("\r"))), nil
}

type promoteCommand struct {
	Database databaseConfig `embed:""`
	Account  string         `arg:"" help:"Email or username of the account."`
	Role     chat.Role      `enum:"member,moderator,admin" default:"admin" help:"Its new role: ${enum}."`
}

// Run changes the role.
func (p promoteCommand) Run(ctx context.Context, out io.Writer) error {
	return p.Database.with(ctx, func(db *store.Store) error {
		user, err := account(ctx, db, p.Account)
		if err != nil {
			return err
		}
		err = db.InTx(ctx, func(db *store.Store) error {
			if err := db.SetRole(ctx, user.ID, p.Role); err != nil {
				return err
			}
			return db.Record(ctx, chat.Event{Action: chat.RoleChanged, UserID: user.ID, Detail: fmt.Sprintf("%s to %s", user.Role, p.Role)})
		})
		if err != nil {
			return told(err)
		}
		_, err = fmt.Fprintf(out, "%s was %s and is %s now. It is logged out everywhere.\n", user.Username, user.Role, p.Role)
		return err
	})
}

type resetCommand struct {
	Database databaseConfig `embed:""`
	Account  string         `arg:"" help:"Email or username of the account."`
	Addr     string         `env:"ADDR" default:"localhost:8080" help:"Where the server listens; the link leads there if there is no public address."`
	BaseURL  baseURL        `env:"BASE_URL" placeholder:"URL" help:"Public address, like https://chat.example.com."`
}

// Run prints the link alone on its line, for whoever hands it on.
func (r resetCommand) Run(ctx context.Context, out io.Writer) error {
	base := r.BaseURL.url
	if base == nil {
		base = &url.URL{Scheme: "http", Host: r.Addr}
	}
	return r.Database.with(ctx, func(db *store.Store) error {
		user, err := account(ctx, db, r.Account)
		if err != nil {
			return err
		}
		link, err := handlers.MakeResetLink(ctx, db, base, user)
		if err != nil {
			return told(err)
		}
		_, err = fmt.Fprintln(out, link)
		return err
	})
}

// account finds an account by either of its names.
func account(ctx context.Context, db *store.Store, name string) (user chat.User, err error) {
	if strings.Contains(name, "@") {
		user, err = db.UserByEmail(ctx, name)
	} else {
		user, err = db.UserByName(ctx, name)
	}
	if chat.KindOf(err) == chat.NotFound {
		return user, fmt.Errorf("there is no account %q", name)
	}
	return user, err
}

// told gives an error's sentences where it has some for people.
func told(err error) error {
	if problem, ok := errors.AsType[*chat.Error](err); ok && len(problem.Fields) > 0 {
		return inOneLine(problem.Fields)
	}
	return err
}

// inOneLine gives the sentences about a form's fields, as they are named on the
// command line.
func inOneLine(problems map[string]string) error {
	var lines []string
	for _, field := range slices.Sorted(maps.Keys(problems)) {
		lines = append(lines, field+": "+problems[field])
	}
	return errors.New(strings.Join(lines, " "))
}
