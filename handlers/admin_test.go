package handlers

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// account gives the account of that name.
func (s *site) account(name string) chat.User {
	s.t.Helper()
	user, err := s.Store.UserByName(s.t.Context(), name)
	if err != nil {
		s.t.Fatal(err)
	}
	return user
}

// panel gives the address of the panel's page about the member of that name, or
// of what can be done there.
func (s *site) panelOf(name, act string) string {
	s.t.Helper()
	return fmt.Sprintf("/admin/members/%d%s", s.account(name).ID, act)
}

// knownAdmin gives a browser in which an admin is logged in by password.
func (s *site) knownAdmin(name string) *visitor {
	s.t.Helper()
	s.registered(name)
	if err := s.Store.SetRole(s.t.Context(), s.account(name).ID, chat.Admin); err != nil {
		s.t.Fatal(err)
	}
	return s.again(name, firefox)
}

// column gives the texts of the n-th column of the answer's table.
func (a *answer) column(n int) string {
	a.Helper()
	var texts []string
	a.doc().Find("tbody tr").Each(func(_ int, row *goquery.Selection) {
		texts = append(texts, strings.TrimSpace(row.Find("td").Eq(n).Text()))
	})
	return strings.Join(texts, " ")
}

// eventually waits for what happens by itself.
func (s *site) eventually(what string, so func() bool) {
	s.t.Helper()
	for begun := time.Now(); !so(); time.Sleep(20 * time.Millisecond) { // between two looks
		if time.Since(begun) > patience {
			s.t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

func TestPanelIsNotThereForMembers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		bob := s.member("bob")
		for _, path := range []string{"/admin", "/admin/members", "/admin/rooms", "/admin/messages", "/admin/audit", "/admin/settings", s.panelOf("bob", "")} {
			want := s.guest().get("/nothing").status(404).doc().Find("main").Text()
			for kind, v := range map[string]*visitor{"guest": s.guest(), "member": bob} {
				if got := v.get(path).status(404).doc().Find("main").Text(); got != want {
					t.Errorf("%s for a %s: got %q, want the same as for no page", path, kind, got)
				}
				v.withHTMX().get(path).status(404)
			}
		}
		for _, act := range []string{"/role", "/disable", "/enable", "/end-sessions", "/reset-password"} {
			bob.post(s.panelOf("bob", act), url.Values{"role": {"admin"}}).status(404)
			s.as(chat.Moderator, "mo"+act[1:]).post(s.panelOf("bob", act), url.Values{"role": {"admin"}}).status(404)
		}
		if got := s.account("bob"); got.Role != chat.Member || got.DisabledAt != 0 {
			t.Errorf("got %+v", got)
		}
		for _, v := range []*visitor{s.guest(), bob} {
			v.get("/").lacks("/admin")
		}
	})
}

func TestPanelShowsModeratorsNoEmailsAndNothingToDo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		s.member("bob")
		mo, ada := s.as(chat.Moderator, "mo"), s.as(chat.Admin, "ada")
		if err := s.Store.Record(t.Context(), chat.Event{Action: chat.LoggedIn, UserID: s.account("bob").ID, IPPrefix: "198.51.100.0/24"}); err != nil {
			t.Fatal(err)
		}
		mo.get("/").has(`href="/admin"`)
		mo.get("/admin").status(200).lacks("/admin/settings")
		mo.get("/admin/members").status(200).has("bob").lacks("@example.com")
		mo.get("/admin/members?q=bob@example.com").status(200).has("No such members")
		mo.get(s.panelOf("bob", "")).status(200).has("bob").lacks("@example.com", "Disable", "<select", "198.51.100")
		mo.get("/admin/audit").status(200).has("Logged in").lacks("198.51.100")
		ada.get("/admin").has("/admin/settings")
		ada.get("/admin/members?q=bob@").status(200).has("bob@example.com")
		ada.get(s.panelOf("bob", "")).has("bob@example.com", "Disable account", "198.51.100")
		ada.get("/admin/members/999").status(404)
		ada.get("/admin/members/x").status(404)
	})
}

