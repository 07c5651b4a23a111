package handlers

import (
	"net/url"
	"strings"
	"testing"

	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

func answers(body, quote, to string) url.Values {
	form := draft(body, aNonce())
	form.Set("reply_to", to)
	if quote != "" {
		form.Set("quote", quote)
	}
	return form
}

func TestReply(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, db, "dogs")
		ada, bob := s.member("ada"), s.member("bob")
		ada.post("/rooms/dogs/messages", draft("one\n\ntwo", aNonce())).status(303)

		form := bob.get("/rooms/dogs?reply=1").status(200).has(`<a href="/rooms/dogs/1">Replying</a> to ada`)
		quote := form.value("#quote")
		if quote != "> one\n> two" || form.value("#composer [name=reply_to]") != "1" || form.value("#body") != "" || form.doc().Find("#quote[checked]").Length() != 1 {
			t.Errorf("got the form %s", form.Body)
		}
		asked := bob.withHTMX().post("/rooms/dogs/composer", url.Values{"body": {"half an"}, "nonce": {aNonce()}, "reply_to": {"1"}, "quote": {"on"}}).status(200)
		if asked.value("#quote") != quote || asked.value("#body") != "half an" {
			t.Errorf("got the form %s", asked.Body)
		}
		bob.withHTMX().post("/rooms/dogs/composer", url.Values{"body": {"half an"}, "reply_to": {""}}).status(200).has("half an").lacks("Replying")

		want := `<p class="reply" data-author="`
		said := bob.withHTMX().post("/rooms/dogs/messages", answers("three", quote, "1")).status(200).
			has(want, `<a href="/rooms/dogs/1">In reply to</a>`, `<blockquote>one
two</blockquote>three`).lacks("Replying")
		if said.value("#body") != "" {
			t.Errorf("got the form %s", said.Body)
		}
		bob.post("/rooms/dogs/messages", answers("four", "", "1")).status(303)
		s.guest().get("/rooms/dogs").has(">In reply to</a> <a class=\"author\" href=\"/users/ada\">ada</a></p><div class=\"text\" dir=\"auto\" hx-ignore>four<")

		// What is answered may go; the answer keeps what it quoted, and no more.
		ada.post("/rooms/dogs/1/delete", url.Values{}).status(303)
		s.guest().get("/rooms/dogs").has("In reply to", "<blockquote>one")
		bob.get("/rooms/dogs?reply=1").status(200).has("Replying").lacks(`id="quote"`)
	})
}

func TestReplyRefusedKeepsWhatItAnswers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, s.Store, "dogs")
		ada := s.member("ada")
		ada.post("/rooms/dogs/messages", draft("one", aNonce())).status(303)
		for kind, visitor := range map[string]*visitor{"plain": ada, "htmx": ada.withHTMX()} {
			for _, body := range []string{"", " ", strings.Repeat("a", 4001)} {
				refused := visitor.post("/rooms/dogs/messages", answers(body, "> one", "1")).status(422)
				if refused.value("#body") != body || refused.value("[name=reply_to]") != "1" || refused.doc().Find("#quote[checked]").Length() != 1 {
					t.Errorf("%s: got %s", kind, refused.Body)
				}
			}
			refused := visitor.post("/rooms/dogs/messages", answers("", "", "1")).status(422)
			if refused.doc().Find("#quote").Length() != 1 || refused.doc().Find("#quote[checked]").Length() != 0 {
				t.Errorf("%s: the quote that was not wanted is back: %s", kind, refused.Body)
			}
			for _, to := range []string{"2", "99", "9223372036854775807"} {
				refused := visitor.post("/rooms/dogs/messages", answers("text", "", to)).status(422).lacks("Replying")
				if refused.value("#body") != "text" {
					t.Errorf("%s: got %s", kind, refused.Body)
				}
			}
		}
		for _, to := range []string{"", "0", "-1", "x", "01", "9223372036854775808"} { // no answer at all
			ada.withHTMX().post("/rooms/dogs/messages", answers("text", "", to)).status(200).lacks("In reply to")
		}
		for _, path := range []string{"/rooms/dogs?reply=99", "/rooms/dogs?reply=x", "/rooms/dogs?reply=-1"} {
			ada.get(path).status(200).lacks("Replying")
		}
		s.guest().get("/rooms/dogs?reply=1").status(200).lacks("Replying")
	})
}

// Beside the composer the answer is begun there; a page of history leads to it.
func TestReplyIsOfferedWhereOneWrites(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		storetest.Room(t, s.Store, "dogs")
		ada := s.member("ada")
		ada.post("/rooms/dogs/messages", draft("one", aNonce())).status(303)
		for page, beside := range map[string]bool{
			"http://example.com/rooms/dogs": true, "http://example.com/rooms/dogs?lines=several": true,
			"http://example.com/rooms/dogs/page/1": false, "": false, "%zz": false,
		} {
			link := ada.withHTMX().with("HX-Current-URL", page).get("/rooms/dogs/1/actions").status(200).doc().Find(`a[href="/rooms/dogs?reply=1"]`)
			if _, ok := link.Attr("hx-post"); ok != beside || link.Length() != 1 {
				t.Errorf("at %q: got it done on the page: %v, want %v", page, ok, beside)
			}
		}
	})
}
