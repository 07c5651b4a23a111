package ui

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"
)

var update = flag.Bool("update", false, "write the goldens in testdata anew")

// hostile is text that tries to leave the place it is put in: an attribute,
// an element, a line, the direction of writing.
const hostile = "\"'></textarea><script>alert(1)</script><!--&lt;\r\nid: 7\r\u202eevil\u202c"

type example struct {
	state     string
	component templ.Component
	children  templ.Component
}

func text(s string) templ.Component { return templ.Raw(templ.EscapeString(s)) }

// examples holds every component in every state, by the name of its golden.
var examples = map[string][]example{
	"button": {
		{"plain", Button(ButtonProps{}), text("Save")},
		{"primary", Button(ButtonProps{Variant: Primary}), text("Log in")},
		{"danger", Button(ButtonProps{Variant: Danger}), text("Delete account")},
		{"quiet", Button(ButtonProps{Variant: Quiet}), text("Cancel")},
		{"disabled", Button(ButtonProps{Variant: Primary, Disabled: true}), text("Send")},
		{"an unknown variant is plain", Button(ButtonProps{Variant: 99}), text("Save")},
		{"with an icon", Button(ButtonProps{Variant: Primary}), templ.Join(SendIcon(), text("Send"))},
		{"with attributes", Button(ButtonProps{Attributes: templ.Attributes{"name": "act", "value": "hide", "hx-confirm": "Sure?"}}), text("Hide")},
		{"hostile", Button(ButtonProps{Attributes: templ.Attributes{"value": hostile}}), text(hostile)},
	},
	"linkbutton": {
		{"plain", LinkButton(LinkButtonProps{Href: "/rooms/dogs?page=1&x=2"}), text("Back")},
		{"primary", LinkButton(LinkButtonProps{Href: "/login", Variant: Primary}), text("Log in")},
		{"danger", LinkButton(LinkButtonProps{Href: "/settings/delete", Variant: Danger}), text("Delete account")},
		{"quiet", LinkButton(LinkButtonProps{Href: "/", Variant: Quiet}), text("Cancel")},
		{"code instead of an address", LinkButton(LinkButtonProps{Href: "javascript:alert(1)"}), text("Back")},
		{"hostile", LinkButton(LinkButtonProps{Href: "/" + hostile, Attributes: templ.Attributes{"title": hostile}}), text(hostile)},
	},
	"field": {
		{"least", Field(FieldProps{Name: "name", Label: "Name"}), nil},
		{"everything", Field(FieldProps{
			ID: "login-email", Name: "email", Label: "Email", Type: Email, Value: "ada@example.org", Hint: "Nobody else sees it.",
			Error: "That address is taken.", Autocomplete: "email", Required: true, MinLength: 3, MaxLength: 254, Autofocus: true,
			Attributes: templ.Attributes{"autocapitalize": "none"},
		}), nil},
		{"hint", Field(FieldProps{Name: "name", Label: "Name", Hint: "Two letters or more."}), nil},
		{"error", Field(FieldProps{Name: "name", Label: "Name", Value: "a", Error: "That is too short."}), nil},
		{"disabled", Field(FieldProps{Name: "name", Label: "Name", Value: "ada", Disabled: true}), nil},
		{"password", Field(FieldProps{Name: "password", Label: "Password", Type: Password, Value: "secret", Error: "That is not it."}), nil},
		{"search", Field(FieldProps{Name: "q", Label: "Search", Type: Search, Value: "dogs"}), nil},
		{"file", Field(FieldProps{Name: "avatar", Label: "Picture", Type: File, Value: "secret", Attributes: templ.Attributes{"accept": "image/*"}}), nil},
		{"hostile", Field(FieldProps{Name: "name", Label: hostile, Value: hostile, Hint: hostile, Error: hostile, Attributes: templ.Attributes{"placeholder": hostile}}), nil},
	},
	"textarea": {
		{"least", TextArea(TextAreaProps{Name: "about", Label: "About"}), nil},
		{"everything", TextArea(TextAreaProps{
			ID: "edit-about", Name: "about", Label: "About", Value: "one\ntwo", Hint: "A line or two.", Error: "That is too long.",
			Rows: 8, Required: true, MinLength: 1, MaxLength: 500, Autofocus: true, Disabled: true, Attributes: templ.Attributes{"spellcheck": "true"},
		}), nil},
		{"a first line that is empty", TextArea(TextAreaProps{Name: "about", Label: "About", Value: "\ntwo"}), nil},
		{"hostile", TextArea(TextAreaProps{Name: "about", Label: hostile, Value: hostile, Hint: hostile, Error: hostile}), nil},
	},
	"notice": {
		{"info", Notice(NoticeProps{}), text("A letter is on its way.")},
		{"success", Notice(NoticeProps{Tone: Success}), text("Saved.")},
		{"warning", Notice(NoticeProps{Tone: Warning}), text("You have been logged out.")},
		{"failure", Notice(NoticeProps{Tone: Failure}), text("That link has been used already.")},
		{"an unknown tone informs", Notice(NoticeProps{Tone: 99}), text("A letter is on its way.")},
		{"hostile", Notice(NoticeProps{}), text(hostile)},
	},
	"avatar": {
		{"medium", Avatar(AvatarProps{Src: "/avatars/1/96"}), nil},
		{"small", Avatar(AvatarProps{Src: "/avatars/1/96", Size: Small}), nil},
		{"large", Avatar(AvatarProps{Src: "/avatars/1/96", Size: Large}), nil},
		{"hostile", Avatar(AvatarProps{Src: "/" + hostile}), nil},
	},
	"badge": {
		{"none", Badge(BadgeProps{}), nil},
		{"some", Badge(BadgeProps{ID: "unread-dogs", Count: 12, Label: "unread"}), nil},
		{"hostile", Badge(BadgeProps{ID: hostile, Count: 1, Label: hostile}), nil},
	},
	"card": {
		{"plain", Card(), text("Anything.")},
		{"hostile", Card(), text(hostile)},
	},
	"pageheader": {
		{"plain", PageHeader("Register"), nil},
		{"with a lead", PageHeader("Register"), text("It takes a minute.")},
		{"hostile", PageHeader(hostile), nil},
	},
	"emptystate": {
		{"plain", EmptyState("No rooms yet."), nil},
		{"with a way out", EmptyState("No rooms yet."), text("Open the first.")},
		{"hostile", EmptyState(hostile), text(hostile)},
	},
	"pagination": {
		{"the only page", Pagination(PaginationProps{Page: 1}), nil},
		{"in the middle", Pagination(PaginationProps{
			Label: "History", Page: 3, PageID: "page-number",
			Previous: PageLink{ID: "older", Href: "/rooms/dogs/page/2", Text: "Older"}, Next: PageLink{Href: "/rooms/dogs/page/4", Text: "Newer"},
		}), nil},
		{"hostile", Pagination(PaginationProps{Label: hostile, Page: 2, PageID: hostile, Previous: PageLink{ID: hostile, Href: "/" + hostile, Text: hostile}}), nil},
	},
	"icon": {
		{"paw", PawIcon(), nil},
		{"send", SendIcon(), nil},
		{"down", DownIcon(), nil},
		{"back", BackIcon(), nil},
		{"people", PeopleIcon(), nil},
	},
}

