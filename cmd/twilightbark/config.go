package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/twilightbark/twilightbark/assets"
	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/mail"
	"github.com/twilightbark/twilightbark/store"
)

type databaseConfig struct {
	DataDir     string `env:"DATA_DIR" default:"data" help:"Folder for everything the embedded default writes."`
	DatabaseURL string `env:"DATABASE_URL" placeholder:"URL" help:"sqlite:PATH or postgres://… (a UTF8 database). Default: twilightbark.db in the data folder."`
}

func (d databaseConfig) address() string {
	if d.DatabaseURL != "" {
		return d.DatabaseURL
	}
	return "sqlite:" + filepath.Join(d.DataDir, "twilightbark.db")
}

func (d databaseConfig) check() error {
	if d.DataDir == "" && d.DatabaseURL == "" {
		return errors.New("DATA_DIR must not be empty")
	}
	return nil
}

// blame puts before a database's error the setting that named the database.
func (d databaseConfig) blame(err error) error {
	if d.DatabaseURL != "" {
		return fmt.Errorf("DATABASE_URL: %w", err)
	}
	return fmt.Errorf("DATA_DIR: %w", err)
}

// with runs a command on the database, which is open only for that.
func (d databaseConfig) with(ctx context.Context, act func(*store.Store) error) (err error) {
	if err := d.check(); err != nil {
		return err
	}
	db, err := store.Open(ctx, d.address())
	if err != nil {
		return d.blame(err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return act(db)
}

// serveCommand is the configuration of a server. Flags go before the environment.
type serveCommand struct {
	Database       databaseConfig `embed:""`
	Addr           string         `env:"ADDR" default:"localhost:8080" help:"Address to listen on; port 0 picks one."`
	BaseURL        baseURL        `env:"BASE_URL" placeholder:"URL" help:"Public address, like https://chat.example.com. When set, requests for another host are refused."`
	SiteName       string         `env:"SITE_NAME" default:"Angel's Twilight Bark" help:"Name of the site."`
	Stylesheet     stylesheet     `env:"STYLESHEET" placeholder:"FILE" help:"CSS file of your own, loaded after ours."`
	Footer         string         `env:"FOOTER" placeholder:"TEXT" help:"Text at the end of all pages but rooms."`
	About          string         `env:"ABOUT" placeholder:"TEXT" help:"Text of a page about the site, formatted like a message."`
	TimeZone       zone           `env:"TIME_ZONE" default:"UTC" help:"Time zone (IANA name) in which times are shown."`
	Registration   registration   `env:"REGISTRATION" placeholder:"open|closed" default:"open" help:"Whether new members may register: open or closed."`
	TrustedProxies prefixes       `env:"TRUSTED_PROXIES" placeholder:"CIDR,…" help:"Proxies whose X-Forwarded-For is believed."`
	PostRate       ratio          `env:"POST_RATE" default:"10/10s" help:"Most messages of a member in a time; 0 for no limit."`
	LoginRate      ratio          `env:"LOGIN_RATE" default:"10/1m" help:"Most attempts to log in or register in a time, for each address and each account; 0 for no limit."`
	FormAge        time.Duration  `env:"FORM_AGE" default:"2s" help:"Least time between showing and sending the form to register; 0 for none."`
	MailURL        string         `env:"MAIL_URL" placeholder:"URL" default:"console:" help:"How letters leave: console: (this terminal), file:FOLDER, or smtp://user:password@host:port, or smtps://…"`
	MailFrom       string         `env:"MAIL_FROM" default:"Twilight Bark <noreply@localhost>" help:"Whom letters come from."`
	NoticeAfter    time.Duration  `env:"NOTICE_AFTER" default:"10m" help:"How long a message stays unread before a letter tells a member of it who is away."`
	AuditRetention retention      `env:"AUDIT_RETENTION" default:"90d" help:"How long logins and changes of accounts are remembered, like 90d or 36h; 0 for ever."`
	MaxStreams     int            `env:"MAX_STREAMS_PER_ADDR" name:"max-streams-per-addr" default:"32" help:"Most live streams for each address; 0 for no limit."`
	Dev            bool           `env:"DEV" help:"Show at /kit what pages are made of, and to browsers where a request's time went. For those who build the site."`
}

// Validate checks what single values can't tell. Kong calls it.
func (s *serveCommand) Validate() error {
	if s.Addr == "" {
		return errors.New("ADDR must not be empty")
	}
	if s.MaxStreams < 0 {
		return errors.New("MAX_STREAMS_PER_ADDR must not be negative")
	}
	if s.FormAge < 0 {
		return errors.New("FORM_AGE must not be negative")
	}
	if s.NoticeAfter <= 0 || s.NoticeAfter > chat.DigestEvery {
		return errors.New("NOTICE_AFTER must be longer than 0, and at most 24h")
	}
	if s.SiteName == "" {
		return errors.New("SITE_NAME must not be empty")
	}
	return s.Database.check()
}

// mail opens the way for letters, and names the setting that is wrong.
func (s *serveCommand) mail(terminal io.Writer) (mail.Sender, error) {
	sender, err := mail.Open(s.MailURL, s.MailFrom, terminal)
	if _, ok := errors.AsType[*mail.FromError](err); ok {
		return nil, fmt.Errorf("MAIL_FROM: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("MAIL_URL: %w", err)
	}
	return sender, nil
}

// The types below read a setting's text. Kong puts the setting's name before
// their errors.

// baseURL does not embed the URL: kong would read the setting by its methods.
type baseURL struct{ url *url.URL }

func (b *baseURL) UnmarshalText(text []byte) error {
	u, err := url.Parse(strings.TrimSuffix(string(text), "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil || u.Fragment != "" {
		return fmt.Errorf("%q must be like https://chat.example.com, without a path", text)
	}
	b.url = u
	return nil
}

type stylesheet struct{ assets.File }

func (s *stylesheet) UnmarshalText(path []byte) error {
	if len(path) == 0 { // as if it were not set
		return nil
	}
	content, err := os.ReadFile(string(path))
	if err != nil {
		return err
	}
	if !utf8.Valid(content) {
		return fmt.Errorf("%q must be a CSS file in UTF-8", path)
	}
	s.File, err = assets.NewFile("own.css", content)
	return err
}

type registration struct{ open bool }

func (r *registration) UnmarshalText(text []byte) error {
	r.open = string(text) == "open"
	if !r.open && string(text) != "closed" {
		return fmt.Errorf("%q must be open or closed", text)
	}
	return nil
}

type zone struct{ *time.Location }

func (z *zone) UnmarshalText(text []byte) error {
	location, err := time.LoadLocation(string(text))
	if err != nil || location == time.Local {
		return fmt.Errorf("%q must be a time zone's name, like Europe/Berlin", text)
	}
	z.Location = location
	return nil
}

type ratio chat.Rate

func (r *ratio) UnmarshalText(text []byte) error {
	rate, err := chat.ParseRate(string(text))
	*r = ratio(rate)
	return err
}

type retention time.Duration

func (r *retention) UnmarshalText(text []byte) error {
	days, inDays := strings.CutSuffix(string(text), "d")
	span, err := time.ParseDuration(string(text))
	if inDays {
		var count int
		count, err = strconv.Atoi(days)
		span = time.Duration(min(count, 36_500)) * 24 * time.Hour
	}
	if err != nil || span < 0 {
		return fmt.Errorf("%q must be like 90d or 36h, or 0 for ever", text)
	}
	*r = retention(span)
	return nil
}

type prefixes []netip.Prefix

func (p *prefixes) UnmarshalText(text []byte) error {
	for part := range strings.SplitSeq(string(text), ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(part)
		if err != nil {
			addr, addrErr := netip.ParseAddr(part)
			if addrErr != nil {
				return fmt.Errorf("%q must be an address or a range, like 10.0.0.0/8", part)
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		*p = append(*p, prefix)
	}
	return nil
}
