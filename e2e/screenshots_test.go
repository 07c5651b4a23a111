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

// The pages that people see first, by day and by night, on a desk and on a phone.
// With E2E_SCREENSHOTS set to a folder, the pictures are written there, for the
// documents to show.
func TestPictures(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, she := person(t, s, "Ada")
	people := map[string]*member{"Ada": she}
	for _, name := range []string{"Marla", "joss", "Nuka", "Tilda"} {
		people[name] = s.member(name)
	}
	people["Nuka"].post(people["Nuka"].open("Night owls"), "Who else is awake?")
	people["joss"].post(people["joss"].open("Bakery club"), "Rye is the best.")
	for _, text := range []string{"Throw it!", "Again!", "And again!"} {
		people["Tilda"].post(people["Tilda"].open("Fetch"), text)
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

	for _, shown := range []struct{ name, path string }{{"home", "/"}, {"room", room}, {"account", "/users/Ada"}, {"settings", "/settings"}} {
		ada.goTo(s.url + shown.path)
		for _, screen := range []struct {
			name          string
			width, height int64
		}{{"", 1024, 640}, {"-phone", 360, 640}} {
			for _, theme := range []string{"dark", "light"} {
				name := shown.name + screen.name + "-" + theme + ".png"
				ada.prefer("prefers-color-scheme", theme, "prefers-reduced-motion", "reduce")
				picture := ada.picture(screen.width, screen.height)
				checkPicture(t, name, picture, screen.width, screen.height)
				keepPicture(t, name, picture)
			}
		}
	}
}

// keepPicture writes a picture to where the documents' are, if that is wanted.
func keepPicture(t *testing.T, name string, data []byte) {
	t.Helper()
	folder := os.Getenv("E2E_SCREENSHOTS")
	if folder == "" {
		return
	}
	shown, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&packed, fewerColours(shown)); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name), packed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// fewerColours makes one of colours that nobody can tell apart, which halves the
// size of a picture.
func fewerColours(shown image.Image) image.Image {
	const step = 5 // of 255
	round := func(value uint32) uint8 { return uint8((value>>8 + step/2) / step * step) }
	fewer := image.NewRGBA(shown.Bounds())
	for y := range fewer.Rect.Dy() {
		for x := range fewer.Rect.Dx() {
			r, g, b, _ := shown.At(x, y).RGBA()
			fewer.SetRGBA(x, y, color.RGBA{round(r), round(g), round(b), 255})
		}
	}
	return fewer
}

// resize gives the tab a screen of that size, a phone's where it is narrow.
func (b *tab) resize(width, height int64) {
	b.t.Helper()
	do(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 600})
}

// picture takes one of the page on a screen of that size. Of a room, it shows all.
func (b *tab) picture(width, height int64) []byte {
	b.t.Helper()
	b.resize(width, height)
	b.sees("the page fits the screen", `innerWidth === `+js(width)+` && document.documentElement.scrollWidth <= innerWidth`)
	b.sees("the newest message is in view", `!document.querySelector("[role=log]") || eye.atEnd() && document.documentElement.scrollHeight <= innerHeight && (() => {
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
		t.Errorf("%s has %d colours, want a picture of a page", name, len(colours))
	}
}
