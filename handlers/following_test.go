package handlers

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// wantUnread checks what a page says is unread in a room, and in all.
func (a *answer) wantUnread(slug, room, all string) *answer {
	a.Helper()
	doc := a.doc()
	if got := doc.Find("#unread-" + slug).Text(); got != room {
		a.Errorf("%q are unread in %s, want %q", got, slug, room)
	}
	if got := doc.Find("#all-unread").Text(); got != all {
		a.Errorf("%q are unread in all, want %q", got, all)
	}
	title := doc.Find("title").Text()
	if counted := regexp.MustCompile(`^\(\d+\) `).FindString(title); all != "0" && counted != "("+all+") " || all == "0" && counted != "" {
		a.Errorf("with %s unread the title is %q", all, title)
	}
	return a
}

func TestUnreadCounts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, db, "cats")
		dogs, bob := storetest.Room(t, db, "dogs"), storetest.User(t, db, "bob")
		ada := s.member("ada")
		phone := s.guest() // another device of hers
		phone.cookie = "twilight=" + s.session(chat.User{ID: userID(t, db, "ada"), AuthVersion: 1})

		fill(s, dogs, bob, 1, 3)
		if ada.get("/").status(200).doc().Find("#unread-dogs").Length() != 0 {
			t.Error("a room is counted that she neither wrote in nor follows")
		}
		ada.get("/rooms/dogs").status(200).lacks("New since").has(`action="/rooms/dogs/follow"`)
		ada.post("/rooms/dogs/follow", url.Values{}).status(303).location("/rooms/dogs")
		ada.get("/rooms/dogs").status(200).has(`action="/rooms/dogs/unfollow"`).wantUnread("dogs", "0", "0")
		fill(s, dogs, bob, 4, 6)
		ada.get("/").wantUnread("dogs", "3", "3")
		phone.get("/rooms/cats").wantUnread("dogs", "3", "3")
		phone.get("/users/bob").has("<title>(3) bob · Test Bark</title>")

		ada.post("/rooms/dogs/messages", draft("mine", aNonce())).status(303)
		ada.get("/").wantUnread("dogs", "3", "3") // her own is not counted, and she was not shown the others'
		opened := ada.get("/rooms/dogs").wantUnread("dogs", "0", "0").has("New since your last visit")
		if got := opened.doc().Find(".news + [data-number]").AttrOr("id", ""); got != "m-4" {
			t.Errorf("the news begin before %q, want m-4", got)
		}
		ada.get("/rooms/dogs").lacks("New since")
		phone.get("/").wantUnread("dogs", "0", "0")

		ada.post("/rooms/cats/messages", draft("in another room", aNonce())).status(303)
		fill(s, dogs, bob, 7, 7)
		cats, err := db.Room(t.Context(), "cats")
		if err != nil {
			t.Fatal(err)
		}
		fill(s, cats, bob, 1, 2)
		phone.get("/").wantUnread("cats", "2", "3").wantUnread("dogs", "1", "3")
		phone.post("/mark-all-read", url.Values{}).status(303).location("/")
		ada.get("/").wantUnread("cats", "0", "0").wantUnread("dogs", "0", "0")
		ada.post("/rooms/dogs/unfollow", url.Values{}).status(303)
		fill(s, dogs, bob, 8, 8)
		ada.get("/").wantUnread("dogs", "", "0")
		ada.post("/rooms/dogs/messages", draft("and yet she writes", aNonce())).status(303)
		ada.get("/").wantUnread("dogs", "", "0") // she chose not to follow it
	})
}

