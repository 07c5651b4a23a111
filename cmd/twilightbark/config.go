package main

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/twilightbark/twilightbark/chat"
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

// serveCommand is the configuration of a server. Flags go before the environment.
type serveCommand struct {
	Database       databaseConfig `embed:""`
	Addr           string         `env:"ADDR" default:"localhost:8080" help:"Address to listen on; port 0 picks one."`
	BaseURL        baseURL        `env:"BASE_URL" placeholder:"URL" help:"Public address, like https://chat.example.com. When set, requests for another host are refused."`
	SiteName       string         `env:"SITE_NAME" default:"Angel's Twilight Bark" help:"Name of the site."`
	TimeZone       zone           `env:"TIME_ZONE" default:"UTC" help:"Time zone (IANA name) in which times are shown."`
	Registration   string         `env:"REGISTRATION" enum:"open,closed" default:"open" help:"Whether new members may register: open or closed."`
	TrustedProxies prefixes       `env:"TRUSTED_PROXIES" placeholder:"CIDR,…" help:"Proxies whose X-Forwarded-For is believed."`
	PostRate       ratio          `env:"POST_RATE" default:"10/10s" help:"Most messages of a member in a time; 0 for no limit."`
	LoginRate      ratio          `env:"LOGIN_RATE" default:"10/1m" help:"Most attempts to log in or register in a time, for each address and each account; 0 for no limit."`
	MaxStreams     int            `env:"MAX_STREAMS_PER_ADDR" name:"max-streams-per-addr" default:"32" help:"Most live streams for each address; 0 for no limit."`
}

// Validate checks what single values can't tell. Kong calls it.
func (s *serveCommand) Validate() error {
	if s.MaxStreams < 0 {
		return errors.New("MAX_STREAMS_PER_ADDR must not be negative")
	}
	if s.SiteName == "" {
		return errors.New("SITE_NAME must not be empty")
	}
	return nil
}

// The types below read a setting's text. Kong puts the setting's name before
// their errors.

type baseURL struct{ *url.URL }

func (b *baseURL) UnmarshalText(text []byte) error {
	u, err := url.Parse(strings.TrimSuffix(string(text), "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil || u.Fragment != "" {
		return errors.New(`BASE_URL must be like https://chat.example.com, without a path`)
	}
	b.URL = u
	return nil
}

type zone struct{ *time.Location }

func (z *zone) UnmarshalText(text []byte) error {
	location, err := time.LoadLocation(string(text))
	if err != nil {
		return fmt.Errorf("TIME_ZONE must be a name like Europe/Berlin; there is no %q", text)
	}
	z.Location = location
	return nil
}

type ratio chat.Rate

func (r *ratio) UnmarshalText(text []byte) error {
	if string(text) == "0" {
		*r = ratio{}
		return nil
	}
	digits, span, _ := strings.Cut(string(text), "/")
	count, err := strconv.Atoi(digits)
	window, spanErr := time.ParseDuration(span)
	if err != nil || spanErr != nil || count < 1 || count > 1_000_000 || window < time.Second {
		return fmt.Errorf("%q must be like 10/1m, or 0 for no limit", text)
	}
	*r = ratio{Count: count, Window: window}
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
				return fmt.Errorf("TRUSTED_PROXIES must be addresses or ranges like 10.0.0.0/8; %q is none", part)
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		*p = append(*p, prefix)
	}
	return nil
}
