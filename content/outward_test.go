package content_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"homeroom/content"
)

// outward is what delivery hands over: links of the academy's Homeroom, and a campaign.
func outward() content.Outward {
	const base = "https://learn.academy.example"
	return content.Outward{
		Unsubscribe:  base + "/u/AbC",
		Preferences:  base + "/p/AbC",
		Share:        func(place string) string { return base + "/s/" + place },
		ReferralCode: "K7QX2MPA",
		ReferralURL:  base + "/r/K7QX2MPA",
		Campaign:     content.Campaign{Source: "homeroom", Medium: "email", Name: "certificate-share", Content: "share"},
	}
}

// places are where a certificate can be shared.
var places = []string{"linkedin_profile", "linkedin_post", "x", "facebook", "whatsapp"}

func TestGoldenOutward(t *testing.T) {
	for _, c := range []struct {
		golden string
		minor  bool
	}{{"share.outward", false}, {"share.outward.minor", true}} {
		t.Run(c.golden, func(t *testing.T) {
			vars := certificateVars()
			vars.Outward = outward()
			if c.minor {
				vars.Learner.Traits["is_minor"] = true
			}
			r, err := load(t, "share.md").Render("share", "en", vars)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, c.golden+".html", r.HTML)
			golden(t, c.golden+".txt", "Subject: "+r.Subject+"\n\n"+r.Text)
			if !strings.Contains(r.HTML, r.Fragment) || strings.Contains(r.Fragment, "<html") || !strings.HasPrefix(r.Text, strings.TrimSpace(r.Plain)) || strings.Contains(r.Plain, "/u/") {
				t.Errorf("the parts without a frame are not those of the mail: %q, %q", r.Fragment, r.Plain)
			}
		})
	}
}

func TestShareLinksGoThroughOurs(t *testing.T) {
	vars := certificateVars()
	vars.Outward = outward()
	r, err := load(t, "share.md").Render("share", "en", vars)
	if err != nil {
		t.Fatal(err)
	}
	const direct = "https://academy.example/certificates/cert%20abc%2F123"
	if got := r.Targets["certificate"]; got != direct {
		t.Errorf("posts lead to %s", got)
	}
	if got := r.Targets["referral"]; got != "https://academy.example/join?code=K7QX2MPA" {
		t.Errorf("the referral link leads to %s", got)
	}
	var labels []string
	for _, a := range r.Actions {
		labels = append(labels, a.Label+" "+a.URL)
	}
	want := []string{"See your certificate " + direct + "?utm_source=homeroom&utm_medium=email&utm_campaign=certificate-share&utm_content=share"}
	for i, label := range []string{"Add to LinkedIn profile", "Post on LinkedIn", "Post on X", "Share on Facebook", "Send on WhatsApp"} {
		want = append(want, label+" https://learn.academy.example/s/"+places[i])
	}
	want = append(want, "Invite a friend https://learn.academy.example/r/K7QX2MPA")
	if diff := cmp.Diff(want, labels); diff != "" {
		t.Errorf("actions (-want +got)\n%s", diff)
	}
	for _, place := range places {
		target, err := url.Parse(r.Targets[place])
		if err != nil || target.Scheme != "https" {
			t.Fatalf("%s leads to %q, %v", place, r.Targets[place], err)
		}
		q := target.Query()
		post := "https://learn.academy.example/s/certificate"
		switch place {
		case "linkedin_profile":
			post = direct // it stands in the profile for years: no detour
			if q.Get("certUrl") != post {
				t.Errorf("the profile shows %q", q.Get("certUrl"))
			}
		case "facebook":
			if q.Get("u") != post {
				t.Errorf("%s posts %q", place, q.Get("u"))
			}
		case "whatsapp":
			if !strings.HasSuffix(q.Get("text"), " "+post) {
				t.Errorf("%s sends %q", place, q.Get("text"))
			}
		default:
			if q.Get("url") != post {
				t.Errorf("%s posts %q", place, q.Get("url"))
			}
		}
		for _, link := range []string{r.Targets[place]} {
			if strings.Contains(link, "utm_") || strings.Contains(link, "+") {
				t.Errorf("%s: %s", place, link)
			}
		}
	}
	if len(r.Targets) != len(places)+2 {
		t.Errorf("targets %v", r.Targets)
	}
}

