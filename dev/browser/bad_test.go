//go:build browser

package browser_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"homeroom/dev/browser"
)

const (
	head = `<!DOCTYPE html><html lang="en"><head><meta name="viewport" content="width=device-width"><title>A page</title>`
	desk = `</head><body><main><h1>A page</h1>`
)

// page wraps what a case is about into a page that is otherwise without fault.
func page(body string) string { return head + desk + body + "</main></body></html>" }

func styled(css, body string) string {
	return head + "<style>" + css + "</style>" + desk + body + "</main></body></html>"
}

var (
	desktop    = browser.Screen{Name: "desktop", Width: 1280, Height: 900}
	smallPhone = browser.Screen{Name: "small phone", Width: 320, Height: 568, Phone: true, Dark: true}
)

// badPages have one fault each, and say how the checks report it on a small phone by night.
var badPages = []struct {
	about string
	html  string
	check browser.Check
	says  string
}{
	{"gray on white", page(`<p style="color:#777;background:#fff">x</p>`), browser.Contrast, "4.48:1, not 4.5:1 (#777777 on #ffffff)"},
	{"half transparent ink", page(`<p style="background:#fff;color:rgba(0,0,0,.5)">x</p>`), browser.Contrast, "3.9"},
	{"a dimmed paragraph", page(`<div style="background:#fff"><p style="color:#000;opacity:.5">x</p></div>`), browser.Contrast, "3.9"},
	{"white on two veils", page(`<div style="background:#fff"><div style="background:rgba(0,0,0,.3)"><p style="background:rgba(0,0,0,.2);color:#fff">x</p></div></div>`), browser.Contrast, "3."},
	{"dark links by night", styled(":root{color-scheme:light dark}", `<a href="#" style="color:#00c">x</a> and more`), browser.Contrast, "on #121212"},
	{"black on a night canvas", styled(":root{color-scheme:light dark}", `<p style="color:#000">x</p>`), browser.Contrast, "on #121212"},
	{"another way to write colors", page(`<p style="background:#fff;color:oklch(70% 0.1 150)">x</p>`), browser.Contrast, "not 4.5:1"},
	{"large, but too pale", page(`<p style="font-size:24px;background:#fff;color:#999">x</p>`), browser.Contrast, "not 3:1"},
	{"18 px are not large unless bold", page(`<p style="font-size:19px;background:#fff;color:#888">x</p>`), browser.Contrast, "not 4.5:1"},
	{"a pale button", page(`<button style="min-height:44px;background:#8c8;color:#fff">Go</button>`), browser.Contrast, "<button>"},
	{"a pale value", page(`<label>Name <input style="min-height:44px;background:#fff;color:#aaa" value="Ada"></label>`), browser.Contrast, "its value"},
	{"words over a picture", page(`<p style="background-image:linear-gradient(#000,#fff)">x</p>`), browser.Contrast, "cannot be told"},
	{"pale words before an element", styled(`p::before{content:"Note: ";color:#ddd}`, `<p style="background:#fff;color:#000">x</p>`), browser.Contrast, "::before"},
	{"pale words in place of a picture", page(`<p style="background:#fff;color:#ccc"><img src="data:," alt="A harbor" width="90" height="30"></p>`), browser.Contrast, "in place of the picture"},

	{"wider than the screen", page(`<p style="width:400px">x</p>`), browser.Overflow, "to 408px on a screen of 320px"},
	{"a long word", page(strings.Repeat("Donaudampfschiff", 9)), browser.Overflow, "wide on a screen"},
	{"no viewport for phones", strings.Replace(page("x"), `<meta name="viewport" content="width=device-width">`, "", 1), browser.Overflow, "980px wide"},
	{"moved out to the left", page(`<p style="margin-left:-30px">x</p>`), browser.Overflow, "from -2"},
	{"cut off", page(`<p style="overflow:hidden;width:90px;white-space:nowrap">What nobody can read to its end</p>`), browser.Overflow, "are cut off"},
	{"hidden by the body", styled("body{overflow-x:hidden}", `<p style="width:400px">x</p>`), browser.Overflow, "to 408px on a screen of 320px"},

	{"a picture without words", page(`<img src="data:,">`), browser.Alt, "no alternative text"},
	{"no language", strings.Replace(page("x"), ` lang="en"`, "", 1), browser.Lang, "language"},
	{"no title", strings.Replace(page("x"), "A page</title>", " </title>", 1), browser.Title, "title"},
	{"no heading", strings.Replace(page("x"), "h1", "h2", 2), browser.Heading, "0 main headings"},
	{"two headings", page("<h1>x</h1>"), browser.Heading, "2 main headings"},
	{"no main part", strings.Replace(page("x"), "<main>", "<div>", 1), browser.Heading, "no main part"},

	{"a field without a label", page(`<input style="height:44px">`), browser.Label, "no label"},
	{"an empty label", page(`<label for="f"> </label><input id="f" type="checkbox" style="width:44px;height:44px">`), browser.Label, "no label"},
	{"a placeholder", page(`<label>Name <input style="height:44px" placeholder="Ada"></label>`), browser.Label, "no label: it goes"},
	{"a button without words", page(`<button style="height:44px;width:44px"></button>`), browser.Label, "no words"},
	{"a link that is a picture without words", page(`<a href="#"><img alt="" src="data:,"></a>`), browser.Label, "no words"},

	{"a tiny button", page(`<button style="height:20px">Go</button>`), browser.Target, "too small"},
	{"buttons side by side", page(`<button style="height:30px">Yes</button><button style="height:30px">No</button>`), browser.Target, "too near"},
	{"links in a list", page(`<ul><li><a href="#">One</a></li><li><a href="#">Two</a></li></ul>`), browser.Target, "too small"},
	{"a bare checkbox", page(`<input type="checkbox" aria-label="News">`), browser.Target, "13×13px"},
	{"a checkbox with a small label", page(`<input id="c" type="checkbox"> <label for="c">News</label>`), browser.Target, "too small"},
}