func TestOverview(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db, func(c *Config) { c.Version = "v1.2.3" })
		ada := s.as(chat.Admin, "ada")
		room := storetest.Room(t, db, "dogs")
		ada.post(room.Path()+"/messages", draft("woof", aNonce())).status(303)
		stream := s.guest().listen(s.serve() + room.Path() + "/events")
		stream.until("guest-count")
		facts := ada.get("/admin").status(200).has("v1.2.3", "on this server").doc().Find("dl").Text()
		for _, want := range []string{"Members2 ", "Rooms1 ", "Messages1 ", "Live viewers1 "} {
			if got := strings.Join(strings.Fields(facts), " "); !strings.Contains(got, want) {
				t.Errorf("want %q in %q", want, got)
			}
		}
	})
}

func TestPanelLists(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		ada := s.as(chat.Admin, "ada")
		for _, name := range []string{"bob", "bobby", "mo"} {
			s.member(name)
		}
		if err := db.SetRole(t.Context(), s.account("mo").ID, chat.Moderator); err != nil {
			t.Fatal(err)
		}
		dogs, cats := storetest.Room(t, db, "Dogs & friends"), storetest.Room(t, db, "cats")
		for n, room := range []chat.Room{dogs, cats, dogs} {
			ada.post(room.Path()+"/messages", draft(fmt.Sprintf("<b>%d</b>", n), aNonce())).status(303)
		}
		tests := []struct{ path, want string }{
			{"/admin/members", "ada bob bobby mo opener"},
			{"/admin/members?q=BOB", "bob bobby"},
			{"/admin/members?q=bobby@example.com", "bobby"},
			{"/admin/members?show=moderators", "mo"},
			{"/admin/members?show=admins", "ada"},
			{"/admin/members?show=disabled", ""},
			{"/admin/members?show=nonsense&q=%25", ""},
			{"/admin/members?q=%00%ff", ""},
			{"/admin/members?after=bob", "bobby mo opener"},
			{"/admin/members?after=%00", ""},
			{"/admin/rooms", "Dogs & friends cats"},
			{"/admin/rooms?q=Dogs+%26", "Dogs & friends"},
			{"/admin/rooms?q=!!!", ""},
			{"/admin/rooms?q=x", ""},
			{"/admin/rooms?after=junk", "Dogs & friends cats"},
		}
		for _, tt := range tests {
			if got := ada.get(tt.path).status(200).column(0); got != tt.want {
				t.Errorf("%s: got %q, want %q", tt.path, got, tt.want)
			}
			ada.withHTMX().get(tt.path).status(200).lacks("<html")
		}
		for path, want := range map[string]string{
			"/admin/messages": "<b>2</b> <b>1</b> <b>0</b>", "/admin/messages?room=Dogs+%26+friends": "<b>2</b> <b>0</b>", "/admin/messages?room=none": "",
			"/admin/messages?room=!": "", "/admin/messages?author=ADA": "<b>2</b> <b>1</b> <b>0</b>", "/admin/messages?author=bob": "", "/admin/messages?author=nobody": "",
			"/admin/messages?author=ada&room=cats": "<b>1</b>", "/admin/messages?before=-1": "<b>2</b> <b>1</b> <b>0</b>",
			"/admin/messages?q=2": "<b>2</b>", "/admin/messages?q=b&room=cats": "<b>1</b>", "/admin/messages?q=b&author=bob": "", "/admin/messages?q=%25": "", "/admin/messages?q=b&page=1000": "",
		} {
			if got := ada.get(path).status(200).column(0); got != want {
				t.Errorf("%s: got %q, want %q", path, got, want)
			}
		}
	})
}

