package handlers

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store/storetest"
)

func TestManifest(t *testing.T) {
	s := newSite(t)
	var manifest appManifest
	answer := s.guest().get("/manifest.webmanifest").status(200)
	if err := json.Unmarshal(answer.Body.Bytes(), &manifest); err != nil {
		t.Fatal(err)
	}
	if kind := answer.Header().Get("Content-Type"); kind != "application/manifest+json; charset=utf-8" {
		t.Errorf("got Content-Type %s", kind)
	}
	if manifest.Name != "Test Bark" || manifest.StartURL != "/" || manifest.Display != "standalone" || !strings.HasPrefix(manifest.Theme, "#") {
		t.Errorf("got %+v", manifest)
	}
	sizes := map[string]bool{}
	for _, icon := range manifest.Icons {
		sizes[icon.Sizes+icon.Purpose] = true
		if kind := s.guest().get(icon.Source).status(200).Header().Get("Content-Type"); !strings.HasPrefix(kind, icon.Type) {
			t.Errorf("%s is %s, want %s", icon.Source, kind, icon.Type)
		}
	}
	for _, want := range []string{"192x192", "512x512", "512x512maskable"} {
		if !sizes[want] {
			t.Errorf("no icon of %s, got %v", want, sizes)
		}
	}
	page := s.guest().get("/").status(200).doc()
	for _, icon := range []string{"link[rel=icon]", "link[rel=apple-touch-icon]", "link[rel=manifest]"} {
		s.guest().get(page.Find(icon).AttrOr("href", "/none")).status(200)
	}
	if n := page.Find("meta[name=theme-color]").Length(); n != 2 {
		t.Errorf("got %d theme colours, want one for each theme", n)
	}
	picture, ours := strings.CutPrefix(page.Find(`meta[property="og:image"]`).AttrOr("content", ""), "http://example.com")
	if !ours {
		t.Errorf("got the picture %s, want an address of ours", picture)
	}
	s.guest().get(picture).status(200)
}

type sitemap struct {
	Parts []sitemapEntry `xml:"sitemap"`
	Pages []sitemapEntry `xml:"url"`
}

func (a *answer) sitemap() (read sitemap) {
	a.Helper()
	if kind := a.Header().Get("Content-Type"); !strings.HasPrefix(kind, "application/xml") {
		a.Errorf("got Content-Type %s", kind)
	}
	if err := xml.Unmarshal(a.Body.Bytes(), &read); err != nil {
		a.Fatal(err)
	}
	return read
}

func TestSearchEnginesFindEveryRoom(t *testing.T) {
	s := newSiteOn(t, storetest.SQLite(t).WithClock(func() time.Time { return time.Date(2026, 11, 24, 23, 0, 0, 0, time.UTC) }))
	rooms := []chat.Room{storetest.Room(t, s.Store, "Dogs & Cats"), storetest.Room(t, s.Store, "собаки")}
	_, there, found := strings.Cut(s.guest().get("/robots.txt").status(200).Body.String(), "\nSitemap: http://example.com")
	if !found {
		t.Fatal("robots.txt names no sitemap")
	}
	got := map[string]string{}
	for _, part := range s.guest().get(strings.TrimSpace(there)).status(200).sitemap().Parts {
		for _, page := range s.guest().get(strings.TrimPrefix(part.Location, "http://example.com")).status(200).sitemap().Pages {
			s.guest().get(strings.TrimPrefix(page.Location, "http://example.com")).status(200).lacks("noindex")
			got[page.Location] = page.Modified
		}
	}
	if len(got) != 3 {
		t.Errorf("got %v, want the home page and two rooms", got)
	}
	for _, room := range rooms {
		if date := got["http://example.com"+room.Path()]; date != "2026-11-24" {
			t.Errorf("%s was changed on %q, want 2026-11-24", room.Path(), date)
		}
	}
	for _, path := range []string{"/sitemaps/1", "/sitemaps/0.xml", "/sitemaps/01.xml", "/sitemaps/x.xml", "/sitemaps/2.xml", "/sitemaps/922337203685477580.xml", "/sitemaps/9223372036854775807.xml"} {
		s.guest().get(path).status(404)
	}
}

func TestRobotsStayOutOfWhatNeverEnds(t *testing.T) {
	robots := newSite(t).guest().get("/robots.txt").status(200)
	robots.has("User-agent: *\n", "Disallow: /rooms/*/events\n", "Disallow: /rooms/*/live\n", "Disallow: /rooms/*/changes\n").lacks("Disallow: /\n")
}