func render(t *testing.T, e example) string {
	t.Helper()
	ctx := t.Context()
	if e.children != nil {
		ctx = templ.WithChildren(ctx, e.children)
	}
	var b strings.Builder
	if err := e.component.Render(ctx, &b); err != nil {
		t.Fatalf("%s: %v", e.state, err)
	}
	return b.String()
}

// readable puts a line break between two tags, and shows what one does not see.
// Everything else stays as it was written.
func readable(html string) string {
	var b strings.Builder
	for _, r := range strings.ReplaceAll(html, "><", ">\n<") {
		switch {
		case r == '\r':
			b.WriteString("[CR]")
		case unicode.Is(unicode.Cf, r):
			fmt.Fprintf(&b, "[%U]", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func TestGoldens(t *testing.T) {
	for name, list := range examples {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			for _, e := range list {
				got.WriteString("<!-- " + e.state + " -->\n" + readable(render(t, e)) + "\n\n")
			}
			golden := filepath.Join("testdata", name+".html")
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s differs (go test ./views/ui -update writes it anew); got:\n%s", golden, got.Bytes())
			}
		})
	}
}

// Whatever a component is given, a browser finds the elements it makes and no others.
func TestHostileTextStaysText(t *testing.T) {
	// What the parser of a browser makes of the line ends.
	seen := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(hostile)
	for name, list := range examples {
		for _, e := range list {
			if e.state != "hostile" {
				continue
			}
			doc := parse(t, render(t, e))
			if n := doc.Find("script").Length(); n > 0 {
				t.Errorf("%s: %d scripts", name, n)
			}
			if n := doc.Find("*").Contents().FilterFunction(func(_ int, s *goquery.Selection) bool {
				return goquery.NodeName(s) == "#comment"
			}).Length(); n > 0 {
				t.Errorf("%s: %d comments", name, n)
			}
			if html, err := doc.Html(); err != nil || name != "avatar" && name != "badge" && !strings.Contains(doc.Text(), seen) {
				t.Errorf("%s: the text is not what it was (%v):\n%s", name, err, html)
			}
		}
	}
	if doc := parse(t, "<p title=\""+hostile); doc.Find("script").Length() == 0 {
		t.Error("the text would do no harm unescaped either: this test proves nothing")
	}
	for selector, e := range map[string]example{
		"input":    {"value", Field(FieldProps{Value: hostile}), nil},
		"textarea": {"text", TextArea(TextAreaProps{Value: hostile}), nil},
	} {
		s := parse(t, render(t, e)).Find(selector)
		if got := s.AttrOr("value", s.Text()); got != seen {
			t.Errorf("%s holds %q, want %q", selector, got, seen)
		}
	}
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
	for _, name := range []string{"field", "textarea"} {
		for _, e := range examples[name] {
			doc := parse(t, render(t, e))
			control := doc.Find("input, textarea")
			id := control.AttrOr("id", "")
			if id == "" || doc.Find("label").AttrOr("for", "") != id {
				t.Errorf("%s, %s: no label for %q", name, e.state, id)
			}
			described := strings.Fields(control.AttrOr("aria-describedby", ""))
			if got, want := len(described), doc.Find("p").Length(); got != want {
				t.Errorf("%s, %s: %d descriptions, want %d", name, e.state, got, want)
			}
			for _, id := range described {
				if doc.Find(`p[id="`+id+`"]`).Length() != 1 {
					t.Errorf("%s, %s: nothing has the id %q", name, e.state, id)
				}
			}
			if invalid, failed := control.AttrOr("aria-invalid", ""), doc.Find(".error").Length() == 1; (invalid == "true") != failed {
				t.Errorf("%s, %s: aria-invalid is %q", name, e.state, invalid)
			}
		}
	}
}

func TestSecretsAreNotEchoed(t *testing.T) {
	for _, e := range examples["field"] {
		if html := render(t, e); strings.Contains(html, "secret") {
			t.Errorf("%s:\n%s", e.state, html)
		}
	}
}
