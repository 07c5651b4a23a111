package handlers

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// The tables of what nobody means well by, each row through the whole site and
// on both databases, since what one of them takes the other may refuse.

// problem gives what stands beside a form's field.
func (a *answer) problem(field string) string {
	a.Helper()
	return a.doc().Find("#" + field + "-error").Text()
}

// textsOf gives the texts of the messages in a stream's event.
func textsOf(t *testing.T, data string) (texts []string) {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	doc.Find("[data-number] .text").Each(func(_ int, s *goquery.Selection) { texts = append(texts, s.Text()) })
	return texts
}

func TestBadMessages(t *testing.T) {
	family := "👩‍👩‍👧‍👦" // seven characters that look like one
	same := func(text string) [2]string { return [2]string{text, text} }
	accepted := map[string][2]string{ // what is sent, and what is shown
		"4,000 emoji": same(strings.Repeat("🐕", 4000)), "571 families": same(strings.Repeat(family, 571)), "one word of 4,000 letters": same(strings.Repeat("w", 4000)),
		"controls and escapes": {"a\x01\x1b[31mred\x7f\u0085b", "a[31mredb"}, "separators of lines": same("a\u2028b\u2029c"),
		"carriage returns": {"a\rb\r\nc", "a\nb\nc"}, "an event": {"a\r\rdata: x\r\revent: y\rid: 9\n\n", "a\n\ndata: x\n\nevent: y\nid: 9"}, "100 lines": {strings.Repeat("a\r\n", 100), strings.Repeat("a\n", 99) + "a"},
		"an override": same("\u202egnp.exe"), "an open isolate": same("\u2066 open"), "1,000 isolates": same("x" + strings.Repeat("\u2067", 1000)), "both directions": same("שלום abc עולם"),
		"500 marks": {"Z" + strings.Repeat("\u0301", 500), "Z" + strings.Repeat("\u0301", 8)},
		"a script":  same(`<script>alert(1)</script>`), "an image": same(`<img src=x onerror=alert(1)>`), "an SVG": same(`"><svg/onload=alert(1)>`), "templates": same(`{{7*7}} ${7*7} <!-- ]]>`), "an end of the field": same(`</textarea><script>alert(1)</script>`),
		"htmx": same(`<div hx-get="/logout" hx-trigger="load" data-hx-get="/logout">`), "an id of the page's": same(`<a id="messages" hx-swap-oob="true">`), "a frame": same(`</ol></hx-upsert><hx-partial hx-target="#messages">`),
		"a script's address": same("javascript:alert(1) JaVa\tScript:x data:text/html,x vbscript:x //evil www."), "an address with a password": same("https://user:pw@host.example/"), "a host of another script": same("https://раураl.com/"), "no port": same("http://[::1]:99999"),
		"a long address": same("https://example.com/" + strings.Repeat("a", 2980)), "quotes of Markdown": same(strings.Repeat(">", 3999)), "brackets of Markdown": same(strings.Repeat("[", 3999)), "an image of Markdown": same("![](" + strings.Repeat("`", 1000)),
		"500 people": same(strings.Repeat("@everyone ", 399) + "@all"), "a statement": same(`'); DROP TABLE messages; --`), "escapes of LIKE": same(`%_\`), "NUL by name": same(`\u0000 %00 &#0;`),
	}
	refused := map[string]struct {
		body   string
		status int
		says   string
	}{
		"nothing": {"", 422, "is empty"}, "spaces": {" \t\r\n ", 422, "is empty"}, "nothing to see": {"\u200b\u3164\u2800\u00ad", 422, "is empty"},
		"4,001 emoji": {strings.Repeat("🐕", 4001), 422, "4001 characters of at most 4,000"}, "572 families": {strings.Repeat(family, 572), 422, "4004 characters"}, "101 lines": {strings.Repeat("a\n", 100) + "a", 422, "too many lines"},
		"bytes": {"\xff\xfe", 422, "can't be read"}, "a lone surrogate": {"a\xed\xa0\x80", 422, "can't be read"}, "an overlong slash": {"\xc0\xaf", 422, "can't be read"}, "a NUL": {"a\x00b", 422, "can't be read"},
		"1 MB": {strings.Repeat("x", 1<<20), 413, "too much at once"},
	}
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		room := storetest.Room(t, db, "dogs")
		ada := s.member("ada")
		stream := s.guest().listen(s.serve() + room.Path() + "/events")
		var shown []string
		for name, text := range accepted {
			posted := ada.withHTMX().post("/rooms/dogs/messages", draft(text[0], aNonce())).status(200)
			shown = append(shown, text[1])
			event := stream.change()
			for where, got := range map[string][]string{"the answer": posted.messages(), "the stream": textsOf(t, event.data)} {
				if len(got) != 1 || got[0] != text[1] {
					t.Errorf("%s: %s shows %.200q, want %.200q", name, where, got, text[1])
				}
			}
			if event.name != "" || strings.Contains(event.data, "\r") {
				t.Errorf("%s: the event is called %q: %.300q", name, event.name, event.data)
			}
		}
		for name, tt := range refused {
			for kind, v := range map[string]*visitor{"plain": ada, "htmx": ada.withHTMX()} {
				nonce := aNonce()
				answer := v.post("/rooms/dogs/messages", draft(tt.body, nonce)).status(tt.status)
				if !strings.Contains(answer.doc().Text(), tt.says) {
					t.Errorf("%s, %s: want %q in %s", name, kind, tt.says, answer.Body)
				}
				if kept := strings.ToValidUTF8(strings.ReplaceAll(tt.body, "\x00", "\ufffd"), "\ufffd"); tt.status == 422 && !keeps(answer.value("#body"), kept) {
					t.Errorf("%s, %s: the form holds %.100q, want %.100q", name, kind, answer.value("#body"), kept)
				}
			}
		}
		page := s.guest().get("/rooms/dogs").status(200)
		if got := page.messages(); !slices.Equal(got, shown) {
			t.Errorf("the room shows %.500q, want %.500q", got, shown)
		}
		// Of all of these, one is a link, to no place at all, and none is an element.
		if found := page.doc().Find(".text *"); found.Length() != 1 || found.AttrOr("href", "") != "http://[::1]:99999" {
			html, _ := found.Parent().Html()
			t.Errorf("messages made elements: %s", html)
		}
		if got, want := page.doc().Find(".text[dir=auto]").Length(), len(accepted); got != want {
			t.Errorf("%d messages are kept from turning their neighbours around, want %d", got, want)
		}
		s.healthy(t)
	})
}