func userID(t *testing.T, db *store.Store, name string) int64 {
	t.Helper()
	user, err := db.UserByName(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return user.ID
}

func TestNewsFurtherUp(t *testing.T) {
	s := newSite(t)
	dogs, bob, ada := storetest.Room(t, s.Store, "dogs"), storetest.User(t, s.Store, "bob"), s.member("ada")
	fill(s, dogs, bob, 1, 12)
	ada.get("/rooms/dogs")
	fill(s, dogs, bob, 13, 130)
	doc := ada.get("/rooms/dogs").doc()
	if got := doc.Find(".news + [data-number]").AttrOr("id", ""); got != "m-51" {
		t.Errorf("the line stands before %q, want the first message that is shown, m-51", got)
	}
	if got := doc.Find(".news a").AttrOr("href", ""); got != "/rooms/dogs/13" {
		t.Errorf("the line leads to %q, want the first that is new, /rooms/dogs/13", got)
	}
}

func TestLookingAheadIsNotReading(t *testing.T) {
	s := newSite(t)
	dogs, bob, ada := storetest.Room(t, s.Store, "dogs"), storetest.User(t, s.Store, "bob"), s.member("ada")
	ada.post("/rooms/dogs/follow", url.Values{}).status(303)
	fill(s, dogs, bob, 1, 2)
	ada.send("HEAD", "/rooms/dogs", nil).status(200)
	ada.with("Sec-Purpose", "prefetch;prerender").get("/rooms/dogs").status(200)
	ada.get("/rooms/dogs/page/1").status(200)
	ada.get("/").wantUnread("dogs", "2", "2")
}

// Of very many rooms not all are listed; the pages say so, and each room itself
// still knows that it is followed.
func TestFollowingVeryManyRooms(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		ada, bob := s.member("ada"), storetest.User(t, db, "bob")
		id, quiet := userID(t, db, "ada"), storetest.Room(t, db, "quiet")
		follow := func(room chat.Room) {
			if err := db.Follow(t.Context(), id, room.ID, true); err != nil {
				t.Fatal(err)
			}
		}
		follow(quiet)
		for n := range chat.MostFollowed - 2 {
			follow(storetest.Room(t, db, fmt.Sprint("room ", n)))
		}
		const says = "These are the 100 with the latest barks"
		ada.get("/").has(`id="unread-quiet"`).lacks(says)
		for n := range 50 {
			follow(storetest.Room(t, db, fmt.Sprint("more ", n)))
		}
		fill(s, quiet, bob, 1, 1)
		fill(s, storetest.Room(t, db, "others"), bob, 1, 1)
		home := ada.get("/").has(says).wantUnread("quiet", "1", "1")
		if n := home.doc().Find("#following .badge").Length(); n != chat.MostFollowed {
			t.Errorf("%d rooms are listed, want %d", n, chat.MostFollowed)
		}

		unlisted := "/rooms/room-0"
		ada.get(unlisted).has(says, `action="/rooms/room-0/unfollow"`).lacks(`id="unread-room-0"`)
		ada.send("HEAD", unlisted, nil).status(200)
		ada.with("Sec-Purpose", "prefetch").get(unlisted).has(`action="/rooms/room-0/unfollow"`)
		ada.get(unlisted + "/changes?after=0-0&counts=others").status(200).has(`id="all-unread"`).lacks("follow-button")
		ada.withHTMX().post(unlisted+"/unfollow", url.Values{}).status(200).has(`action="/rooms/room-0/follow"`)
		ada.get(unlisted).has(`action="/rooms/room-0/follow"`)
		ada.withHTMX().post(unlisted+"/follow", url.Values{}).status(200).has(`action="/rooms/room-0/unfollow"`)
	})
}

func TestMarkUnread(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		dogs, bob, ada := storetest.Room(t, db, "dogs"), storetest.User(t, db, "bob"), s.member("ada")
		fill(s, dogs, bob, 1, 5)
		ada.get("/rooms/dogs").status(200)
		ada.post("/rooms/dogs/3/unread", url.Values{}).status(303).location("/")
		ada.get("/").wantUnread("dogs", "3", "3")
		if got := ada.get("/rooms/dogs").wantUnread("dogs", "0", "0").doc().Find(".news + [data-number]").AttrOr("id", ""); got != "m-3" {
			t.Errorf("the news begin before %q, want m-3", got)
		}

		stream := ada.listen(s.serve() + "/rooms/dogs/events")
		stream.until("member-count")
		ada.withHTMX().post("/rooms/dogs/4/unread", url.Values{}).status(200).
			has(`id="unread-dogs" class="badge">2<`, `hx-target="#m-4" hx-swap="beforebegin"`, "Unread from here on")
		stream.until(`id="unread-dogs" class="badge">2<`)
		s.withHTMXPost("bob2", "/rooms/dogs", "one more")
		stream.until("one more") // being shown live does not make it read
		ada.get("/").wantUnread("dogs", "3", "3")
		ada.get("/rooms/dogs").wantUnread("dogs", "0", "0")

		for _, bad := range []string{"0", "7", "x", "-1", "01"} {
			ada.post("/rooms/dogs/"+bad+"/unread", url.Values{}).status(404)
		}
		ada.post("/rooms/none/1/unread", url.Values{}).status(404)
	})
}

// withHTMXPost lets a new member of that name post into the room.
func (s *site) withHTMXPost(name, room, text string) {
	s.t.Helper()
	s.member(name).withHTMX().post(room+"/messages", draft(text, aNonce())).status(200)
}

func TestGuestsAreSentToLogIn(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "dogs")
	fill(s, storetest.Room(t, s.Store, "dogs"), storetest.User(t, s.Store, "bob"), 1, 1)
	for _, path := range []string{"/rooms/dogs/follow", "/rooms/dogs/unfollow", "/rooms/dogs/1/unread"} {
		s.guest().post(path, url.Values{}).status(303).location("/login?next=%2Frooms%2Fdogs")
		s.guest().withHTMX().post(path, url.Values{}).status(401).has(`hx-target="#notice"`, `href="/login?next=%2Frooms%2Fdogs"`).lacks("<html")
	}
	s.guest().post("/mark-all-read", url.Values{}).status(303).location("/login") // and then home
	s.guest().withHTMX().post("/mark-all-read", url.Values{}).status(401).has(`hx-target="#notice"`, "Log in").lacks("<html")
	s.guest().get("/rooms/dogs").status(200).lacks("unread", "follow\"", `id="counts"`)
}

