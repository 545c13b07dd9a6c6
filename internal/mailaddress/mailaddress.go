// Package mailaddress decides what an e-mail address is: which ones a mail provider takes, in which form they are sent to, and when two are the same. Every
// host (the engine, the simulator, delivery, the store) asks here, so that they agree. It is pure.
package mailaddress

import (
	"net/mail"
	"strings"

	"golang.org/x/net/idna"
)

// The limits of RFC 5321, section 4.5.3.1, and RFC 1035, section 2.3.4, in bytes.
const (
	maxAddress = 254
	maxLocal   = 64
	maxLabel   = 63
)

// maxText is the longest text in which a domain is converted, in bytes; it bounds the work that a hostile one costs. A domain in Unicode may take a few bytes for
// each of the 254 that it has in ASCII.
const maxText = 1024

// Why no provider takes an address, in words for people. They never repeat the address.
const (
	whyNone      = "what the profile calls the address is not one"
	whyLocal     = "the address has other than ASCII letters before the @, which mail providers do not take"
	whyTooLong   = "the address is longer than mail servers take (64 bytes before the @, 254 in all)"
	whyNoDomain  = "the address has no domain that a mail server can have (it needs a dot, as in example.org)"
	whyBadDomain = "the domain of the address is not one"
)

// IsBare reports whether text is one bare address on one line, without a display name; it cannot carry a line break into a mail's header. Whether a provider
// takes the address is another question: see [Deliverable].
func IsBare(text string) bool {
	parsed, err := mail.ParseAddress(text)
	return err == nil && parsed.Name == "" && parsed.Address == text
}

// Deliverable returns the form in which mail is sent to an address: an international domain in ASCII (xn--…), everything else as it is. If no provider takes the
// address, why says so in words for people, and the form is empty.
func Deliverable(address string) (form, why string) {
	address = strings.TrimSpace(address)
	if len(address) > maxText {
		return "", whyTooLong
	}
	if !IsBare(address) {
		return "", whyNone
	}
	local, domain := splitAddress(address)
	if strings.ContainsFunc(local, notASCII) {
		return "", whyLocal
	}
	domain, why = hostOf(domain)
	if why != "" {
		return "", why
	}
	form = local + "@" + domain
	if len(local) > maxLocal || len(form) > maxAddress {
		return "", whyTooLong
	}
	return form, ""
}

// Normalize returns the form in which addresses are compared and hashed: without space around it, in small letters, an international domain in ASCII. Any text has
// one; that of an address whose domain is none is the text itself in small letters.
func Normalize(address string) string {
	address = strings.TrimSpace(address)
	local, domain := splitAddress(address)
	if ascii := NormalizeDomain(domain); ascii != domain {
		address = local + "@" + ascii
	}
	return strings.ToLower(address)
}

// NormalizeDomain returns the form in which domains are compared: in small letters and in ASCII. A text that is no domain is only put in small letters.
func NormalizeDomain(domain string) string {
	if len(domain) > maxText || !strings.ContainsFunc(domain, notASCII) {
		return strings.ToLower(domain)
	}
	if ascii, err := idna.Lookup.ToASCII(domain); err == nil {
		return ascii
	}
	return strings.ToLower(domain)
}

// splitAddress returns what is before and after the last @.
func splitAddress(address string) (local, domain string) {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address, ""
	}
	return address[:at], address[at+1:]
}

// hostOf returns a domain in ASCII, or why no mail server can have it.
func hostOf(domain string) (ascii, why string) {
	if strings.ContainsFunc(domain, notASCII) {
		converted, err := idna.Lookup.ToASCII(domain)
		if err != nil {
			return "", whyBadDomain
		}
		domain = converted
	}
	labels := strings.Split(domain, ".")
	last := strings.ToLower(labels[len(labels)-1])
	if len(labels) < 2 || isReserved(last) {
		return "", whyNoDomain
	}
	for _, label := range labels {
		if !isLabel(label) {
			return "", whyBadDomain
		}
	}
	if strings.Trim(last, "0123456789") == "" { // an IP address
		return "", whyNoDomain
	}
	return domain, ""
}

// isLabel reports whether a text can be one label of a domain in ASCII. An underscore is let through: some servers have one.
func isLabel(label string) bool {
	if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for _, r := range label {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '_':
		default:
			return false
		}
	}
	return true
}

// isReserved reports whether nothing can ever be delivered under a top-level domain: RFC 6761 reserves invalid and localhost for that. It reserves test and
// example as well, which are let through: they are what trials and documents use.
func isReserved(topLevel string) bool { return topLevel == "invalid" || topLevel == "localhost" }

func notASCII(r rune) bool { return r <= ' ' || r > '~' }
