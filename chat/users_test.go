package chat_test

import (
	"maps"
	"net/mail"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/twilightbark/twilightbark/chat"
)

func TestUsernames(t *testing.T) {
	const (
		rule = "2 to 30 letters"
		kept = "kept for the site"
	)
	for _, test := range []struct {
		username string
		want     string // part of the sentence; "" when the name is fine
	}{
		{"ada", ""},
		{"Ada.Lovelace", ""},
		{"a1", ""},
		{"0-0", ""},
		{"CON", ""},
		{"true", ""},
		{"a_b-c.d", ""},
		{"a--b", ""},
		{strings.Repeat("a", 30), ""},

		{"", rule}, {"a", rule}, {"0", rule}, {strings.Repeat("a", 31), rule},
		{"-", rule}, {"_", rule}, {"__", rule}, {".", rule}, {"..", rule}, {"-ada", rule}, {"ada.", rule}, {"_ada_", rule},
		{"a/b", rule}, {"%2e%2e", rule}, {`a\b`, rule}, {"a'b", rule}, {`a"b`, rule}, {"a;--b", rule}, {"+", rule}, {"@", rule}, {"a@b", rule}, {"<b>", rule},
		{"admin ", rule}, {" admin", rule}, {"ad min", rule}, {"admin\u200b", rule}, {"ada\x00", rule}, {"ada\n", rule}, {"ada\xff", rule},
		{"аdmin", rule}, // Cyrillic а
		{"ａｄｍｉｎ", rule},
		{"İlker", rule}, {"straße", rule}, {"👍👍", rule}, {"日本", rule},

		{"admin", kept}, {"Admin", kept}, {"ADMIN", kept}, {"null", kept}, {"undefined", kept}, {"me", kept}, {"new", kept}, {"api", kept},
		{"Deleted", kept}, {"former-member", kept}, {"everyone", kept}, {"settings", kept},
	} {
		t.Run(test.username, func(t *testing.T) {
			problems := chat.Registration{Email: "ada@example.com", Username: test.username}.Problems()
			wantProblems(t, problems, "username", test.want)
		})
	}
}

func TestEmails(t *testing.T) {
	const rule = "one email address"
	local := strings.Repeat("a", 64)
	for _, test := range []struct {
		email string
		want  string
	}{
		{"ada@example.com", ""},
		{"A@C.DE", ""},
		{"a@b.c", ""},
		{"a+b@c.de", ""},
		{"o'hara@example.ie", ""},
		{"ada@xn--mnchen-3ya.de", ""},
		{local + "@" + strings.Repeat("b", 254-64-1-3) + ".de", ""},

		{"", rule}, {"ada", rule}, {"@", rule}, {"a@", rule}, {"@b.c", rule}, {"a@b", rule}, {"a@b.", rule}, {"a@.b", rule}, {"a@b..c", rule}, {"a.@b.c", rule},
		{`"a b"@c.de`, rule}, {"Ada <ada@example.com>", rule}, {"<ada@example.com>", rule}, {"ada(comment)@example.com", rule},
		{"a@c.de\r\nBcc: x@y.z", rule}, {"a@c.de\n", rule}, {"a@c.de, b@c.de", rule}, {"a@c.de;b@c.de", rule}, {"a@b@c.de", rule}, {"a b@c.de", rule},
		{"a@[127.0.0.1]", rule}, {"a@münchen.de", rule}, {"ä@c.de", rule}, {"a\x00@c.de", rule}, {"a@c.de\x7f", rule}, {"a\xff@c.de", rule}, {"mailto:a@c.de", rule},
		{local + "@" + strings.Repeat("b", 255-64-1-3) + ".de", rule},
		{strings.Repeat("a@b.c,", 50_000), rule},
	} {
		t.Run(cut(test.email), func(t *testing.T) {
			problems := chat.Registration{Email: test.email, Username: "ada"}.Problems()
			wantProblems(t, problems, "email", test.want)
		})
	}
}

// What is accepted is ASCII that stands in an address as it is, and so does the
// form in which names are compared.
func FuzzUsername(f *testing.F) {
	f.Fuzz(func(t *testing.T, username string) {
		problems := chat.Registration{Email: "ada@example.com", Username: username}.Problems()
		if profile := (chat.Profile{Username: username}).Problems(); profile["username"] != problems["username"] {
			t.Errorf("%q: got %q on registering, and %q in the settings", username, problems, profile)
		}
		if len(problems) > 0 {
			wantProblems(t, problems, "username", ".")
			return
		}
		key := chat.UsernameKey(username)
		if again := chat.UsernameKey(key); again != key || !strings.EqualFold(key, username) {
			t.Errorf("the key of %q is %q, and of that %q", username, key, again)
		}
		for _, name := range []string{username, key} {
			if got := (chat.Profile{Username: name}).Problems(); len(got) > 0 {
				t.Errorf("%q is accepted, and %q has the problems %q", username, name, got)
			}
			if strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`/\%?#"'<>&`, r) }) {
				t.Errorf("%q is accepted", name)
			}
			there, err := url.Parse(chat.UserPath(name))
			if err != nil || there.Path != "/users/"+name || there.EscapedPath() != there.Path || path.Clean(there.Path) != there.Path || there.RawQuery != "" || there.Fragment != "" {
				t.Errorf("the page of %q is at %v, %v", name, there, err)
			}
		}
	})
}

