package handlers

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

func sanction(kind, room, lasts, reason string) url.Values {
	return url.Values{"kind": {kind}, "room": {room}, "lasts": {lasts}, "reason": {reason}}
}

func TestReportGoesToTheModerators(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, db, "dogs")
		ada, bob, mia, max := s.member("ada"), s.member("bob"), s.as(chat.Moderator, "mia"), s.as(chat.Moderator, "max")
		ada.post("/rooms/dogs/messages", draft("buy <b>shoes</b>", aNonce())).status(303)

		const path = "/rooms/dogs/1/report"
		s.guest().get(path).status(303).location("/login?next=%2Frooms%2Fdogs%2F1%2Freport")
		bob.get("/rooms/dogs/2/report").status(404)
		bob.get(path).status(200).has("buy &lt;b&gt;shoes&lt;/b&gt;", "Only moderators read this.")
		bob.post(path, url.Values{"reason": {" "}}).status(422).has("Say in a few words why.")
		long := strings.Repeat("x", 501)
		if got := bob.withHTMX().post(path, url.Values{"reason": {long}}).status(422).lacks("<html").value("#reason"); got != long {
			t.Errorf("the reason was not kept: %q", got)
		}
		bob.post(path, url.Values{"reason": {"an <i>ad</i>"}}).status(303).location(path)
		bob.post(path, url.Values{"reason": {"once more"}}).status(303)
		bob.get(path).has("The moderators will look at it.", "an &lt;i&gt;ad").lacks("once more", "<textarea")

		queue := mia.get("/admin/reports").status(200).has("shoes", "an &lt;i&gt;ad", `href="/rooms/dogs/1"`, "bob")
		mia.get("/admin/reports?settled=1").lacks("shoes")
		action, _ := queue.doc().Find("li form").Attr("action")
		bob.post(action, url.Values{"outcome": {"resolved"}}).status(404)
		mia.post(action, url.Values{"outcome": {"ignored"}}).status(400)
		mia.post(action, url.Values{"outcome": {"resolved"}}).status(303).location("/admin/reports")
		max.post(action, url.Values{"outcome": {"dismissed"}}).status(303) // it stays as mia settled it
		mia.get("/admin/reports").lacks("shoes").has("Nothing waits for you.")
		mia.get("/admin/reports?settled=1").has("shoes", "resolved by mia")
		mia.post("/admin/reports/999", url.Values{"outcome": {"resolved"}}).status(404)
		mia.post("/admin/reports/x", url.Values{"outcome": {"resolved"}}).status(404)
		bob.get(path).has("A moderator has looked at it.")
		if got := s.actions("ada"); len(got) != 2 || got[1] != chat.MessageReported || got[0] != chat.ReportSettled { // what changed nothing is not told
			t.Errorf("the audit table remembers %q", got)
		}
	})
}

func TestMutedMemberIsToldWhy(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, db, "dogs")
		storetest.Room(t, db, "cats")
		ada, mia := s.member("ada"), s.as(chat.Moderator, "mia")
		open := ada.get("/rooms/dogs").status(200)

		ada.get("/users/ada").lacks("Mute or ban")
		mia.get("/users/ada").has("/users/ada/sanctions")
		mia.get("/users/ada/sanctions?room=dogs").has(`value="dogs"`)
		mia.post("/users/ada/sanctions", sanction("mute", "dogs", "3600", "too <b>loud</b>")).status(303).location("/users/ada/sanctions")
		mia.get("/users/ada/sanctions").has("Muted", "too &lt;b&gt;loud", "By mia")

		ada.get("/rooms/dogs").has("You are muted in this room until", "too &lt;b&gt;loud").lacks(`id="composer"`)
		nonce := open.value("[name=nonce]") // of the page that was open before
		plain := ada.post("/rooms/dogs/messages", draft("let me", nonce)).status(403).has("You are muted in this room until")
		htmx := ada.withHTMX().post("/rooms/dogs/messages", draft("let me", nonce)).status(403).has("You are muted in this room until").lacks("<html")
		if plain.value("#body") != "let me" || htmx.value("#body") != "let me" {
			t.Error("the text was not kept")
		}
		if got := s.guest().get("/rooms/dogs").messages(); len(got) != 0 {
			t.Errorf("the room has %q", got)
		}
		ada.post("/rooms/cats/messages", draft("here then", aNonce())).status(303)

		log := s.guest().get("/rooms/dogs/log").status(200).has("mia", " muted", "ada", "until").lacks("loud")
		if got := log.doc().Find(".latest li").Length(); got != 1 {
			t.Errorf("the log has %d entries, want 1", got)
		}
		mia.post("/users/ada/sanctions/lift", url.Values{"room": {"dogs"}}).status(303)
		mia.post("/users/ada/sanctions/lift", url.Values{"room": {"dogs"}}).status(303) // over already
		mia.post("/users/ada/sanctions/lift", url.Values{"room": {"none"}}).status(404)
		ada.post("/rooms/dogs/messages", draft("thank you", aNonce())).status(303)
		s.guest().get("/rooms/dogs/log").has("let write again")
		if got := s.actions("ada"); len(got) != 2 || got[1] != chat.MemberMuted || got[0] != chat.SanctionLifted {
			t.Errorf("the audit table remembers %q", got)
		}
	})
}