// A page tells what is unread elsewhere as it happens, whichever room it shows,
// and what it has shown itself is read.
func TestCountsChangeLive(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, db, "cats")
		storetest.Room(t, db, "dogs")
		ada, bob := s.member("ada"), s.member("bob")
		for _, room := range []string{"dogs", "cats"} {
			ada.post("/rooms/"+room+"/follow", url.Values{}).status(303)
		}
		base := s.serve()
		counts := url.QueryEscape(ada.get("/rooms/cats").value("#counts"))
		cats := ada.listen(base + "/rooms/cats/events?counts=" + counts)
		cats.until("member-count")
		bob.post("/rooms/dogs/messages", draft("to the dogs", aNonce())).status(303)
		told := cats.until(`id="unread-dogs"`)
		for _, want := range []string{`<span id="unread-dogs" class="badge">1</span>`, `<span id="all-unread" class="badge">1</span>`, "<title>(1) cats · Test Bark</title>", `id="counts"`} {
			if !strings.Contains(told.data, want) {
				t.Errorf("want %q in %s", want, told.data)
			}
		}
		if told.id != "" || len(told.data) > 1000 || strings.Contains(told.data, "unread-cats") {
			t.Errorf("the counts' frame has the id %q and %d bytes: %s", told.id, len(told.data), told.data)
		}

		dogs := ada.listen(base + "/rooms/dogs/events?after=0-0")
		dogs.until("to the dogs")
		cats.until(`<span id="unread-dogs" class="badge none">0</span>`)
		bob.post("/rooms/dogs/messages", draft("and again", aNonce())).status(303)
		dogs.until("and again")
		bob.post("/rooms/cats/messages", draft("to the cats", aNonce())).status(303)
		cats.until("to the cats")
		ada.get("/").wantUnread("dogs", "0", "0").wantUnread("cats", "0", "0")
		_ = dogs.Body.Close()
		_ = cats.Body.Close()
		s.Drain() // what is not stored yet is stored now
		again := newSiteOn(t, db)
		ada.site = again
		ada.get("/").wantUnread("dogs", "0", "0").wantUnread("cats", "0", "0")
	})
}

// The poll goes on where a stream does not: in a hidden tab, and on pages that
// have none.
func TestPollsCarryCounts(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "cats")
	dogs, bob, ada := storetest.Room(t, s.Store, "dogs"), storetest.User(t, s.Store, "bob"), s.member("ada")
	ada.post("/rooms/dogs/follow", url.Values{}).status(303)
	room := ada.get("/rooms/dogs")
	polls := map[string]string{
		"/rooms/dogs/changes?after=" + room.value("#cursor"):                    "(1) dogs",
		"/rooms/cats/changes?after=" + ada.get("/rooms/cats").value("#cursor"):  "(1) cats",
		"/unread?title=" + url.QueryEscape(ada.get("/").value("#page-title")):   "(1) Test Bark",
		"/unread?title=" + ada.get("/settings").value("#page-title"):            "(1) Settings",
		"/unread?title=" + url.QueryEscape(`</title><script>alert(1)</script>`): "(1) &lt;/title&gt;",
	}
	for poll := range polls {
		ada.withHTMX().get(poll + "&counts=" + room.value("#counts")).status(204)
		ada.withHTMX().get(poll).status(204)
	}
	fill(s, dogs, bob, 1, 1)
	for poll, title := range polls {
		told := ada.withHTMX().get(poll+"&counts="+room.value("#counts")).status(200).has("<title>"+title, `<span id="unread-dogs" class="badge">1</span>`).lacks("<script>")
		if cursor := told.doc().Find("#cursor"); cursor.Length() == 1 {
			poll = "/rooms/dogs/changes?after=" + cursor.AttrOr("value", "")
		}
		ada.withHTMX().get(poll + "&counts=" + told.value("#counts")).status(204)
	}
	ada.get("/").wantUnread("dogs", "1", "1") // a poll is no reading
	s.guest().get("/rooms/dogs/changes?after=0-0&counts=x").status(200).lacks("unread", "<title>")
}

// What a post costs does not grow with those who follow: rounds look at rooms.
func TestManyFollowersAreToldInOneRound(t *testing.T) {
	s := newSite(t)
	storetest.Room(t, s.Store, "cats")
	dogs, bob := storetest.Room(t, s.Store, "dogs"), storetest.User(t, s.Store, "bob")
	base := s.serve()
	var streams []*listener
	for i := range 20 {
		member := s.member(fmt.Sprint("member", i))
		member.post("/rooms/dogs/follow", url.Values{}).status(303)
		streams = append(streams, member.listen(base+"/rooms/cats/events?counts="+member.get("/rooms/cats").value("#counts")))
	}
	fill(s, dogs, bob, 1, 5)
	begun := time.Now()
	for _, stream := range streams {
		stream.until(`<span id="unread-dogs" class="badge">5</span>`)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}