func TestPanelPages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		ada := s.as(chat.Admin, "ada")
		room := storetest.Room(t, s.Store, "dogs")
		for n := range panelRows + 1 {
			ada.post(room.Path()+"/messages", draft(fmt.Sprint(n), aNonce())).status(303)
			storetest.User(t, s.Store, fmt.Sprintf("u%03d", n))
			storetest.Room(t, s.Store, fmt.Sprintf("r%03d", n))
			if err := s.Store.Record(t.Context(), chat.Event{Action: chat.LoggedIn}); err != nil {
				t.Fatal(err)
			}
		}
		for _, path := range []string{"/admin/members?q=u", "/admin/rooms?q=r", "/admin/rooms", "/admin/messages?author=ada", "/admin/audit?action=logged+in", "/admin/messages"} {
			first := ada.get(path).status(200).doc()
			if n := first.Find("tbody tr").Length(); n != panelRows {
				t.Errorf("%s: got %d rows, want %d", path, n, panelRows)
			}
			if first.Find("[rel=prev]").Length() != 0 {
				t.Errorf("%s: the first page leads to an earlier one", path)
			}
			next := first.Find("[rel=next]").AttrOr("href", "none")
			second := ada.get(next).status(200).doc()
			if second.Find("tbody tr").Length() < 1 || second.Find("[rel=next]").Length() != 0 {
				t.Errorf("%s leads to %s, which has %d rows", path, next, second.Find("tbody tr").Length())
			}
			if got := second.Find("[rel=prev]").AttrOr("href", ""); got != path {
				t.Errorf("%s leads back to %s, want %s", next, got, path)
			}
		}
	})
}

// A disabled account's pages end everywhere, and its owner is told why only with
// the right password.
func TestDisable(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s, other := newSiteOn(t, db), newSiteOn(t, db)
		ada, bob := s.knownAdmin("ada"), s.registered("bob")
		room := storetest.Room(t, db, "dogs")
		here, there := bob.listen(s.serve()+room.Path()+"/events"), bob.listen(other.serve()+room.Path()+"/events")
		here.until("guest-count")
		there.until("guest-count")

		ada.get(s.panelOf("bob", "")).status(200).has("on 1 device", "Disable account").lacks("Enable account")
		ada.with("Origin", "http://evil.example").post(s.panelOf("bob", "/disable"), url.Values{}).status(403)
		bob.get("/settings").status(200)
		ada.post(s.panelOf("bob", "/disable"), url.Values{}).status(303).location(s.panelOf("bob", ""))
		disabled := time.Now()
		here.expires()
		there.expires()
		if took := time.Since(disabled); took > 2*time.Second {
			t.Errorf("open pages end after %v, want at most 2s", took)
		}
		ada.get(s.panelOf("bob", "")).has("nowhere", "Enable account", "Account disabled").lacks("Disable account")
		ada.get("/admin/members?show=disabled").has("bob")
		bob.get("/settings").status(303)
		bob.post(room.Path()+"/messages", draft("woof", aNonce())).status(401)
		wrong := s.guest().post("/login", credentials("nobody@example.com", "guess")).status(422).doc().Find("[role=alert]").Text()
		if got := s.guest().post("/login", credentials("bob@example.com", "guess")).status(422).doc().Find("[role=alert]").Text(); got != wrong {
			t.Errorf("with a wrong password: got %q, want %q", got, wrong)
		}
		s.guest().post("/login", credentials("bob@example.com", goodPassword)).status(422).has("is disabled").lacks("Log out")
		s.guest().withHTMX().post("/login", credentials("bob@example.com", goodPassword)).status(422).has("is disabled").lacks("<html")

		ada.post(s.panelOf("bob", "/enable"), url.Values{}).status(303)
		s.guest().post("/login", credentials("bob@example.com", goodPassword)).status(303)
		if got := s.actions("bob")[:4]; !slices.Equal(got, []chat.Action{chat.LoggedIn, chat.AccountEnabled, chat.LoginFailed, chat.AccountDisabled}) {
			t.Errorf("the audit table remembers %q", got)
		}
	})
}