func TestSanctionsThatCantBe(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, s.Store, "dogs")
		s.member("ada")
		mia, max, eve := s.as(chat.Moderator, "mia"), s.as(chat.Moderator, "max"), s.as(chat.Admin, "eve")
		const path = "/users/ada/sanctions"
		for field, form := range map[string]url.Values{
			"Choose one of the two.":         sanction("kiss", "", "3600", "spam"),
			"Choose one of the list.":        sanction("mute", "", "61", "spam"),
			"There is no room of this name.": sanction("mute", "none", "3600", "spam"),
			"Say in a few words why.":        sanction("mute", "", "0", " "),
		} {
			mia.post(path, form).status(422).has(field)
			mia.withHTMX().post(path, form).status(422).has(field).lacks("<html")
		}
		mia.post(path, sanction("mute", "!!", "3600", "spam")).status(422).has("There is no room of this name.", `value="!!"`)
		if got := mia.post(path, sanction("mute", "!!", "3600", "spam")).value("#reason"); got != "spam" {
			t.Errorf("the reason was not kept: %q", got)
		}
		mia.get("/users/none/sanctions").status(404)
		for _, name := range []string{"mia", "max", "eve"} { // oneself, one's like, one's better
			mia.get("/users/" + name + "/sanctions").status(403)
			mia.post("/users/"+name+"/sanctions", sanction("ban", "", "0", "coup")).status(403)
			mia.post("/users/"+name+"/sanctions/lift", url.Values{}).status(403)
			mia.get("/users/" + name).lacks("Mute or ban")
		}
		eve.post("/users/mia/sanctions", sanction("ban", "", "0", "coup")).status(303)
		mia.get("/admin/reports").status(404)
		max.get("/admin/reports").status(200)
	})
}

func TestBannedFromTheSite(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s, elsewhere := newSiteOn(t, db), newSiteOn(t, db) // two nodes
		storetest.Room(t, db, "dogs")
		ada, mia := s.registered("ada"), s.as(chat.Moderator, "mia")
		there := elsewhere.guest()
		there.cookie = ada.cookie
		streams := []*listener{ada.listen(s.serve() + "/rooms/dogs/events"), there.listen(elsewhere.serve() + "/rooms/dogs/events")}
		for _, stream := range streams {
			stream.until("member-count")
		}
		begun := time.Now()
		mia.post("/users/ada/sanctions", sanction("ban", "", "604800", "spam")).status(303)
		for _, stream := range streams {
			stream.expires()
		}
		if took := time.Since(begun); took > 2500*time.Millisecond { // 2 s, and a database that is busy with other tests
			t.Errorf("the streams ended after %v", took)
		}
		there.post("/rooms/dogs/messages", draft("let me", aNonce())).status(401)
		ada.get("/settings").status(303)
		ada.get("/rooms/dogs").status(200) // as a guest
		s.guest().post("/login", credentials("ada@example.com", "wrong")).status(422).has("belong together").lacks("banned")
		s.guest().post("/login", credentials("ada@example.com", goodPassword)).status(422).has("You are banned until", "spam")
		mia.post("/users/ada/sanctions/lift", url.Values{}).status(303)
		s.guest().post("/login", credentials("ada@example.com", goodPassword)).status(303)
	})
}

// Who is banned from a room reads it as a guest does, and is not there.
func TestBannedFromARoom(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s, elsewhere := newSiteOn(t, db), newSiteOn(t, db) // two nodes
		room := storetest.Room(t, db, "dogs")
		ada, mia := s.member("ada"), s.as(chat.Moderator, "mia")
		other := elsewhere.guest()
		other.cookie = ada.cookie
		here, there := ada.listen(s.serve()+"/rooms/dogs/events"), other.listen(elsewhere.serve()+"/rooms/dogs/events")
		here.until("member-count")
		there.until("member-count")
		begun := time.Now()
		mia.post("/users/ada/sanctions", sanction("ban", "Dogs", "0", "spam")).status(303)
		here.ended()
		there.ended()
		if took := time.Since(begun); took > 2500*time.Millisecond { // 2 s, and a database that is busy with other tests
			t.Errorf("the streams ended after %v", took)
		}
		again := ada.listen(s.serve() + "/rooms/dogs/events")
		again.until("guest-count")
		if got := s.live.Presence(room.ID); got.Guests != 1 {
			t.Errorf("got %+v, want her as a guest", got)
		}
		ada.get("/settings").status(200)
		ada.get("/rooms/dogs").status(200).has("You are banned in this room.", "spam").lacks(`id="composer"`)
		ada.post("/rooms/dogs/messages", draft("let me", aNonce())).status(403)
	})
}

