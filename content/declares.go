package content

import (
	"net/url"
	"slices"
	"strings"
)

// Declares reports whether a link may lead to this address: it is on one of the academy's own hosts (those of the links in
// settings.yaml), or where certificates are shared.
func (l *Library) Declares(link string) bool {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Opaque != "" {
		return false
	}
	host := strings.ToLower(u.Hostname())
	return host != "" && !strings.ContainsAny(link, "\\\r\n\t") && (slices.Contains(l.hosts, host) || isShareHost(host))
}