func TestRoles(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		ada, bob := s.knownAdmin("ada"), s.registered("bob")
		role := func(name string) url.Values { return url.Values{"role": {name}} }
		ada.post(s.panelOf("bob", "/role"), role("owner")).status(422).has("Choose one of the roles")
		ada.post(s.panelOf("bob", "/role"), role("moderator")).status(303)
		bob.get("/settings").status(303) // his session had another role's rights
		entries, err := db.FindEvents(t.Context(), chat.AuditList{Action: chat.RoleChanged}, 1)
		if err != nil || len(entries) != 1 || entries[0].Actor != "ada" || entries[0].User != "bob" || entries[0].Detail != "member to moderator" || entries[0].IPPrefix != "192.0.2.0/24" {
			t.Errorf("the audit table remembers %+v, %v", entries, err)
		}

		for _, act := range []string{"/role", "/disable"} {
			ada.post(s.panelOf("ada", act), role("member")).status(422).has("only admin")
			ada.withHTMX().post(s.panelOf("ada", act), role("member")).status(422).has("only admin").lacks("<html")
		}
		ada.post("/settings/delete", deletion(goodPassword, "keep")).status(422).has("only admin")
		ada.get("/admin").status(200)
		if got := s.actions("ada"); slices.Contains(got, chat.AccountDisabled) {
			t.Errorf("the audit table remembers what was refused: %q", got)
		}
		ada.post(s.panelOf("bob", "/role"), role("admin")).status(303)
		ada.post(s.panelOf("ada", "/role"), role("member")).status(303).location("/login?next=%2Fadmin")
		ada.get("/admin").status(404)
		if got := s.account("ada").Role; got != chat.Member {
			t.Errorf("got the role %q", got)
		}
	})
}

func TestEndSessionsAndSendResetLink(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		ada, bob := s.knownAdmin("ada"), s.registered("bob")
		ada.post(s.panelOf("bob", "/reset-password"), url.Values{}).status(303)
		bob.get("/settings").status(200)
		link := s.link(s.letter("bob@example.com", "password"))
		s.guest().post(link, url.Values{"password": {"another " + goodPassword}, "password_confirm": {"another " + goodPassword}}).status(303)

		bob = s.guest()
		bob.post("/login", credentials("bob@example.com", "another "+goodPassword)).status(303)
		ada.post(s.panelOf("bob", "/end-sessions"), url.Values{}).status(303)
		bob.get("/settings").status(303)
		if got := s.actions("bob"); got[0] != chat.SessionsEnded || !slices.Contains(got, chat.ResetLinkSent) {
			t.Errorf("the audit table remembers %q", got)
		}
	})
}