// When a ban is lifted, or is over, the pages that stand open count its member
// again, on every node.
func TestBanFromARoomIsLifted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s, elsewhere := newSiteOn(t, db), newSiteOn(t, db)
		room := storetest.Room(t, db, "dogs")
		ada, mia := s.member("ada"), s.as(chat.Moderator, "mia")
		other := elsewhere.guest()
		other.cookie = ada.cookie
		mia.post("/users/ada/sanctions", sanction("ban", "dogs", "0", "spam")).status(303)
		here, there := ada.listen(s.serve()+"/rooms/dogs/events"), other.listen(elsewhere.serve()+"/rooms/dogs/events")
		here.until("guest-count")
		there.until("guest-count")
		mia.post("/users/ada/sanctions/lift", url.Values{"room": {"dogs"}}).status(303)
		begun := time.Now()
		here.ended()
		there.ended()
		if took := time.Since(begun); took > 2500*time.Millisecond { // 2 s, and a database that is busy with other tests
			t.Errorf("the streams ended after %v", took)
		}
		ada.listen(s.serve() + "/rooms/dogs/events").until("member-count")
		if got := s.live.Presence(room.ID); got.Count != 1 || got.Guests != 0 {
			t.Errorf("got %+v, want her as a member", got)
		}
	})
}

func TestAllSanctions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, db, "dogs")
		mia, eve := s.as(chat.Moderator, "mia"), s.as(chat.Admin, "eve")
		mia.get("/admin").has(`href="/admin/sanctions"`)
		mia.get("/admin/sanctions").status(200).has("No such sanctions are in force.")
		for n := range panelRows {
			storetest.User(t, db, fmt.Sprint("ada", n))
			mia.post(fmt.Sprint("/users/ada", n, "/sanctions"), sanction("mute", "dogs", "3600", "too <b>loud</b>")).status(303)
		}
		s.member("bob")
		s.as(chat.Moderator, "max")
		mia.post("/users/bob/sanctions", sanction("ban", "", "0", "spam")).status(303)
		eve.post("/users/max/sanctions", sanction("mute", "", "3600", "quarrels")).status(303)

		first := mia.get("/admin/sanctions").status(200).has("too &lt;b&gt;loud", "spam", "quarrels", "on the whole site", "For good", `href="/users/bob/sanctions"`, ">eve<").
			lacks("/users/max/sanctions") // whom only an admin may let go
		eve.get("/admin/sanctions").has("/users/max/sanctions")
		next, _ := first.doc().Find("a[rel=next]").Attr("href")
		if got := mia.get(next).status(200).has(">ada0<", ">ada1<").lacks("bob", "ada2").doc().Find("tbody tr").Length(); got != 2 {
			t.Errorf("got %d on the second page, want 2", got)
		}
		for path, want := range map[string]int{
			"kind=ban": 1, "site=1": 2, "room=Dogs": panelRows, "room=dogs&user=ADA7": 1, "user=nobody": 0, "room=none": 0, "kind=mute&site=1": 1,
			"kind=%3Cscript%3E": 0, "before=junk&user=bob": 1, "before=99999999999999999999-1-1&user=bob": 1,
		} {
			if got := mia.get("/admin/sanctions?" + path).status(200).doc().Find("tbody tr").Length(); got != want {
				t.Errorf("%s: got %d rows, want %d", path, got, want)
			}
		}
		mia.post("/users/bob/sanctions/lift", url.Values{}).status(303)
		mia.get("/admin/sanctions").lacks("spam")
	})
}

func TestModeratorDeletesAMessage(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, s.Store, "dogs")
		eve, mia := s.member("eve"), s.as(chat.Moderator, "mia")
		for range 2 {
			eve.post("/rooms/dogs/messages", draft("buy shoes", aNonce())).status(303)
		}
		mia.get("/rooms/dogs/1/actions").has(`href="/users/eve/sanctions?room=dogs"`)
		eve.get("/rooms/dogs/1/actions").lacks("sanctions")
		for range 2 { // the second changes nothing
			mia.post("/rooms/dogs/1/delete", url.Values{}).status(303)
		}
		eve.post("/rooms/dogs/2/delete", url.Values{}).status(303)
		log := s.guest().get("/rooms/dogs/log").has("deleted a message of", "eve", `href="/rooms/dogs/1"`)
		if got := log.doc().Find(".latest li").Length(); got != 1 {
			t.Errorf("the log has %d entries, want one: what members delete themselves is not moderation", got)
		}
		if got := s.actions("eve"); len(got) != 1 || got[0] != chat.MessageDeleted {
			t.Errorf("the audit table remembers %q", got)
		}
	})
}

