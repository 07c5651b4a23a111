package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// mailbox is the folder into which a site's letters go.
type mailbox struct {
	*site
	folder string
}

// startWithMail runs a server that writes letters into a folder, about what has
// been unread for a second.
func startWithMail(t *testing.T) mailbox {
	t.Helper()
	folder := t.TempDir()
	return mailbox{start(t, "MAIL_URL=file:"+folder, "NOTICE_AFTER=1s"), folder}
}

// letters gives the letters to a member whose subject has those words, the oldest
// first.
func (m mailbox) letters(name, subject string) (letters []string) {
	m.t.Helper()
	paths, err := filepath.Glob(filepath.Join(m.folder, "*.eml"))
	if err != nil {
		m.t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			m.t.Fatal(err)
		}
		letter := strings.NewReplacer("\r\n", "\n", "http://localhost:", "http://127.0.0.1:").Replace(string(text)) // the same server, by the name that tabs are at
		about := regexp.MustCompile(`(?m)^Subject: .*` + regexp.QuoteMeta(subject))
		if strings.Contains(letter, "<"+name+"@example.com>") && about.MatchString(letter) {
			letters = append(letters, letter)
		}
	}
	return letters
}

// letter waits for the letter with that place among them.
func (m mailbox) letter(name, subject string, place int) (letter string) {
	m.t.Helper()
	eventually(m.t, fmt.Sprintf("letter %d to %s about %q", place, name, subject), func() bool {
		letters := m.letters(name, subject)
		if len(letters) >= place {
			letter = letters[place-1]
		}
		return letter != ""
	})
	return letter
}

// link is the address that stands alone on a line of the letter, and has that in it.
func (m mailbox) link(letter, part string) string {
	m.t.Helper()
	for line := range strings.Lines(letter) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, m.url+"/") && strings.Contains(line, part) {
			return line
		}
	}
	m.t.Fatalf("no link with %q in: %s", part, letter)
	return ""
}

// confirmed is a new member whose address is confirmed.
func (m mailbox) confirmed(name string) (*tab, *member) {
	m.t.Helper()
	b, person := person(m.t, m.site, name)
	m.postTo(m.link(m.letter(name, "Confirm", 1), "/confirm-email/"), nil)
	return b, person
}

// postTo posts to an address as a program without a session does.
func (m mailbox) postTo(address string, form url.Values) {
	m.t.Helper()
	response, err := http.PostForm(address, form)
	if err != nil {
		m.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		m.t.Errorf("post to %s: status %d, want 200", address, response.StatusCode)
	}
}

// Who is away gets one letter, which leads to the message, and another after
// having been back.
func TestLetterToWhoIsAway(t *testing.T) {
	for name, scriptless := range map[string]bool{"with scripts": false, "without": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startWithMail(t)
			bob, he := s.confirmed("bob")
			_, she := s.confirmed("cleo")
			ada := s.member("ada")
			if scriptless {
				bob.withoutScripts()
			}
			room := ada.open("Dogs")
			ada.post(room, "Is anybody here?")
			ada.post(room, "**Good** morning, @bob, <b>")
			letter := s.letter("bob", "ada named you", 1)
			if want := "\nada in Dogs\n“Good morning, @bob, <b>”\n" + s.url + room + "/2\n"; !strings.Contains(letter, want) {
				t.Errorf("want %q in: %s", want, letter)
			}

			ada.post(room, "And once more, @bob")
			ada.post(room, "You too, @cleo")
			s.letter("cleo", "named you", 1) // was due after one to bob would have been
			if got := s.letters("bob", "named you"); len(got) != 1 {
				t.Errorf("before he is back he got %d letters, want 1", len(got))
			}
			she.send("/settings/letters", url.Values{"notices": {"none"}})

			bob.goTo(s.url + "/search") // he is back, and reads nothing
			second := s.letter("bob", "ada named you", 2)
			bob.goTo(s.link(second, room+"/3"))
			bob.sees("the letter leads to the message", `location.hash === "#m-3" && document.querySelector("#m-3 .text").textContent === "And once more, @bob"`)
			bob.sees("it is marked for him", `getComputedStyle(document.querySelector("#m-3 .mention")).backgroundColor !== "rgba(0, 0, 0, 0)"`)

			t.Log("new messages in a room that he follows")
			bob.goTo(s.url + "/settings/letters")
			bob.press("Also when somebody writes in a room I follow")
			bob.mark()
			bob.press("Save")
			bob.sees("it is chosen", `!window.eye?.marked && document.querySelector("input[name=notices]:checked")?.value === "rooms"`)
			he.send(room+"/follow", nil)
			ada.post(room, "Nobody in particular")
			ada.post(room, "And nobody else")
			bob.goTo(s.url + "/search")
			told := s.letter("bob", "Something new in Dogs", 1)
			bob.goTo(s.link(told, room))
			bob.sees("the letter leads to the room", `location.pathname === `+js(room))
			bob.hears("And nobody else")
		})
	}
}

// Letters are ended by one POST of a mail program, or by a person's button.
func TestLettersAreEndedFromALetter(t *testing.T) {
	t.Parallel()
	s := startWithMail(t)
	bob, he := s.confirmed("bob")
	ada := s.member("ada")
	room := ada.open("Dogs")
	const chosen = `document.querySelector("input[name=notices]:checked").value`
	for i, end := range []func(address string){
		func(address string) { s.postTo(address, url.Values{"List-Unsubscribe": {"One-Click"}}) },
		func(address string) {
			eve := guest(t).withoutScripts()
			eve.goTo(address)
			eve.shows("h1", "No more letters?")
			eve.press("Unsubscribe")
			eve.shows("h1", "No more letters")
		},
	} {
		ada.post(room, "Hello @bob")
		letter := s.letter("bob", "named you", i+1)
		header := regexp.MustCompile(`(?m)^List-Unsubscribe:\s+<(.*)>$`).FindStringSubmatch(letter)
		if header == nil || !strings.Contains(letter, "\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n") || header[1] != s.link(letter, "/unsubscribe/") {
			t.Fatalf("the letter can't be ended with one press: %s", letter)
		}
		end(header[1])
		bob.goTo(s.url + "/settings/letters")
		bob.sees("no letters are chosen", chosen+` === "none"`)
		he.send("/settings/letters", url.Values{"notices": {"mentions"}})
	}
}

func TestChooseLetters(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, _ := person(t, s, "ada")
	for _, scriptless := range []bool{false, true} {
		if scriptless {
			ada.withoutScripts()
		}
		for label, value := range map[string]string{
			"When somebody names me": "mentions", "Also when somebody writes in a room I follow": "rooms", "Once a day, if there is anything new": "daily", "No letters": "none",
		} {
			ada.goTo(s.url + "/settings/letters")
			ada.press(label)
			ada.mark()
			ada.press("Save")
			ada.sees("the page anew", `!window.eye?.marked`)
			ada.goTo(s.url + "/settings")
			ada.press("Letters")
			ada.sees(label+" is chosen", `location.pathname === "/settings/letters" && document.querySelector("input[name=notices]:checked")?.value === `+js(value))
		}
	}
}
