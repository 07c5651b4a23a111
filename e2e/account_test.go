package e2e

import (
	"archive/zip"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	chrome "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp/kb"
)

const newSecret = "another horse entirely"

// eachWay runs a test with scripts and without: open gives somebody's tab.
func eachWay(t *testing.T, test func(t *testing.T, open func(*testing.T) *tab)) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) *tab{
		"with scripts":    guest,
		"without scripts": func(t *testing.T) *tab { return guest(t).withoutScripts() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open)
		})
	}
}

// enters logs in through the form, which leads into the room.
func (b *tab) enters(base, room, email, password string) {
	b.t.Helper()
	b.arrives(base + "/login?next=" + url.QueryEscape(room))
	b.fill("Email", email)
	b.fill("Password", password)
	b.click("main button", "Log in")
	b.sees("she is in the room", `location.pathname === `+js(room)+` && eye.field("Message")`)
}

// arrives opens an address, and waits until the page is drawn. Before that a
// browser drops clicks, and from a letter's host to the test's own it takes a
// process of its own to draw.
func (b *tab) arrives(address string) {
	b.t.Helper()
	b.goTo(address)
	b.sees("the page is drawn", `performance.getEntriesByType("paint").length > 0`)
}

// chooses fills a form for a new password in.
func (b *tab) chooses(password, confirm string) {
	b.t.Helper()
	b.fill("Password", password)
	b.fill("Confirm password", confirm)
	b.press("Save")
}

// isLoggedOut waits until an open page of a room says that its session is over.
func (b *tab) isLoggedOut() {
	b.t.Helper()
	b.reads("#notice", "You have been logged out")
}

// Who has forgotten the password reads the letter, and is back in the room.
func TestForgottenPassword(t *testing.T) {
	eachWay(t, func(t *testing.T, open func(*testing.T) *tab) {
		s := start(t)
		member := s.member("ada")
		room := member.open("Dogs")
		member.post(room, "Who is there?")
		ada := open(t)
		ada.arrives(s.url + room)
		ada.click("main a", "Log in")
		ada.press("Forgotten your password?")
		ada.fill("Email", "Ada@example.com")
		ada.press("Send the link")
		ada.reads("main", "a letter with a link is on its way")

		link := s.letter("ada@example.com", "A new password")
		ada.arrives(link)
		ada.allow(status422, status410)
		ada.chooses(newSecret, newSecret+"!")
		ada.seesError("Confirm password", "differ")
		ada.chooses("password1", "password1")
		ada.seesError("Password", "Many people")
		ada.chooses(newSecret, newSecret)
		ada.shows("h1", "Log in")
		base, _, _ := strings.Cut(link, "/password-reset/")
		ada.enters(base, room, "ada@example.com", newSecret)
		ada.hears("Who is there?")
		ada.fill("Message", "Me again.")
		ada.typeKeys(kb.Enter)
		ada.hears("Me again.")

		s.letter("ada@example.com", "has changed")
		ada.arrives(link)
		ada.shows("h1", "This link is spent")
		ada.press("Ask for a new link")
		ada.shows("h1", "Forgotten password")
		if location := member.send("/rooms", url.Values{"name": {"Cats"}}); !strings.HasPrefix(location, "/login") {
			t.Errorf("who was logged in before is led to %s, want to log in again", location)
		}
	})
}

// A new password logs out everywhere else, open pages included, and keeps what
// was being written there.
func TestNewPasswordEndsOtherBrowsers(t *testing.T) {
	eachWay(t, func(t *testing.T, open func(*testing.T) *tab) {
		s := start(t)
		room := s.member("ada").open("Dogs")
		desk, phone := open(t), guest(t)
		desk.enters(s.url, room, "ada@example.com", secret)
		phone.enters(s.url, room, "ada@example.com", secret)
		phone.isLive()

		desk.allow(status422)
		desk.press("Account")
		desk.press("Edit")
		desk.press("Password")
		desk.fill("Current password", "wrong")
		desk.chooses(newSecret, newSecret)
		desk.seesError("Current password", "not your password")
		desk.typedIs("Password", "")
		desk.fill("Current password", secret)
		desk.chooses(newSecret, newSecret)
		desk.sees("her page", `location.pathname === "/users/ada"`)
		phone.isLoggedOut()
		s.letter("ada@example.com", "has changed")

		phone.allow(status401, status422)
		phone.fill("Message", "Still me?")
		phone.isRefused(func(b *tab) { b.typeKeys(kb.Enter) }, "not logged in")
		other := phone.another()
		other.allow(status422)
		other.arrives(s.url + "/login")
		other.fill("Email", "ada@example.com")
		other.fill("Password", secret)
		other.click("main button", "Log in")
		other.reads("main", "don't belong together")
		other.enters(s.url, room, "ada@example.com", newSecret)
		phone.isTaken(func(b *tab) { b.press("Send") })

		desk.arrives(s.url + room)
		desk.hears("Still me?")
		desk.sees("she is logged in still", `eye.field("Message") && eye.named("header a", "Account")`)
	})
}