// What is dangerous asks for the password again an hour after it was given, and
// keeps what was to be done.
func TestDangerousActsAskForThePassword(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		var late atomic.Int64
		s := newSiteOn(t, db.WithClock(func() time.Time { return time.Now().Add(time.Duration(late.Load())) }))
		ada := s.knownAdmin("ada")
		s.member("bob")
		act := url.Values{"role": {"moderator"}, "note": {`"><script>`, "two"}}

		late.Store(int64(store.SessionConfirmed))
		ada.get(s.panelOf("bob", "")).status(200)
		asked := ada.post(s.panelOf("bob", "/role"), act).status(422).has("Is it you?").lacks("<script>", `aria-invalid="true"`)
		if s.account("bob").Role != chat.Member {
			t.Fatal("it was done without the password")
		}
		form := asked.doc().Find("main form")
		if got := form.AttrOr("action", ""); got != s.panelOf("bob", "/role") {
			t.Errorf("the form leads to %s", got)
		}
		kept := url.Values{}
		form.Find("[type=hidden]").Each(func(_ int, field *goquery.Selection) {
			kept.Add(field.AttrOr("name", ""), field.AttrOr("value", ""))
		})
		if kept.Encode() != act.Encode() {
			t.Errorf("the form keeps %v, want %v", kept, act)
		}
		kept.Set("current_password", "wrong")
		ada.withHTMX().post(s.panelOf("bob", "/role"), kept).status(422).has("not your password", `value="moderator"`).lacks("<html", "wrong")
		kept.Set("current_password", goodPassword)
		ada.with("Sec-Fetch-Site", "cross-site").post(s.panelOf("bob", "/role"), kept).status(403)
		ada.post(s.panelOf("bob", "/role"), kept).status(303)
		if s.account("bob").Role != chat.Moderator {
			t.Error("it was not done with the password")
		}
		ada.post(s.panelOf("bob", "/role"), url.Values{"role": {"member"}}).status(303) // for an hour

		late.Store(int64(2 * store.SessionConfirmed))
		ada.post("/admin/settings", url.Values{"site_name": {"Kept & ready"}}).status(422).has(`value="Kept &amp; ready"`)
		for _, path := range []string{s.panelOf("bob", "/disable"), s.panelOf("bob", "/enable"), s.panelOf("bob", "/end-sessions"), s.panelOf("bob", "/reset-password")} {
			ada.post(path, url.Values{}).status(422).has("Is it you?")
		}
	})
}

func TestSiteSettings(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		limits := func(c *Config) { c.PostRate = chat.Rate{Count: 100, Window: time.Hour} }
		s, other := newSiteOn(t, db, limits), newSiteOn(t, db, limits)
		ada := s.knownAdmin("ada")
		room := storetest.Room(t, db, "dogs")
		ada.get("/admin/settings").status(200).has("as the server was started: 100/1h", "as the server was started: open")

		wrong := url.Values{"site_name": {strings.Repeat("x", 65)}, "registration": {"ajar"}, "post_rate": {"<many>"}, "login_rate": {"5/1m"}}
		ada.post("/admin/settings", wrong).status(422).has("1 to 64 characters", "Choose one", "like 10/1m", `value="&lt;many&gt;"`, `value="5/1m"`)
		ada.withHTMX().post("/admin/settings", wrong).status(422).has("like 10/1m").lacks("<html")
		s.guest().get("/").has("<title>Test Bark")

		set := url.Values{"site_name": {"Woof & Co"}, "registration": {"closed"}, "post_rate": {"1/1h"}, "login_rate": {"2/1m"}}
		ada.post("/admin/settings", set).status(303).location("/admin/settings")
		ada.get("/admin/settings").has(`value="Woof &amp; Co"`, "Set here; the server was started with 100/1h")
		other.eventually("the name is another", func() bool { return strings.Contains(other.guest().get("/").Body.String(), "<title>Woof") })
		for _, node := range []*site{s, other} {
			node.guest().get("/").has("<title>Woof &amp; Co").lacks("Register")
			node.guest().get("/register").status(403)
			node.guest().post("/register", registration("eve@example.com", "eve", goodPassword)).status(403)
			node.guest().post("/login", credentials("x@example.com", "guess")).status(422)
			node.guest().post("/login", credentials("x@example.com", "guess")).status(422)
			node.guest().post("/login", credentials("x@example.com", "guess")).status(429)
		}
		ada.post(room.Path()+"/messages", draft("one", aNonce())).status(303)
		ada.post(room.Path()+"/messages", draft("two", aNonce())).status(429)

		ada.post("/admin/settings", url.Values{"post_rate": {"0"}}).status(303)
		s.guest().get("/").has("<title>Test Bark", "Register")
		s.guest().post("/login", credentials("x@example.com", "guess")).status(422)
		ada.post(room.Path()+"/messages", draft("two", aNonce())).status(303)
		newSiteOn(t, db).guest().get("/").has("<title>Test Bark")

		var details []string
		entries, err := db.FindEvents(t.Context(), chat.AuditList{Action: chat.SettingChanged}, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			details = append(details, entry.Detail)
		}
		want := []string{
			"login_rate: 2/1m to the server's", "post_rate: 1/1h to 0", "registration: closed to the server's", "site_name: Woof & Co to the server's",
			"login_rate: the server's to 2/1m", "post_rate: the server's to 1/1h", "registration: the server's to closed", "site_name: the server's to Woof & Co",
		}
		if !slices.Equal(details, want) {
			t.Errorf("the audit table remembers %q", details)
		}
	})
}

