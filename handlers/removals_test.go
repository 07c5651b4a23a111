package handlers

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

func TestRemoveWhatAMemberWrote(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, db, "dogs")
		eve, bob, mia := s.member("eve"), s.member("bob"), s.as(chat.Moderator, "mia")
		eve.post("/rooms/dogs/messages", draft("**buy** shoes", aNonce())).status(303)
		bob.post("/rooms/dogs/messages", draft("no thanks", aNonce())).status(303)
		stream := s.guest().listen(s.serve() + "/rooms/dogs/events")
		stream.until("guest-count")

		bob.post("/users/eve/removals", url.Values{"within": {"3600"}}).status(404)
		mia.post("/users/eve/removals", url.Values{"within": {"3601"}}).status(400)
		mia.post("/users/mia/removals", url.Values{"within": {"3600"}}).status(403)
		mia.post("/users/eve/removals", url.Values{"within": {"3600"}}).status(303).location("/users/eve/sanctions")
		if event := stream.change(); !strings.Contains(event.data, "was deleted") || strings.Contains(event.data, "shoes") {
			t.Errorf("open pages were told %s", event.data)
		}
		s.guest().get("/rooms/dogs").has("no thanks").lacks("shoes")
		s.guest().get("/rooms/dogs/log").has("removed the latest messages of", "eve", "of the last hour")

		page := mia.get("/users/eve/sanctions").has("1 removed")
		action, ok := page.doc().Find(`form[action*="/restore"]`).Attr("action")
		if !ok {
			t.Fatalf("there is no way back in %s", page.Body)
		}
		bob.post(action, url.Values{}).status(404)
		mia.post("/users/eve/removals/x/restore", url.Values{}).status(404)
		mia.post(strings.Replace(action, "eve", "bob", 1), url.Values{}).status(404)
		mia.post(action, url.Values{}).status(303)
		mia.post(action, url.Values{}).status(303) // which changes nothing, and is not told
		if event := stream.change(); !strings.Contains(event.data, "<strong>buy</strong> shoes") {
			t.Errorf("open pages were told %s", event.data)
		}
		s.guest().get("/rooms/dogs").has("<strong>buy</strong> shoes")
		s.guest().get("/rooms/dogs/log").has("restored the removed messages of")
		if got := s.actions("eve"); len(got) != 2 || got[1] != chat.MessagesRemoved || got[0] != chat.MessagesRestored {
			t.Errorf("the audit table remembers %q", got)
		}
	})
}

func TestIgnoreAMember(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		ada, her, bob := s.member("ada"), s.member("eve"), s.member("bob")
		storetest.Room(t, s.Store, "dogs")
		her.post("/rooms/dogs/messages", draft("hello @ada", aNonce())).status(303)
		bob.post("/rooms/dogs/messages", draft("@ada, this is from bob", aNonce())).status(303)
		feed := strings.TrimPrefix(ada.post("/settings/feed", url.Values{}).status(200).doc().Find("#feed").AttrOr("href", ""), s.BaseURL.String())
		s.guest().get("/users/eve").lacks("Ignore")
		s.guest().post("/users/eve/ignore", url.Values{}).status(303).location("/login?next=%2Fusers%2Feve")
		ada.get("/users/ada").lacks("Ignore")
		ada.post("/users/ada/ignore", url.Values{}).status(403)
		ada.post("/users/none/ignore", url.Values{}).status(404)
		ada.get("/users/eve").has(`action="/users/eve/ignore"`)
		ada.post("/users/eve/ignore", url.Values{}).status(303).location("/users/eve")
		ada.post("/users/eve/ignore", url.Values{}).status(303)
		eve, err := s.Store.UserByName(t.Context(), "eve")
		if err != nil {
			t.Fatal(err)
		}
		rule := fmt.Sprintf(`.messages>[data-author="%d"]`, eve.ID)
		ada.get("/me.css").status(200).has(rule)
		ada.open(s.serve() + "/rooms/dogs/live").until(`href="/me.css"`)
		bob.get("/me.css").status(200).lacks(rule)
		ada.get("/users/eve").has(`action="/users/eve/listen"`).lacks(`action="/users/eve/ignore"`)
		for _, list := range []string{searchPath("q", "hello"), "/mentions"} {
			hidden := fmt.Sprintf(`.latest>[data-author="%d"]`, eve.ID)
			ada.get("/me.css").has("," + hidden + "{display:none}")
			if n := ada.get(list).status(200).has(`href="/me.css"`).doc().Find(hidden).Length(); n != 1 {
				t.Errorf("%s lists %d messages that the rule hides, want 1", list, n)
			}
		}
		ada.get("/users/eve").has("You ignore eve").lacks("hello")
		mo := s.as(chat.Moderator, "mo")
		mo.post("/users/eve/ignore", url.Values{}).status(303)
		mo.get("/users/eve").has("hello") // which a moderator is to look after
		s.guest().get("/users/eve").has("hello")
		if read := s.guest().get(feed).status(200).Body.String(); strings.Contains(read, "hello") || !strings.Contains(read, "from bob") {
			t.Errorf("her own feed holds %s", read)
		}
		ada.post("/users/eve/listen", url.Values{}).status(303)
		s.guest().get(feed).has("hello", "from bob")
		ada.get("/me.css").status(200).lacks(rule)
		ada.get("/users/eve").has(`action="/users/eve/ignore"`)
	})
}
