package ui

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Examples gives every component in every state, with its code.
var Examples = sync.OnceValue(func() []ExampleGroup {
	list, codes := groups(), exampleCodes(exampleSource)
	for _, group := range list {
		for i := range group.States {
			group.States[i].Code, codes = codes[0], codes[1:]
		}
	}
	return list
})

// exampleCodes gives the code of the examples in the source of this package, in
// their order.
func exampleCodes(source string) (codes []string) {
	file, err := parser.ParseFile(token.NewFileSet(), "", source, 0)
	if err != nil {
		panic(err) // it is this program's own source
	}
	ast.Inspect(file, func(node ast.Node) bool {
		field, ok := node.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		if key, ok := field.Key.(*ast.Ident); ok && key.Name == "Component" {
			codes = append(codes, templateCode(source, field.Value))
			return false
		}
		return true
	})
	return codes
}

// templateCode writes an example as it stands in a template that imports the kit.
func templateCode(source string, value ast.Expr) string {
	call := value.(*ast.CallExpr)
	switch call.Fun.(*ast.Ident).Name {
	case "say", "markup":
		text, err := strconv.Unquote(call.Args[0].(*ast.BasicLit).Value)
		if err != nil {
			panic(err) // it compiles
		}
		return text
	case "both":
		return templateCode(source, call.Args[0]) + "\n" + templateCode(source, call.Args[1])
	case "in":
		var children strings.Builder
		for _, child := range call.Args[1:] {
			children.WriteString("\n" + templateCode(source, child))
		}
		return templateCode(source, call.Args[0]) + " {" + strings.ReplaceAll(children.String(), "\n", "\n\t") + "\n}"
	default:
		return "@" + outside(source, value)
	}
}

// outside gives an expression of this package as it is written in another one,
// without the indentation of its place here.
func outside(source string, value ast.Expr) string {
	begin := int(value.Pos()) - 1 // positions count from 1
	code := source[begin : value.End()-1]
	for _, place := range slices.Backward(exported(value)) {
		at := place - 1 - begin
		code = code[:at] + "ui." + code[at:]
	}
	return strings.ReplaceAll(code, "\n\t\t\t", "\n")
}

// exported gives the places of this package's own names in an expression.
func exported(expression ast.Node) (places []int) {
	ast.Inspect(expression, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.SelectorExpr: // of another package
			return false
		case *ast.KeyValueExpr:
			if _, isField := node.Key.(*ast.Ident); isField {
				places = append(places, exported(node.Value)...)
				return false
			}
		case *ast.Ident:
			if node.IsExported() {
				places = append(places, int(node.Pos()))
			}
		}
		return true
	})
	return places
}