// keeps reports whether a form holds what was sent, as a browser would send it:
// a field of one line drops line breaks.
func keeps(got, sent string) bool {
	lines := strings.NewReplacer("\r\n", "\n", "\r", "\n")
	return lines.Replace(got) == lines.Replace(sent)
}

// Two people's forms may bear the same nonce.
func TestNonceOfAnother(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, db, "dogs")
		ada, bob, nonce := s.member("ada"), s.member("bob"), aNonce()
		ada.post("/rooms/dogs/messages", draft("hers", nonce)).status(303)
		bob.post("/rooms/dogs/messages", draft("his", nonce)).status(303)
		if got := fmt.Sprint(ada.get("/rooms/dogs").messages()); got != "[hers his]" {
			t.Errorf("the room shows %s", got)
		}
		for _, bad := range []string{"", "short", strings.Repeat("x", 65), strings.Repeat("x", 10_000), nonce[:15] + "\x00", "'; --" + nonce} {
			ada.post("/rooms/dogs/messages", draft("hers", bad)).status(422).has("damaged")
		}
		s.healthy(t)
	})
}

// hostileNames are tried as names of people and of rooms: either takes what its
// own rule allows.
var hostileNames = map[string]struct{ user, room bool }{
	"CON": {true, true}, "true": {true, true}, "a..b": {true, true}, strings.Repeat("a", 30): {true, true},
	"admin": {false, true}, "Admin": {false, true}, "null": {false, true}, "undefined": {false, true}, "me": {false, true}, "new": {false, true}, "api": {false, true},
	"аdmin": {false, true}, "ａｄｍｉｎ": {false, true}, "admin\u200b": {false, true}, "admin ": {false, true}, " admin": {false, true}, "a/b": {false, true}, "%2e%2e": {false, true},
	strings.Repeat("a", 31): {false, true}, "İ": {false, true}, "ß": {false, true}, "a@b": {false, true}, "0": {false, true}, "a'b": {false, true}, "x;--": {false, true}, "<b>": {false, true}, "a\x00b": {false, true}, "a\xffb": {false, true}, "a\r\nb": {false, true},
	".": {}, "..": {}, "-": {}, "_": {}, "__": {}, "👍": {}, "+": {}, "@": {}, `\`: {}, "'": {}, `"`: {}, ";--": {}, "": {}, "\u202e": {}, strings.Repeat("犬", 65): {}, strings.Repeat("x", 5000): {},
}

