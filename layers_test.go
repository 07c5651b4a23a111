package twilightbark_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/twilightbark/twilightbark"

// layer is a row of the import table in ARCHITECTURE.md.
type layer struct {
	may          []string // import these packages of ours
	never        []string // nor what lies below these
	standardOnly bool     // may use nothing but Go's own library besides
	forTests     bool     // only test files may import it
}

const (
	gin      = "github.com/gin-gonic"
	ginExtra = "github.com/gin-contrib"
	sqlx     = "github.com/jmoiron/sqlx"
	templ    = "github.com/a-h/templ"
)

// layers lists every package, by its folder. One that is not written yet may stand here.
var layers = map[string]layer{
	".":    {},
	"chat": {standardOnly: true},
	"live": {never: []string{"net/http", "database/sql", sqlx, templ, gin}},
	"live/pgbus": {
		may:   []string{"live"},
		never: []string{"net/http", templ, gin},
	},
	"live/natsbus": {
		may:   []string{"live"},
		never: []string{"net/http", "database/sql", sqlx, templ, gin},
	},
	"markup":   {may: []string{"chat"}, never: []string{"net/http", "database/sql", sqlx, templ, gin}},
	"password": {},
	"words":    {never: []string{"net/http", "database/sql", sqlx, templ, gin}},
	"picture":  {},
	"store": {
		may:   []string{"chat", "words"},
		never: []string{"net/http", templ, gin},
	},
	"store/storetest": {
		may:      []string{"chat", "store"},
		forTests: true,
	},
	"views": {
		may:   []string{"chat", "views/ui", "words"},
		never: []string{"net/http", "database/sql", sqlx, gin},
	},
	"views/golden": {forTests: true},
	"views/ui":     {never: []string{"net/http", "database/sql", sqlx, gin}},
	"mail": {
		may:   []string{"chat", "views"},
		never: []string{"database/sql", sqlx, gin},
	},
	"assets": {never: []string{"database/sql", sqlx, templ, gin}},
	"handlers": {
		may:   []string{"assets", "chat", "live", "mail", "markup", "password", "picture", "store", "views", "words"},
		never: []string{"database/sql", sqlx},
	},
	"e2e": {forTests: true},
	"cmd/twilightbark": {
		may:   []string{"assets", "chat", "handlers", "live", "live/natsbus", "live/pgbus", "mail", "password", "picture", "store"},
		never: []string{"database/sql", sqlx, templ, gin, ginExtra},
	},
}

// testsMay is what test files may import besides the packages that are for
// them: databases, and what they hold.
var testsMay = []string{"chat", "store"}

// TestLayers keeps the packages' arrows pointing one way. It reads the files
// itself, rather than asking the go command, so that the test cache notices them.
func TestLayers(t *testing.T) {
	files := goFiles(t)
	if len(files) == 0 {
		t.Fatal("no Go files found")
	}
	for _, path := range files {
		if folder := folderOf(path); !listed(folder) {
			t.Errorf("the package %s is not in the table: add it here and in ARCHITECTURE.md", folder)
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Errorf("%s: %v", path, err)
			} else if problem := forbidden(path, imported); problem != "" {
				t.Errorf("%s imports %s: %s", path, imported, problem)
			}
		}
	}
}

// TestLayersNotice shows that each rule can be broken.
func TestLayersNotice(t *testing.T) {
	tests := []struct {
		path, imported string
		ok             bool
	}{
		{path: "handlers/rooms.go", imported: module + "/store", ok: true},
		{path: "handlers/rooms.go", imported: module + "/views/ui"},
		{path: "handlers/rooms.go", imported: "database/sql"},
		{path: "handlers/rooms.go", imported: "database/sql/driver"},
		{path: "handlers/rooms.go", imported: "github.com/gin-gonic/gin", ok: true},
		{path: "store/rooms.go", imported: "github.com/gin-gonic/gin"},
		{path: "store/rooms.go", imported: "github.com/gin-gonic/gin/binding"},
		{path: "store/rooms.go", imported: module + "/store/storetest"},
		{path: "store/rooms_test.go", imported: module + "/store/storetest", ok: true},
		{path: "store/rooms_test.go", imported: module + "/handlers"},
		{path: "views/room_templ.go", imported: "net/http"},
		{path: "views/room_templ.go", imported: "net/url", ok: true},
		{path: "views/ui/button_templ.go", imported: module + "/chat"},
		{path: "views/ui/ui_test.go", imported: module + "/views/golden", ok: true},
		{path: "views/ui/button.go", imported: module + "/views/golden"},
		{path: "live/feed.go", imported: module + "/store"},
		{path: "chat/rooms.go", imported: "unicode/utf8", ok: true},
		{path: "chat/rooms.go", imported: "golang.org/x/text/unicode/norm"},
		{path: "chat/rooms_test.go", imported: "pgregory.net/rapid", ok: true},
		{path: "cmd/twilightbark/main.go", imported: module + "/views"},
		{path: "cmd/twilightbark/main.go", imported: "github.com/a-h/templ"},
		{path: "cmd/twilightbark/main.go", imported: module + "/e2e"},
		{path: "layers_test.go", imported: "os", ok: true},
	}
	for _, tt := range tests {
		if problem := forbidden(tt.path, tt.imported); (problem == "") != tt.ok {
			t.Errorf("%s imports %s: got %q, want it allowed: %v", tt.path, tt.imported, problem, tt.ok)
		}
	}
}

func folderOf(path string) string { return filepath.ToSlash(filepath.Dir(path)) }

func listed(folder string) bool {
	_, ok := layers[folder]
	return ok
}

// forbidden says why the file at path may not import that package; it is empty if it may.
func forbidden(path, imported string) string {
	folder := folderOf(path)
	from := layers[folder]
	inTest := strings.HasSuffix(path, "_test.go")
	if ours, ok := strings.CutPrefix(imported, module+"/"); ok {
		switch {
		case ours == folder && inTest: // a test from outside the package
		case slices.Contains(from.may, ours):
		case inTest && (layers[ours].forTests || slices.Contains(testsMay, ours)):
		case layers[ours].forTests:
			return "it is for tests only"
		default:
			return folder + " may import of ours only: " + strings.Join(from.may, ", ")
		}
		return ""
	}
	if inTest {
		return "" // what a test does with the world outside is its own affair
	}
	if from.standardOnly && !standard(imported) {
		return folder + " uses Go's own library only"
	}
	for _, never := range from.never {
		if imported == never || strings.HasPrefix(imported, never+"/") {
			return folder + " never imports " + never
		}
	}
	return ""
}

// standard reports whether a package belongs to Go's own library: no module's
// path may begin like one of those, without a dot.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

func goFiles(t *testing.T) (files []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != "." && ignored(entry.Name()) {
			return fs.SkipDir
		}
		if !entry.IsDir() && strings.HasSuffix(path, ".go") {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// ignored reports whether a folder is none of our packages: the go command
// passes these over too, save the last.
func ignored(folder string) bool {
	return folder == "testdata" || strings.HasPrefix(folder, ".") || strings.HasPrefix(folder, "_") || folder == "node_modules"
}

// TestMigrationsParity keeps the two dialects' migrations in step: a change of
// the tables is a file of the same name in both.
func TestMigrationsParity(t *testing.T) {
	sqlite, postgres := fileNames(t, "store/migrations/sqlite"), fileNames(t, "store/migrations/postgres")
	if len(sqlite) == 0 || !slices.Equal(sqlite, postgres) {
		t.Errorf("sqlite has %q, postgres has %q, want the same", sqlite, postgres)
	}
}

func fileNames(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