// What an admin does not allow is refused wherever people write, on every node, to
// everybody, and nobody is told what it is.
func TestDeniedWords(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s, other := newSiteOn(t, db), newSiteOn(t, db)
		ada, bob, mia := s.knownAdmin("ada"), s.member("bob"), s.as(chat.Moderator, "mia")
		bob.post("/rooms", url.Values{"name": {"shoes"}}).status(303)
		bob.post("/rooms", url.Values{"name": {"dogs"}}).status(303)
		before := draft("shoes", aNonce())
		bob.post("/rooms/dogs/messages", before).status(303)

		form := url.Values{"denied": {"Shoes\r\n***\r\n"}}
		if got := ada.post("/admin/settings", form).status(422).has("There is no word in the line ***").value("#denied"); got != "Shoes\n***\n" {
			t.Errorf("what was typed was not kept: %q", got)
		}
		form.Set("denied", strings.Repeat("x", 101))
		ada.withHTMX().post("/admin/settings", form).status(422).has("at most 200 lines").lacks("<html")
		form.Set("denied", "Shoes\r\nevil.example")
		ada.post("/admin/settings", form).status(303)
		ada.get("/admin/settings").has("evil.example")
		other.lookForSettings(t.Context())

		there := other.guest()
		there.cookie = bob.cookie
		const sentence = "a word or an address that is not allowed here"
		for _, v := range []*visitor{bob, bob.withHTMX(), there, mia, ada} {
			for _, text := range []string{"buy SHOÉS!", "see https://www.EVIL.example/x?y"} {
				refused := v.post("/rooms/dogs/messages", draft(text, aNonce())).status(422).has(sentence)
				if got := refused.value("#body"); got != text {
					t.Errorf("the text was not kept: %q", got)
				}
			}
		}
		for _, v := range []*visitor{bob, bob.withHTMX(), there} {
			if got := v.post("/rooms/dogs/1/edit", edited("more shoes", 0)).status(422).has(sentence).lacks("Shoes").value("textarea[name=body]"); got != "more shoes" {
				t.Errorf("the text was not kept: %q", got)
			}
		}
		bob.post("/rooms", url.Values{"name": {"Red shoes"}}).status(422).has(sentence, `value="Red shoes"`)
		bob.post("/rooms", url.Values{"name": {"shoes"}}).status(303).location("/rooms/shoes") // which is there
		mia.post("/rooms/dogs/settings", url.Values{"name": {"Shoes too"}, "topic": {"of shoes"}}).status(422).has(`value="Shoes too"`, "of shoes", sentence)
		mia.post("/rooms/shoes/settings", url.Values{"topic": {"hats"}}).status(303) // its name stays
		s.guest().post("/register", registration("eve@example.com", "shoes.eve", goodPassword)).status(422).has(sentence, `value="shoes.eve"`)
		bob.post("/settings", url.Values{"username": {"bob-shoes"}}).status(422).has(sentence, `value="bob-shoes"`)
		for _, v := range []*visitor{bob, there} { // what was posted before, sent again
			v.post("/rooms/dogs/messages", before).status(303)
			v.post("/rooms/dogs/1/edit", edited("shoes", 0)).status(303)
		}
		if got := s.guest().get("/rooms/dogs").messages(); len(got) != 1 {
			t.Errorf("the room has %q", got)
		}
		bob.post("/rooms/dogs/messages", draft("snowshoes, and notevil.example", aNonce())).status(303)

		ada.post("/admin/settings", url.Values{"denied": {"hats\nevil.example"}}).status(303)
		bob.post("/rooms/dogs/messages", draft("shoes again", aNonce())).status(303)
		entries, err := db.FindEvents(t.Context(), chat.AuditList{Action: chat.SettingChanged}, 10)
		if err != nil || len(entries) != 2 || entries[0].Detail != "denied: +hats -Shoes" || entries[1].Detail != "denied: +Shoes +evil.example" {
			t.Errorf("the audit table remembers %+v, %v", entries, err)
		}
	})
}