func TestBadNames(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		ada := s.member("ada")
		n := 0
		for name, takes := range hostileNames {
			n++
			answer := s.guest().post("/register", registration(fmt.Sprintf("dog%d@example.com", n), name, goodPassword))
			typed := normal(name)
			if takes.user {
				answer.status(303)
				s.guest().get("/users/" + url.PathEscape(name)).status(200)
			} else {
				if got := answer.status(422).problem("username"); got == "" || !keeps(answer.value("#username"), typed) && !strings.ContainsAny(name, "\r\n") {
					t.Errorf("%q: got the problem %q, and the field holds %q", name, got, answer.value("#username"))
				}
				ada.post("/settings", profile(name)).status(422)
				s.guest().get("/users/" + url.PathEscape(name)).status(404)
			}
			opened := ada.post("/rooms", url.Values{"name": {name}})
			if takes.room {
				path := opened.status(303).Header().Get("Location")
				s.guest().get(path).status(200)
			} else if got := opened.status(422).problem("name"); got == "" || opened.value("#name") != typed {
				t.Errorf("the room %q: got the problem %q, and the field holds %q", name, got, opened.value("#name"))
			}
			for _, path := range []string{"/rooms/", "/rooms/dogs/", "/avatars/", "/password-reset/", "/confirm-email/", "/static/"} {
				if answer := s.guest().get(path + url.PathEscape(name)); answer.Code >= 500 || strings.HasPrefix(answer.Header().Get("Location"), "//") {
					t.Errorf("%s%q: got status %d, to %q", path, name, answer.Code, answer.Header().Get("Location"))
				}
			}
		}
		ada.get("/users/ada").status(200) // no name was changed
		s.healthy(t)
	})
}

func TestBadEmails(t *testing.T) {
	longest := strings.Repeat("a", 64) + "@" + strings.Repeat("b", 254-64-1-3) + ".de"
	accepted := map[string]string{ // and the one address that a letter goes to
		"a@b.c": "a@b.c", "a+b@c.de": "a+b@c.de", "A@C.DE": "a@c.de", " o'hara@example.ie ": "o'hara@example.ie", longest: longest,
	}
	refused := []string{
		"", "ada", "a@b", `"a b"@c.de`, "a@c.de\r\nBcc: x@y.z", "a@c.de\nx", "a@c.de, b@c.de", "a@c.de;b@c.de", "a@[127.0.0.1]", "b" + longest, "a@münchen.de", "Ada <a@c.de>", "a@c.de\x00", "a\xff@c.de",
		"a@b@c.de", strings.Repeat("é", 200), strings.Repeat("犬", 5000) + "@c.de", "'; DROP TABLE users; --@c.de",
	}
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		bob := s.registered("bob")
		s.letter("bob@example.com", "Confirm")
		n := 0
		for email, to := range accepted {
			n++
			s.guest().post("/register", registration(email, fmt.Sprint("dog", n), goodPassword)).status(303)
			if letter := <-s.post.letters; letter.To != to {
				t.Errorf("%q: a letter goes to %q, want %q", email, letter.To, to)
			}
			s.guest().post("/login", credentials(strings.ToUpper(email), goodPassword)).status(303)
		}
		again := s.guest().post("/register", registration("a@c.de", "another", goodPassword)).status(422)
		if got := again.problem("email"); !strings.Contains(got, "account with this email") {
			t.Errorf("the address of an account in lower case: got %q", got)
		}
		for _, email := range refused {
			change := profile("bob")
			change.Set("email", email)
			change.Set("current_password", goodPassword)
			for path, answer := range map[string]*answer{
				"/register":       s.guest().post("/register", registration(email, "another", goodPassword)),
				"/password-reset": s.guest().post("/password-reset", url.Values{"email": {email}}),
				"/settings":       bob.post("/settings", change),
			} {
				if got := answer.status(422).problem("email"); !strings.Contains(got, "one email address") {
					t.Errorf("%s, %.40q: got the problem %q", path, email, got)
				}
			}
			answer := s.guest().post("/login", credentials(email, goodPassword)).status(422)
			if got := answer.doc().Text(); !strings.Contains(got, "don't belong together") {
				t.Errorf("/login, %.40q: got %s", email, got)
			}
		}
		if len(s.post.letters) != 0 {
			t.Errorf("a letter goes to %q", (<-s.post.letters).To)
		}
		s.healthy(t)
	})
}

