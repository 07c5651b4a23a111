package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"
	_ "time/tzdata" // so that TIME_ZONE works where the system has no zones

	"github.com/mattn/go-isatty"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/handlers"
	"github.com/twilightbark/twilightbark/store"
)

// Bounds of one connection. A stream sets its own deadline for each write.
const (
	headerTime  = 5 * time.Second
	requestTime = 30 * time.Second
	idleTime    = 2 * time.Minute
	maxHeader   = 16 << 10
	sendBuffer  = 64 << 10 // bytes; the kernel's own choice lets one idle reader take megabytes
	silenceTime = 30 * time.Second

	stopTime = 15 * time.Second // for requests under way when the server is to stop
)

// Run serves the site until ctx ends. Letters for the console go to out.
func (s *serveCommand) Run(ctx context.Context, out io.Writer) (err error) {
	log := slog.New(handlers.LogRequestIDs(logHandler(os.Stderr)))
	sender, err := s.mail(out)
	if err != nil {
		return err
	}
	release, err := store.Claim(s.Database.address())
	if err != nil {
		return s.Database.blame(err)
	}
	defer func() { err = errors.Join(err, release()) }()
	db, err := store.Open(ctx, s.Database.address())
	if err != nil {
		return s.Database.blame(err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Addr)
	if err != nil {
		return fmt.Errorf("ADDR: %w", err)
	}
	base := s.base(listener.Addr())
	site := handlers.New(handlers.Config{
		Store: db, Log: log, BaseURL: base, OnlyHost: s.BaseURL.url != nil, Version: version(), SiteName: s.SiteName,
		Stylesheet: s.Stylesheet.File, Footer: s.Footer, About: s.About, Zone: s.TimeZone.Location,
		RegistrationOpen: s.Registration.open, TrustedProxies: s.TrustedProxies,
		PostRate: chat.Rate(s.PostRate), LoginRate: chat.Rate(s.LoginRate), MaxStreams: s.MaxStreams, FormAge: s.FormAge,
		Mail: sender, NoticeAfter: s.NoticeAfter, AuditRetention: time.Duration(s.AuditRetention), Dev: s.Dev,
	})
	log.Info("listening", "url", "http://"+localAddress(listener.Addr()), "public", base.String())
	return serve(ctx, listener, site, log)
}

// serve answers requests until ctx ends, and then those under way.
func serve(ctx context.Context, listener net.Listener, site *handlers.Handlers, log *slog.Logger) error {
	server := &http.Server{
		Handler:           site,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       requestTime,
		WriteTimeout:      requestTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ConnContext:       boundConnection,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		site.Drain()
		return err
	case <-ctx.Done():
	}
	log.Info("stopping")
	site.Drain() // streams first: Shutdown would wait for them
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if err := server.Shutdown(patience); err != nil {
		log.Warn("requests were broken off", "error", err)
		return server.Close()
	}
	return nil
}

// boundConnection bounds what a connection may hold, and how long it lasts when
// nobody is at its other end any more.
func boundConnection(ctx context.Context, conn net.Conn) context.Context {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(sendBuffer) // no harm if the system has its own mind
		boundSilence(tcp, silenceTime)
	}
	return ctx
}

// base is the public address: as configured, or where the server listens.
func (s *serveCommand) base(listening net.Addr) *url.URL {
	if s.BaseURL.url != nil {
		return s.BaseURL.url
	}
	_, port, _ := net.SplitHostPort(listening.String()) // a listener's address has a port
	return &url.URL{Scheme: "http", Host: "localhost:" + port}
}

// localAddress is where this machine reaches the listener.
func localAddress(listening net.Addr) string {
	host, port, _ := net.SplitHostPort(listening.String())
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// logHandler writes for a person on a terminal, and JSON for machines.
func logHandler(file *os.File) slog.Handler {
	if isatty.IsTerminal(file.Fd()) {
		return slog.NewTextHandler(file, nil)
	}
	return slog.NewJSONHandler(file, nil)
}
