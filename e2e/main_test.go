// Package e2e tries the program as people meet it: the built binary, read and
// written in through a real Chromium. Each test starts a server of its own and
// gives each person a browser context of their own. Whatever happened in a
// test, an open page must end with the messages that a page loaded afresh
// shows, and with nothing in its console.
package e2e

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is how long anything may take that is to happen at once. It only
// costs time where something is wrong.
const patience = 60 * time.Second

var (
	binary  string          // the program under test
	browser context.Context // of the one Chromium that all tests share
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	chromium, err := findChromium()
	if err != nil {
		return 0, err
	}
	folder, err := os.MkdirTemp("", "twilightbark-e2e-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if err := build(folder); err != nil {
		return 0, err
	}
	stop, err := startChromium(chromium, filepath.Join(folder, "profile"))
	if err != nil {
		return 0, fmt.Errorf("start Chromium (%s): %w", chromium, err)
	}
	defer stop()
	return m.Run(), nil
}

func findChromium() (string, error) {
	for _, name := range []string{os.Getenv("TEST_CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path, nil
		}
	}
	return "", errors.New("Chromium is needed: run `apt-get install chromium`, or name one in TEST_CHROMIUM")
}

func build(folder string) error {
	if err := noticeSources(".."); err != nil {
		return err
	}
	binary = filepath.Join(folder, "twilightbark")
	output, err := exec.Command("go", "build", "-o", binary, "github.com/twilightbark/twilightbark/cmd/twilightbark").CombinedOutput()
	if err != nil {
		return fmt.Errorf("build the program: %w\n%s", err, output)
	}
	return nil
}

// noticeSources looks into every folder the program is built from. The go
// command sees that, and does not take an older run's result for this one's
// after a change outside of this package.
func noticeSources(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || path == root {
			return err
		}
		if name := entry.Name(); strings.HasPrefix(name, ".") || name == "node_modules" || name == "data" {
			return fs.SkipDir
		}
		return nil
	})
}

func startChromium(path, profile string) (stop func(), err error) {
	// A few flags rather than chromedp's own list, which also turns off how a
	// browser treats tabs in the background.
	allocator, cancel := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(path), chromedp.UserDataDir(profile),
		chromedp.Flag("headless", "new"), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("mute-audio", true), chromedp.Flag("password-store", "basic"),
	)
	var stopBrowser context.CancelFunc
	browser, stopBrowser = chromedp.NewContext(allocator)
	stop = func() {
		stopBrowser()
		cancel()
	}
	if err := chromedp.Do(browser); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}