// From one device the others are logged out, one by one or all at once.
func TestDevices(t *testing.T) {
	eachWay(t, func(t *testing.T, open func(*testing.T) *tab) {
		s := start(t)
		room := s.member("ada").open("Dogs") // which is a device of its own
		desk, phone, tablet := open(t), guest(t), guest(t)
		desk.enters(s.url, room, "ada@example.com", secret)
		for _, b := range []*tab{phone, tablet} {
			b.enters(s.url, room, "ada@example.com", secret)
			b.isLive()
		}
		desk.arrives(s.url + "/settings")
		desk.press("Devices")
		const devices = `[...document.querySelectorAll(".devices > li")]`
		desk.sees("four devices, one of them this", devices+`.length === 4 && `+devices+`.filter(e => e.textContent.includes("This device")).length === 1`)
		desk.sees("what they are", devices+`.filter(e => /Chrom.* on Linux/.test(e.querySelector("h2").textContent)).length === 3`)

		last := devices + `.filter(e => !e.textContent.includes("This device") && /Chrom/.test(e.textContent)).at(-1).querySelector("button")`
		look[bool](desk, `(`+last+`.setAttribute("aria-label", "one of the two"), true)`)
		desk.press("one of the two")
		desk.sees("three devices", devices+`.length === 3`)
		gone, there := phone, tablet
		if first := s.firstLoggedOut(phone, tablet); first == tablet {
			gone, there = tablet, phone
		}
		gone.isLoggedOut()
		there.fill("Message", "I am still here.")
		there.isTaken(func(b *tab) { b.press("Send") })

		desk.press("Log out all other devices")
		desk.sees("this device alone", devices+`.length === 1 && `+devices+`[0].textContent.includes("This device")`)
		there.isLoggedOut()
		desk.arrives(s.url + room)
		desk.hears("I am still here.")

		desk.arrives(s.url + "/settings/sessions")
		desk.click(".devices button", look[string](desk, `document.querySelector(".devices button").getAttribute("aria-label")`))
		desk.sees("she has logged herself out", `location.pathname === "/" && eye.named("header a", "Log in")`)
	})
}

// firstLoggedOut waits until one of the tabs is told that its session is over.
func (s *site) firstLoggedOut(tabs ...*tab) (first *tab) {
	s.t.Helper()
	eventually(s.t, "one of the devices is logged out", func() bool {
		for _, b := range tabs {
			if out, err := tryLook[bool](b, `document.querySelector("#notice").textContent.includes("logged out")`); err == nil && out {
				first = b
			}
		}
		return first != nil
	})
	return first
}

// A deleted account is gone from all pages at once, those that are open included.
func TestDeleteAccount(t *testing.T) {
	for choice, shown := range map[string]string{
		"Keep them":   `eye.rows(document).map(row => row.author + ": " + row.text).join() === "former member: one,bob: two,former member: three"`,
		"Remove them": `eye.rows(document).map(row => row.author + ": " + row.text).join() === "former member: This message was deleted.,bob: two,former member: This message was deleted."`,
	} {
		t.Run(choice, func(t *testing.T) {
			eachWay(t, func(t *testing.T, open func(*testing.T) *tab) {
				s := start(t)
				bob, he := person(t, s, "bob")
				she := s.member("ada")
				room := she.open("Dogs")
				she.post(room, "one")
				he.post(room, "two")
				she.post(room, "three")
				bob.enter(s, room)
				ada := open(t)
				ada.enters(s.url, room, "ada@example.com", secret)
				bob.sees("who is here", named("ada"))

				ada.allow(status422)
				ada.arrives(s.url + "/settings")
				ada.press("Delete account")
				ada.click("label", choice)
				ada.fill("Current password", "wrong")
				ada.press("Delete my account")
				ada.seesError("Current password", "not your password")
				ada.sees("her choice is kept", `eye.field(`+js(choice)+`).checked`)
				ada.fill("Current password", secret)
				ada.press("Delete my account")
				ada.sees("she is a guest", `location.pathname === "/" && eye.named("header a", "Log in")`)

				bob.sees("her messages", shown)
				bob.isCurrent(s)
				s.letter("ada@example.com", "is deleted")
				bob.allow(status404)
				bob.arrives(s.url + "/users/ada")
				bob.reads("main", "no member of this name")
				ada.arrives(s.url + "/login")
				ada.fill("Email", "ada@example.com")
				ada.fill("Password", secret)
				ada.click("main button", "Log in")
				ada.reads("main", "don't belong together")
			})
		})
	}
}