func TestBadPasswords(t *testing.T) {
	accepted := map[string][]string{ // and what it is not
		"wet nose": {"wet nos", "wet nose ", "WET NOSE"}, strings.Repeat("bark", 16): {strings.Repeat("bark", 15)}, strings.Repeat("bark", 256): {strings.Repeat("bark", 256) + "x", strings.Repeat("bark", 256)[1:]},
		"🐕🐾🦴🏡🌲🌙🦆🎾": {"🐕🐾🦴🏡🌲🌙🦆"}, " warm ear ": {"warm ear", " warm ear", "warm ear "}, "caf\u00e9 bark": {"cafe\u0301 bark", "cafe bark"}, "new\nline s": {"newline s"},
	}
	refused := map[string]string{
		"": "at least 8", "wet nos": "at least 8", strings.Repeat("bark", 256) + "x": "longer than", strings.Repeat(" ", 12): "repeat", "wet\x00nose": "can't be read", "wet nose\xff": "can't be read",
		"password1": "Many people", "twilightbark": "name of this site", "ada@example.com": "name or email", "12345678": "follow each other",
	}
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		n := 0
		for secret, others := range accepted {
			n++
			email := fmt.Sprintf("dog%d@example.com", n)
			s.guest().post("/register", registration(email, fmt.Sprint("dog", n), secret)).status(303)
			s.guest().post("/login", credentials(email, secret)).status(303)
			for _, other := range others {
				s.guest().post("/login", credentials(email, other)).status(422)
			}
		}
		ada := s.registered("ada")
		s.guest().post("/password-reset", url.Values{"email": {"ada@example.com"}}).status(200)
		link := s.link(s.letter("ada@example.com", "new password"))
		for secret, says := range refused {
			change := twice(secret)
			change.Set("current_password", goodPassword)
			for path, answer := range map[string]*answer{
				"/register":          s.guest().post("/register", registration("ada@example.com", "ada", secret)),
				"/settings/password": ada.post("/settings/password", change),
				"the link":           s.guest().post(link, twice(secret)),
			} {
				if got := answer.status(422).problem("password"); !strings.Contains(got, says) {
					t.Errorf("%s, %.30q: got the problem %q, want %q", path, secret, got, says)
				}
				if len(secret) > 3 && answer.doc().Find("[type=password]").FilterFunction(func(_ int, field *goquery.Selection) bool { return field.AttrOr("value", "") != "" }).Length() > 0 {
					t.Errorf("%s: the password is in the page", path)
				}
			}
		}
		s.guest().post("/login", credentials("ada@example.com", goodPassword)).status(303) // it is what it was
		s.healthy(t)
	})
}

// What no password can be is not hashed.
func TestHugePasswordsAreNotHashed(t *testing.T) {
	s := newSite(t)
	s.registered("ada")
	work := func(secret string, status int) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s.guest().post("/login", credentials("ada@example.com", secret)).status(status)
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	const oneHash = 19 << 20
	if got := work("guess", 422); got < oneHash {
		t.Fatalf("a guess takes %d bytes: the measure does not show a hash", got)
	}
	if got := work(strings.Repeat("x", 1<<20), 413); got > oneHash {
		t.Errorf("a megabyte takes %d bytes, want less than a hash", got)
	}
}

// hostileNumbers are no number of ours, as they stand in an address.
var hostileNumbers = []string{
	"0", "-1", "+1", "01", "1e9", "0x10", "1_0", "1.0", "%201", "1%20", "1%00", "1%0A", "%E0%A5%A7", "NaN", "Infinity", "null", "undefined", "true", "%FF", "%27", "1%27--", "1;x", "1,2",
	"9223372036854775807", "9223372036854775808", "18446744073709551617", strings.Repeat("9", 5000),
}

