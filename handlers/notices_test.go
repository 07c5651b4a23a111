package handlers

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// A letter tells of a mention, and ends such letters by one POST of a program
// that is not logged in.
func TestLetterOfAMention(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		var late atomic.Int64
		s := newSiteOn(t, db.WithClock(func() time.Time { return time.Now().Add(time.Duration(late.Load())) }))
		storetest.Room(t, db, "dogs")
		ada, bob := s.registered("ada"), s.registered("bob")
		ada.post(s.link(s.letter("ada@example.com", "Confirm")), url.Values{}).status(200)
		bob.post("/rooms/dogs/messages", draft("hello @ada", aNonce())).status(303)
		late.Store(int64(11 * time.Minute))
		if err := s.noticeAbsent(t.Context()); err != nil {
			t.Fatal(err)
		}
		letter := s.letter("ada@example.com", "named you")
		if got := s.link(letter); got != "/mentions" {
			t.Errorf("the letter leads to %q", got)
		}
		path, ours := strings.CutPrefix(letter.Unsubscribe, s.BaseURL.String()+"/")
		if path = "/" + path; !ours || !strings.Contains(letter.Text, letter.Unsubscribe) {
			t.Fatalf("the letter is ended by %q: %s", letter.Unsubscribe, letter.Text)
		}
		for range 2 {
			s.guest().get(path).status(200).has("Unsubscribe</button>")
		}
		ada.get("/settings/letters").status(200).has(`value="mentions" checked`)
		r := httptest.NewRequestWithContext(t.Context(), "POST", path, strings.NewReader("List-Unsubscribe=One-Click"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		s.guest().do(r).status(200).has("no more letters")
		s.guest().post(path, url.Values{}).status(200) // twice does no harm
		ada.get("/settings/letters").has(`value="none" checked`)
		if strings.Contains(s.log.String(), strings.TrimPrefix(path, "/unsubscribe/")) {
			t.Error("the log holds what ends the letters")
		}
		s.guest().get("/unsubscribe/x").status(410)
		s.guest().post("/unsubscribe/%00", url.Values{}).status(410)
	})
}

func TestChooseLetters(t *testing.T) {
	s := newSite(t)
	ada := s.member("ada")
	ada.get("/settings").has(`href="/settings/letters"`)
	ada.get("/settings/letters").status(200).has("not confirmed yet", `value="mentions" checked`)
	for _, choice := range []string{"rooms", "daily", "none", "mentions"} {
		ada.post("/settings/letters", url.Values{"notices": {choice}}).status(303).location("/settings/letters")
		ada.get("/settings/letters").has(`value="` + choice + `" checked`)
	}
	for _, bad := range []string{"", "all", "mentions\x00"} {
		ada.post("/settings/letters", url.Values{"notices": {bad}}).status(422).has("Choose one of these.")
	}
}