func TestDownloadData(t *testing.T) {
	eachWay(t, func(t *testing.T, open func(*testing.T) *tab) {
		s := start(t)
		member := s.member("ada")
		room := member.open("Dogs")
		member.post(room, "<b>woof</b>")
		ada := open(t)
		ada.enters(s.url, room, "ada@example.com", secret)
		folder := t.TempDir()
		do(ada, chrome.SetDownloadBehavior, chrome.SetDownloadBehaviorParams{
			Behavior: chrome.SetDownloadBehaviorBehaviorAllow, DownloadPath: folder,
			BrowserContextID: do(ada, target.GetTargetInfo, target.GetTargetInfoParams{}).TargetInfo.BrowserContextID,
		})
		ada.arrives(s.url + "/settings")
		ada.press("Your data")
		ada.press("Download")
		var archive *zip.ReadCloser
		eventually(t, "the file is there", func() bool {
			names, err := filepath.Glob(filepath.Join(folder, "*.zip"))
			if err == nil && len(names) == 1 {
				archive, err = zip.OpenReader(names[0])
			}
			return err == nil && archive != nil
		})
		defer func() { _ = archive.Close() }()
		for _, name := range []string{"profile.json", "messages.json", "messages.html"} {
			file, err := archive.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			content, err := io.ReadAll(file)
			if err != nil || len(content) == 0 {
				t.Errorf("%s: got %q, %v", name, content, err)
			}
			if name == "messages.html" {
				path := filepath.Join(folder, name)
				if err := os.WriteFile(path, content, 0o600); err != nil {
					t.Fatal(err)
				}
				ada.arrives("file://" + path) // it is read without the site
				ada.reads("pre", "<b>woof</b>")
				ada.reads("li a", "Dogs")
			}
		}
	})
}

// Another address counts when its owner has followed the link in the letter to
// it, and the one before hears of it.
func TestNewEmail(t *testing.T) {
	eachWay(t, func(t *testing.T, open func(*testing.T) *tab) {
		s := start(t)
		room := s.member("ada").open("Dogs")
		ada := open(t)
		ada.enters(s.url, room, "ada@example.com", secret)
		ada.arrives(s.url + "/users/ada")
		ada.reads("main", "not confirmed yet")
		ada.arrives(s.letter("ada@example.com", "Confirm your email"))
		ada.press("Confirm")
		ada.shows("h1", "Your email is confirmed")
		ada.arrives(s.url + "/users/ada")
		ada.sees("it is confirmed", `document.querySelector(".facts").textContent.includes("ada@example.com") && !document.body.innerText.includes("not confirmed")`)

		ada.allow(status422)
		ada.press("Edit")
		ada.fill("Email", "lovelace@example.com")
		ada.press("Save")
		ada.seesError("Current password", "Enter your current password")
		ada.typedIs("Email", "lovelace@example.com")
		ada.fill("Current password", secret)
		ada.press("Save")
		ada.sees("her page, with the address as it was", `location.pathname === "/users/ada" && document.querySelector(".facts").textContent.includes("ada@example.com")`)
		ada.press("Edit")
		ada.reads("main", "We have sent a letter to lovelace@example.com")
		s.letter("ada@example.com", "A new email")
		ada.arrives(s.letter("lovelace@example.com", "Confirm your email"))
		ada.press("Confirm")
		ada.shows("h1", "Your email is confirmed")
		s.letter("ada@example.com", "has changed")

		eve := open(t)
		eve.allow(status422)
		eve.arrives(s.url + "/login")
		eve.fill("Email", "ada@example.com")
		eve.fill("Password", secret)
		eve.click("main button", "Log in")
		eve.reads("main", "don't belong together")
		eve.enters(s.url, room, "lovelace@example.com", secret)
		eve.press("Account")
		eve.reads(".facts", "lovelace@example.com")
	})
}

// letter waits for a letter in the terminal, to that address and about that, and
// gives the link in it, if there is one.
func (s *site) letter(to, subject string) (link string) {
	s.t.Helper()
	head := fmt.Sprintf("\nTo: %s\nSubject: ", to)
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(20 * time.Millisecond) { // between two looks
		for letter := range strings.SplitSeq(s.terminal.String(), "---- a letter ----") {
			_, rest, found := strings.Cut(letter, head)
			about, text, _ := strings.Cut(rest, "\n")
			text, _, whole := strings.Cut(text, "---- end of the letter ----")
			if !found || !whole || !strings.Contains(about, subject) {
				continue
			}
			for line := range strings.Lines(text) {
				if strings.HasPrefix(line, "http") {
					return strings.TrimSpace(line)
				}
			}
			return ""
		}
	}
	s.t.Fatalf("no letter to %s about %q in the terminal:\n%s", to, subject, s.terminal.String())
	return ""
}