// A newcomer can't bring by editing what can't be posted, nor who is muted.
func TestEditsAreHeldToTheSameRules(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db, func(c *Config) { c.PostRate = chat.Rate{Count: 10, Window: 10 * time.Second} })
		storetest.Room(t, s.Store, "dogs")
		eve, mia := s.member("eve"), s.as(chat.Moderator, "mia")
		eve.post("/rooms/dogs/messages", draft("hello", aNonce())).status(303)
		links := url.Values{"body": {"http://a.example http://b.example http://c.example"}}
		eve.post("/rooms/dogs/1/edit", links).status(422).has("two links at most", "http://c.example")
		mia.post("/users/eve/sanctions", sanction("mute", "dogs", "3600", "spam")).status(303)
		eve.post("/rooms/dogs/1/edit", url.Values{"body": {"hats"}}).status(403).has("You are muted", "hats")
		s.guest().get("/rooms/dogs").has("hello").lacks("hats")
	})
}

// Of moderators who delete one message at the same moment one does, and only that
// is told.
func TestDeletedAtOnceIsToldOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, db, "dogs")
		mia, max := s.as(chat.Moderator, "mia"), s.as(chat.Moderator, "max")
		s.member("eve").post("/rooms/dogs/messages", draft("buy shoes", aNonce())).status(303)
		var all sync.WaitGroup
		for _, moderator := range []*visitor{mia, max, mia, max} {
			all.Go(func() { moderator.post("/rooms/dogs/1/delete", url.Values{}) })
		}
		all.Wait()
		log := s.guest().get("/rooms/dogs/log").has("deleted a message of")
		if got := log.doc().Find(".latest li").Length(); got != 1 {
			t.Errorf("the log has %d entries, want 1", got)
		}
		if got := s.actions("eve"); len(got) != 1 || got[0] != chat.MessageDeleted {
			t.Errorf("the audit table remembers %q", got)
		}
	})
}

// A room or a member with another name is found by the one of before: by pages
// that stand open, and in what lists are narrowed down to.
func TestModeratedUnderNamesOfBefore(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, db, "dogs")
		eve, mia, ada := s.member("eve"), s.as(chat.Moderator, "mia"), s.member("ada")
		eve.post("/rooms/dogs/messages", draft("hello @ada", aNonce())).status(303)
		mia.post("/users/eve/sanctions", sanction("mute", "dogs", "3600", "loud")).status(303)
		mia.post("/rooms/dogs/settings", roomForm("hounds", "", "0")).status(303)
		eve.post("/settings", url.Values{"username": {"ivy"}}).status(303)

		mia.get("/users/eve/sanctions?room=dogs").status(200).has("Mute or ban ivy", "Muted")
		for _, path := range []string{"/admin/messages?room=dogs", "/admin/messages?author=eve", "/admin/messages?author=@ivy", "/admin/sanctions?room=dogs", "/admin/sanctions?user=eve"} {
			mia.get(path).status(200).has("ivy")
		}
		mia.get("/admin/audit?user=eve").status(200).has("Username changed")
		ada.get("/mentions?room=dogs").status(200).has("hello")

		mia.post("/users/eve/sanctions/lift", url.Values{"room": {"dogs"}}).status(303).location("/users/ivy/sanctions")
		eve.post("/rooms/hounds/messages", draft("thank you", aNonce())).status(303)
		mia.post("/users/eve/sanctions", sanction("ban", "dogs", "3600", "again")).status(303).location("/users/ivy/sanctions")
		eve.post("/rooms/hounds/messages", draft("let me", aNonce())).status(403)
		mia.post("/users/eve/removals", url.Values{"within": {"3600"}}).status(303)
		ada.post("/users/eve/ignore", url.Values{}).status(303).location("/users/ivy")
	})
}

// What is left of a sanction on who deleted the account can't be taken back, so
// that is not offered.
func TestSanctionOnAFormerMember(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		eve, mia := storetest.User(t, db, "eve"), s.as(chat.Moderator, "mia")
		mia.post("/users/eve/sanctions", sanction("mute", "", "0", "spam")).status(303)
		mia.get("/admin/sanctions").has("Take back")
		if err := db.DeleteAccount(t.Context(), eve.ID, false); err != nil {
			t.Fatal(err)
		}
		mia.get("/admin/sanctions").status(200).has(chat.FormerMember, "spam").lacks("Take back")
	})
}
