package handlers

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"image/color"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

func deletion(password, messages string) url.Values {
	return url.Values{"current_password": {password}, "messages": {messages}}
}

func TestDeleteAccountKeepsMessages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		ada, phone := s.registered("ada"), s.again("ada", iphone)
		room := storetest.Room(t, db, "dogs")
		ada.post(room.Path()+"/messages", draft("woof", aNonce())).status(303)
		base := s.serve()
		onPhone, eve := phone.listen(base+room.Path()+"/events"), s.guest().listen(base+room.Path()+"/events")
		eve.until("guest-count")

		ada.post("/settings/delete", deletion("", "keep")).status(422).has("Enter your current password")
		ada.post("/settings/delete", deletion("wrong", "keep")).status(422).has("not your password", `value="keep" checked`)
		ada.post("/settings/delete", deletion(goodPassword, "burn")).status(422).has("Choose what becomes")
		ada.post("/settings/delete", deletion("wrong", "")).status(422).has("Choose what becomes", "not your password")
		ada.get("/settings").status(200)
		ada.post("/settings/delete", deletion(goodPassword, "keep")).status(303).location("/")

		onPhone.expires()
		eve.until("former member")
		ada.get("/").has("Log in")
		phone.get("/settings").status(303)
		s.guest().post("/login", credentials("ada@example.com", goodPassword)).status(422)
		s.guest().get("/users/ada").status(404)
		s.guest().get("/users/former%20member").status(404)
		s.guest().get(room.Path()).has("woof", `<span class="author">former member</span>`).lacks("/users/ada")
		s.letter("ada@example.com", "deleted")
		s.registered("ada") // the name and the address are free
	})
}

func TestDeleteAccountRemovesMessages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		ada, bob := s.registered("ada"), s.registered("bob")
		room := storetest.Room(t, db, "dogs")
		ada.post(room.Path()+"/messages", draft("her secret", aNonce())).status(303)
		bob.post(room.Path()+"/messages", draft("his answer", aNonce())).status(303)
		stream := s.guest().listen(s.serve() + room.Path() + "/events")
		stream.until("guest-count")
		ada.post("/settings/delete", deletion(goodPassword, "remove")).status(303)
		if event := stream.change(); !strings.Contains(event.data, `hx-swap="outerMorph"`) || !strings.Contains(event.data, "was deleted") || strings.Contains(event.data, "secret") {
			t.Errorf("open pages were told %s", event.data)
		}
		s.guest().get(room.Path()).has("was deleted", "his answer").lacks("secret")
		s.guest().get(room.Path() + "/page/1").has("was deleted").lacks("secret")
		s.guest().get(room.Path() + "/changes?after=0-0").has("was deleted").lacks("secret")
	})
}

func TestDownloadData(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		ada, bob := s.registered("ada"), s.registered("bob")
		room := storetest.Room(t, db, "dogs")
		ada.get("/settings/data").status(200)
		empty := files(t, ada.post("/settings/data", url.Values{}))
		if empty["messages.json"] != "[]\n" || !strings.Contains(empty["profile.json"], `"follows": [],`) || empty["picture-256.jpg"] != "" {
			t.Errorf("of a new member: got %q", empty)
		}
		ada.upload("/settings", profile("ada"), "me.png", anImage(t, color.RGBA{200, 0, 0, 255})).status(303)
		ada.post(room.Path()+"/messages", draft("<b>woof</b>", aNonce())).status(303)
		ada.post(room.Path()+"/messages", draft("two\nlines", aNonce())).status(303)
		bob.post(room.Path()+"/messages", draft("not hers", aNonce())).status(303)
		ada.post("/users/bob/ignore", url.Values{}).status(303)
		ada.post("/settings/letters", url.Values{"notices": {"daily"}}).status(303)
		for n := range chat.MostFollowed + 1 { // more than her pages list
			if err := db.Follow(t.Context(), userID(t, db, "ada"), storetest.Room(t, db, fmt.Sprint("room ", n)).ID, true); err != nil {
				t.Fatal(err)
			}
		}

		answer := ada.post("/settings/data", url.Values{}).status(200)
		if got := answer.Header().Get("Content-Disposition"); got != `attachment; filename="twilight-bark-ada.zip"` {
			t.Errorf("got Content-Disposition %q", got)
		}
		got := files(t, answer)
		var messages []messageData
		if err := json.Unmarshal([]byte(got["messages.json"]), &messages); err != nil || len(messages) != 2 || messages[0].Text != "<b>woof</b>" || messages[1].URL != "http://example.com/rooms/dogs/2" || messages[0].PostedAt.IsZero() {
			t.Errorf("got the messages %+v, %v", messages, err)
		}
		var who profileData
		if err := json.Unmarshal([]byte(got["profile.json"]), &who); err != nil || who.Username != "ada" || who.Email != "ada@example.com" || who.Joined.IsZero() {
			t.Errorf("got the profile %+v, %v", who, err)
		}
		if len(who.Follows) != chat.MostFollowed+2 || who.Follows[1] != (roomData{"room 0", "http://example.com/rooms/room-0"}) || !slices.Equal(who.Ignores, []string{"bob"}) || who.Letters != "daily" {
			t.Errorf("got what she chose as %+v", who)
		}
		for name, want := range map[string]string{"messages.html": "&lt;b&gt;woof&lt;/b&gt;", "picture-256.jpg": "\xff\xd8", "picture-96.jpg": "\xff\xd8"} {
			if !strings.Contains(got[name], want) {
				t.Errorf("%s: want %q in %.300q", name, want, got[name])
			}
		}
		for name, content := range got {
			if strings.Contains(content, "not hers") || strings.Contains(content, "argon2") {
				t.Errorf("%s holds what is not to be there: %s", name, content)
			}
		}
		if strings.Contains(got["messages.html"], "<script") {
			t.Error("the page runs something")
		}
	})
}

// files gives what is in the zip file that an answer brings.
func files(t *testing.T, a *answer) map[string]string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(a.Body.Bytes()), int64(a.Body.Len()))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, file := range archive.File {
		r, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[file.Name] = string(content)
	}
	return files
}
