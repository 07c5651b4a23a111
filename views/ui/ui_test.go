package ui

import (
	"bytes"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"
	"github.com/a-h/templ/generator"
	templparser "github.com/a-h/templ/parser/v2"

	"github.com/twilightbark/twilightbark/views/golden"
)

const evil = golden.Hostile

// hostile holds every component that is given text, with the text that would
// harm a page.
var hostile = map[string]templ.Component{
	"Button":     in(Button(ButtonProps{Attributes: templ.Attributes{"value": evil}}), say(evil)),
	"LinkButton": in(LinkButton(LinkButtonProps{Href: "/" + evil, Attributes: templ.Attributes{"title": evil}}), say(evil)),
	"IconButton": in(IconButton(IconButtonProps{Label: evil}), say(evil)),
	"Field":      Field(FieldProps{Name: "name", Label: evil, Value: evil, Hint: evil, Error: evil, Attributes: templ.Attributes{"placeholder": evil}}),
	"TextArea":   TextArea(TextAreaProps{Name: "about", Label: evil, Value: evil, Hint: evil, Error: evil}),
	"Checkbox":   Checkbox(CheckboxProps{Name: "hide", Label: evil, Hint: evil}),
	"Radio":      Radio(RadioProps{Name: "messages", Value: evil, Label: evil, Hint: evil}),
	"Select":     Select(SelectProps{Name: "dog", Label: evil, Value: evil, Hint: evil, Error: evil, Groups: []OptionGroup{{Label: evil, Options: []Option{{evil, evil}}}}}),
	"Filters":    in(Filters(FiltersProps{Action: "/" + evil, Label: evil}), say(evil)),
	"Notice":     in(Notice(NoticeProps{}), say(evil)),
	"Dialog":     both(in(DialogButton(DialogButtonProps{Dialog: evil}), say(evil)), in(Dialog(DialogProps{ID: evil, Title: evil}), say(evil))),
	"Menu":       in(Menu(MenuProps{ID: evil, Label: evil}), in(MenuItem(), say(evil))),
	"Tabs":       Tabs(TabsProps{Label: evil, Tabs: []Tab{{Href: "/" + evil, Text: evil}}}),
	"Table":      in(Table(TableProps{Label: evil, Columns: []string{evil}}), say(evil)),
	"Pagination": Pagination(PaginationProps{Label: evil, Page: 2, PageID: evil, Previous: PageLink{ID: evil, Href: "/" + evil, Text: evil}}),
	"Avatar":     Avatar(AvatarProps{Src: "/" + evil}),
	"Badge":      Badge(BadgeProps{ID: evil, Count: 1, Label: evil}),
	"Tag":        in(Tag(TagProps{}), say(evil)),
	"Card":       in(Card(), say(evil)),
	"PageHeader": in(PageHeader(evil), say(evil)),
	"Section":    in(Section(SectionProps{ID: evil, Title: evil}), say(evil)),
	"Facts":      in(Facts(), in(Fact(evil), say(evil))),
	"EmptyState": in(EmptyState(evil), say(evil)),
}

// states gives a component's states as the goldens hold them.
func states(group ExampleGroup) (list []golden.State) {
	for _, e := range group.States {
		list = append(list, golden.State{Name: e.State, Component: e.Component})
	}
	if component, ok := hostile[group.Component]; ok {
		list = append(list, golden.State{Name: "hostile", Component: component})
	}
	return list
}

func TestGoldens(t *testing.T) {
	for _, group := range Examples() {
		t.Run(group.Component, func(t *testing.T) { golden.Compare(t, strings.ToLower(group.Component), states(group)) })
	}
}

// Whatever a component is given, a browser finds the elements it makes and no others.
func TestHostileTextStaysText(t *testing.T) {
	// What the parser of a browser makes of the line ends.
	seen := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(evil)
	for name, component := range hostile {
		doc := parse(t, render(t, component))
		if n := doc.Find("script").Length(); n > 0 {
			t.Errorf("%s: %d scripts", name, n)
		}
		if n := doc.Find("*").Contents().FilterFunction(func(_ int, s *goquery.Selection) bool {
			return goquery.NodeName(s) == "#comment"
		}).Length(); n > 0 {
			t.Errorf("%s: %d comments", name, n)
		}
		if html, err := doc.Html(); err != nil || name != "Avatar" && !strings.Contains(doc.Text(), seen) {
			t.Errorf("%s: the text is not what it was (%v):\n%s", name, err, html)
		}
	}
	if doc := parse(t, "<p title=\""+evil); doc.Find("script").Length() == 0 {
		t.Error("the text would do no harm unescaped either: this test proves nothing")
	}
	for selector, component := range map[string]templ.Component{
		"input": Field(FieldProps{Value: evil}), "textarea": TextArea(TextAreaProps{Value: evil}),
	} {
		s := parse(t, render(t, component)).Find(selector)
		if got := s.AttrOr("value", s.Text()); got != seen {
			t.Errorf("%s holds %q, want %q", selector, got, seen)
		}
	}
}

