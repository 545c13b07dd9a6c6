package content

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"homeroom/internal/links"
)

// Outward is what leads out of a message: the learner's own links, and how clicks on the academy's are told apart. The
// zero value leaves every link as it is.
type Outward struct {
	// Unsubscribe is the learner's one-click link; empty only for transactional messages, whose footer then has none.
	Unsubscribe string
	Preferences string // where the learner chooses topics; empty: the footer does not mention it
	// Share returns the link that counts a click on a share link before it leads on, by place: one of the share links'
	// names, or links.PlaceCertificate for the page that posts lead to. Nil: share links lead straight there.
	Share func(place string) string
	// ReferralCode and ReferralURL are the learner's own; without a code, referral is nil. Without a URL, the link is
	// links.referral itself.
	ReferralCode, ReferralURL string
	Campaign                  Campaign
	// Staff says that the message goes to staff: its footer does not tell them that they learn here.
	Staff bool
}

// WithoutLearnersLinks returns what a message leads to that others get a copy of: what they click must not count as the learner's, nor change what the learner wants.
func (o Outward) WithoutLearnersLinks() Outward {
	o.Unsubscribe = ""
	o.Preferences = ""
	o.Share = nil
	o.ReferralCode = ""
	o.ReferralURL = ""
	return o
}

// Campaign is what the academy's own links carry so that its statistics know where a click came from: the values of
// utm_source, utm_medium, utm_campaign and utm_content. Empty ones are left out.
type Campaign struct{ Source, Medium, Name, Content string }

// Campaign is the campaign of a rule's message, with the site's source and medium; the zero Campaign if the site sets none.
func (l *Library) Campaign(rule, message string) Campaign {
	if l.site.UTM == (Campaign{}) {
		return Campaign{}
	}
	c := l.site.UTM
	c.Name = rule
	c.Content = message
	return c
}

// shareHosts are the sites that share links lead to. Nothing is ever added to an address there.
var shareHosts = []string{"linkedin.com", "x.com", "twitter.com", "facebook.com", "wa.me", "whatsapp.com"}

// marker adds a campaign to the academy's own links.
type marker struct {
	campaign Campaign
	hosts    []string // the academy's own
	spare    []string // addresses that are Homeroom's own, whatever their host
}

// newMarker prepares the campaign of one rendering.
func (l *Library) newMarker(o Outward) marker {
	return marker{campaign: o.Campaign, hosts: l.hosts, spare: []string{o.Unsubscribe, o.Preferences, o.ReferralURL}}
}

// markLink adds what the link does not say yet. The rest of it stays as it is, byte for byte.
func (m marker) markLink(link string) string {
	if m.campaign == (Campaign{}) || slices.Contains(m.spare, link) {
		return link
	}
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || !slices.Contains(m.hosts, strings.ToLower(u.Hostname())) {
		return link
	}
	query := u.Query()
	var add []string
	for _, p := range []struct{ key, value string }{
		{"utm_source", m.campaign.Source}, {"utm_medium", m.campaign.Medium},
		{"utm_campaign", m.campaign.Name}, {"utm_content", m.campaign.Content},
	} {
		if p.value != "" && !query.Has(p.key) {
			add = append(add, p.key+"="+percentEncode(p.value))
		}
	}
	if len(add) == 0 {
		return link
	}
	address, fragment, fragmented := strings.Cut(link, "#")
	switch {
	case !strings.Contains(address, "?"):
		address += "?"
	case !strings.HasSuffix(address, "?") && !strings.HasSuffix(address, "&"):
		address += "&"
	}
	address += strings.Join(add, "&")
	if fragmented {
		address += "#" + fragment
	}
	return address
}

