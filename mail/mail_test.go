package mail_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"go.uber.org/goleak"

	"github.com/twilightbark/twilightbark/mail"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	from = "Angel's Twilight Bark <noreply@example.com>"
	link = "https://chat.example.com/password-reset/0123456789-0123456789-0123456789-0123456789-0123456789-0123456789-0123456789"
)

var letter = mail.Letter{
	ID: "1-2", To: "ada@example.com", Subject: "A new password for “Собаки”",
	Text: "Hello Ada,\n\n" + link + "\n\n.a line that begins with a dot\nпривет\n", At: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC),
}

func open(t *testing.T, address string, terminal io.Writer) mail.Sender {
	t.Helper()
	sender, err := mail.Open(address, from, terminal)
	if err != nil {
		t.Fatalf("open %s: %v", address, err)
	}
	return sender
}

// read reads a letter as a mail program does.
func read(t *testing.T, message []byte) (header netmail.Header, body string) {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(message))
	if err != nil {
		t.Fatalf("read %s: %v", message, err)
	}
	content, err := io.ReadAll(m.Body)
	if err != nil {
		t.Fatal(err)
	}
	return m.Header, strings.ReplaceAll(string(content), "\r\n", "\n")
}

// wantLetter fails unless the message is the letter above.
func wantLetter(t *testing.T, message []byte) {
	t.Helper()
	header, body := read(t, message)
	subject, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
	if err != nil || subject != letter.Subject {
		t.Errorf("got the subject %q, %v, want %q", subject, err, letter.Subject)
	}
	for name, want := range map[string]string{
		"To": "<ada@example.com>", "Message-ID": "<1-2@example.com>", "Auto-Submitted": "auto-generated",
		"User-Agent": "", "X-Mailer": "", "Bcc": "", "Cc": "",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("got %s: %q, want %q", name, got, want)
		}
	}
	if sender, err := header.AddressList("From"); err != nil || sender[0].String() != `"Angel's Twilight Bark" <noreply@example.com>` {
		t.Errorf("got From %v, %v", sender, err)
	}
	if at, err := header.Date(); err != nil || !at.Equal(letter.At) {
		t.Errorf("got the date %v, %v", at, err)
	}
	if strings.TrimRight(body, "\n") != strings.TrimRight(letter.Text, "\n") {
		t.Errorf("got the text %q, want %q", body, letter.Text)
	}
}

func TestConsole(t *testing.T) {
	var terminal bytes.Buffer
	sender := open(t, "console:", &terminal)
	hostile := letter
	hostile.Text += "\x1b[2Jevil\r"
	if err := sender.Send(t.Context(), hostile); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"To: ada@example.com\n", "Subject: " + letter.Subject, "\n" + link + "\n", "привет", "[2Jevil"} {
		if !strings.Contains(terminal.String(), want) {
			t.Errorf("want %q in %s", want, terminal.String())
		}
	}
	if strings.ContainsAny(terminal.String(), "\x1b\r") {
		t.Errorf("what a terminal obeys is in %q", terminal.String())
	}
}

func TestFolder(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "letters")
	sender := open(t, "file:"+folder, nil)
	other := letter
	other.ID = "1-3"
	for _, l := range []mail.Letter{letter, other} {
		if err := sender.Send(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(folder)
	if err != nil || len(files) != 2 || files[0].Name() != "20261124-120000-1-2.eml" || files[1].Name() != "20261124-120000-1-3.eml" {
		t.Fatalf("got %v, %v, want two letters by their moment", files, err)
	}
	if info, err := files[0].Info(); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got the file %v, %v, want it private", info, err)
	}
	content, err := os.ReadFile(filepath.Join(folder, files[0].Name()))
	if err != nil {
		t.Fatal(err)
	}
	wantLetter(t, content)
}

// A program that shows no HTML, or a person who looks at the file, finds the
// text first, and in it the link alone on its line.
func TestLetterWithHTML(t *testing.T) {
	folder, both := t.TempDir(), letter
	both.HTML = "<p>Hello Ada,</p><p><a href=\"" + link + "\">привет</a></p>" + strings.Repeat("x", 2000)
	if err := open(t, "file:"+folder, nil).Send(t.Context(), both); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(folder, "20261124-120000-1-2.eml"))
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(content, []byte(link)); n != 1 || !bytes.Contains(content, []byte("\r\n"+link+"\r\n")) {
		t.Errorf("got the link %d times, want it once, alone on its line: %s", n, content)
	}
	for line := range bytes.Lines(content) {
		if len(line) > 998 {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
	header, body := read(t, content)
	kind, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("got %s, %v, want multipart/alternative", kind, err)
	}
	parts := multipart.NewReader(strings.NewReader(body), parameters["boundary"])
	for _, want := range []struct{ kind, text string }{{"text/plain", both.Text}, {"text/html", both.HTML}} {
		part, err := parts.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		var reader io.Reader = part
		if part.Header.Get("Content-Transfer-Encoding") == "base64" {
			reader = base64.NewDecoder(base64.StdEncoding, part)
		}
		text, err := io.ReadAll(reader)
		if got := part.Header.Get("Content-Type"); err != nil || !strings.HasPrefix(got, want.kind) || strings.TrimSpace(string(text)) != strings.TrimSpace(want.text) {
			t.Errorf("got %s: %q, %v, want %s: %q", got, text, err, want.kind, want.text)
		}
	}
}

func TestFolderThatCantBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := open(t, "file:"+filepath.Join(file, "letters"), nil).Send(t.Context(), letter)
	if err == nil || mail.Permanent(err) {
		t.Errorf("got %v, want an error that may pass", err)
	}
}

// postOffice is a real mail server. It answers the recipient with refuse, if
// that is set.
type postOffice struct {
	refuse *smtp.SMTPError

	mu       sync.Mutex // guards what follows
	envelope []string   // MAIL FROM and RCPT TO
	messages [][]byte
}

func (o *postOffice) NewSession(*smtp.Conn) (smtp.Session, error) { return session{o}, nil }

type session struct{ *postOffice }

func (session) Reset()        {}
func (session) Logout() error { return nil }
func (s session) Mail(from string, _ *smtp.MailOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.envelope = append(s.envelope, from)
	return nil
}

func (s session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.envelope = append(s.envelope, to)
	if s.refuse != nil {
		return s.refuse
	}
	return nil
}

func (s session) Data(r io.Reader) error {
	message, err := io.ReadAll(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, message)
	return err
}

// start starts the server, and gives its address.
func (o *postOffice) start(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(o)
	server.Domain = "post.example.com"
	server.ErrorLog = quiet{}
	var done sync.WaitGroup
	done.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() {
		_ = server.Close()
		done.Wait()
	})
	return listener.Addr().String()
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

func TestServer(t *testing.T) {
	var office postOffice
	sender := open(t, "smtp://"+office.start(t), nil)
	if err := sender.Send(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(office.envelope, " "); got != "noreply@example.com ada@example.com" || len(office.messages) != 1 {
		t.Fatalf("got the envelope %q and %d letters", got, len(office.messages))
	}
	wantLetter(t, office.messages[0])
}

func TestRefusals(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	never := (&postOffice{refuse: &smtp.SMTPError{Code: 550, Message: "no such person"}}).start(t)
	later := (&postOffice{refuse: &smtp.SMTPError{Code: 451, Message: "come back"}}).start(t)
	for name, tt := range map[string]struct {
		address   string
		permanent bool
	}{
		"for good": {"smtp://" + never, true}, "for now": {"smtp://" + later, false}, "nobody there": {"smtp://" + closed.Addr().String(), false},
	} {
		err := open(t, tt.address, nil).Send(t.Context(), letter)
		if err == nil || mail.Permanent(err) != tt.permanent {
			t.Errorf("%s: got %v, permanent %v, want %v", name, err, mail.Permanent(err), tt.permanent)
		}
	}
}

// A password goes to no server that can't encrypt, but one on this machine.
func TestAServerElsewhereMustEncrypt(t *testing.T) {
	var office postOffice
	_, port, _ := net.SplitHostPort(office.start(t))
	const elsewhere = "0.0.0.0" // as far as the package can tell; it leads here
	err := open(t, "smtp://ada:secret@"+elsewhere+":"+port, nil).Send(t.Context(), letter)
	if err == nil || len(office.messages) > 0 || !strings.Contains(err.Error(), "STARTTLS") || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, and %d letters that went out in the open", err, len(office.messages))
	}
}

func TestAServerThatSaysNothing(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conn net.Conn
	var done sync.WaitGroup
	done.Go(func() { conn, _ = listener.Accept() })
	t.Cleanup(func() {
		_ = listener.Close()
		done.Wait()
		if conn != nil {
			_ = conn.Close()
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	begun := time.Now()
	err = open(t, "smtp://"+listener.Addr().String(), nil).Send(ctx, letter)
	if err == nil || mail.Permanent(err) || time.Since(begun) > 5*time.Second {
		t.Errorf("got %v after %v, want an error when the time is over", err, time.Since(begun))
	}
}

func TestLettersThatCantBeAddressed(t *testing.T) {
	var office postOffice
	address := office.start(t)
	for _, to := range []string{"", "ada", "ada@example.com\r\nBcc: eve@example.com", "a@example.com, b@example.com", "Ada <ada@example.com>", "ada@example.com\x00"} {
		for _, way := range []string{"smtp://" + address, "console:", "file:" + t.TempDir()} {
			l := letter
			l.To = to
			if err := open(t, way, io.Discard).Send(t.Context(), l); !mail.Permanent(err) {
				t.Errorf("to %q by %s: got %v, want it refused for good", to, way, err)
			}
		}
	}
	l := letter
	l.Subject = "one\r\nBcc: eve@example.com"
	if err := open(t, "smtp://"+address, nil).Send(t.Context(), l); !mail.Permanent(err) {
		t.Errorf("a subject of two lines: got %v", err)
	}
	if len(office.envelope) > 0 {
		t.Errorf("the server was told %q", office.envelope)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, address := range []string{
		"", "console", "console:x", "file:", "ftp://example.com", "smtp:", "smtp://", "smtp://:25", "smtp://u:secret@host:99999", "smtp://u:secret@host:25/path",
		"smtp://u:secret@host?x=1", "smtp://u:se%zzcret@host", "smtps://u:secret@[::1", "mail.example.com:25",
	} {
		_, err := mail.Open(address, from, nil)
		if err == nil || strings.Contains(err.Error(), "cret") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got %v, want one line without the password", address, err)
		}
	}
	for _, sender := range []string{"", "Twilight Bark", "a@b, c@d", "x <y"} {
		_, err := mail.Open("console:", sender, nil)
		if _, ok := errors.AsType[*mail.FromError](err); !ok {
			t.Errorf("from %q: got %v, want it blamed on the sender", sender, err)
		}
	}
}
