package content

import (
	"strconv"
	"strings"
	"time"
)

// shareNames are the places to share a certificate, in the order of the share block.
var shareNames = []string{"linkedin_profile", "linkedin_post", "x", "facebook", "whatsapp"}

// certificate is what share links say about a certificate.
type certificate struct {
	title    string // of the course
	url      string // its public page
	post     string // what posts lead to: the page, or a link to it that is counted
	id       string // may be empty
	issued   time.Time
	issuer   string
	linkedIn string // the issuer's LinkedIn organization id; may be empty
	text     string // what the learner is proposed to say
}

// shareLinks returns the share link for each of shareNames. Formats: LinkedIn's "Add to profile" and share-offsite, X's
// post intent, Facebook's sharer, WhatsApp's click to chat. Spaces are %20: some of them show a + as it is.
func (c certificate) shareLinks() map[string]string {
	profile := "https://www.linkedin.com/profile/add?startTask=CERTIFICATION_NAME&name=" + percentEncode(c.title)
	if c.linkedIn != "" {
		profile += "&organizationId=" + percentEncode(c.linkedIn)
	} else {
		profile += "&organizationName=" + percentEncode(c.issuer)
	}
	if !c.issued.IsZero() {
		profile += "&issueYear=" + strconv.Itoa(c.issued.Year()) + "&issueMonth=" + strconv.Itoa(int(c.issued.Month()))
	}
	profile += "&certUrl=" + percentEncode(c.url)
	if c.id != "" {
		profile += "&certId=" + percentEncode(c.id)
	}
	return map[string]string{
		"linkedin_profile": profile,
		"linkedin_post":    "https://www.linkedin.com/sharing/share-offsite/?url=" + percentEncode(c.post),
		"x":                "https://x.com/intent/tweet?text=" + percentEncode(fitPost(c.text, c.post)) + "&url=" + percentEncode(c.post),
		"facebook":         "https://www.facebook.com/sharer/sharer.php?u=" + percentEncode(c.post),
		"whatsapp":         "https://wa.me/?text=" + percentEncode(c.text+" "+c.post),
	}
}

const (
	maxPost      = 280 // characters of a post on X, the link included
	shortLinkLen = 23  // what X counts for a link, however long it is
)

// fitPost shortens the text of a post, at a word, so that text, a space and the link are within X's limit. The link
// counts with its whole length while that leaves room for words, so that people who count by hand agree.
func fitPost(text, link string) string {
	room := maxPost - 1 - max(len(link), shortLinkLen)
	if room < 80 {
		room = maxPost - 1 - shortLinkLen
	}
	if postLen(text) <= room {
		return text
	}
	var b strings.Builder
	used := postLen("…")
	for _, r := range text {
		if used += postLen(string(r)); used > room {
			break
		}
		b.WriteRune(r)
	}
	short := b.String()
	if i := strings.LastIndexByte(short, ' '); i > len(short)/2 {
		short = short[:i]
	}
	return strings.TrimRight(short, " ,.;:–-") + "…"
}

// postLen counts as X does: Latin and neighboring scripts once, all others (and emoji) twice. The ranges are those of twitter-text, config v3.
func postLen(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case r <= 0x10FF, r >= 0x2000 && r <= 0x200D, r >= 0x2010 && r <= 0x201F, r >= 0x2032 && r <= 0x2037:
			n++
		default:
			n += 2
		}
	}
	return n
}
