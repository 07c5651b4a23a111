package store_test

import (
	"fmt"
	"testing"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

func TestMentionsOfAMessage(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		room := storetest.Room(t, db, "dogs")
		ada, bob, cleo := storetest.User(t, db, "ada"), storetest.User(t, db, "bob"), storetest.User(t, db, "cleo")
		d := draft(room.ID, ada.ID, 1, "woof")
		d.Mentions = []int64{bob.ID, ada.ID, cleo.ID, bob.ID, 1_000_000}
		message, err := db.Post(t.Context(), d, chat.Rate{})
		if err != nil {
			t.Fatal(err)
		}
		if again, err := db.Post(t.Context(), d, chat.Rate{}); err != nil || again.ID != message.ID {
			t.Errorf("the same again: got %+v, %v", again, err)
		}
		news, err := db.MentionNews(t.Context(), []int64{ada.ID, bob.ID, cleo.ID})
		if want := map[int64]int64{bob.ID: 1, cleo.ID: 1}; err != nil || fmt.Sprint(news) != fmt.Sprint(want) {
			t.Errorf("news: got %v, %v, want %v", news, err, want)
		}
		mentions, err := db.Mentions(t.Context(), bob.ID, chat.MentionList{Before: message.ID + 1}, 10)
		if err != nil || len(mentions) != 1 || mentions[0].ID != message.ID {
			t.Errorf("of bob: got %+v, %v", mentions, err)
		}
		if before, err := db.Mentions(t.Context(), bob.ID, chat.MentionList{Before: message.ID}, 10); err != nil || len(before) != 0 {
			t.Errorf("before it: got %+v, %v", before, err)
		}
		latest, err := db.LatestMentions(t.Context(), message.PostedAt-1)
		if err != nil || len(latest) != 2 {
			t.Errorf("the latest: got %+v, %v, want two", latest, err)
		}
		if err := db.SeeMentions(t.Context(), bob.ID, []int64{message.ID}); err != nil {
			t.Fatal(err)
		}
		if err := db.Read(t.Context(), chat.Shown{UserID: cleo.ID, RoomID: room.ID, Number: 1}); err != nil {
			t.Fatal(err)
		}
		if news, err := db.MentionNews(t.Context(), []int64{bob.ID, cleo.ID}); err != nil || len(news) != 0 {
			t.Errorf("news after they were shown: got %v, %v", news, err)
		}
	})
}