// What is accepted names one mailbox, in one line of ASCII, whatever case it is
// written in.
func FuzzEmail(f *testing.F) {
	f.Fuzz(func(t *testing.T, email string) {
		normal := chat.NormalEmail(email)
		if again := chat.NormalEmail(normal); again != normal {
			t.Errorf("NormalEmail(%q) is %q, and of that %q", email, normal, again)
		}
		if chat.EmailProblem(normal) != "" {
			return
		}
		if len(normal) > chat.MaxEmail || strings.ContainsFunc(normal, func(r rune) bool { return r <= ' ' || r > '~' || r >= 'A' && r <= 'Z' }) {
			t.Errorf("%q is accepted as %q", email, normal)
		}
		list, err := mail.ParseAddressList("Ada <" + normal + ">")
		if err != nil || len(list) != 1 || list[0].Address != normal || strings.Count(normal, "@") != 1 {
			t.Errorf("%q is accepted as %q, which reads as %v, %v", email, normal, list, err)
		}
	})
}

func cut(text string) string { return text[:min(len(text), 80)] }

func wantProblems(t *testing.T, got map[string]string, field, part string) {
	t.Helper()
	if part == "" {
		if len(got) > 0 {
			t.Errorf("got the problems %q, want none", got)
		}
		return
	}
	if fields := slices.Collect(maps.Keys(got)); !slices.Equal(fields, []string{field}) || !strings.Contains(got[field], part) {
		t.Errorf("got the problems %q, want one in %q with %q", got, field, part)
	}
}

func TestProblemsTellsOfBothFields(t *testing.T) {
	got := chat.Registration{Email: "ada", Username: "a"}.Problems()
	if len(got) != 2 || got["email"] == "" || got["username"] == "" {
		t.Errorf("got the problems %q, want one for each field", got)
	}
}

func TestNormalForms(t *testing.T) {
	if got, want := chat.NormalEmail("  Ada@Example.COM\n"), "ada@example.com"; got != want {
		t.Errorf("NormalEmail: got %q, want %q", got, want)
	}
	if got, want := chat.UsernameKey("Ada.L"), "ada.l"; got != want {
		t.Errorf("UsernameKey: got %q, want %q", got, want)
	}
}

// Who changes the case of a name keeps the picture people know.
func TestDefaultPicture(t *testing.T) {
	if got, want := chat.DefaultPicture("ADA"), (chat.User{Username: "ada"}).Picture(); got != want {
		t.Errorf("the picture of ADA: got %q, want that of ada, %q", got, want)
	}
	seen := map[string]bool{}
	for i := range 2000 {
		picture := chat.DefaultPicture("dog" + strconv.Itoa(i))
		number, ok := strings.CutPrefix(strings.TrimSuffix(picture, "/96"), "/avatars/paw-")
		if n, err := strconv.Atoi(number); !ok || err != nil || n < 0 || n >= chat.PictureColours {
			t.Fatalf("got the picture %q, want one of %d", picture, chat.PictureColours)
		}
		seen[picture] = true
	}
	if len(seen) != chat.PictureColours {
		t.Errorf("got %d pictures for 2,000 names, want %d", len(seen), chat.PictureColours)
	}
}

func TestNameBegun(t *testing.T) {
	for _, test := range []struct {
		text, name string
		begun      bool
		completed  string
	}{
		{"@", "", true, "@Ada "},
		{"@ad", "ad", true, "@Ada "},
		{"Hello @a", "a", true, "Hello @Ada "},
		{"(@AD", "AD", true, "(@Ada "},
		{"犬@a", "a", true, "犬@Ada "},
		{"one\n@a", "a", true, "one\n@Ada "},
		{"", "", false, ""},
		{"ada", "", false, "ada"},
		{"@ada ", "", false, "@ada "},
		{"mail@ad", "", false, "mail@ad"},
		{"@@a", "a", true, "@@Ada "},
		{"@.a", "", false, "@.a"},
		{"@a<b", "", false, "@a<b"},
		{"@" + strings.Repeat("a", 31), "", false, "@" + strings.Repeat("a", 31)},
	} {
		name, ok := chat.NameBegun(test.text)
		if ok != test.begun || ok && name != test.name {
			t.Errorf("%q: got the name %q, %v, want %q, %v", test.text, name, ok, test.name, test.begun)
		}
		if got := chat.CompleteName(test.text, "Ada"); got != test.completed {
			t.Errorf("%q completed: got %q, want %q", test.text, got, test.completed)
		}
	}
	if got := chat.CompleteName("@a", "<b>"); got != "@a" {
		t.Errorf("a name that is none: got %q", got)
	}
}
