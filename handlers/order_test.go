package handlers

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// What a moderator takes away is gone within two seconds from all that is open,
// on every node, and at once from all that is asked for, whoever has kept what of it.
func TestWhatAModeratorTakesAwayIsGoneEverywhere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s, elsewhere := newSiteOn(t, db), newSiteOn(t, db)
		storetest.Room(t, db, "dogs")
		eve, ada, mia := s.member("eve"), s.member("ada"), s.as(chat.Moderator, "mia")
		there := elsewhere.guest()
		there.cookie = ada.cookie
		for n, how := range []string{"deleted", "removed"} {
			path := fmt.Sprint("/rooms/dogs/", n+1)
			eve.post("/rooms/dogs/messages", draft("cheap shoes for @ada", aNonce())).status(303)
			feed := strings.TrimPrefix(ada.post("/settings/feed", url.Values{}).status(200).doc().Find("a#feed").AttrOr("href", ""), s.BaseURL.String())

			type kept struct {
				by   *visitor
				path string
				tag  string
			}
			var copies []kept
			for _, path := range []string{
				"/rooms/dogs", "/rooms/dogs/page/1", "/rooms/dogs/changes?after=0-0", "/rooms/dogs/feed.atom", feed, "/search?q=shoes", path + "/actions", "/users/eve", "/mentions",
			} {
				for _, v := range []*visitor{s.guest(), elsewhere.guest(), ada, there} {
					if path == "/mentions" && v.cookie == "" {
						continue
					}
					answer := v.get(path).status(200).has("shoes")
					copies = append(copies, kept{v, path, answer.Header().Get("ETag")})
				}
			}
			here, beyond := s.serve()+"/rooms/dogs", elsewhere.serve()+"/rooms/dogs"
			cursor := s.guest().get("/rooms/dogs").value("#cursor")
			streams := []*listener{s.guest().listen(here + "/events?after=" + cursor), ada.listen(here + "/events?after=" + cursor), there.listen(beyond + "/events?after=" + cursor), elsewhere.guest().listen(beyond + "/events?after=" + cursor)}
			for _, stream := range streams {
				stream.until("-count")
			}
			begun := time.Now()
			if how == "deleted" {
				mia.post(path+"/delete", url.Values{}).status(303)
			} else {
				mia.post("/users/eve/removals", url.Values{"within": {"3600"}}).status(303)
			}
			for i, stream := range streams {
				if event := stream.change(); !strings.Contains(event.data, "was deleted") || strings.Contains(event.data, "shoes") {
					t.Errorf("%s: stream %d was told %s", how, i, event.data)
				}
			}
			if took := time.Since(begun); took > 2500*time.Millisecond { // 2 s, and a database that is busy with other tests
				t.Errorf("%s: seen after %v", how, took)
			}
			for _, c := range copies {
				c.by.with("If-None-Match", c.tag).get(c.path).status(200).lacks("cheap shoes", "cheap <mark>")
			}
			mia.get("/admin/messages?q=shoes").status(200).lacks("cheap")
		}
	})
}

// A word that an edit took away finds the message no more, nor what was removed
// until it is restored.
func TestSearchFindsOnlyWhatCanBeRead(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, db, "dogs")
		eve, mia := s.member("eve"), s.as(chat.Moderator, "mia")
		for _, text := range []string{"red shoes", "green shoes", "blue shoes"} {
			eve.post("/rooms/dogs/messages", draft(text, aNonce())).status(303)
		}
		want := func(q string, numbers ...int) {
			t.Helper()
			for _, v := range []*visitor{s.guest(), eve, mia} {
				page := v.get(searchPath("q", q)).status(200)
				var got []int
				for _, result := range page.results() {
					var number int
					if _, err := fmt.Sscanf(result, "/rooms/dogs/%d", &number); err != nil {
						t.Fatal(err)
					}
					got = append(got, number)
				}
				if fmt.Sprint(got) != fmt.Sprint(numbers) {
					t.Errorf("%q finds %v, want %v", q, got, numbers)
				}
			}
		}
		want("shoes", 3, 2, 1)
		eve.post("/rooms/dogs/1/edit", edited("red hats", 0)).status(303)
		mia.post("/rooms/dogs/2/delete", url.Values{}).status(303)
		want("shoes", 3)
		want("red shoes")
		want("hats", 1)
		want("green")
		mia.post("/users/eve/removals", url.Values{"within": {"3600"}}).status(303)
		shows := func(text string) func() bool {
			return func() bool { return strings.Contains(s.guest().get("/rooms/dogs").Body.String(), text) }
		}
		s.eventually("all is removed", func() bool { return !shows("hats")() && !shows("blue")() })
		want("shoes")
		want("hats")
		action := mia.get("/users/eve/sanctions").doc().Find(`form[action*="/restore"]`).AttrOr("action", "")
		mia.post(action, url.Values{}).status(303)
		s.eventually("it is restored", func() bool { return shows("hats")() && shows("blue")() })
		want("shoes", 3)
		want("hats", 1)
	})
}

