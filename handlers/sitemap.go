package handlers

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/assets"
	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/views"
)

// What programs ask of a site: phones that keep it on their home screen, and
// search engines. It changes seldom, and may be an hour old.

const anHour = "public, max-age=3600"

// appManifest tells a phone how to show the site like an app of its own.
type appManifest struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	ShortName   string    `json:"short_name"`
	Description string    `json:"description"`
	StartURL    string    `json:"start_url"`
	Scope       string    `json:"scope"`
	Display     string    `json:"display"`
	Background  string    `json:"background_color"`
	Theme       string    `json:"theme_color"`
	Icons       []appIcon `json:"icons"`
}

type appIcon struct {
	Source  string `json:"src"`
	Sizes   string `json:"sizes"`
	Type    string `json:"type"`
	Purpose string `json:"purpose,omitempty"`
}

func (h *Handlers) showManifest(c *gin.Context) error {
	text, err := json.Marshal(appManifest{
		ID: "/", Name: h.inForce().SiteName, ShortName: h.inForce().SiteName, Description: views.Welcome, StartURL: "/", Scope: "/", Display: "standalone",
		Background: h.site.DarkColor, Theme: h.site.DarkColor,
		Icons: []appIcon{
			{Source: h.site.Icon, Sizes: "any", Type: "image/svg+xml"},
			{Source: assets.Path("icon-192.png"), Sizes: "192x192", Type: "image/png"},
			{Source: assets.Path("icon-512.png"), Sizes: "512x512", Type: "image/png"},
			{Source: assets.Path("icon-full-512.png"), Sizes: "512x512", Type: "image/png", Purpose: "maskable"},
		},
	})
	if err != nil {
		return err
	}
	c.Header("Cache-Control", anHour)
	return send(c, http.StatusOK, "application/manifest+json; charset=utf-8", text, true)
}

// showRobots keeps search engines from what never ends, and from what is only a
// part of a page. Pages that are not for them say so themselves, and have to be
// read for it.
func (h *Handlers) showRobots(c *gin.Context) error {
	text := "User-agent: *\nDisallow: /fragments/\nDisallow: /rooms/*/events\nDisallow: /rooms/*/live\nDisallow: /rooms/*/changes\n\n" +
		"Sitemap: " + h.site.BaseURL + "/sitemap.xml\n"
	c.Header("Cache-Control", anHour)
	return send(c, http.StatusOK, "text/plain; charset=utf-8", []byte(text), true)
}

// sitemapRooms is how many rooms a part of the sitemap may hold: a fifth of what
// the protocol allows, since each part is read and sent whole.
const sitemapRooms = 10_000

const sitemapNamespace = "http://www.sitemaps.org/schemas/sitemap/0.9"

// sitemapEntry is a page in the sitemap, or a part of it.
type sitemapEntry struct {
	Location string `xml:"loc"`
	Modified string `xml:"lastmod,omitempty"`
}

// showSitemap lists the sitemap's parts. The n-th holds the rooms of the n-th ten
// thousand ids, so that it costs the same however many there are.
func (h *Handlers) showSitemap(c *gin.Context) error {
	newest, err := h.Store.NewestRoom(c.Request.Context())
	if err != nil {
		return err
	}
	index := struct {
		XMLName xml.Name       `xml:"sitemapindex"`
		Space   string         `xml:"xmlns,attr"`
		Parts   []sitemapEntry `xml:"sitemap"`
	}{Space: sitemapNamespace}
	for part := int64(1); part == 1 || (part-1)*sitemapRooms < newest; part++ {
		index.Parts = append(index.Parts, sitemapEntry{Location: h.site.BaseURL + "/sitemaps/" + strconv.FormatInt(part, 10) + ".xml"})
	}
	return sendXML(c, index)
}

func (h *Handlers) showSitemapPart(c *gin.Context) error {
	digits, isXML := strings.CutSuffix(c.Param("part"), ".xml")
	part, ok := ordinal(digits)
	newest, err := h.Store.NewestRoom(c.Request.Context())
	if err != nil {
		return err
	}
	if !isXML || !ok || part > 1 && part > (newest+sitemapRooms-1)/sitemapRooms {
		return h.notFound(c)
	}
	rooms, err := h.Store.RoomsFrom(c.Request.Context(), (part-1)*sitemapRooms, sitemapRooms)
	if err != nil {
		return err
	}
	pages := struct {
		XMLName xml.Name       `xml:"urlset"`
		Space   string         `xml:"xmlns,attr"`
		Pages   []sitemapEntry `xml:"url"`
	}{Space: sitemapNamespace}
	if part == 1 {
		pages.Pages = append(pages.Pages, sitemapEntry{Location: h.site.BaseURL + "/"})
	}
	for _, room := range rooms {
		pages.Pages = append(pages.Pages, sitemapEntry{h.site.BaseURL + room.Path(), dateOf(room.LastPostedAt)})
	}
	return sendXML(c, pages)
}

// dateOf is a day, as the sitemap writes one: the pages of a busy room change
// more often than anybody comes to look.
func dateOf(at chat.Micros) string { return at.Time().UTC().Format("2006-01-02") }

func sendXML(c *gin.Context, document any) error {
	text, err := xml.Marshal(document)
	if err != nil {
		return err
	}
	c.Header("Cache-Control", anHour)
	return send(c, http.StatusOK, "application/xml; charset=utf-8", append([]byte(xml.Header), text...), true)
}
