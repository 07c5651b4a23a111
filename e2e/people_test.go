package e2e

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/runtime"
)

// choose puts a file into the field with that label.
func (b *tab) choose(label, path string) {
	b.t.Helper()
	field := do(b, runtime.Evaluate, runtime.EvaluateParams{Expression: `eye.field(` + js(label) + `)`})
	do(b, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: []string{path}, ObjectID: field.Result.ObjectID})
}

// drawing writes a picture into a file, and gives its path.
func drawing(t *testing.T, name string, c color.Color) string {
	t.Helper()
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewPaletted(image.Rect(0, 0, 640, 480), color.Palette{c})); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A new picture and a new name are at once on all pages that are open, with
// what was said before.
func TestNewNameAndPictureEverywhere(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, member := person(t, s, "ada")
	room := member.open("Dogs")
	ada.enter(s, room)
	ada.say("one")
	ada.say("two")
	bob, he := person(t, s, "bob")
	bob.enter(s, room)
	he.post(room, "three")
	ada.hears("three")
	member.post(room, "four")
	bob.hears("four")

	settings := ada.another()
	settings.goTo(s.url + "/users/ada")
	settings.press("Edit")
	settings.fill("Username", "Lovelace")
	settings.choose("Profile picture", drawing(t, "me.png", color.RGBA{200, 30, 60, 255}))
	settings.press("Save")
	settings.sees("her page", `location.pathname === "/users/Lovelace" && document.querySelector(".avatar.large").naturalWidth === 256`)

	for _, b := range []*tab{ada, bob} {
		b.sees("her name at each message", `eye.rows(document).map(row => row.author).join() === "Lovelace,Lovelace,bob,Lovelace"`)
		b.sees("her picture at each message", `[1, 2, 4].every(n => document.querySelector("#m-" + n + " .avatar").src.endsWith("/96") && !document.querySelector("#m-" + n + " .avatar").src.includes("paw"))`)
		b.sees("her picture is there", `document.querySelector("#m-1 .avatar").naturalWidth === 96`)
		b.sees("who is here", named("Lovelace"))
		b.sees("the other's picture is his own", `document.querySelector("#m-3 .avatar").src.includes("paw")`)
		b.isCurrent(s)
	}
	bob.goTo(s.url + "/users/ada")
	bob.sees("the old address leads to her", `location.pathname === "/users/Lovelace"`)

	settings.goTo(s.url + "/settings")
	settings.allow(status422)
	settings.fill("Username", "bob")
	settings.choose("Profile picture", drawing(t, "x.html", color.White)) // what it is counts, not its name
	settings.press("Save")
	settings.seesError("Username", "taken")
	settings.typedIs("Username", "bob")
}