// A program that tries a thousand times gets no further than a person in a hurry.
func TestProgramsAreHeldBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		rate := chat.Rate{Count: 10, Window: time.Hour}
		s := newSiteOn(t, db, func(c *Config) { c.PostRate, c.LoginRate = rate, rate })
		storetest.Room(t, db, "dogs")
		bot := s.member("bot").withHTMX()
		for _, tt := range []struct {
			name        string
			tries, most int
			try         func(n int) *answer
		}{
			{"accounts", 1000, 10, func(n int) *answer {
				return s.guest().withHTMX().post("/register", registration(fmt.Sprintf("bot%d@example.com", n), fmt.Sprint("bot", n), goodPassword))
			}},
			{"messages that say the same", 100, 1, func(int) *answer { return bot.post("/rooms/dogs/messages", draft("buy shoes", aNonce())) }},
			{"messages", 1000, 9, func(n int) *answer { return bot.post("/rooms/dogs/messages", draft(fmt.Sprint("shoes ", n), aNonce())) }},
			{"edits", 100, 10, func(n int) *answer { return bot.post("/rooms/dogs/1/edit", edited(fmt.Sprint("hats ", n), 0)) }},
			{"rooms", 100, 10, func(n int) *answer { return bot.post("/rooms", url.Values{"name": {fmt.Sprint("shop ", n)}}) }},
		} {
			done := 0
			for n := range tt.tries {
				switch code := tt.try(n).Code; code {
				case 200, 303:
					done++
				case 422, 429:
				default:
					t.Fatalf("%s, try %d: got status %d", tt.name, n, code)
				}
			}
			if done != tt.most {
				t.Errorf("got %d %s, want %d", done, tt.name, tt.most)
			}
		}
	})
}

// A newcomer who says the same twice is told so, with the text kept; who sends a
// form twice is not.
func TestNewcomersAreToldNotToRepeatThemselves(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		limited := func(c *Config) { c.PostRate = chat.Rate{Count: 100, Window: time.Minute} }
		s, elsewhere := newSiteOn(t, db, limited), newSiteOn(t, db, limited)
		storetest.Room(t, db, "dogs")
		storetest.Room(t, db, "cats")
		eve := s.member("eve")
		there := elsewhere.guest()
		there.cookie = eve.cookie
		first := draft("buy shoes", aNonce())
		eve.post("/rooms/dogs/messages", first).status(303)
		eve.post("/rooms/dogs/messages", first).status(303)
		there.withHTMX().post("/rooms/dogs/messages", first).status(200)
		for _, v := range []*visitor{eve, eve.withHTMX(), there} {
			nonce := aNonce()
			refused := v.post("/rooms/cats/messages", draft("buy shoes", nonce)).status(422).has("You have said just this a moment ago.")
			if refused.value("#body") != "buy shoes" || refused.value("[name=nonce]") != nonce {
				t.Errorf("the form was not kept: %s", refused.Body)
			}
		}
		eve.post("/rooms/cats/messages", draft("buy hats", aNonce())).status(303)
		there.post("/rooms/cats/1/edit", edited("buy shoes", 0)).status(422).has("You have said just this a moment ago.")
		if got := s.guest().get("/rooms/cats").messages(); len(got) != 1 || got[0] != "buy hats" {
			t.Errorf("the room has %q", got)
		}
	})
}