func TestBadNumbers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		room := storetest.Room(t, db, "dogs")
		ada := s.registered("ada")
		ada.post(room.Path()+"/messages", draft("woof", aNonce())).status(303)
		s.guest().get("/rooms/dogs/1").status(303)
		s.guest().get("/rooms/dogs/page/1").status(200)
		for _, number := range hostileNumbers {
			for _, path := range []string{"/rooms/dogs/%s", "/rooms/dogs/page/%s", "/avatars/paw-%s/96", "/avatars/paw-1/%s", "/avatars/%s/96", "/users/%s"} {
				if path = fmt.Sprintf(path, number); strings.HasPrefix(path, "/avatars/paw-0/") || number == "0" && strings.HasPrefix(path, "/avatars/paw-0") {
					continue // there is one
				}
				if answer := s.guest().get(path); answer.Code != 404 {
					t.Errorf("%.60s: got status %d, want 404", path, answer.Code)
				}
			}
			ada.post("/settings/sessions/"+number+"/end", url.Values{}).status(303)
		}
		ada.get("/settings").status(200) // no session was ended
		for _, query := range []string{"page=-1", "before=1&before=2", "before[]=1", "limit=1000000000", "lines=several&lines=one", "after[]=1", "%00=%00", "folded=%ff", "next=/a&next=//b", "&&==&;", strings.Repeat("a=b&", 5000)} {
			for _, path := range []string{"/", "/rooms/dogs", "/rooms/dogs/page/1", "/login", "/users/ada"} {
				s.guest().get(path + "?" + query).status(200)
				s.guest().withHTMX().get(path + "?" + query).status(200)
			}
		}
		s.healthy(t)
	})
}

// A place in the log that can't be honoured makes the page load itself again,
// and is never an error.
func TestBadCursors(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		dogs, cats, ada := storetest.Room(t, db, "dogs"), storetest.Room(t, db, "cats"), storetest.User(t, db, "ada")
		fill(s, dogs, ada, 1, 3)
		fill(s, cats, ada, 1, 3)
		cursor := func(room chat.Room, revision int64) string {
			c, err := db.Cursor(t.Context(), room.ID, revision)
			if err != nil {
				t.Fatal(err)
			}
			return c.String()
		}
		address := s.serve() + dogs.Path() + "/events"
		first, second := cursor(dogs, 1), cursor(dogs, 2)
		for _, bad := range append(slices.Clone(hostileNumbers), "x", "1-zzzz", "-1-"+first[2:], "4-"+first[2:], "2-"+first[2:], cursor(cats, 2), first+" ", first+"\t"+second, "9223372036854775808-00000000", strings.Repeat("1", 10_000)) {
			id, err := url.PathUnescape(bad)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.ContainsAny(id, "\x00\n") && strings.TrimSpace(id) == id {
				if got := s.guest().listen(address, "Last-Event-ID", id).ended(); got.name != "reload" {
					t.Errorf("Last-Event-ID %.40q: the stream ended with %+v", id, got)
				}
			}
			poll := s.guest().get(dogs.Path() + "/changes?after=" + url.QueryEscape(id)).status(200)
			if poll.Header().Get("HX-Trigger") != "reload" {
				t.Errorf("after=%.40q: the poll does not say reload, but %v", id, poll.Header())
			}
		}
		for name, headers := range map[string]http.Header{
			"two headers": {"Last-Event-Id": {second, first}}, "an empty one": {"Last-Event-Id": {""}}, "none": {},
		} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"?after="+second, nil)
			if err != nil {
				t.Fatal(err)
			}
			headers.Set("Accept", "text/event-stream")
			r.Header = headers
			if got := s.guest().follow(r).change(); !strings.Contains(got.data, "message 3") {
				t.Errorf("%s: the first change is %s, want message 3", name, got.data)
			}
		}
		s.healthy(t)
	})
}

