package handlers

import (
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

func TestProgramsCannotRegister(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s, other := newSiteOn(t, db, formAge), newSiteOn(t, db, formAge) // two nodes
		form := registration("ada@example.com", "ada", goodPassword)
		shown := func(age time.Duration, s *site) string {
			t.Helper()
			key, err := s.signingKey(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			moment := fmt.Sprint(time.Now().Add(-age).UnixMilli())
			return moment + "-" + signature(key, moment)
		}
		for says, change := range map[string]url.Values{
			"quicker than a person":     {"shown": {s.guest().get("/register").value("[name=shown]")}},
			"quicker than a person ":    {},
			"quicker than a person  ":   {"shown": {fmt.Sprint(time.Now().Add(-time.Minute).UnixMilli()) + "-0123456789abcdef0123456789abcdef"}},
			"quicker than a person   ":  {"shown": {shown(-time.Hour, s)}}, // in the future
			"quicker than a person    ": {"shown": {"9223372036854775808-"}},
			"shown long ago":            {"shown": {shown(25*time.Hour, s)}},
			"leave the field":           {"shown": {shown(time.Minute, s)}, "website": {"https://shoes.example"}},
		} {
			sent := registration("ada@example.com", "ada", goodPassword)
			maps.Copy(sent, change)
			answer := s.guest().post("/register", sent).status(422).has(strings.TrimSpace(says))
			if answer.value("#email") != "ada@example.com" || answer.value("[name=shown]") == "" {
				t.Errorf("%s: the form was not kept: %s", says, answer.Body)
			}
		}
		form.Set("shown", shown(3*time.Second, other)) // shown by one node, sent to another
		s.guest().post("/register", form).status(303)
	})
}

func formAge(c *Config) { c.FormAge = 2 * time.Second }

func TestFormsHiddenFieldsAreOptionalWithoutAnAge(t *testing.T) {
	s := newSite(t)
	s.guest().get("/register").has(`name="website"`).lacks(`name="shown"`)
	s.guest().post("/register", registration("ada@example.com", "ada", goodPassword)).status(303)
}

func TestOpeningRoomsIsLimited(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db, func(c *Config) { c.PostRate = chat.Rate{Count: 10, Window: 10 * time.Second} })
		ada := s.member("ada")
		for i := range 10 {
			ada.post("/rooms", url.Values{"name": {fmt.Sprint("room ", i)}}).status(303)
		}
		answer := ada.post("/rooms", url.Values{"name": {"one more"}}).status(429).has("open this one tomorrow")
		if answer.value("#name") != "one more" || answer.Header().Get("Retry-After") == "" {
			t.Errorf("got %v, %s", answer.Header(), answer.Body)
		}
		ada.post("/rooms", url.Values{"name": {"room 3"}}).status(303) // it is there already
		free := newSiteOn(t, s.Store).guest()                          // without any limit on posting
		free.cookie = ada.cookie
		free.post("/rooms", url.Values{"name": {"one more"}}).status(303)
	})
}