func render(t *testing.T, component templ.Component) string {
	t.Helper()
	return golden.Render(t, golden.State{Component: component})
}

func parse(t *testing.T, html string) *goquery.Document {
	t.Helper()
	// A browser turns every line end into a newline before it parses.
	html = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(html)
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(html))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// A screen reader is told of a hint or an error only by an id that exists.
func TestDescriptionsExist(t *testing.T) {
	for _, name := range []string{"Field", "TextArea", "Select"} {
		for _, e := range states(group(t, name)) {
			doc := parse(t, golden.Render(t, e))
			control := doc.Find("input, textarea, select")
			id := control.AttrOr("id", "")
			if id == "" || doc.Find("label").AttrOr("for", "") != id {
				t.Errorf("%s, %s: no label for %q", name, e.Name, id)
			}
			described := strings.Fields(control.AttrOr("aria-describedby", ""))
			if got, want := len(described), doc.Find("p").Length(); got != want {
				t.Errorf("%s, %s: %d descriptions, want %d", name, e.Name, got, want)
			}
			for _, id := range described {
				if doc.Find(`p[id="`+id+`"]`).Length() != 1 {
					t.Errorf("%s, %s: nothing has the id %q", name, e.Name, id)
				}
			}
			if invalid, failed := control.AttrOr("aria-invalid", ""), doc.Find(".error").Length() == 1; (invalid == "true") != failed {
				t.Errorf("%s, %s: aria-invalid is %q", name, e.Name, invalid)
			}
		}
	}
}

func group(t *testing.T, component string) ExampleGroup {
	t.Helper()
	for _, group := range Examples() {
		if group.Component == component {
			return group
		}
	}
	t.Fatalf("no examples of %s", component)
	return ExampleGroup{}
}

func TestSecretsAreNotEchoed(t *testing.T) {
	for _, e := range states(group(t, "Field")) {
		if html := golden.Render(t, e); strings.Contains(html, "secret") {
			t.Errorf("%s:\n%s", e.Name, html)
		}
	}
}

// What a variant or a tone does not know, it takes for the ordinary one.
func TestUnknownVariantsAreOrdinary(t *testing.T) {
	for name, pair := range map[string][2]templ.Component{
		"Button": {Button(ButtonProps{Variant: 99}), Button(ButtonProps{})},
		"Notice": {Notice(NoticeProps{Tone: 99}), Notice(NoticeProps{})},
		"Tag":    {Tag(TagProps{Tone: 99}), Tag(TagProps{})},
		"Avatar": {Avatar(AvatarProps{Size: 99}), Avatar(AvatarProps{})},
		"Field":  {Field(FieldProps{Type: 99}), Field(FieldProps{})},
	} {
		if got, want := render(t, pair[0]), render(t, pair[1]); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if got := render(t, LinkButton(LinkButtonProps{Href: "javascript:alert(1)"})); strings.Contains(got, "javascript:") {
		t.Errorf("an address that runs code: %s", got)
	}
}

// The gallery shows all that the kit has.
func TestEveryComponentHasExamples(t *testing.T) {
	files, err := filepath.Glob("*.templ")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, group := range Examples() {
		for _, e := range group.States {
			code.WriteString(e.Code + "\n")
		}
	}
	declared := regexp.MustCompile(`(?m)^templ ([A-Z]\w*)\(`)
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range declared.FindAllStringSubmatch(string(source), -1) {
			if !strings.Contains(code.String(), "@ui."+match[1]+"(") {
				t.Errorf("%s: no example uses %s", file, match[1])
			}
		}
	}
}

// The code of an example is a part of a template: together they are compiled to
// Go as templ does it.
func TestCodeOfExamplesIsTemplate(t *testing.T) {
	var source strings.Builder
	source.WriteString("package page\n\nimport \"github.com/twilightbark/twilightbark/views/ui\"\n")
	for i, group := range Examples() {
		for j, e := range group.States {
			fmt.Fprintf(&source, "\ntempl example%dx%d() {\n%s\n}\n", i, j, e.Code)
		}
	}
	template, err := templparser.ParseString(source.String())
	if err != nil {
		t.Fatalf("%v in:\n%s", err, source.String())
	}
	var code bytes.Buffer
	if _, err := generator.Generate(template, &code); err != nil {
		t.Fatal(err)
	}
	if _, err := parser.ParseFile(token.NewFileSet(), "", code.Bytes(), 0); err != nil {
		t.Errorf("%v in:\n%s", err, source.String())
	}
	if got, want := group(t, "Button").States[6].Code, "@ui.Button(ui.ButtonProps{Variant: ui.Primary}) {\n\t@ui.SendIcon()\n\tSend\n}"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
