package handlers

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/mail"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// goodPassword is strong, and the hash of it that tests store is made once.
const goodPassword = "correct horse battery"

// site is the whole site over a real store, as its visitors see it.
type site struct {
	*Handlers
	t    testing.TB
	log  *journal
	post *post
}

// journal keeps what the site logs. The site goes on writing while a test reads.
type journal struct {
	mu   sync.Mutex // guards text
	text strings.Builder
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *journal) Reset() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text.Reset()
}

// post is where the site's letters go: into a queue, as long as none is to fail.
type post struct {
	letters chan mail.Letter

	mu   sync.Mutex // guards what follows
	down error
	sent int // letters that were tried
}

func (p *post) Send(_ context.Context, letter mail.Letter) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent++
	if p.down == nil {
		p.letters <- letter
	}
	return p.down
}

func (p *post) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = err
}

// letter waits for the next letter to that address; others are skipped.
func (s *site) letter(to, subject string) mail.Letter {
	s.t.Helper()
	for {
		select {
		case letter := <-s.post.letters:
			if letter.To == to && strings.Contains(letter.Subject, subject) {
				return letter
			}
		case <-time.After(patience):
			s.t.Fatalf("no letter to %s about %q", to, subject)
		}
	}
}

// link gives the path of the link in a letter: the one that stands alone on its
// line, and begins with the site's address.
func (s *site) link(letter mail.Letter) string {
	s.t.Helper()
	for line := range strings.Lines(letter.Text) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), s.BaseURL.String()+"/"); ok {
			return "/" + path
		}
	}
	s.t.Fatalf("no link in %s", letter.Text)
	return ""
}

// newSite starts a site on SQLite without limits. change may set others.
func newSite(t testing.TB, change ...func(*Config)) *site {
	return newSiteOn(t, storetest.SQLite(t), change...)
}

func newSiteOn(t testing.TB, s *store.Store, change ...func(*Config)) *site {
	t.Helper()
	log, post := &journal{}, &post{letters: make(chan mail.Letter, 1000)}
	config := Config{
		Store: s, Log: slog.New(LogRequestIDs(slog.NewTextHandler(log, nil))),
		BaseURL:  &url.URL{Scheme: "http", Host: "example.com"},
		SiteName: "Test Bark", Zone: time.UTC, RegistrationOpen: true,
		Mail: post, NoticeAfter: 10 * time.Minute,
	}
	for _, set := range change {
		set(&config)
	}
	h := New(config)
	h.failures.pace = 0 // tests fail to log in more often than people
	t.Cleanup(h.Drain)
	return &site{Handlers: h, t: t, log: log, post: post}
}

// visitor is a browser: it keeps cookies, and sends what browsers send.
type visitor struct {
	site   *site
	cookie string // of the session
	known  string // of the browser itself
	header http.Header
}

func (s *site) guest() *visitor { return &visitor{site: s, header: http.Header{}} }

// member gives a browser in which a new member of that name is logged in.
func (s *site) member(name string) *visitor {
	s.t.Helper()
	user := storetest.User(s.t, s.Store, name)
	v := s.guest()
	v.cookie = "twilight=" + s.session(user)
	return v
}