func TestBadPagesAreFound(t *testing.T) {
	t.Parallel()
	tab, root := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n int
		if _, err := fmt.Sscanf(r.URL.Path, "/%d", &n); err != nil {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(badPages[n].html))
	}))
	must(t, tab.Show(smallPhone))
	for i, bad := range badPages {
		t.Run(bad.about, func(t *testing.T) {
			open(t, tab, fmt.Sprintf("%s/%d", root, i), http.StatusOK)
			found, err := tab.Check(smallPhone, browser.PageChecks()...)
			must(t, err)
			if len(found) == 0 {
				t.Fatalf("nothing found, want %s: %s", bad.check, bad.says)
			}
			told := false
			for _, f := range found {
				if f.Check != bad.check {
					t.Errorf("also found %s", f)
				}
				told = told || strings.Contains(f.String(), bad.says)
			}
			if !told {
				t.Errorf("got %v, want %q", found, bad.says)
			}
		})
	}
}

// goodPages look like faults, but are none.
var goodPages = []struct{ about, html string }{
	{"plain", page("<p>Words.</p>")},
	{"by night", styled(":root{color-scheme:light dark}", `<p>Words, and <a href="#">a link</a> among them.</p>`)},
	{"large and bold", page(`<p style="background:#fff;color:#888;font:bold 19px sans-serif">x</p>`)},
	{"veils that are dark enough", page(`<div style="background:rgba(0,0,0,.5)"><p style="background:rgba(0,0,0,.4);color:#fff">x</p></div>`)},
	{"a preheader", page(`<div style="display:none;color:#fff;background:#fff">x</div>`)},
	{"words for screen readers", page(`<span style="position:absolute;width:1px;height:1px;overflow:hidden;white-space:nowrap;color:#fff">What a picture would say</span>`)},
	{"a way past the menu", page(`<a href="#" style="position:absolute;left:-9999px">To the text</a>`)},
	{"code that scrolls", page(`<pre style="overflow-x:auto">` + strings.Repeat("long ", 90) + `</pre>`)},
	{"a disabled button", page(`<button disabled style="color:#ccc;min-height:44px">Go</button>`)},
	{"an ornament", page(`<img alt="" src="data:,">`)},
	{"a checkbox in its label", page(`<label style="display:block;padding:14px"><input type="checkbox"> News</label>`)},
	{"a small button by itself", page(`<p style="padding:20px"><button style="height:30px">Go</button></p>`)},
	{"a link that is a picture with words", page(`<a href="#" style="display:block;height:44px"><img alt="Home" src="data:,"></a>`)},
}

