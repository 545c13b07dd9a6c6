//go:build browser

package browser_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"homeroom/dev/browser"
)

var pictures = flag.String("write", "", "also write the pictures into this `folder`: ../../docs/images")

// chromium is the one browser of all tests; each opens a tab of its own.
var chromium *browser.Browser

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	var err error
	if chromium, err = browser.Start(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := chromium.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "end the browser:", err)
			code = 1
		}
	}()
	return m.Run()
}

// serve starts a server and opens a tab that may ask it and nobody else.
func serve(t *testing.T, h http.Handler) (*browser.Tab, string) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.Handle("/", h)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	tab, err := chromium.Tab(strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tab.Close)
	return tab, server.URL
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open opens a page that must answer with a status.
func open(t *testing.T, tab *browser.Tab, address string, want int) {
	t.Helper()
	got, err := tab.Open(address)
	must(t, err)
	if got != want {
		t.Fatalf("%s answers %d, want %d", address, got, want)
	}
}

// everywhere holds the page that is open to the checks on every screen.
func everywhere(t *testing.T, tab *browser.Tab, checks ...browser.Check) {
	t.Helper()
	on(t, tab, browser.Screens(), checks...)
}

// on is everywhere on some screens only.
func on(t *testing.T, tab *browser.Tab, screens []browser.Screen, checks ...browser.Check) {
	t.Helper()
	var order []browser.Finding
	where := make(map[browser.Finding][]string)
	for _, screen := range screens {
		must(t, tab.Show(screen))
		found, err := tab.Check(screen, checks...)
		must(t, err)
		for _, f := range found {
			if where[f] == nil {
				order = append(order, f)
			}
			where[f] = append(where[f], screen.String())
		}
	}
	for _, f := range order {
		t.Errorf("%s [%s]", f, strings.Join(where[f], "; "))
	}
	quietly(t, tab)
}

// quietly fails if the page complained, or asked for what it must not ask for.
func quietly(t *testing.T, tab *browser.Tab) {
	t.Helper()
	trouble, err := tab.Trouble()
	must(t, err)
	for _, f := range trouble {
		t.Error(f)
	}
}

// text evaluates JavaScript in the page that is open, to a text.
func text(t *testing.T, tab *browser.Tab, expression string) string {
	t.Helper()
	var got string
	must(t, tab.Eval(expression, &got))
	return got
}