// as gives a browser in which a new account of that role and name is logged in.
func (s *site) as(role chat.Role, name string) *visitor {
	s.t.Helper()
	user := storetest.User(s.t, s.Store, name)
	if err := s.Store.SetRole(s.t.Context(), user.ID, role); err != nil {
		s.t.Fatal(err)
	}
	user, err := s.Store.User(s.t.Context(), user.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	v := s.guest()
	v.cookie = "twilight=" + s.session(user)
	return v
}

// session begins a session for the user and gives its token.
func (s *site) session(user chat.User) string {
	s.t.Helper()
	token := randomName(tokenBytes)
	if err := s.Store.Begin(s.t.Context(), store.Session{TokenHash: hashOf(token), User: user}, nil); err != nil {
		s.t.Fatal(err)
	}
	return token
}

// withHTMX gives the same browser, sending as htmx does.
func (v *visitor) withHTMX() *visitor { return v.with("HX-Request", "true") }

func (v *visitor) with(name, value string) *visitor {
	other := &visitor{site: v.site, cookie: v.cookie, known: v.known, header: v.header.Clone()}
	other.header.Set(name, value)
	return other
}

func (v *visitor) get(path string) *answer { return v.send(http.MethodGet, path, nil) }

func (v *visitor) post(path string, form url.Values) *answer {
	return v.send(http.MethodPost, path, form)
}

func (v *visitor) send(method, path string, form url.Values) *answer {
	v.site.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequestWithContext(v.site.t.Context(), method, path, body)
	r.Header = v.header.Clone()
	if form != nil && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return v.do(r)
}

func (v *visitor) do(r *http.Request) *answer {
	v.site.t.Helper()
	v.addCookies(r)
	w := httptest.NewRecorder()
	v.site.ServeHTTP(w, r)
	for _, cookie := range w.Result().Cookies() {
		if strings.HasSuffix(cookie.Name, "-known") {
			v.known = cookie.Name + "=" + cookie.Value
			continue
		}
		v.cookie = cookie.Name + "=" + cookie.Value
		if cookie.MaxAge < 0 {
			v.cookie = ""
		}
	}
	return &answer{TB: v.site.t, ResponseRecorder: w}
}

func (v *visitor) addCookies(r *http.Request) {
	if v.cookie != "" {
		r.Header.Set("Cookie", v.cookie)
	}
	if v.known != "" {
		r.Header.Add("Cookie", v.known)
	}
}

// answer is what came back.
type answer struct {
	testing.TB
	*httptest.ResponseRecorder
}

// status checks the answer's status.
func (a *answer) status(want int) *answer {
	a.Helper()
	if a.Code != want {
		a.Fatalf("got status %d, want %d; body: %s", a.Code, want, a.Body)
	}
	return a
}

// location checks where the answer leads.
func (a *answer) location(want string) *answer {
	a.Helper()
	if got := a.Header().Get("Location"); got != want {
		a.Errorf("got Location %q, want %q", got, want)
	}
	return a
}

// has checks that the body contains each text.
func (a *answer) has(wants ...string) *answer {
	a.Helper()
	for _, want := range wants {
		if !strings.Contains(a.Body.String(), want) {
			a.Errorf("want %q in: %s", want, a.Body)
		}
	}
	return a
}

// lacks checks that the body contains none of the texts.
func (a *answer) lacks(texts ...string) *answer {
	a.Helper()
	for _, text := range texts {
		if strings.Contains(a.Body.String(), text) {
			a.Errorf("want no %q in: %s", text, a.Body)
		}
	}
	return a
}

// doc parses the body. htmx's own elements hold what would otherwise be lost by
// a parser in the places where they stand, so they need no care here.
func (a *answer) doc() *goquery.Document {
	a.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(a.Body.String()))
	if err != nil {
		a.Fatal(err)
	}
	return doc
}

// value gives the value of the form field that the selector finds.
func (a *answer) value(selector string) string {
	a.Helper()
	field := a.doc().Find(selector)
	if field.Length() != 1 {
		a.Fatalf("got %d elements for %s, want 1, in: %s", field.Length(), selector, a.Body)
	}
	if field.Is("textarea") {
		return field.Text()
	}
	value, _ := field.Attr("value")
	return value
}

// messages gives the texts of the messages that the answer shows.
func (a *answer) messages() (texts []string) {
	a.Helper()
	a.doc().Find("[data-number] .text").Each(func(_ int, s *goquery.Selection) { texts = append(texts, s.Text()) })
	return texts
}

func draft(body, nonce string) url.Values {
	return url.Values{"body": {body}, "nonce": {nonce}}
}

// aNonce is a nonce like a page's own.
func aNonce() string { return randomName(16) }

// Those who build the site see what pages are made of; nobody else does.
func TestKit(t *testing.T) {
	newSite(t).guest().get("/kit").status(404)
	s := newSite(t, func(c *Config) { c.Dev = true })
	for _, v := range []*visitor{s.guest(), s.member("ada")} {
		v.get("/kit").status(200).has("@ui.Button(ui.ButtonProps{Variant: ui.Primary})", `class="button primary"`).lacks("style=", "<script>")
	}
}
