// Package mail is the letters that the site sends: what they say, and how they
// leave. It knows no database and no HTTP, and decides nothing: who gets which
// letter, and when it is tried again, is for its callers.
package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	netmail "net/mail"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"
)

// timeout bounds one sending, from the first packet to the server's last word.
const timeout = 15 * time.Second

// Letter is one to send, to one person.
type Letter struct {
	ID      string // names it for ever, so that a letter that comes twice can be told to be one
	To      string // an address alone
	Subject string
	Text    string
	HTML    string    // the same for programs that show it; none when empty
	At      time.Time // when it was written

	Unsubscribe string // address that ends such letters by one POST; empty for a letter that can't be done without
}

// Sender sends letters, from many goroutines at once.
type Sender interface {
	// Send returns nil when the letter was taken. After an error it may have been
	// taken all the same; Permanent tells whether another try is of use.
	Send(ctx context.Context, letter Letter) error
}

// Open gives the way for letters that the address names: "console:" writes them
// to the terminal, "file:FOLDER" each into a file, and "smtp://" and "smtps://",
// with user:password@host:port, hand them to a server. A connection by smtp is
// encrypted by STARTTLS, which only a server on this machine may lack. From is
// what stands in the letters' From. The errors are one line, without passwords.
func Open(address, from string, terminal io.Writer) (Sender, error) {
	sender, err := netmail.ParseAddress(from)
	if err != nil {
		return nil, &FromError{fmt.Errorf("%q must be an address, like Twilight Bark <noreply@example.com>", from)}
	}
	e := envelope{from: sender}
	kind, rest, found := strings.Cut(address, ":")
	if !found {
		return nil, errAddress
	}
	switch kind {
	case "console":
		if rest == "" {
			return &console{envelope: e, terminal: terminal}, nil
		}
	case "file":
		if rest != "" {
			return folder{e, strings.TrimPrefix(rest, "//")}, nil
		}
	case "smtp", "smtps":
		return openServer(e, address)
	}
	return nil, errAddress
}

// FromError is about the sender's address rather than the way of sending.
type FromError struct{ error }

var errAddress = errors.New("it must be console:, file:FOLDER, or like smtp://user:password@mail.example.com:587")

// Permanent reports whether sending the same letter again is of no use: the
// server refused it for good, or its address can be none.
func Permanent(err error) bool {
	if refused, ok := errors.AsType[*gomail.SendError](err); ok {
		return !refused.IsTemp() && refused.ErrorCode() >= 500
	}
	return errors.Is(err, errLetter)
}

var errLetter = errors.New("mail: the letter can't be addressed")

// envelope makes letters into messages as RFC 5322 has them.
type envelope struct{ from *netmail.Address }

func (e envelope) message(letter Letter) (*gomail.Msg, error) {
	to, err := netmail.ParseAddress(letter.To)
	if err != nil || to.Address != letter.To || strings.ContainsFunc(letter.To+letter.Subject, unicode.IsControl) {
		return nil, errLetter
	}
	// No line is folded, so that a link stays whole. Ours are far shorter than the 998 bytes a line may have.
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithEncoding(gomail.NoEncoding))
	m.FromMailAddress(e.from)
	m.ToMailAddress(to)
	m.Subject(letter.Subject)
	m.SetDateWithValue(letter.At)
	m.SetMessageIDWithValue(letter.ID + "@" + e.from.Address[strings.LastIndexByte(e.from.Address, '@')+1:])
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	if letter.Unsubscribe != "" { // as RFC 8058 has it
		m.SetGenHeader("List-Unsubscribe", "<"+letter.Unsubscribe+">")
		m.SetGenHeader("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
	m.SetBodyString(gomail.TypeTextPlain, strings.ReplaceAll(letter.Text, "\n", "\r\n"))
	if letter.HTML != "" {
		// Packed, so that lines may be as long as they like, and a link to follow is one of the text's.
		m.AddAlternativeString(gomail.TypeTextHTML, letter.HTML, gomail.WithPartEncoding(gomail.EncodingB64))
	}
	return m, nil
}

// console writes letters for a person to read.
type console struct {
	envelope
	mu       sync.Mutex // one letter at a time
	terminal io.Writer
}

func (c *console) Send(_ context.Context, letter Letter) error {
	if _, err := c.message(letter); err != nil {
		return err
	}
	text := fmt.Sprintf("\n---- a letter ----\nFrom: %s\nTo: %s\nSubject: %s\n\n%s\n---- end of the letter ----\n", c.from, letter.To, letter.Subject, letter.Text)
	text = strings.Map(func(r rune) rune { // a terminal obeys what it can't show
		if unicode.IsControl(r) && r != '\n' {
			return -1
		}
		return r
	}, text)
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := io.WriteString(c.terminal, text)
	return err
}

// folder writes each letter into a file of its own.
type folder struct {
	envelope
	path string
}

func (f folder) Send(_ context.Context, letter Letter) (err error) {
	m, err := f.message(letter)
	if err != nil {
		return err
	}
	var file bytes.Buffer
	if _, err := m.WriteTo(&file); err != nil {
		return err
	}
	if err := os.MkdirAll(f.path, 0o750); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(f.path, "letter-*") // whoever reads the folder sees whole letters only
	if err != nil {
		return err
	}
	if _, err = temporary.Write(file.Bytes()); err == nil {
		err = temporary.Sync()
	}
	if err = errors.Join(err, temporary.Close()); err == nil {
		name := letter.At.UTC().Format("20060102-150405") + "-" + letter.ID + ".eml"
		err = os.Rename(temporary.Name(), filepath.Join(f.path, name))
	}
	if err != nil {
		_ = os.Remove(temporary.Name()) // what can't be written is told below
	}
	return err
}

// server hands letters to a mail server.
type server struct {
	envelope
	host      string
	encrypted bool // from the first byte: then the library must dial, and only its own time-outs end a sending
	options   []gomail.Option
}

func openServer(e envelope, address string) (Sender, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" {
		return nil, errAddress // url's own error would show the password
	}
	port := map[string]int{"smtp": 587, "smtps": 465}[u.Scheme]
	if u.Port() != "" {
		if port, err = strconv.Atoi(u.Port()); err != nil || port < 1 || port > 65535 {
			return nil, errAddress
		}
	}
	s := server{envelope: e, host: u.Hostname(), encrypted: u.Scheme == "smtps", options: []gomail.Option{gomail.WithPort(port), gomail.WithTimeout(timeout)}}
	switch {
	case s.encrypted:
		s.options = append(s.options, gomail.WithSSL())
	case local(s.host):
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	default:
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if name := u.User.Username(); name != "" {
		secret, _ := u.User.Password()
		s.options = append(s.options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(name), gomail.WithPassword(secret))
	}
	return s, nil
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (s server) Send(ctx context.Context, letter Letter) error {
	m, err := s.message(letter)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	options := s.options
	if !s.encrypted {
		options = append(slices.Clip(options), gomail.WithDialContextFunc(breakable(ctx)))
	}
	client, err := gomail.NewClient(s.host, options...)
	if err != nil {
		return err
	}
	return client.DialAndSendWithContext(ctx, m)
}

// breakable gives a dialer whose connections end with ctx. The library itself
// heeds ctx only until it is connected.
func breakable(ctx context.Context) gomail.DialContextFunc {
	return func(dialing context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(dialing, network, address)
		if err == nil {
			context.AfterFunc(ctx, func() { _ = conn.Close() })
		}
		return conn, err
	}
}