// A form that stood open while another admin changed the settings does not undo
// that unseen.
func TestTwoAdminsChangeTheSettings(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		ada, bob := s.knownAdmin("ada"), s.knownAdmin("bob")
		ada.post("/admin/settings", url.Values{"denied": {"snake\r\noil"}, "registration": {"open"}}).status(303)
		const path = "/admin/settings"
		open := func(admin *visitor, name, value string) url.Values {
			page := admin.get(path).status(200)
			form := url.Values{"registration": {"open"}, "denied": {"snake\r\noil"}}
			for _, setting := range chat.Settings {
				form.Set("seen_"+string(setting), page.value("[name=seen_"+string(setting)+"]"))
			}
			form.Set(name, value)
			return form
		}
		adas, bobs := open(ada, "registration", "closed"), open(bob, "site_name", strings.Repeat("x", 65))
		ada.post(path, adas).status(303)
		refused := bob.post(path, bobs).status(422)
		bobs.Set("seen_registration", refused.value("[name=seen_registration]"))
		bobs.Set("site_name", "Woof")
		bob.post(path, bobs).status(303)
		s.guest().get("/").has("<title>Woof").lacks("Register")
		entries, err := db.FindEvents(t.Context(), chat.AuditList{Action: chat.SettingChanged}, 2)
		if err != nil || entries[0].Detail != "site_name: the server's to Woof" || entries[1].Detail != "registration: open to closed" {
			t.Errorf("the audit table remembers %+v, %v", entries, err)
		}
	})
}

// A server that starts while a setting is made does it from its first answer on.
func TestSettingsHoldFromTheStart(t *testing.T) {
	db := storetest.SQLite(t)
	if _, err := db.Set(t.Context(), chat.RegistrationSetting, "closed"); err != nil {
		t.Fatal(err)
	}
	newSiteOn(t, db).guest().get("/register").status(403)
}

func TestAuditLog(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		ada := s.knownAdmin("ada")
		s.registered("bob")
		s.guest().post("/login", credentials("nobody@example.com", "guess")).status(422)
		ada.post(s.panelOf("bob", "/disable"), url.Values{}).status(303)
		for path, want := range map[string]string{
			"/admin/audit":                                     "Account disabled Login failed Registered Logged in Registered",
			"/admin/audit?action=registered":                   "Registered Registered",
			"/admin/audit?user=BOB":                            "Account disabled Registered",
			"/admin/audit?user=bob&actor=ada":                  "Account disabled",
			"/admin/audit?actor=ada":                           "Account disabled Logged in Registered",
			"/admin/audit?user=nobody":                         "",
			"/admin/audit?action=%3Cscript%3E&before=junk":     "",
			"/admin/audit?action=registered&before=1-1":        "",
			"/admin/audit?actor=ada&action=account+disabled":   "Account disabled",
			"/admin/audit?actor=&user=&action=login+failed":    "Login failed",
			"/admin/audit?before=9999999999999999999999-1&x=y": "Account disabled Login failed Registered Logged in Registered",
		} {
			if got := ada.get(path).status(200).column(1); got != want {
				t.Errorf("%s: got %q, want %q", path, got, want)
			}
		}
	})
}
