package handlers

import (
	"net/url"
	"strings"
	"testing"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

func roomForm(name, topic, slow string, checked ...string) url.Values {
	form := url.Values{"name": {name}, "topic": {topic}, "slow": {slow}}
	for _, box := range checked {
		form.Set(box, "on")
	}
	return form
}

func TestChangeRoomSettings(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, db, "dogs")
		storetest.Room(t, db, "cats")
		ada, mia := s.member("ada"), s.as(chat.Moderator, "mia")
		ada.get("/rooms/dogs").lacks("/rooms/dogs/settings")
		mia.get("/rooms/dogs").has("/rooms/dogs/settings")
		mia.get("/rooms/none/settings").status(404)
		mia.get("/rooms/dogs/settings").has(`value="dogs"`)
		ada.post("/rooms/dogs/settings", roomForm("mine", "", "0")).status(404)

		stream := ada.listen(s.serve() + "/rooms/dogs/events")
		stream.until("guest-count")
		mia.post("/rooms/dogs/settings", roomForm("Hounds", "<b>noses</b>", "0", "locked")).status(303).location("/rooms/hounds")
		event := stream.until(`hx-target="#room-head"`)
		if event.id != "" || !strings.Contains(event.data, "&lt;b&gt;noses") || !strings.Contains(event.data, "Hounds") || !strings.Contains(event.data, "Locked.") {
			t.Errorf("open pages were told %+v, want the name, the topic and the lock, without an id", event)
		}
		s.guest().get("/").has("&lt;b&gt;noses", "Hounds")
		ada.get("/rooms/hounds").has("&lt;b&gt;noses", "This room is locked").lacks(`id="composer"`)
		ada.withHTMX().post("/rooms/dogs/messages", draft("let me", aNonce())).status(403).has("This room is locked")
		mia.post("/rooms/dogs/messages", draft("by the old address", aNonce())).status(303).location("/rooms/hounds")
		s.guest().get("/rooms/hounds/log").has("renamed the room, which was: <bdi>dogs", "set the topic", "locked the room")

		mia.post("/rooms/hounds/settings", roomForm("Hounds", "", "30", "archived")).status(303)
		mia.get("/rooms/hounds").has("Archived.", "This room is archived").lacks(`id="composer"`)
		mia.post("/rooms/hounds/messages", draft("let me", aNonce())).status(403)
		mia.post("/rooms/hounds/1/delete", url.Values{}).status(303) // what must go goes from there too
		s.guest().get("/rooms/hounds").lacks("by the old address")
		s.guest().get("/").lacks("Hounds").has("cats")
		s.guest().get("/rooms/hounds/log").has("took the topic away", "made the room slow", "one message every 30 seconds", "unlocked the room", "archived the room")
		if got := s.actions("mia"); len(got) != 0 {
			t.Errorf("the audit table remembers %q about her, want nothing", got)
		}
	})
}

// Every page of a room is found under the slug that it had before, and what
// pages left open send arrives.
func TestRenamedRoomIsFound(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		room, ada := storetest.Room(t, s.Store, "dogs"), storetest.User(t, s.Store, "ada")
		fill(s, room, ada, 1, 60)
		cursor := s.guest().get("/rooms/dogs").value("#cursor")
		mia := s.as(chat.Moderator, "mia")
		mia.post("/rooms/dogs/settings", roomForm("Собаки", "", "0")).status(303)
		const there = "/rooms/%D1%81%D0%BE%D0%B1%D0%B0%D0%BA%D0%B8"
		for path, want := range map[string]string{
			"": there, "?lines=several": there + "?lines=several", "/page/1": there + "/page/1", "/17": there + "/17", "/log": there + "/log",
		} {
			s.guest().get("/rooms/dogs" + path).status(301).location(want)
		}
		s.guest().get("/rooms/dogs/page/9").status(301)
		s.guest().get("/rooms/Dogs").status(301).location(there)
		s.guest().post("/rooms", url.Values{"name": {"Dogs"}}).status(303).location(there)
		s.guest().get("/rooms/dogs/changes?after=" + cursor).status(204)
		fill(s, room, ada, 61, 61)
		s.guest().get("/rooms/dogs/changes?after=" + cursor).status(200).has("message 61")
		s.guest().listen(s.serve() + "/rooms/dogs/events?after=" + cursor).change()
		s.guest().get("/rooms/cats").status(404)
	})
}

func TestRoomSettingsThatCantBe(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, s.Store, "dogs")
		storetest.Room(t, s.Store, "cats")
		mia := s.as(chat.Moderator, "mia")
		for says, form := range map[string]url.Values{
			"There is a room of this name already.": roomForm("CATS", "", "0"),
			"at least one letter":                   roomForm("!!", "", "0"),
			"A topic has at most 200 characters.":   roomForm("dogs", strings.Repeat("é", 201), "0"),
			"Choose one of the list.":               roomForm("dogs", "", "31"),
		} {
			mia.post("/rooms/dogs/settings", form).status(422).has(says)
			answer := mia.withHTMX().post("/rooms/dogs/settings", form).status(422).has(says).lacks("<html")
			if got := answer.value("#topic"); got != form.Get("topic") {
				t.Errorf("%s: the topic was not kept: %q", says, got)
			}
		}
		s.guest().get("/rooms/dogs/log").has("Nothing was to be done yet.")
		mia.post("/rooms/dogs/settings", url.Values{}).status(303) // changes nothing
		s.guest().get("/rooms/dogs/log").has("Nothing was to be done yet.")
	})
}

// A form that stood open while another moderator changed the room does not undo
// that unseen.
func TestTwoModeratorsChangeARoom(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, s.Store, "dogs")
		mia, max := s.as(chat.Moderator, "mia"), s.as(chat.Moderator, "max")
		const path = "/rooms/dogs/settings"
		lock, topic := roomForm("dogs", "", "0", "locked"), roomForm("dogs", "noses", "0")
		lock.Set("seen", mia.get(path).value("[name=seen]"))
		topic.Set("seen", max.get(path).value("[name=seen]"))
		mia.post(path, lock).status(303)
		mia.post(path, lock).status(303) // pressed twice is once
		refused := max.post(path, topic).status(422).has("changed meanwhile", "no topic, not slow, locked, not archived")
		if got := refused.value("#topic"); got != "noses" {
			t.Errorf("the topic was not kept: %q", got)
		}
		s.guest().get("/rooms/dogs").has("Locked.").lacks("noses")
		topic.Set("locked", "on")
		topic.Set("seen", refused.value("[name=seen]"))
		max.post(path, topic).status(303)
		s.guest().get("/rooms/dogs").has("Locked.", "noses")
	})
}

// Who opens a stream with a page of before is told what the room is now.
func TestStreamBeginsWithWhatTheRoomIs(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, s.Store, "dogs")
		page := s.guest().get("/rooms/dogs")
		s.as(chat.Moderator, "mia").post("/rooms/dogs/settings", roomForm("dogs", "noses", "0")).status(303)
		query := "?after=" + page.value("#cursor") + "&renewed=" + page.value("#renewed")
		s.guest().listen(s.serve() + "/rooms/dogs/events" + query).until("noses")
	})
}