// Each route answers its own methods, and says which they are to any other.
func TestMethods(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "dogs")
	byPath := map[string]map[string]bool{}
	for _, route := range s.routes().(*gin.Engine).Routes() {
		if byPath[route.Path] == nil {
			byPath[route.Path] = map[string]bool{}
		}
		byPath[route.Path][route.Method] = true
	}
	values := strings.NewReplacer(":slug", "dogs", ":number", "1", ":page", "1", ":username", "ada", ":token", "x", ":id", "x", ":picture", "paw-1", ":size", "96", "*name", "none")
	for pattern, methods := range byPath {
		path := values.Replace(pattern)
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "FOO"} {
			if methods[method] {
				continue
			}
			answer := s.guest().send(method, path, nil)
			if answer.Code != 405 && answer.Code != 404 || answer.Code == 405 && answer.Header().Get("Allow") == "" {
				t.Errorf("%s %s: got status %d, Allow %q", method, path, answer.Code, answer.Header().Get("Allow"))
			}
			for allowed := range methods {
				if answer.Code == 405 && !strings.Contains(answer.Header().Get("Allow"), allowed) {
					t.Errorf("%s %s: allows %q, not %s", method, path, answer.Header().Get("Allow"), allowed)
				}
			}
		}
		if live := strings.HasSuffix(pattern, "/events") || strings.HasSuffix(pattern, "/live"); methods["GET"] == live && methods["HEAD"] != methods["GET"] == !live {
			t.Errorf("%s: GET is %v and HEAD is %v", pattern, methods["GET"], methods["HEAD"])
		}
	}
	s.healthy(t)
}

func TestBadAddresses(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "dogs")
	for _, path := range []string{
		"//", "//evil.example", "//evil.example/..", "/..", "/../", "/%2e%2e/", "/%2e%2e%2fetc/passwd", "/%00", "/%ff", "/login/", "/login;x", "/login%2f", "/%2flogin", "/.", "/./login", "/rooms/", "/rooms//", "/rooms/a%2Fb", "/rooms/dogs/", "/rooms/dogs//",
		"/rooms/%2e%2e", "/rooms/%2e%2e/login", "/static/", "/static/../go.mod", "/static/%2e%2e/go.mod", `/static/..\go.mod`, "/static/%00", "/users/", "/users/%2e%2e", "/avatars//", "/\\evil.example", "/%5cevil.example", "/%09/evil.example", "/" + strings.Repeat("a", 8000), "/rooms/" + strings.Repeat("%ff", 2000),
		"/index.php", "/.env", "/.git/config", "/wp-login.php", "/server-status", "/debug/pprof/", "/metrics",
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		var err error
		if r.URL, err = url.ParseRequestURI(path); err != nil {
			continue // the server refuses it
		}
		for _, v := range []*visitor{s.guest(), s.guest().withHTMX()} {
			again := r.Clone(t.Context())
			again.Header = v.header.Clone()
			if answer := v.do(again); answer.Code != 404 || answer.Header().Get("Location") != "" {
				t.Errorf("%.60s: got status %d, to %q", path, answer.Code, answer.Header().Get("Location"))
			}
		}
	}
	s.healthy(t)
}

