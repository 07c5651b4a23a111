package e2e

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
)

// A lively room as it looks on a desk and on a phone. With E2E_SCREENSHOTS set
// to a folder, the pictures are written there, for the documents to show.
func TestPicturesOfARoom(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, she := person(t, s, "Ada")
	people := map[string]*member{"Ada": she}
	for _, name := range []string{"Marla", "joss", "Nuka", "Tilda"} {
		people[name] = s.member(name)
	}
	room := she.open("Dogs of the Park")
	eve := guest(t)
	eve.enter(s, room)
	for _, name := range []string{"Marla", "joss", "Nuka"} {
		people[name].watch(room)
		eve.reads("[role=log]", name+" joined") // so that Ada sees herself join, and later Tilda
	}
	people["Marla"].post(room, "Good morning, pack! Who is coming to the park?")
	say := func(name, text string) {
		people[name].post(room, text)
		ada.hears(text)
	}

	do(ada, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}})
	ada.resize(1280, 800)
	ada.enter(s, room)
	ada.reads("[role=log]", "Ada joined")
	say("joss", "Me and Biscuit. We are on our way.")
	say("joss", "He has found a stick. It is longer than the car.")
	say("Nuka", "Как всегда :)")
	say("Ada", "Pictures, please!")
	people["Tilda"].watch(room)
	ada.reads("[role=log]", "Tilda joined")
	say("Tilda", "The path along the river is closed: https://example.com/park/news")
	say("Tilda", "So meet at the bakery instead?")
	say("joss", "Biscuit likes bakeries.")
	say("Marla", "Ten o'clock at the bakery, then. I bring the ball.\nNobody bring a stick.")
	ada.shows("#member-count", "5")
	ada.isCurrent(s)
	eve.isCurrent(s)

	for _, screen := range []struct {
		name          string
		width, height int64
	}{{"room.png", 1280, 800}, {"room-phone.png", 390, 844}} {
		picture := ada.picture(screen.width, screen.height)
		checkPicture(t, screen.name, picture, screen.width, screen.height)
		if folder := os.Getenv("E2E_SCREENSHOTS"); folder != "" {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, screen.name), picture, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	ada.isCurrent(s)
}

// resize gives the tab a screen of that size, a phone's where it is narrow.
func (b *tab) resize(width, height int64) {
	b.t.Helper()
	do(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 600})
}

// picture takes one of the room on a screen of that size.
func (b *tab) picture(width, height int64) []byte {
	b.t.Helper()
	b.resize(width, height)
	b.sees("the page fits the screen", `innerWidth === `+js(width)+` && document.documentElement.scrollWidth === innerWidth && document.documentElement.scrollHeight <= innerHeight`)
	b.sees("the newest message is in view", `eye.atEnd() && (() => {
		const box = [...document.querySelectorAll("#messages > [data-number] > .text")].at(-1).getBoundingClientRect();
		return box.top >= 0 && box.bottom <= innerHeight;
	})()`)
	b.sees("all pictures are there", `[...document.images].filter(image => image.checkVisibility()).every(image => image.complete && image.naturalWidth > 0)`)
	return do(b, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatPng}).Data
}

// checkPicture makes sure that there is something to see on a picture.
func checkPicture(t *testing.T, name string, data []byte, width, height int64) {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if got, want := picture.Bounds(), image.Rect(0, 0, int(width), int(height)); got != want {
		t.Errorf("%s is %v, want %v", name, got, want)
	}
	colours := map[color.Color]bool{}
	for y := range int(height) {
		for x := range int(width) {
			colours[picture.At(x, y)] = true
		}
	}
	if len(colours) < 100 {
		t.Errorf("%s has %d colours, want a picture of a room", name, len(colours))
	}
}