// TestPostsOnXCountOurLink: the longer link of a certificate's page does not take the words their room.
func TestPostsOnXCountOurLink(t *testing.T) {
	vars := certificateVars()
	vars.Outward = outward()
	vars.Trigger["certificate_id"] = strings.Repeat("c", 150)
	vars.Trigger["praise"] = strings.Repeat("It was worth every hour. ", 12)
	r, err := load(t, "share.md").Render("share", "en", vars)
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(r.Targets["x"])
	if err != nil {
		t.Fatal(err)
	}
	words := target.Query().Get("text")
	link := target.Query().Get("url")
	if n := utf8.RuneCountInString(words) + 1 + len(link); n > 280 || n < 255 {
		t.Errorf("%d characters: %q %s", n, words, link)
	}
}

func TestMinorsGetNeitherShareNorReferralLinks(t *testing.T) {
	vars := certificateVars()
	vars.Outward = outward()
	vars.Learner.Traits["is_minor"] = true
	r, err := load(t, "share.md").Render("share", "en", vars)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(r.HTML+r.Text, "/s/") || strings.Contains(r.HTML+r.Text, "K7QX2MPA") || len(r.Targets) > 0 || len(r.Actions) != 1 {
		t.Errorf("targets %v, actions %v in\n%s", r.Targets, r.Actions, r.Text)
	}
	for _, body := range []string{"{{ referral.code }}", "{{ links.referral }}", "[x]({{ referral.url }})"} {
		if _, err := one(t, body).Render("m", "", vars); err == nil || !strings.Contains(err.Error(), "referral links are not offered to minors") {
			t.Errorf("%s gives %v", body, err)
		}
	}
	if r, err := one(t, "Hi\n\n{% button \"Invite\" referral.url %}").Render("m", "", vars); err != nil || len(r.Actions) != 0 {
		t.Errorf("a button to invite: %v, %v", r.Actions, err)
	}
}