func TestBadForms(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "dogs")
	ada := s.member("ada")
	part := func(disposition, body string) string {
		return "--b\r\nContent-Disposition: " + disposition + "\r\n\r\n" + body + "\r\n"
	}
	nonce := part(`form-data; name="nonce"`, aNonce())
	file := func(name string) string { return part(`form-data; name="x"; filename="`+name+`"`, "woof") }
	const end, parts, plain = "--b--\r\n", "multipart/form-data; boundary=b", "application/x-www-form-urlencoded"
	for name, tt := range map[string]struct {
		kind, body string
		status     int
	}{
		"XML": {"text/xml", "<x/>", 415}, "text": {"text/plain", "body=x", 415}, "a type that is none": {"junk;;=", "body=x", 415}, "another charset in parts": {parts + "; charset=utf-16", nonce + end, 415},
		"10,000 parts": {parts, strings.Repeat(part("form-data; name=x", "x"), 10_000) + end, 413}, "1,000 parts": {parts, strings.Repeat(part("form-data; name=x", ""), 1000) + end, 422}, "1,000 lines of headers": {parts, "--b\r\n" + strings.Repeat("X-Y: z\r\n", 1000) + "\r\nx\r\n" + end, 422},
		"12,000 lines of headers": {parts, "--b\r\n" + strings.Repeat("a:\r\n", 12_000) + "\r\nx\r\n" + end, 400},
		"a part without a name":   {parts, nonce + part("form-data", "x") + end, 422}, "nothing in it": {parts, end, 422}, "parts in parts": {parts, "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n" + end, 422}, "broken off": {parts, nonce, 400},
		"a file's path": {parts, nonce + file("../../x") + end, 422}, "a file on another disk": {parts, nonce + file(`C:\x`) + end, 422}, "a file's long name": {parts, nonce + file(strings.Repeat("x", 5000)) + end, 422}, "a file's NUL": {parts, nonce + file("x\x00y") + end, 400},
		"a quote in a file's name": {parts, nonce + file(`x\"y`) + end, 422}, "the message as a file": {parts, nonce + part(`form-data; name="body"; filename="x"`, "woof") + end, 422},
		"51 fields": {plain, manyFields(51), 400}, "a field a thousand times": {plain, draft("woof", aNonce()).Encode() + strings.Repeat("&x=y", 1000), 303}, "the field twice": {plain, "body=first&body=second&nonce=" + aNonce(), 303}, "semicolons": {plain, "body=a;nonce=" + aNonce(), 400}, "half an escape": {plain, "body=%", 400}, "no names": {plain, "=&==&&&=x", 422},
	} {
		answer := ada.sendParts("/rooms/dogs/messages", tt.kind, strings.NewReader(tt.body))
		if answer.Code != tt.status || answer.doc().Find("main").Text() == "" && tt.status != 303 {
			t.Errorf("%s: got status %d, want %d: %s", name, answer.Code, tt.status, answer.Body)
		}
	}
	packed := ada.with("Content-Encoding", "gzip").post("/rooms/dogs/messages", draft("woof", aNonce()))
	packed.status(415).has("Only forms in UTF-8")
	if got := fmt.Sprint(ada.get("/rooms/dogs").messages()); !strings.Contains(got, "first") || strings.Contains(got, "second") || strings.Count(got, "woof") != 1 {
		t.Errorf("the room shows %s", got)
	}
	s.healthy(t)
}

func manyFields(count int) string {
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, "&f%d=x", i)
	}
	return b.String()
}

// Headers choose how an answer is put, never what may be done.
func TestBadHeaders(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, db, "dogs")
		ada := s.registered("ada")
		plainly := s.guest().get("/rooms/dogs").status(200).Body.String()
		for name, value := range map[string]string{
			"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Real-Ip": "127.0.0.1", "Forwarded": "for=127.0.0.1;host=evil.example", "X-Http-Method-Override": "DELETE", "X-Original-Url": "/settings", "X-Rewrite-Url": "/settings",
			"Accept": "application/json;q=0, image/*", "Accept-Encoding": "junk;;q=9, gzip;q=0", "Accept-Language": strings.Repeat("x", 5000), "Range": "bytes=0-1", "If-None-Match": strings.Repeat("x", 10_000), "If-Modified-Since": "junk", "Authorization": "Basic OjpqdW5r", "User-Agent": "\xff\x00<script>", "Referer": "https://evil.example",
			"HX-Target": `"><script>`, "HX-Current-URL": "https://evil.example/", "HX-Prompt": "\xff", "Expect": "junk", "Upgrade": "h2c", "Origin": "https://evil.example", "Cookie": "twilight=%zz; twilight", "Last-Event-Id": "junk",
		} {
			if got := s.guest().with(name, value).get("/rooms/dogs").status(200).Body.String(); got != plainly {
				t.Errorf("%s: %q: a guest gets another page", name, value)
			}
			s.guest().with(name, value).get("/settings").status(303).location("/login?next=%2Fsettings")
			if name != "Origin" {
				s.guest().with(name, value).post("/login", credentials("ada@example.com", "guess")).status(422)
			}
			if name != "Cookie" && name != "Origin" {
				ada.with(name, value).get("/settings/sessions").status(200)
			}
		}
		for name, v := range map[string]*visitor{"htmx": s.guest().withHTMX(), "a boosted link": s.guest().withHTMX().with("HX-Boosted", "true"), "the way back": s.guest().withHTMX().with("HX-History-Restore-Request", "true")} {
			if answer := v.get("/settings").status(303); answer.Body.Len() > 0 && strings.Contains(answer.Body.String(), "Settings") {
				t.Errorf("%s: a guest gets %s", name, answer.Body)
			}
		}
		s.guest().with("If-None-Match", "*").get("/rooms/dogs").status(304)
		s.guest().with("Range", "bytes=5-1").get("/avatars/paw-1/96").status(200)
		s.healthy(t)
	})
}

