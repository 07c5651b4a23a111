package ui

import (
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"

	"github.com/twilightbark/twilightbark/views/golden"
)

const hostile = golden.Hostile

func text(s string) templ.Component { return golden.Text(s) }

func state(name string, component, children templ.Component) golden.State {
	return golden.State{Name: name, Component: component, Children: children}
}

// examples holds every component in every state, by the name of its golden.
var examples = map[string][]golden.State{
	"button": {
		state("plain", Button(ButtonProps{}), text("Save")),
		state("primary", Button(ButtonProps{Variant: Primary}), text("Log in")),
		state("danger", Button(ButtonProps{Variant: Danger}), text("Delete account")),
		state("quiet", Button(ButtonProps{Variant: Quiet}), text("Cancel")),
		state("disabled", Button(ButtonProps{Variant: Primary, Disabled: true}), text("Send")),
		state("an unknown variant is plain", Button(ButtonProps{Variant: 99}), text("Save")),
		state("with an icon", Button(ButtonProps{Variant: Primary}), templ.Join(SendIcon(), text("Send"))),
		state("with attributes", Button(ButtonProps{Attributes: templ.Attributes{"name": "act", "value": "hide", "hx-confirm": "Sure?"}}), text("Hide")),
		state("hostile", Button(ButtonProps{Attributes: templ.Attributes{"value": hostile}}), text(hostile)),
	},
	"linkbutton": {
		state("plain", LinkButton(LinkButtonProps{Href: "/rooms/dogs?page=1&x=2"}), text("Back")),
		state("primary", LinkButton(LinkButtonProps{Href: "/login", Variant: Primary}), text("Log in")),
		state("danger", LinkButton(LinkButtonProps{Href: "/settings/delete", Variant: Danger}), text("Delete account")),
		state("quiet", LinkButton(LinkButtonProps{Href: "/", Variant: Quiet}), text("Cancel")),
		state("code instead of an address", LinkButton(LinkButtonProps{Href: "javascript:alert(1)"}), text("Back")),
		state("hostile", LinkButton(LinkButtonProps{Href: "/" + hostile, Attributes: templ.Attributes{"title": hostile}}), text(hostile)),
	},
	"field": {
		state("least", Field(FieldProps{Name: "name", Label: "Name"}), nil),
		state("everything", Field(FieldProps{
			ID: "login-email", Name: "email", Label: "Email", Type: Email, Value: "ada@example.org", Hint: "Nobody else sees it.",
			Error: "That address is taken.", Autocomplete: "email", Required: true, MinLength: 3, MaxLength: 254, Autofocus: true,
			Attributes: templ.Attributes{"autocapitalize": "none"},
		}), nil),
		state("hint", Field(FieldProps{Name: "name", Label: "Name", Hint: "Two letters or more."}), nil),
		state("error", Field(FieldProps{Name: "name", Label: "Name", Value: "a", Error: "That is too short."}), nil),
		state("disabled", Field(FieldProps{Name: "name", Label: "Name", Value: "ada", Disabled: true}), nil),
		state("password", Field(FieldProps{Name: "password", Label: "Password", Type: Password, Value: "secret", Error: "That is not it."}), nil),
		state("search", Field(FieldProps{Name: "q", Label: "Search", Type: Search, Value: "dogs"}), nil),
		state("file", Field(FieldProps{Name: "avatar", Label: "Picture", Type: File, Value: "secret", Attributes: templ.Attributes{"accept": "image/*"}}), nil),
		state("hostile", Field(FieldProps{Name: "name", Label: hostile, Value: hostile, Hint: hostile, Error: hostile, Attributes: templ.Attributes{"placeholder": hostile}}), nil),
	},
	"checkbox": {
		state("least", Checkbox(CheckboxProps{Name: "hide", Label: "Hide"}), nil),
		state("checked", Checkbox(CheckboxProps{Name: "hide", Label: "Hide", Hint: "From others.", Checked: true}), nil),
		state("hostile", Checkbox(CheckboxProps{Name: "hide", Label: hostile, Hint: hostile}), nil),
	},
	"radio": {
		state("least", Radio(RadioProps{Name: "messages", Value: "keep", Label: "Keep"}), nil),
		state("checked", Radio(RadioProps{Name: "messages", Value: "remove", Label: "Remove", Hint: "For ever.", Checked: true}), nil),
		state("hostile", Radio(RadioProps{Name: "messages", Value: hostile, Label: hostile, Hint: hostile}), nil),
	},
	"select": {
		state("least", Select(SelectProps{Name: "size", Label: "Size"}), nil),
		state("everything", Select(SelectProps{Name: "dog", Label: "Dog", Value: "collie", Hint: "Yours.", Error: "Choose one.", Groups: []OptionGroup{
			{Options: []Option{{"", "None"}}}, {Label: "Herding", Options: []Option{{"collie", "Collie"}, {"kelpie", "Kelpie"}}},
		}}), nil),
		state("hostile", Select(SelectProps{Name: "dog", Label: hostile, Value: hostile, Hint: hostile, Error: hostile, Groups: []OptionGroup{{Label: hostile, Options: []Option{{hostile, hostile}}}}}), nil),
	},
	"textarea": {
		state("least", TextArea(TextAreaProps{Name: "about", Label: "About"}), nil),
		state("everything", TextArea(TextAreaProps{
			ID: "edit-about", Name: "about", Label: "About", Value: "one\ntwo", Hint: "A line or two.", Error: "That is too long.",
			Rows: 8, Required: true, MinLength: 1, MaxLength: 500, Autofocus: true, Disabled: true, Attributes: templ.Attributes{"spellcheck": "true"},
		}), nil),
		state("a first line that is empty", TextArea(TextAreaProps{Name: "about", Label: "About", Value: "\ntwo"}), nil),
		state("hostile", TextArea(TextAreaProps{Name: "about", Label: hostile, Value: hostile, Hint: hostile, Error: hostile}), nil),
	},
	"notice": {
		state("info", Notice(NoticeProps{}), text("A letter is on its way.")),
		state("success", Notice(NoticeProps{Tone: Success}), text("Saved.")),
		state("warning", Notice(NoticeProps{Tone: Warning}), text("You have been logged out.")),
		state("failure", Notice(NoticeProps{Tone: Failure}), text("That link has been used already.")),
		state("an unknown tone informs", Notice(NoticeProps{Tone: 99}), text("A letter is on its way.")),
		state("hostile", Notice(NoticeProps{}), text(hostile)),
	},
	"avatar": {
		state("medium", Avatar(AvatarProps{Src: "/avatars/1/96"}), nil),
		state("small", Avatar(AvatarProps{Src: "/avatars/1/96", Size: Small}), nil),
		state("large", Avatar(AvatarProps{Src: "/avatars/1/96", Size: Large}), nil),
		state("hostile", Avatar(AvatarProps{Src: "/" + hostile}), nil),
	},
	"badge": {
		state("none", Badge(BadgeProps{}), nil),
		state("some", Badge(BadgeProps{ID: "unread-dogs", Count: 12, Label: "unread"}), nil),
		state("hostile", Badge(BadgeProps{ID: hostile, Count: 1, Label: hostile}), nil),
	},
	"card": {
		state("plain", Card(), text("Anything.")),
		state("hostile", Card(), text(hostile)),
	},
	"pageheader": {
		state("plain", PageHeader("Register"), nil),
		state("with a lead", PageHeader("Register"), text("It takes a minute.")),
		state("hostile", PageHeader(hostile), nil),
	},
	"emptystate": {
		state("plain", EmptyState("No rooms yet."), nil),
		state("with a way out", EmptyState("No rooms yet."), text("Open the first.")),
		state("hostile", EmptyState(hostile), text(hostile)),
	},
	"pagination": {
		state("the only page", Pagination(PaginationProps{Page: 1}), nil),
		state("in the middle", Pagination(PaginationProps{
			Label: "History", Page: 3, PageID: "page-number",
			Previous: PageLink{ID: "older", Href: "/rooms/dogs/page/2", Text: "Older"}, Next: PageLink{Href: "/rooms/dogs/page/4", Text: "Newer"},
		}), nil),
		state("hostile", Pagination(PaginationProps{Label: hostile, Page: 2, PageID: hostile, Previous: PageLink{ID: hostile, Href: "/" + hostile, Text: hostile}}), nil),
	},
	"icon": {
		state("paw", PawIcon(), nil),
		state("send", SendIcon(), nil),
		state("down", DownIcon(), nil),
		state("back", BackIcon(), nil),
		state("people", PeopleIcon(), nil),
	},
}

func TestGoldens(t *testing.T) {
	for name, list := range examples {
		t.Run(name, func(t *testing.T) { golden.Compare(t, name, list) })
	}
}

// Whatever a component is given, a browser finds the elements it makes and no others.
func TestHostileTextStaysText(t *testing.T) {
	// What the parser of a browser makes of the line ends.
	seen := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(hostile)
	for name, list := range examples {
		for _, e := range list {
			if e.Name != "hostile" {
				continue
			}
			doc := parse(t, golden.Render(t, e))
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
	for selector, e := range map[string]golden.State{
		"input":    state("value", Field(FieldProps{Value: hostile}), nil),
		"textarea": state("text", TextArea(TextAreaProps{Value: hostile}), nil),
	} {
		s := parse(t, golden.Render(t, e)).Find(selector)
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
			doc := parse(t, golden.Render(t, e))
			control := doc.Find("input, textarea")
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

func TestSecretsAreNotEchoed(t *testing.T) {
	for _, e := range examples["field"] {
		if html := golden.Render(t, e); strings.Contains(html, "secret") {
			t.Errorf("%s:\n%s", e.Name, html)
		}
	}
}
