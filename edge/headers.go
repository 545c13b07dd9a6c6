package edge

import (
	"net/http"
	"strings"
)

// maxBody is what a form may hold, in bytes.
const maxBody = 64 << 10

// policy is the Content-Security-Policy of everything; pages add the hash of their style sheet.
const policy = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"

// setSecurityHeaders sets what every answer carries.
func (e *Edge) setSecurityHeaders(h http.Header, r *http.Request) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer") // the address of a page is a secret
	h.Set("Cache-Control", "no-store")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	if r.TLS != nil || e.o.TrustProxy && strings.EqualFold(lastOf(r.Header.Values("X-Forwarded-Proto")), "https") {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// bots are what programs that nobody sits in front of call themselves: crawlers, makers of link previews, scanners of
// mail. "bot" itself is looked for apart.
var bots = []string{
	"crawl", "spider", "slurp", "preview", "facebookexternalhit", "facebookcatalog", "meta-external", "whatsapp/", "embedly",
	"vkshare", "flipboardproxy", "imageproxy", "mailproxy", "google-safety", "google-inspectiontool", "google-read-aloud",
	"apis-google", "feedfetcher", "mediapartners-google", "safelinks", "proofpoint", "mimecast", "barracuda", "symantec", "fireeye", "urlscan",
	"headlesschrome", "phantomjs", "lighthouse", "pagespeed", "gtmetrix", "validator", "monitor", "uptime", "pingdom", "scanner",
	"curl/", "wget/", "httpie", "python", "go-http-client", "okhttp", "java/", "apache-httpclient", "axios/", "node-fetch", "undici", "libwww", "ruby", "php/", "guzzle",
}

// isPerson reports whether a request seems to come from a person, and not from a program that prefetches or scans links.
func isPerson(r *http.Request) bool {
	if r.Method != http.MethodGet {
		return false
	}
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		purpose := strings.ToLower(r.Header.Get(name))
		if strings.Contains(purpose, "prefetch") || strings.Contains(purpose, "prerender") || strings.Contains(purpose, "preview") {
			return false
		}
	}
	agent := strings.ToLower(r.UserAgent())
	if agent == "" {
		return false
	}
	for _, bot := range bots {
		if strings.Contains(agent, bot) {
			return false
		}
	}
	return !strings.Contains(strings.ReplaceAll(agent, "cubot", ""), "bot") // Cubot makes phones
}