// Fields that no form of ours has change nothing.
func TestFieldsThatAreNotOurs(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, db, "dogs")
		more := url.Values{"role": {"admin"}, "id": {"1"}, "user_id": {"1"}, "author_id": {"1"}, "auth_version": {"9"}, "email_confirmed_at": {"9"}, "created_at": {"0"}, "number": {"9"}, "posted_at": {"0"}, "avatar": {strings.Repeat("0", 32)}}
		with := func(form url.Values) url.Values { maps.Copy(form, more); return form }
		ada := s.guest()
		ada.post("/register", with(registration("ada@example.com", "ada", goodPassword))).status(303)
		ada.post("/settings", with(profile("ada"))).status(303)
		ada.post("/rooms/dogs/messages", with(draft("woof", aNonce()))).status(303)
		user, err := db.UserByName(t.Context(), "ada")
		if err != nil || user.Role != chat.Member || user.ID == 1 || user.EmailConfirmedAt != 0 || user.AuthVersion > 1 || user.CreatedAt == 0 || user.Avatar != "" {
			t.Errorf("got %+v, %v", user, err)
		}
		if author := ada.get("/rooms/dogs").doc().Find("#m-1 .author").Text(); author != "ada" {
			t.Errorf("the message is by %q", author)
		}
	})
}

// hostileValues are put wherever a route takes something: into its path, into
// its query and into its form.
var hostileValues = []string{
	"\x00", "\xff\xfe", "a\xed\xa0\x80", "-1", "0", "9223372036854775807", "9223372036854775808", "1e9", "NaN", "../..", `'"; --`, `%_\*`, "\u202e\u200b", "a\r\nb: c", "<script>", "🐕", strings.Repeat("é", 200),
}

// hostileFields are the names of what forms and queries bring.
var hostileFields = []string{
	"body", "nonce", "name", "topic", "reason", "note", "email", "username", "password", "password_confirm", "current_password", "next", "hide_email", "time_zone", "remove_avatar", "messages", "role", "kind", "hours", "until", "for",
	"q", "room", "author", "page", "after", "before", "action", "actor", "user", "at", "id", "state", "sort", "lines", "folded", "run", "renewed", "part", "site_name", "slow", "locked", "archived", "number", "verdict",
}

// Whoever sends them, and wherever to: hostile values are no fault of ours.
func TestHostileValuesEverywhere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		room := storetest.Room(t, db, "dogs")
		ada := s.member("ada")
		ada.post(room.Path()+"/messages", draft("woof", aNonce())).status(303)
		admin := s.registered("root-1")
		user, err := db.UserByName(t.Context(), "root-1")
		if err != nil {
			t.Fatal(err)
		}
		if err := db.SetRole(t.Context(), user.ID, chat.Admin); err != nil {
			t.Fatal(err)
		}
		admin.post("/login", credentials("root-1@example.com", goodPassword)).status(303)
		admin.get("/admin").status(200)
		parameter := regexp.MustCompile(`[:*][a-z]+`)
		good := map[string]string{":slug": "dogs", ":number": "1", ":username": "ada", ":page": "1"}
		for _, route := range s.routes().(*gin.Engine).Routes() {
			if strings.HasSuffix(route.Path, "/events") || strings.HasSuffix(route.Path, "/live") || route.Path == "/logout" || route.Method == http.MethodHead {
				continue // they never end, or a guest would ask the rest
			}
			for _, value := range hostileValues {
				fields := url.Values{}
				for _, field := range hostileFields {
					fields.Set(field, value)
				}
				var form url.Values
				if route.Method == http.MethodPost {
					form = fields
				}
				for _, path := range []string{
					parameter.ReplaceAllStringFunc(route.Path, func(name string) string { return cmp.Or(good[name], "1") }),
					parameter.ReplaceAllStringFunc(route.Path, func(string) string { return url.PathEscape(value) }),
				} {
					if answer := admin.send(route.Method, path+"?"+fields.Encode(), form); answer.Code >= 500 || answer.Code == 413 {
						t.Errorf("%s %.80s with %.20q: got status %d", route.Method, path, value, answer.Code)
					}
				}
			}
		}
		admin.get("/admin").status(200) // an admin asked to the end
		s.healthy(t)
	})
}
