package browser_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"homeroom/dev/browser"
)

func TestFindTheBrowserThatIsNamed(t *testing.T) {
	named := filepath.Join(t.TempDir(), "my-browser")
	if err := os.WriteFile(named, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv(browser.Env, named)
	if got, err := browser.Find(); got != named || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestWithoutABrowserTheErrorSaysWhatToDo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, named := range []string{"", "no-such-browser"} {
		t.Setenv(browser.Env, named)
		got, err := browser.Find()
		if !errors.Is(err, browser.ErrNoBrowser) || !strings.Contains(err.Error(), "apt-get install chromium") || !strings.Contains(err.Error(), browser.Env) {
			t.Errorf("%s=%q: got %q, %v", browser.Env, named, got, err)
		}
	}
}
