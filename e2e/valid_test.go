package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
)

// source gives the page as it came over the wire.
func (b *tab) source() []byte {
	b.t.Helper()
	frame := do(b, page.GetFrameTree, cdp.Empty{}).FrameTree.Frame.ID
	b.mu.Lock()
	answer := b.responses[frame]
	b.mu.Unlock()
	return do(b, network.GetResponseBody, network.GetResponseBodyParams{RequestID: answer}).Body
}

// The goldens are checked one component at a time; here are whole pages.
func TestPagesAreValidHTML(t *testing.T) {
	t.Parallel()
	s, everybody := everybody(t)
	check := exec.CommandContext(t.Context(), "node", "views/validate.js")
	check.Dir = ".."
	for b, states := range everybody {
		b.withoutScripts() // so that every answer is a page
		for _, state := range states {
			state.reach(b, s)
			name := fmt.Sprintf("page-%02d.html", len(check.Args))
			file := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(file, append([]byte("<!-- "+state.name+" -->\n"), b.source()...), 0o600); err != nil {
				t.Fatal(err)
			}
			check.Args = append(check.Args, file)
		}
	}
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
}
