//go:build browser

package browser_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"homeroom/content"
	"homeroom/dev/browser"
	"homeroom/rules"
)

var (
	headStyle = regexp.MustCompile(`(?s)<style>.*?</style>`)
	pictured  = regexp.MustCompile(`(<img src=")[^"]*"`)
)

// mailbox serves mails at /<name>, as some mail clients show them at /<name>?plain (without the style sheet) and
// /<name>?blind (without pictures). In place of a mail's own pictures it shows one that is too large.
func mailbox(mails map[string]string) http.Handler {
	var picture bytes.Buffer
	img := image.NewGray(image.Rect(0, 0, 900, 300))
	for i := range img.Pix {
		img.Pix[i] = 0x99
	}
	img.SetGray(0, 0, color.Gray{})
	if err := png.Encode(&picture, img); err != nil {
		panic(err) // a buffer cannot fail
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mail, ok := mails[strings.TrimPrefix(r.URL.Path, "/")]
		switch {
		case r.URL.Path == "/picture.png":
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write(picture.Bytes())
			return
		case !ok:
			http.NotFound(w, r)
			return
		}
		source := "/picture.png"
		if r.URL.Query().Has("blind") {
			source = "data:,"
		}
		mail = pictured.ReplaceAllString(mail, `${1}`+source+`"`)
		if r.URL.Query().Has("plain") {
			mail = headStyle.ReplaceAllString(mail, "")
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(mail))
	})
}

func academy(t *testing.T) *rules.Academy {
	t.Helper()
	a, problems := rules.LoadDir("../../examples/academy")
	if a == nil {
		t.Fatal(problems)
	}
	return a
}

// academyMails are all messages of the example academy in all their locales, for all kinds of learners.
func academyMails(t *testing.T) (names []string, mails map[string]string) {
	t.Helper()
	a := academy(t)
	mails = make(map[string]string)
	for _, message := range a.Library.Names() {
		for _, locale := range a.Library.Locales(message) {
			for _, sample := range content.Samples(a.Sample(message).Trigger) {
				vars := a.Sample(message)
				vars.Learner = sample.Vars.Learner
				vars.Learner.Locale = locale
				mail, err := a.Library.Render(message, locale, vars)
				must(t, err)
				name := strings.TrimSuffix(message+"."+locale, ".")
				if content.IsMinor(vars.Learner.Traits) {
					name += "-minor"
				} else if vars.Learner.FirstName == "" {
					continue // nothing that the eye would notice
				}
				if same := mails[strings.TrimSuffix(name, "-minor")]; same == mail.HTML {
					continue
				}
				names = append(names, name)
				mails[name] = mail.HTML
			}
		}
	}
	return names, mails
}

func TestMailsOfTheAcademy(t *testing.T) {
	t.Parallel()
	names, mails := academyMails(t)
	tab, root := serve(t, mailbox(mails))
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			open(t, tab, root+"/"+name, http.StatusOK)
			everywhere(t, tab, browser.MailChecks()...)
			if strings.Contains(mails[name], "<img") {
				open(t, tab, root+"/"+name+"?blind", http.StatusOK)
				everywhere(t, tab, browser.MailChecks()...)
			}
		})
	}
}

// kitchenSink has a bit of everything that a message may hold, and words that are too long.
const kitchenSink = `---
subject: Everything at once
preheader: A bit of everything
topic: progress
---
# A heading with **bold** and Lebensversicherungsgesellschaftsangestelltenausbildung

Words, *soft* and **loud**, ` + "`code`" + `, and [a link](https://academy.example/a), also <https://academy.example/courses/a-very-long-address/that-nobody/would-type/by-hand?with=parameters>.

## Smaller

### And smaller

![The harbor of Fernhill at dawn](https://academy.example/harbor.png)

> Somebody said so.
>
> > And somebody else.

1. One
2. Two
   - deeper, with [a link](https://academy.example/b)
   - and deeper

---

    func main() { fmt.Println("a line of code that is too long for any phone that was ever built") }

{% button "A button whose label goes on for longer than one would think that anybody writes" "https://academy.example/go" %}

{% button "Go" "https://academy.example/go" %}

{% share %}
`

// TestMailsInAnyColor: an academy picks its own accent, and mail clients leave out pictures and style sheets.
func TestMailsInAnyColor(t *testing.T) {
	t.Parallel()
	mails := make(map[string]string)
	tab, root := serve(t, mailbox(mails))
	m, err := content.Parse("sink.md", []byte(kitchenSink))
	must(t, err)
	accents := map[string]string{
		"of the house": "", "black": "#000000", "white": "#ffffff", "red": "#ff0000", "yellow": "#ffd400", "sky": "#4a90e2",
		"gray": "#7a7a7a", "orange": "#f2711c", "green": "#21ba45", "violet": "#6435c9", "blue": "#0000ff",
	}
	vars := content.SampleVars(map[string]any{"certificate_id": "cert_1"})
	for name, accent := range accents {
		library, err := content.NewLibrary([]*content.Message{m}, content.Site{
			Accent:    accent,
			PublicURL: root,
			Links:     map[string]string{"certificate": "https://academy.example/{{ certificate_id }}"},
			Sender:    content.Sender{From: "maya@academy.example", Name: longAcademy, PostalAddress: longAcademy + "\n12 Harbour Lane"},
		})
		must(t, err)
		mail, err := library.Render("sink", "de", vars)
		must(t, err)
		mails[name] = mail.HTML
	}
	for _, name := range slices.Sorted(maps.Keys(accents)) {
		t.Run(name, func(t *testing.T) {
			open(t, tab, root+"/"+name, http.StatusOK)
			if name == "of the house" {
				everywhere(t, tab, browser.MailChecks()...)
			} else {
				on(t, tab, []browser.Screen{desktop, smallPhone}, browser.MailChecks()...)
			}
		})
	}
	t.Run("without pictures", func(t *testing.T) {
		open(t, tab, root+"/of%20the%20house?blind", http.StatusOK)
		if got := text(t, tab, "document.images[0].naturalWidth + document.images[0].alt"); got != "0The harbor of Fernhill at dawn" {
			t.Errorf("the picture is there: %s", got)
		}
		everywhere(t, tab, browser.MailChecks()...)
	})
	t.Run("without the style sheet", func(t *testing.T) {
		open(t, tab, root+"/of%20the%20house?plain", http.StatusOK)
		everywhere(t, tab, browser.MailChecks()...)
	})
}

const longAcademy = "The Royal Fernhill Academy of Continuing Professional Education & Lebensversicherungsgesellschaftsangestelltenausbildung of Northern Bristol"
