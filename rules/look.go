package rules

import (
	"net/url"
	"regexp"
	"strings"

	"homeroom/content"
	"homeroom/internal/colors"
	"homeroom/internal/yamlfile"
)

// look is what settings.yaml says about how messages look and where they lead.
type look struct {
	utm          content.Campaign // zero: off
	publicURL    string
	organization string // on LinkedIn
	accent       string
}

// What utm_source and utm_medium say unless utm: does.
const (
	defaultSource = "homeroom"
	defaultMedium = "email"
)

var (
	utmForm          = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)
	organizationForm = regexp.MustCompile(`^[0-9]{1,20}$`)
)

// readUTM reads {source: …, medium: …}, or off.
func readUTM(d *decoder, s *settingsSpec, _, v *yamlfile.Node) {
	if v.Kind == yamlfile.Scalar {
		if word, ok := d.Text(v, "utm"); ok && word != "off" && word != "false" {
			d.Fail(v.At, "write {source: homeroom, medium: email}, or off", "utm cannot be %q", word)
		}
		s.look.utm = content.Campaign{}
		return
	}
	word := func(name string, into func(*content.Campaign) *string) key[content.Campaign] {
		return key[content.Campaign]{
			name: name,
			read: func(d *decoder, c *content.Campaign, _, v *yamlfile.Node) {
				text, ok := d.Text(v, name)
				if ok && !utmForm.MatchString(text) {
					d.Fail(v.At, "use letters, digits, - and _, at most 64", "utm_%s cannot be %q", name, text)
					return
				}
				*into(c) = text
			},
		}
	}
	readKeys(d, v, "utm", []key[content.Campaign]{
		word("source", func(c *content.Campaign) *string { return &c.Source }),
		word("medium", func(c *content.Campaign) *string { return &c.Medium }),
	}, &s.look.utm)
}

func readPublicURL(d *decoder, s *settingsSpec, _, v *yamlfile.Node) {
	text, ok := d.Text(v, "public_url")
	if !ok {
		return
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Contains(text, "{") {
		d.Fail(v.At, "write it like https://academy.example", "public_url is not a web address: %q", text)
		return
	}
	s.look.publicURL = text
}

func readOrganization(d *decoder, s *settingsSpec, _, v *yamlfile.Node) {
	text, ok := d.Text(v, "linkedin_organization_id")
	if ok && !organizationForm.MatchString(text) {
		d.Fail(v.At, "use the number in the address of your page's admin view: linkedin.com/company/12345/admin",
			"linkedin_organization_id is not a number: %q", text)
		return
	}
	s.look.organization = text
}

func readAccent(d *decoder, s *settingsSpec, _, v *yamlfile.Node) {
	text, ok := d.Text(v, "accent")
	if ok && !colors.Valid(text) {
		d.Fail(v.At, `write it like "#24584b", with the quotes`, "accent is not a color: %q", text)
		return
	}
	s.look.accent = text
}