// Knowing what something of somebody else's is called opens no door to it.
func TestOthersThingsAreOutOfReach(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, db, "dogs")
		ada, bob, mia, max := s.member("ada"), s.member("bob"), s.as(chat.Moderator, "mia"), s.as(chat.Moderator, "max")
		ada.post("/rooms/dogs/messages", draft("hers", aNonce())).status(303)
		bob.post("/rooms/dogs/1/report", url.Values{"reason": {"spam"}}).status(303)
		device := ada.get("/settings/sessions").doc().Find(".devices form").AttrOr("action", "")
		report := mia.get("/admin/reports").doc().Find("li form").AttrOr("action", "")
		mia.post("/users/ada/removals", url.Values{"within": {"3600"}}).status(303)
		removal := mia.get("/users/ada/sanctions").doc().Find(`form[action*="/restore"]`).AttrOr("action", "")
		shown := func() bool { return s.guest().get("/rooms/dogs").messages()[0] == "hers" }
		s.eventually("it is removed", func() bool { return !shown() })
		mia.post(removal, url.Values{}).status(303)
		s.eventually("it is restored", shown)
		if device == "" || report == "" || removal == "" {
			t.Fatalf("there is nothing to reach for: %q, %q, %q", device, report, removal)
		}
		body, ban := edited("mine", 0), sanction("ban", "", "0", "coup")
		for _, tt := range []struct {
			method, path          string
			form                  url.Values
			guest, bob, moderator int
		}{
			{"GET", "/rooms/dogs/1/edit", nil, 303, 403, 403},
			{"POST", "/rooms/dogs/1/edit", body, 401, 403, 403},
			{"POST", "/rooms/dogs/9/edit", body, 401, 404, 404},
			{"POST", "/rooms/none/1/edit", body, 401, 404, 404},
			{"GET", "/rooms/dogs/1/delete", nil, 303, 403, 200},
			{"POST", "/rooms/dogs/9/delete", url.Values{}, 404, 404, 404},
			{"GET", "/rooms/dogs/1/versions", nil, 404, 404, 200},
			{"GET", "/rooms/dogs/9/report", nil, 303, 404, 404},
			{"POST", device, url.Values{}, 303, 303, 303}, // nothing happens: see below
			{"POST", report, url.Values{"outcome": {"dismissed"}}, 404, 404, 303},
			{"POST", removal, url.Values{}, 404, 404, 303},
			{"POST", strings.Replace(removal, "ada", "bob", 1), url.Values{}, 404, 404, 404},
			{"POST", "/users/mia/removals", url.Values{"within": {"3600"}}, 404, 404, 403},
			{"POST", "/users/mia/sanctions", ban, 404, 404, 403},
			{"POST", "/users/ada/sanctions/lift", url.Values{}, 404, 404, 303},
			{"POST", s.panelOf("ada", "/disable"), url.Values{}, 404, 404, 404},
			{"POST", s.panelOf("ada", "/role"), url.Values{"role": {"admin"}}, 404, 404, 404},
		} {
			for _, by := range []struct {
				visitor *visitor
				status  int
			}{{s.guest(), tt.guest}, {bob, tt.bob}, {max, tt.moderator}} {
				if got := by.visitor.send(tt.method, tt.path, tt.form).Code; got != by.status {
					t.Errorf("%s %s: got status %d, want %d", tt.method, tt.path, got, by.status)
				}
			}
		}
		ada.get("/settings").status(200)
		if got := ada.get("/rooms/dogs").messages(); len(got) != 1 || got[0] != "hers" {
			t.Errorf("the room has %q", got)
		}
		if got := s.account("ada"); got.Role != chat.Member || got.DisabledAt != 0 {
			t.Errorf("ada is %+v", got)
		}
	})
}
