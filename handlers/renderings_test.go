package handlers

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/markup"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// saidBefore stores a message whose HTML older rules made.
func saidBefore(t *testing.T, db *store.Store, room chat.Room, author chat.User, body, html string, mentions ...int64) chat.Message {
	t.Helper()
	m, err := db.Post(t.Context(), chat.Draft{
		RoomID: room.ID, AuthorID: author.ID, Body: body, HTML: html, Rendered: markup.Version - 1, Nonce: aNonce(), Mentions: mentions,
	}, chat.Rate{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMessagesAreRenderedAnew(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		ada, bob, room := storetest.User(t, db, "ada"), s.member("bob"), storetest.Room(t, db, "dogs")
		id := s.account("bob").ID
		link := fmt.Sprintf(`<a class="mention" data-user="%d" href="/users/bob">@bob</a>`, id)
		storetest.User(t, db, "eve") // has a name that nobody had when it was written
		first := saidBefore(t, db, room, ada, "**Hello** @bob, @eve", "Hello "+link+", @eve", id)
		saidBefore(t, db, room, ada, "from before there was HTML", "")
		stream := bob.listen(s.serve() + room.Path() + "/events?after=0-0")
		stream.until("before there was")

		before := s.guest().get(room.Path()).status(200).lacks("<strong>")
		tag := before.Header().Get("ETag")
		s.guest().with("If-None-Match", tag).get(room.Path()).status(304)
		if s.renewSome(t.Context()) {
			t.Error("there is more, of two")
		}
		after := s.guest().with("If-None-Match", tag).get(room.Path()).status(200).has("<strong>Hello</strong> " + link + ", @eve")
		if got, want := after.value("#cursor"), before.value("#cursor"); got != want {
			t.Errorf("the log moved from %s to %s, though nothing was said", want, got)
		}
		for name, want := range map[string]int{"bob": 1, "eve": 0} {
			mentions, err := db.Mentions(t.Context(), s.account(name).ID, chat.MentionList{Before: first.ID + 1}, 10)
			if err != nil || len(mentions) != want {
				t.Errorf("%s is told of %+v, %v", name, mentions, err)
			}
		}
		if outdated, err := db.Outdated(t.Context(), 10); err != nil || len(outdated) != 0 {
			t.Errorf("left as they were: %+v, %v", outdated, err)
		}
	})
}

// The index of what is outdated is made for one version of the rules.
func TestRulesOfNowAreThoseOfTheIndex(t *testing.T) {
	if markup.Version != store.OutdatedBelow {
		t.Errorf("markup.Version is %d, store.OutdatedBelow %d: both go up together, with a migration that makes the index messages_outdated anew", markup.Version, store.OutdatedBelow)
	}
}

// Nodes that start on many old messages share the work, and none is forgotten.
func TestNodesRenderAnewTogether(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		ada, room := storetest.User(t, db, "ada"), storetest.Room(t, db, "dogs")
		for n := range 2*renewBatch + 1 {
			saidBefore(t, db, room, ada, fmt.Sprintf("*%d*", n), "old")
		}
		var nodes sync.WaitGroup
		for range 3 {
			s := newSiteOn(t, db)
			nodes.Go(func() {
				for s.renewSome(t.Context()) {
				}
			})
			defer func() {
				if log := s.log.String(); strings.Contains(log, "anew") {
					t.Errorf("a node had trouble: %s", log)
				}
			}()
		}
		nodes.Wait()
		for page, first := range map[string]int{"1": 0, "4": 150} {
			s := newSiteOn(t, db)
			s.guest().get(room.Path() + "/page/" + page).status(200).has(fmt.Sprintf("<em>%d</em>", first)).lacks(">old<")
		}
	})
}

// One text that the rules fail at keeps its HTML, and no other from being rendered.
func TestRenderingAnewSurvivesAFailure(t *testing.T) {
	s := newSite(t)
	old := chat.Rendering{ID: 1, Body: "woof", HTML: "<em>woof</em>"}
	got := s.renewed(t.Context(), old, func(string, markup.Resolve) string { panic("a mistake") })
	if got.HTML != old.HTML || got.Rendered != markup.Version {
		t.Errorf("got %+v, want the HTML there was, and not to be tried again", got)
	}
	if log := s.log.String(); !strings.Contains(log, "a mistake") {
		t.Errorf("the log says nothing of it: %s", log)
	}
}