// ownHosts are the hosts of the site's own links, in small letters. A link whose host is up to a template has none, and
// what learners share on is nobody's own.
func ownHosts(site Site) []string {
	var hosts []string
	for _, link := range append(slices.Collect(maps.Values(site.Links)), site.PublicURL) {
		plain, _, templated := strings.Cut(link, "{")
		_, rest, _ := strings.Cut(plain, "://")
		if templated && !strings.ContainsAny(rest, "/?#") {
			continue
		}
		u, err := url.Parse(plain)
		if err != nil || u.Hostname() == "" {
			continue
		}
		if host := strings.ToLower(u.Hostname()); !slices.Contains(hosts, host) && !isShareHost(host) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

func isShareHost(host string) bool {
	return slices.ContainsFunc(shareHosts, func(known string) bool {
		return host == known || strings.HasSuffix(host, "."+known)
	})
}

// bindReferral adds the learner's referral link to the variables, if the message uses it and the learner has one.
func (l *Library) bindReferral(m *Message, s *sheet, bindings map[string]any, o Outward, targets map[string]string) {
	referral, _ := bindings[referralRoot].(map[string]any)
	uses := slices.ContainsFunc(m.allTemplates(), func(t *template) bool { return t.usesRoot(referralRoot) })
	if !uses || referral == nil {
		return
	}
	bound, _ := bindings["links"].(map[string]any)
	target, _ := bound[referralRoot].(string)
	if target == "" {
		delete(bindings, referralRoot)
		s.missing[referralRoot] = fmt.Errorf("a referral link needs links.referral: %w", s.missing["links."+referralRoot])
		return
	}
	link := dropMarkRunes(o.ReferralURL)
	if link == "" {
		link = target
	}
	s.marker.spare = append(s.marker.spare, link) // it is for others, who come from no mail
	targets[referralRoot] = target
	bindings[referralRoot] = map[string]any{"code": referral["code"], "url": link}
}

// bindShare adds the share links to the variables, if the message uses them and the learner may see them.
func (l *Library) bindShare(m *Message, s *sheet, bindings map[string]any, vars Vars, w words, targets map[string]string) {
	uses := slices.ContainsFunc(m.allTemplates(), func(t *template) bool { return t.share })
	if !uses || s.minor {
		return
	}
	c, err := l.gatherCertificate(m, s, bindings, vars, w)
	if err != nil {
		s.missing["share"] = err
		return
	}
	counted := vars.Outward.Share
	if counted == nil {
		counted = func(place string) string { return targets[place] }
	}
	targets[links.PlaceCertificate] = c.url
	c.post = counted(links.PlaceCertificate)
	maps.Copy(targets, c.shareLinks())
	s.share = make(map[string]string, len(shareNames))
	share := make(map[string]any, len(shareNames))
	for _, place := range shareNames {
		s.share[place] = counted(place)
		share[place] = s.share[place]
		s.marker.spare = append(s.marker.spare, s.share[place])
	}
	bindings["share"] = share
}

// gatherCertificate gathers what share links say, but for what posts lead to.
func (l *Library) gatherCertificate(m *Message, s *sheet, bindings map[string]any, vars Vars, w words) (certificate, error) {
	bound, _ := bindings["links"].(map[string]any)
	course, _ := bindings["course"].(map[string]any)
	trigger, _ := bindings[triggerRoot].(map[string]any)
	page, _ := bound["certificate"].(string)
	title, _ := course["title"].(string)
	id, _ := trigger["certificate_id"].(string)
	if page == "" {
		return certificate{}, fmt.Errorf("share links need links.certificate: %w", s.missing["links.certificate"])
	}
	if title == "" {
		return certificate{}, fmt.Errorf("share links need course.title, which is not known here%sadd the course to courses.yaml", hintMark)
	}
	c := certificate{
		title:    visibleText(title),
		url:      page,
		id:       visibleText(id),
		issuer:   l.site.Sender.Name,
		linkedIn: l.site.LinkedInOrgID,
		text:     fmt.Sprintf(w.shareText, visibleText(title)),
	}
	if !vars.TriggerTime.IsZero() {
		c.issued = vars.TriggerTime.In(l.zoneOf(vars.Learner))
	}
	if m.ShareText != "" {
		proposed, err := m.shareText.renderLine(s, bindings)
		if err != nil {
			return certificate{}, err
		}
		c.text = proposed
	}
	return c, nil
}
