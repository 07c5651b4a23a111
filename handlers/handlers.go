// Package handlers is the site as HTTP sees it: it reads requests, has chat's
// rules applied and the store asked, and answers with what views render. It
// knows no SQL, and no HTML but what views give it.
package handlers

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twilightbark/twilightbark/assets"
	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/live"
	"github.com/twilightbark/twilightbark/mail"
	"github.com/twilightbark/twilightbark/markup"
	"github.com/twilightbark/twilightbark/password"
	"github.com/twilightbark/twilightbark/picture"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/views"
	"github.com/twilightbark/twilightbark/words"
)

// Config is what the site is made of. What admins have set counts before the
// fields of the same name: see inForce.
type Config struct {
	Store            *store.Store
	Log              *slog.Logger   // made with LogRequestIDs
	BaseURL          *url.URL       // the public address
	OnlyHost         bool           // requests for another host than BaseURL's are refused
	Version          string         // of the program
	SiteName         string         // in titles and the header
	Stylesheet       assets.File    // loaded after ours; the zero File for none
	Footer           string         // of all pages but rooms; empty for none
	About            string         // on a page of its own, formatted like a message; empty for none
	Zone             *time.Location // in which times are shown
	RegistrationOpen bool
	TrustedProxies   []netip.Prefix // whose X-Forwarded-For is believed
	PostRate         chat.Rate      // of one member's messages
	LoginRate        chat.Rate      // of attempts to log in or register, for each address and each account
	FormAge          time.Duration  // least time between showing and sending the form to register; 0 for none
	MaxStreams       int            // for each address; 0 for any number
	Mail             mail.Sender    // for letters
	NoticeAfter      time.Duration  // how long a message stays unread before a letter tells of it
	AuditRetention   time.Duration  // how long the audit table remembers; 0 for ever
	Dev              bool           // there is also what helps to build the site
}

// Handlers is the site. It serves HTTP from many goroutines at once.
type Handlers struct {
	Config
	run       string // names this run of the server
	settings  atomic.Pointer[chat.SiteSettings]
	denied    atomic.Pointer[words.List] // what the settings deny
	site      views.Site
	live      *live.Live
	hasher    *password.Hasher
	attempts  *limiter
	failures  *ledger // of logins
	streams   *gate
	pictures  *picture.Maker
	uploads   chan struct{} // holds one for each that is being read
	zones     sync.Map      // *time.Location by name
	letters   chan struct{} // holds one: a letter may wait
	removals  chan struct{} // holds one: messages may wait to be removed
	reading   *reading
	searches  chan struct{} // holds one for each that is at work
	index     *index
	stop      context.CancelFunc
	tasks     sync.WaitGroup
	formKey   atomic.Pointer[[]byte] // signs when forms were shown
	forwarded sync.Once              // the warning about a proxy that is not configured
	draining  atomic.Bool
	ways      ways
	router    http.Handler
}

// New makes the site ready to serve. Drain stops what it starts.
func New(config Config) *Handlers {
	h := &Handlers{
		Config:   config,
		run:      randomName(6),
		site:     newSiteView(config),
		hasher:   password.NewHasher(0),
		attempts: newLimiter(config.LoginRate),
		failures: newLedger(config.Store.Record),
		streams:  newGate(config.MaxStreams),
		pictures: picture.NewMaker(),
		uploads:  make(chan struct{}, maxUploads),
		letters:  make(chan struct{}, 1),
		removals: make(chan struct{}, 1),
		reading:  newReading(),
		searches: make(chan struct{}, maxSearches),
		index:    newIndex(),
	}
	h.live = live.New(live.Config{
		Load: h.loadEntries, Revisions: config.Store.Revisions, Renewals: h.loadRenewals, Ended: h.endedSessions, Bans: h.recentBans, Lifted: h.liftedBans, States: h.loadStates,
		Here: h.renderHere, Moves: h.renderMoves, Log: config.Log,
	})
	h.router = h.routes()
	ctx, stop := context.WithCancel(context.Background())
	h.stop = stop
	h.lookForSettings(ctx)
	h.tasks.Go(func() { h.sendLetters(ctx) })
	h.tasks.Go(func() { h.removeMessages(ctx) })
	h.tasks.Go(func() { h.forget(ctx) })
	h.tasks.Go(func() { h.failures.work(ctx) })
	h.tasks.Go(func() { h.lookAfterReading(ctx) })
	h.tasks.Go(func() { h.lookForAbsent(ctx) })
	h.tasks.Go(func() { h.indexMessages(ctx) })
	h.tasks.Go(func() { h.renewMessages(ctx) })
	h.tasks.Go(func() { h.followSettings(ctx) })
	return h
}

// newSiteView is the site as all pages show it.
func newSiteView(config Config) views.Site {
	dark, light := assets.PageColors()
	return views.Site{
		Zone: config.Zone, BaseURL: config.BaseURL.String(),
		Stylesheet: assets.Path("app.css"), Script: assets.Path("htmx.js"), Icon: assets.Path("icon.svg"),
		OwnStylesheet: config.Stylesheet.Path, Footer: config.Footer, About: markup.Render(config.About, nil),
		TouchIcon: assets.Path("icon-full-180.png"), Picture: assets.Path("icon-512.png"), DarkColor: dark, LightColor: light,
	}
}

func (h *Handlers) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.router.ServeHTTP(w, r) }

// Drain makes the site say that it is about to stop, ends all streams, and stops
// what New started. Letters that have not left wait for the next start. It may
// be called twice.
func (h *Handlers) Drain() {
	h.draining.Store(true)
	h.stop()
	h.live.Close()
	h.tasks.Wait()
	h.storeShown(context.Background(), 0)
}
