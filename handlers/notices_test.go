package handlers

import (
	"errors"
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
		bob.post("/rooms/dogs/messages", draft("**hello** @ada, <b>", aNonce())).status(303)
		late.Store(int64(11 * time.Minute))
		if err := s.noticeAbsent(t.Context()); err != nil {
			t.Fatal(err)
		}
		letter := s.letter("ada@example.com", "bob named you")
		if got := s.link(letter); got != "/rooms/dogs/1" {
			t.Errorf("the letter leads to %q", got)
		}
		if !strings.Contains(letter.Text, "\nbob in dogs\n“hello @ada, <b>”\n") || !strings.Contains(letter.HTML, "“hello @ada, &lt;b&gt;”") {
			t.Errorf("the letter says %s, and %s", letter.Text, letter.HTML)
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

// What a letter tells is looked up when it leaves. One that has nothing left to
// tell does not leave, and does not stand in the way of the next.
func TestLetterTellsWhatIsLeft(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		var late atomic.Int64
		s := newSiteOn(t, db.WithClock(func() time.Time { return time.Now().Add(time.Duration(late.Load())) }))
		storetest.Room(t, db, "dogs")
		ada, bob := s.registered("ada"), s.registered("bob")
		ada.post(s.link(s.letter("ada@example.com", "Confirm")), url.Values{}).status(200)
		ada.post("/settings/letters", url.Values{"notices": {"rooms"}}).status(303)
		ada.post("/rooms/dogs/follow", url.Values{}).status(303)

		s.post.fail(errors.New("the mail server is down"))
		bob.post("/rooms/dogs/messages", draft("@ada, forget this", aNonce())).status(303)
		late.Add(int64(11 * time.Minute))
		if err := s.noticeAbsent(t.Context()); err != nil {
			t.Fatal(err)
		}
		tried := s.tried()
		bob.post("/rooms/dogs/1/delete", url.Values{}).status(303)
		s.post.fail(nil)
		late.Add(int64(11 * time.Minute)) // the letter is due again
		s.waits(0)
		if s.tried() != tried {
			t.Error("a letter left that tells of nothing")
		}

		for _, text := range []string{"one", "two", "@ada, three", "four"} {
			bob.post("/rooms/dogs/messages", draft(text, aNonce())).status(303)
		}
		bob.post("/rooms/dogs/5/delete", url.Values{}).status(303)
		late.Add(int64(11 * time.Minute))
		if err := s.noticeAbsent(t.Context()); err != nil {
			t.Fatal(err)
		}
		letter := s.letter("ada@example.com", "bob named you")
		for _, want := range []string{"“@ada, three”\nhttp://example.com/rooms/dogs/4\n", "\ndogs: 3 new messages\nhttp://example.com/rooms/dogs\n"} {
			if !strings.Contains(letter.Text, want) {
				t.Errorf("want %q in: %s", want, letter.Text)
			}
		}
		if strings.Contains(letter.Text, "forget") || strings.Contains(letter.Text, "four") {
			t.Errorf("the letter tells of what was deleted: %s", letter.Text)
		}
	})
}

// tried waits until a letter was tried that can't be sent, and gives how many were.
func (s *site) tried() int {
	s.t.Helper()
	s.eventually("the log tells of a letter that can't be sent", func() bool { return strings.Contains(s.log.String(), "can't send a letter") })
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	return s.post.sent
}

// waits waits until so many letters are in the outbox.
func (s *site) waits(letters int64) {
	s.t.Helper()
	s.eventually("the outbox", func() bool {
		overview, err := s.Store.Overview(s.t.Context())
		return err == nil && overview.Letters == letters
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
