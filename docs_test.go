package twilightbark_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ/generator"
	parser "github.com/a-h/templ/parser/v2"
)

// sample is a fenced block of code in a document.
type sample struct{ language, first, rest string }

var fence = regexp.MustCompile("(?ms)^```(\\w+)\n([^\n]*)\n(.*?)^```$")

func samples(t *testing.T, document string) (list []sample) {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range fence.FindAllStringSubmatch(string(text), -1) {
		list = append(list, sample{match[1], match[2], match[3]})
	}
	return list
}

// TestExtensionsWork makes every change that docs/extending.md shows, all of them
// at once and beside the files as they are, compiles all that holds one, and runs
// the tests that are among them.
func TestExtensionsWork(t *testing.T) {
	changed := map[string]string{} // by path
	for _, s := range samples(t, "docs/extending.md") {
		if s.language == "go" || s.language == "templ" {
			apply(t, changed, s)
		}
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	var tests []string
	for path, content := range changed {
		for _, match := range regexp.MustCompile(`(?m)^func (Test\w+)`).FindAllStringSubmatch(content, -1) {
			if _, err := os.Stat(path); err != nil { // the others are run anyway
				tests = append(tests, match[1])
			}
		}
		if name, found := strings.CutSuffix(path, ".templ"); found {
			content, path = generated(t, path, content), name+"_templ.go"
		}
		file := filepath.Join(t.TempDir(), filepath.Base(path))
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		absolute, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		overlay.Replace[absolute] = file
	}
	list, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(file, list, 0o600); err != nil {
		t.Fatal(err)
	}
	out := run(t, "go", "test", "-vet=off", "-overlay", file, "-v", "-run", "^("+strings.Join(append(tests, "TestEveryRouteIsTried"), "|")+")$", "./chat", "./views/ui", "./handlers")
	for _, name := range tests {
		if !strings.Contains(out, "--- PASS: "+name) {
			t.Errorf("%s was not run: %s", name, out)
		}
	}
}

var place = regexp.MustCompile(`^// ([\w./]+\.(?:go|templ))(?:, (below|in place of): (.+))?$`)

// apply makes a sample's change to the file that it names.
func apply(t *testing.T, changed map[string]string, s sample) {
	t.Helper()
	match := place.FindStringSubmatch(s.first)
	if match == nil {
		t.Fatalf("%q does not say to which file the sample belongs", s.first)
	}
	path, how, line := match[1], match[2], match[3]
	now, known := changed[path]
	if !known {
		content, err := os.ReadFile(path)
		if (err == nil) != (how != "") {
			t.Fatalf("%q: the file is there: %v", s.first, err == nil)
		}
		now = string(content)
	}
	if how == "" {
		changed[path] = s.rest
		return
	}
	before, after, found := strings.Cut(now, line+"\n")
	if !found || strings.Contains(after, line+"\n") {
		t.Fatalf("%q: want that line once", s.first)
	}
	if how == "below" {
		before += line + "\n"
	}
	changed[path] = before + s.rest + after
}

// generated gives the Go code of a template.
func generated(t *testing.T, path, content string) string {
	t.Helper()
	template, err := parser.ParseString(content)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	var code bytes.Buffer
	if _, err := generator.Generate(template, &code, generator.WithFileName(path)); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return code.String()
}

func run(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, arguments...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(arguments, " "), err, out)
	}
	return string(out)
}

// A theme sets properties, and one that no rule reads would do nothing.
func TestThemeSetsPropertiesInUse(t *testing.T) {
	stylesheet, err := os.ReadFile("assets/static/app.css")
	if err != nil {
		t.Fatal(err)
	}
	var properties []string
	for _, s := range samples(t, "docs/extending.md") {
		if s.language == "css" {
			properties = append(properties, regexp.MustCompile(`--[\w-]+`).FindAllString(s.rest, -1)...)
		}
	}
	if len(properties) == 0 {
		t.Fatal("the document sets none")
	}
	for _, property := range properties {
		if !strings.Contains(string(stylesheet), "var("+property+")") {
			t.Errorf("no rule reads %s", property)
		}
	}
}
