// Package views renders every page and fragment of the site from chat's
// values. It does no I/O and asks nobody anything: what it shows, it is given.
// One component stands for each thing on screen, used by pages, fragments and
// the live stream alike.
package views

import (
	"net/url"
	"strconv"
	"time"

	"github.com/twilightbark/twilightbark/chat"
)

// Site is what all pages have in common.
type Site struct {
	Name             string
	Zone             *time.Location // in which times are shown
	Now              time.Time      // when the page is made
	RegistrationOpen bool
	BaseURL          string // the public address, without a slash at its end
	Stylesheet       string // the assets' addresses
	OwnStylesheet    string // of who runs the site; empty for none
	Script           string
	Icon             string
	TouchIcon        string // for a phone's home screen
	Picture          string // for who shows a link to a page
	DarkColor        string // of the page, for what a system paints around it
	LightColor       string
	Footer           string // in words of who runs the site; empty for none
	About            string // the same, as HTML that markup.Render made
}

// Page is what the layout around a page's body needs to know.
type Page struct {
	Site        Site
	Title       string // without the site's name, which is added; empty on the home page
	Description string // what search engines and links to the page say of it; empty on one that is not for everybody
	Viewer      *chat.User
	Unsure      bool   // who the viewer is can't be told just now
	Path        string // where logging in leads back to; of a page for everybody, its one address
	Room        bool   // the body is a room, which fills the screen
	Live        bool   // the body keeps the page current itself
	SearchIn    string // name of the room that the header's search is about; empty for all

	Feed string // path of the feed of the same; empty for none

	Counts Counts // of what is new to the viewer
}

// Public reports whether the page is for everybody, and search engines.
func (p Page) Public() bool { return p.Description != "" }

// address is the page's address for the world outside.
func (p Page) address() string { return p.Site.BaseURL + p.Path }

// name is the page's title without the site's name, where there is another.
func (p Page) name() string {
	if p.Title == "" {
		return p.Site.Name
	}
	return p.Title
}

func (p Page) title() string {
	title := p.Site.Name
	if p.Title != "" {
		title = p.Title + " · " + title
	}
	if n := p.Counts.Unread(); n > 0 {
		title = "(" + number(n) + ") " + title
	}
	return title
}

func (p Page) searchPath() string   { return SearchProps{Room: p.SearchIn}.path(1) }
func (p Page) loginPath() string    { return LoginPath(p.Path) }
func (p Page) registerPath() string { return RegisterPath(p.Path) }

// LoginPath is where to log in, and then go on to next.
func LoginPath(next string) string { return withNext("/login", next) }

// RegisterPath is where to make an account, and then go on to next.
func RegisterPath(next string) string { return withNext("/register", next) }

func withNext(path, next string) string {
	if next == "" || next == "/" {
		return path
	}
	return path + "?next=" + url.QueryEscape(next)
}

// MessageID is the DOM id of the message with that number.
func MessageID(number int64) string { return "m-" + strconv.FormatInt(number, 10) }

// FeedPath is the address of a room's feed.
func FeedPath(room chat.Room) string { return room.Path() + "/feed.atom" }

// PagePath is the address of a page of a room's history.
func PagePath(room string, page int64) string {
	return room + "/page/" + strconv.FormatInt(page, 10)
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// counted is the noun for n of them.
func counted[N int | int64](n N, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}