func TestReferralLinks(t *testing.T) {
	vars := content.SampleVars(nil)
	for _, c := range []struct{ name, body, code, url, want string }{
		{"ours", "{{ referral.url }}", "K7QX2MPA", "https://learn.example/r/K7QX2MPA", "https://learn.example/r/K7QX2MPA"},
		{"without ours", "{{ referral.url }}", "K7QX2MPA", "", "https://academy.example/join?code=K7QX2MPA"},
		{"the code alone", "{{ referral.code }}", "K7QX2MPA", "", "K7QX2MPA"},
		{"none, and asked", "{% if referral %}x{% else %}no{% endif %}", "", "", "no"},
	} {
		vars.Outward.ReferralCode = c.code
		vars.Outward.ReferralURL = c.url
		if r := render(t, c.body, vars); !strings.HasPrefix(r.Text, c.want+"\n") {
			t.Errorf("%s: %q, want %q", c.name, r.Text, c.want)
		}
	}
	if _, err := one(t, "{{ referral.url }}").Render("m", "", vars); err == nil || !strings.Contains(err.Error(), "referral.url has no value here") {
		t.Errorf("a learner without a code: %v", err)
	}
	m, err := content.Parse("m.md", []byte("---\nsubject: S\n---\n{% if referral %}x{% endif %}"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := content.NewLibrary([]*content.Message{m}, content.Site{}); err == nil || !strings.Contains(err.Error(), "m.md:4:7: a referral link needs links.referral") {
		t.Errorf("a folder without links.referral: %v", err)
	}
}

func TestCampaignIsAddedToOwnLinksOnly(t *testing.T) {
	const all = "utm_source=homeroom&utm_medium=email&utm_campaign=certificate-share&utm_content=share"
	for link, want := range map[string]string{
		"https://academy.example/next":                                                   "https://academy.example/next?" + all,
		"https://ACADEMY.example:8443/next":                                              "https://ACADEMY.example:8443/next?" + all,
		"http://academy.example?a=b":                                                     "http://academy.example?a=b&" + all,
		"https://academy.example/?":                                                      "https://academy.example/?" + all,
		"https://academy.example/?a=b&#top":                                              "https://academy.example/?a=b&" + all + "#top",
		"https://academy.example/#/app?x=1":                                              "https://academy.example/?" + all + "#/app?x=1",
		"https://academy.example/?utm_source=paper":                                      "https://academy.example/?utm_source=paper&utm_medium=email&utm_campaign=certificate-share&utm_content=share",
		"https://academy.example/?utm_source=&utm_medium=a&utm_campaign=b&utm_content=c": "https://academy.example/?utm_source=&utm_medium=a&utm_campaign=b&utm_content=c",
		"https://news.example/":                                                          "https://news.example/",
		"https://academy.example.evil.example/":                                          "https://academy.example.evil.example/",
		"https://notacademy.example/":                                                    "https://notacademy.example/",
		"https://www.linkedin.com/company/academy":                                       "https://www.linkedin.com/company/academy",
		"https://wa.me/?text=hi":                                                         "https://wa.me/?text=hi",
		"mailto:help@academy.example":                                                    "mailto:help@academy.example",
		"https://learn.academy.example/u/AbC":                                            "https://learn.academy.example/u/AbC",
		"https://academy.example/s/x":                                                    "https://academy.example/s/x",
		"https://tenant.academy.example/{{ learner.id }}":                                "https://tenant.academy.example/u_42",
	} {
		m, err := content.Parse("m.md", []byte("---\nsubject: S\n---\n[x]("+link+") {% if share %}{% endif %}\n\n{% button \"B\" \""+link+"\" %}"))
		if err != nil {
			t.Fatal(err)
		}
		site := site
		site.Links = map[string]string{
			"certificate": "https://academy.example/c/{{ certificate_id }}", "company": "https://www.linkedin.com/company/academy",
			"chat": "https://wa.me/123", "tenant": "https://{{ school }}.academy.example/", "broken": "https://{{ school }}",
		}
		l, err := content.NewLibrary([]*content.Message{m}, site)
		if err != nil {
			t.Fatal(err)
		}
		vars := certificateVars()
		vars.Outward = outward()
		vars.Outward.Share = func(place string) string { return "https://academy.example/s/" + place } // the same host
		r, err := l.Render("m", "", vars)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Actions[0].URL; got != want {
			t.Errorf("%s becomes %s, want %s", link, got, want)
		}
		if !strings.Contains(r.Text, "("+want+")") {
			t.Errorf("%s: the text says %q", link, r.Text)
		}
		vars.Outward.Campaign = content.Campaign{}
		if r, err := l.Render("m", "", vars); err != nil || strings.Contains(r.HTML, "utm_medium=email") {
			t.Errorf("%s without a campaign: %v, %v", link, r.Actions, err)
		}
	}
}

func TestCampaignIsTheSites(t *testing.T) {
	l := one(t, "Hi")
	if got := l.Campaign("rule", "m"); got != (content.Campaign{}) {
		t.Errorf("a site without utm gives %+v", got)
	}
	site := site
	site.UTM = content.Campaign{Source: "academy", Medium: "mail"}
	l, err := content.NewLibrary(nil, site)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := l.Campaign("rule", "m"), (content.Campaign{Source: "academy", Medium: "mail", Name: "rule", Content: "m"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestTheFrameSpeaksTheMessagesLanguage(t *testing.T) {
	for locale, want := range map[string][]string{
		"": {"Unsubscribe", "Preferences"}, "de": {"Abbestellen", "Einstellungen"}, "fr": {"Se désabonner", "Préférences"},
		"es-MX": {"Darse de baja", "Preferencias"}, "pt": {"Unsubscribe", "Preferences"}, "it": {"Annulla l’iscrizione", "Preferenze"},
		"ar": {"إلغاء الاشتراك", "التفضيلات"}, "he-IL": {"ביטול הרישום", "העדפות"}, "fa": {"لغو اشتراک", "تنظیمات"}, "ur": {"ان سبسکرائب کریں", "ترجیحات"},
	} {
		var msgs []*content.Message
		for _, file := range slices.Compact([]string{"m.md", strings.ReplaceAll("m."+locale+".md", "..", ".")}) {
			m, err := content.Parse(file, []byte("---\nsubject: S\n---\n{{ preferences_url }}\n\n{% share %}"))
			if err != nil {
				t.Fatal(err)
			}
			msgs = append(msgs, m)
		}
		l, err := content.NewLibrary(msgs, site)
		if err != nil {
			t.Fatal(err)
		}
		vars := certificateVars()
		vars.Outward = outward()
		r, err := l.Render("m", locale, vars)
		if err != nil {
			t.Fatal(err)
		}
		for i, link := range []string{"https://learn.academy.example/u/AbC", "https://learn.academy.example/p/AbC"} {
			if !strings.Contains(r.Text, want[i]+": "+link) || !strings.Contains(r.HTML, `href="`+link+`"`) || !strings.Contains(r.HTML, ">"+want[i]+"</a>") {
				t.Errorf("%q: the frame lacks %s: %s", locale, want[i], r.Text)
			}
		}
		if len(r.Actions) != len(places) || slices.ContainsFunc(r.Actions, func(a content.Action) bool { return a.Label == "" }) {
			t.Errorf("%q: share links %v", locale, r.Actions)
		}
	}
}
