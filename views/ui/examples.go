package ui

import (
	"context"
	_ "embed"
	"io"

	"github.com/a-h/templ"
)

// ExampleGroup is a component, by the name of its function, in all its states.
type ExampleGroup struct {
	Component string
	States    []Example
}

// Example is a component in one of its states. The gallery shows it, with the
// code that makes it, and the goldens in testdata hold it.
type Example struct {
	State     string
	Component templ.Component
	Code      string // as it stands in a template that imports the kit
}

// exampleSource is this file: the code that is shown is cut from it, so that it
// can't differ from what is rendered.
//
//go:embed examples.go
var exampleSource string

// groups is every component in every state. Code is filled in by Examples.
func groups() []ExampleGroup {
	return []ExampleGroup{
		{"Button", []Example{
			{State: "plain", Component: in(Button(ButtonProps{}), say("Save"))},
			{State: "primary", Component: in(Button(ButtonProps{Variant: Primary}), say("Log in"))},
			{State: "danger", Component: in(Button(ButtonProps{Variant: Danger}), say("Delete account"))},
			{State: "quiet", Component: in(Button(ButtonProps{Variant: Quiet}), say("Cancel"))},
			{State: "small", Component: in(Button(ButtonProps{Small: true}), say("Unfollow"))},
			{State: "disabled", Component: in(Button(ButtonProps{Variant: Primary, Disabled: true}), say("Send"))},
			{State: "with an icon", Component: in(Button(ButtonProps{Variant: Primary}), SendIcon(), say("Send"))},
			{State: "with attributes", Component: in(Button(ButtonProps{Attributes: templ.Attributes{"name": "act", "value": "hide"}}), say("Hide"))},
		}},
		{"LinkButton", []Example{
			{State: "plain", Component: in(LinkButton(LinkButtonProps{Href: "/rooms/dogs?page=1&x=2"}), say("Back"))},
			{State: "primary", Component: in(LinkButton(LinkButtonProps{Href: "/login", Variant: Primary}), say("Log in"))},
			{State: "danger", Component: in(LinkButton(LinkButtonProps{Href: "/settings/delete", Variant: Danger}), say("Delete account"))},
			{State: "quiet", Component: in(LinkButton(LinkButtonProps{Href: "/", Variant: Quiet}), say("Cancel"))},
			{State: "small, with an icon", Component: in(LinkButton(LinkButtonProps{Href: "/", Small: true}), DownloadIcon(), say("Download"))},
		}},
		{"IconButton", []Example{
			{State: "plain", Component: in(IconButton(IconButtonProps{Label: "Edit"}), EditIcon())},
			{State: "disabled", Component: in(IconButton(IconButtonProps{Label: "Remove", Disabled: true}), DeleteIcon())},
		}},
		{"Field", []Example{
			{State: "least", Component: Field(FieldProps{Name: "name", Label: "Name"})},
			{State: "hint", Component: Field(FieldProps{Name: "dog", Label: "Dog", Hint: "Two letters or more."})},
			{State: "error", Component: Field(FieldProps{Name: "toy", Label: "Toy", Value: "a", Error: "That is too short."})},
			{State: "disabled", Component: Field(FieldProps{Name: "owner", Label: "Owner", Value: "ada", Disabled: true})},
			{State: "everything", Component: Field(FieldProps{
				ID: "login-email", Name: "email", Label: "Email", Type: Email, Value: "ada@example.org", Hint: "Nobody else sees it.",
				Error: "That address is taken.", Autocomplete: "email", Required: true, MinLength: 3, MaxLength: 254,
				Attributes: templ.Attributes{"autocapitalize": "none"},
			})},
			{State: "password", Component: Field(FieldProps{Name: "password", Label: "Password", Type: Password, Value: "secret", Error: "That is not it.", Autocomplete: "current-password"})},
			{State: "search", Component: Field(FieldProps{Name: "q", Label: "Search", Type: Search, Value: "dogs"})},
			{State: "file", Component: Field(FieldProps{Name: "picture", Label: "Picture", Type: File, Value: "secret", Attributes: templ.Attributes{"accept": "image/*"}})},
		}},
		{"SearchBox", []Example{
			{State: "least", Component: SearchBox(SearchBoxProps{ID: "kit-search", Action: "/search", Label: "Search messages"})},
			{State: "bounded", Component: SearchBox(SearchBoxProps{ID: "kit-search-room", Action: "/search", Label: "Search this room", MaxLength: 200})},
		}},
		{"TextArea", []Example{
			{State: "least", Component: TextArea(TextAreaProps{Name: "about", Label: "About"})},
			{State: "a first line that is empty", Component: TextArea(TextAreaProps{Name: "story", Label: "Story", Value: "\ntwo"})},
			{State: "everything", Component: TextArea(TextAreaProps{
				ID: "edit-reason", Name: "reason", Label: "Reason", Value: "one\ntwo", Hint: "A line or two.", Error: "That is too long.",
				Rows: 3, Required: true, MinLength: 1, MaxLength: 500, Attributes: templ.Attributes{"spellcheck": "true"},
			})},
			{State: "disabled", Component: TextArea(TextAreaProps{Name: "closed", Label: "Closed", Value: "No more.", Rows: 2, Disabled: true})},
		}},
		{"Checkbox", []Example{
			{State: "least", Component: Checkbox(CheckboxProps{Name: "bark", Label: "Bark at night"})},
			{State: "checked", Component: Checkbox(CheckboxProps{Name: "hide", Label: "Hide email", Hint: "From others.", Checked: true})},
		}},
		{"Radio", []Example{
			{State: "least", Component: Radio(RadioProps{Name: "messages", Value: "keep", Label: "Keep them"})},
			{State: "checked", Component: Radio(RadioProps{Name: "messages", Value: "remove", Label: "Remove them", Hint: "For ever.", Checked: true})},
		}},
		{"Select", []Example{
			{State: "least", Component: Select(SelectProps{Name: "size", Label: "Size", Groups: []OptionGroup{{Options: []Option{{Value: "s", Label: "Small"}}}}})},
			{State: "everything", Component: Select(SelectProps{Name: "breed", Label: "Breed", Value: "collie", Hint: "Yours.", Error: "Choose one.", Groups: []OptionGroup{
				{Options: []Option{{Label: "None"}}},
				{Label: "Herding", Options: []Option{{Value: "collie", Label: "Collie"}, {Value: "kelpie", Label: "Kelpie"}}},
			}})},
		}},
		{"Filters", []Example{
			{State: "plain", Component: in(Filters(FiltersProps{Action: "/admin/members", Label: "Members"}),
				Field(FieldProps{Name: "member", Label: "Name", Type: Search}),
				Select(SelectProps{Name: "role", Label: "Role", Groups: []OptionGroup{{Options: []Option{{Label: "Any"}, {Value: "admin", Label: "Admin"}}}}}),
				in(Button(ButtonProps{}), SearchIcon(), say("Search")))},
		}},
		{"Notice", []Example{
			{State: "info", Component: in(Notice(NoticeProps{}), say("A letter is on its way."))},
			{State: "success", Component: in(Notice(NoticeProps{Tone: Success}), say("Saved."))},
			{State: "warning", Component: in(Notice(NoticeProps{Tone: Warning}), say("You have been logged out."))},
			{State: "failure", Component: in(Notice(NoticeProps{Tone: Failure}), say("That link has been used already."))},
		}},
		{"Dialog", []Example{
			{State: "with its button", Component: both(
				in(DialogButton(DialogButtonProps{Dialog: "delete-17", Variant: Danger}), say("Delete")),
				in(Dialog(DialogProps{ID: "delete-17", Title: "Delete this message?"}),
					markup("<p>Its text goes, for everybody. Its place stays.</p>"),
					in(Button(ButtonProps{Variant: Danger}), say("Delete it"))))},
		}},
		{"Menu", []Example{
			{State: "three dots", Component: in(Menu(MenuProps{ID: "menu-17", Label: "More for this message"}),
				in(MenuItem(), markup(`<a href="/rooms/dogs/17/edit">Edit</a>`)),
				in(MenuItem(), markup(`<form action="/rooms/dogs/17/delete" method="post"><button>Delete</button></form>`)))},
			{State: "an icon of its own", Component: in(Menu(MenuProps{ID: "menu-ada", Label: "Ada", Icon: PersonIcon()}),
				in(MenuItem(), markup(`<a href="/settings">Settings</a>`)))},
		}},
		{"Tabs", []Example{
			{State: "with what waits", Component: Tabs(TabsProps{Label: "Administration", Tabs: []Tab{
				{Href: "/admin/members", Text: "Members", Current: true}, {Href: "/admin/reports", Text: "Reports", Count: 3}, {Href: "/admin/audit", Text: "Audit"},
			}})},
		}},
		{"Table", []Example{
			{State: "plain", Component: in(Table(TableProps{Label: "Members", Columns: []string{"Name", "Role", "Since"}}),
				markup(`<tr><td><a href="/users/ada">ada</a></td><td>admin</td><td>24 Nov 2026</td></tr>`),
				markup(`<tr><td><a href="/users/joss">joss</a></td><td>member</td><td>25 Nov 2026</td></tr>`))},
		}},
		{"Pagination", []Example{
			{State: "the only page", Component: Pagination(PaginationProps{Page: 1})},
			{State: "in the middle", Component: Pagination(PaginationProps{
				Label: "History", Page: 3, PageID: "example-page",
				Previous: PageLink{ID: "example-older", Href: "/rooms/dogs/page/2", Text: "Older"}, Next: PageLink{Href: "/rooms/dogs/page/4", Text: "Newer"},
			})},
		}},
		{"Avatar", []Example{
			{State: "medium", Component: Avatar(AvatarProps{Src: "/avatars/paw-21/96"})},
			{State: "small", Component: Avatar(AvatarProps{Src: "/avatars/paw-21/96", Size: Small})},
			{State: "large", Component: Avatar(AvatarProps{Src: "/avatars/paw-21/96", Size: Large})},
		}},
		{"Badge", []Example{
			{State: "none", Component: Badge(BadgeProps{})},
			{State: "some", Component: Badge(BadgeProps{ID: "unread-dogs", Count: 12, Label: "unread"})},
		}},
		{"Tag", []Example{
			{State: "neutral", Component: in(Tag(TagProps{}), say("moderator"))},
			{State: "success", Component: in(Tag(TagProps{Tone: Success}), say("here"))},
			{State: "warning", Component: in(Tag(TagProps{Tone: Warning}), say("muted"))},
			{State: "failure", Component: in(Tag(TagProps{Tone: Failure}), say("banned"))},
		}},
		{"Card", []Example{
			{State: "plain", Component: in(Card(), markup("<p>Anything that belongs together.</p>"))},
		}},
		{"PageHeader", []Example{
			{State: "plain", Component: PageHeader("Register")},
			{State: "with a lead", Component: in(PageHeader("Settings"), markup("<p>Your name, your picture, your password.</p>"))},
		}},
		{"Section", []Example{
			{State: "plain", Component: in(Section(SectionProps{ID: "latest-barks", Title: "Latest barks"}), markup("<p>None yet.</p>"))},
		}},
		{"Facts", []Example{
			{State: "plain", Component: in(Facts(), in(Fact("Joined"), say("24 November 2026")), in(Fact("Email"), say("ada@example.org")))},
		}},
		{"EmptyState", []Example{
			{State: "plain", Component: EmptyState("No rooms yet.")},
			{State: "with a way out", Component: in(EmptyState("No barks yet."), markup(`<p><a href="/login">Log in</a> and be the first.</p>`))},
		}},
		{"Icons", []Example{
			{State: "paw", Component: PawIcon()}, {State: "bark", Component: BarkIcon()}, {State: "send", Component: SendIcon()}, {State: "reply", Component: ReplyIcon()},
			{State: "mention", Component: MentionIcon()}, {State: "edit", Component: EditIcon()}, {State: "delete", Component: DeleteIcon()}, {State: "flag", Component: FlagIcon()},
			{State: "person", Component: PersonIcon()}, {State: "people", Component: PeopleIcon()}, {State: "shield", Component: ShieldIcon()}, {State: "bell", Component: BellIcon()},
			{State: "search", Component: SearchIcon()}, {State: "clock", Component: ClockIcon()}, {State: "more", Component: MoreIcon()}, {State: "close", Component: CloseIcon()},
			{State: "plus", Component: PlusIcon()}, {State: "check", Component: CheckIcon()}, {State: "info", Component: InfoIcon()}, {State: "warning", Component: WarningIcon()},
			{State: "up", Component: UpIcon()}, {State: "down", Component: DownIcon()}, {State: "back", Component: BackIcon()}, {State: "forward", Component: ForwardIcon()},
			{State: "enter", Component: EnterIcon()}, {State: "leave", Component: LeaveIcon()}, {State: "download", Component: DownloadIcon()},
		}},
	}
}

// in puts children into a component.
func in(parent templ.Component, children ...templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return parent.Render(templ.WithChildren(ctx, templ.Join(children...)), w)
	})
}

// both is one component after the other.
func both(one, other templ.Component) templ.Component { return templ.Join(one, other) }

// say is text.
func say(text string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, templ.EscapeString(text))
		return err
	})
}

// markup is HTML as it would stand in a template. What it is given are the
// constants above.
func markup(html string) templ.Component { return templ.Raw(html) } //nolint:forbidigo // nobody else calls it