func TestGoodPagesPass(t *testing.T) {
	t.Parallel()
	tab, root := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n int
		if _, err := fmt.Sscanf(r.URL.Path, "/%d", &n); err != nil {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(goodPages[n].html))
	}))
	for i, good := range goodPages {
		t.Run(good.about, func(t *testing.T) {
			open(t, tab, fmt.Sprintf("%s/%d", root, i), http.StatusOK)
			on(t, tab, []browser.Screen{desktop, smallPhone}, browser.PageChecks()...)
		})
	}
}

func TestTroubleIsHeard(t *testing.T) {
	t.Parallel()
	for _, bad := range []struct {
		about, html string
		check       browser.Check
		says        string
	}{
		{"a missing picture", page(`<img alt="" src="/missing.png">`), browser.Request, "404"},
		{"another machine", page(`<img alt="" src="http://elsewhere.example/pixel.png">`), browser.OtherMachine, "http://elsewhere.example/pixel.png"},
		{"the same machine, another port", page(`<img alt="" src="http://127.0.0.1:1/pixel.png">`), browser.OtherMachine, "127.0.0.1:1"},
		{"a complaint", page(`<script>console.error("oh dear")</script>`), browser.Console, "oh dear"},
		{"an exception", page(`<script>throw new Error("oh no")</script>`), browser.Console, "oh no"},
		{"a style that the policy forbids", page(`<p style="color:red">x</p>`), browser.Console, "Content Security Policy"},
		{"a connection that breaks", page(`<link rel="stylesheet" href="/broken.css">`), browser.Request, "failed"},
	} {
		t.Run(bad.about, func(t *testing.T) {
			tab, root := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/":
					if bad.says == "Content Security Policy" {
						w.Header().Set("Content-Security-Policy", "default-src 'none'")
					}
					_, _ = w.Write([]byte(bad.html))
				case "/broken.css":
					panic(http.ErrAbortHandler)
				default:
					http.NotFound(w, r)
				}
			}))
			open(t, tab, root+"/", http.StatusOK)
			trouble, err := tab.Trouble()
			must(t, err)
			for _, f := range trouble {
				if f.Check == bad.check && strings.Contains(f.String(), bad.says) {
					return
				}
			}
			t.Errorf("got %v, want %s: %s", trouble, bad.check, bad.says)
		})
	}
}

func TestFocusThatCannotBeSeen(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ about, html, want string }{
		{"as browsers do it", page(`<a href="#">One</a> <button>Two</button> <label><input type="checkbox"> Three</label>`), ""},
		{"a ring of its own", styled("button{outline:0}button:focus-visible{box-shadow:0 0 0 3px #000}", `<button>Two</button>`), ""},
		{"no ring", styled("button{outline:0}", `<a href="#">One</a> <button>Two</button>`), "focus: <button> “Two”: nothing shows that it has the focus"},
		{"out of order for nobody", page(`<button>One</button><a href="#" onfocus="this.blur()">Two</a>`), "focus: <a> “Two”: Tab does not reach it"},
	} {
		t.Run(test.about, func(t *testing.T) {
			tab, root := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(test.html)) }))
			open(t, tab, root, http.StatusOK)
			found, err := tab.Focus()
			must(t, err)
			var got []string
			for _, f := range found {
				got = append(got, f.String())
			}
			if s := strings.Join(got, "; "); s != test.want {
				t.Errorf("got %q, want %q", s, test.want)
			}
		})
	}
}

func TestScriptsCanBeOff(t *testing.T) {
	t.Parallel()
	tab, root := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(page(`<script>document.title = "scripted"</script>`)))
	}))
	for on, want := range map[bool]string{true: "scripted", false: "A page"} {
		must(t, tab.Scripts(on))
		open(t, tab, root, http.StatusOK)
		if got := text(t, tab, "document.title"); got != want {
			t.Errorf("with scripts %t the title is %q, want %q", on, got, want)
		}
	}
}
