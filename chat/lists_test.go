package chat_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"

	"github.com/twilightbark/twilightbark/chat"
)

func TestPlace(t *testing.T) {
	place := chat.Place{At: 1_700_000_000_000_000, ID: 42}
	if got := chat.ParsePlace(place.String()); got != place {
		t.Errorf("got %+v, want %+v", got, place)
	}
	for _, text := range []string{"", "-", "1", "1-", "-1", "0-1", "1-0", "-5-3", "x-1", "1-1-1", "99999999999999999999-1", " 1-1"} {
		if got := chat.ParsePlace(text); got != (chat.Place{}) {
			t.Errorf("%q: got %+v, want the beginning", text, got)
		}
	}
	if got := (chat.Place{}).String(); got != "" {
		t.Errorf("the beginning is written %q", got)
	}
}

// What is remembered, but not among Actions, could not be looked for.
func TestActionsIsAllThatIsRemembered(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "audit.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	known := 0
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if kind, named := spec.Type.(*ast.Ident); !ok || !named || kind.Name != "Action" {
			return true
		}
		known++
		if value, err := strconv.Unquote(literal.Value); err != nil || !slices.Contains(chat.Actions, chat.Action(value)) {
			t.Errorf("%s is not among Actions", spec.Names[0])
		}
		return true
	})
	if known == 0 || known != len(chat.Actions) {
		t.Errorf("got %d actions in the file, and %d among Actions", known, len(chat.Actions))
	}
}
