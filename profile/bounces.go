package profile

import (
	"slices"
	"strings"
)

// BounceSeverity is what a bounce says about an address.
type BounceSeverity string

// The severities.
const (
	BounceUnknown BounceSeverity = ""        // the word is not in [BounceWords]
	BounceHard    BounceSeverity = "hard"    // the address does not exist or refuses for good: it is suppressed
	BounceSoft    BounceSeverity = "soft"    // refused this time: the address stays reachable
	BounceDropped BounceSeverity = "dropped" // the provider did not try; the word alone does not say why
)

// bounceWords are the words of bounce_type, folded. Besides SendGrid's (bounce, blocked, dropped) they are those of Amazon SES
// (Permanent, Transient, Undetermined), Mailgun (permanent, temporary), Mandrill and Brevo (hard_bounce, soft_bounce) and Postmark
// (HardBounce, SoftBounce).
func bounceWords() map[string]BounceSeverity {
	return map[string]BounceSeverity{
		"bounce":       BounceHard,
		"hard":         BounceHard,
		"hardbounce":   BounceHard,
		"permanent":    BounceHard,
		"block":        BounceSoft,
		"blocked":      BounceSoft,
		"soft":         BounceSoft,
		"softbounce":   BounceSoft,
		"temporary":    BounceSoft,
		"transient":    BounceSoft,
		"undetermined": BounceSoft,
		"dropped":      BounceDropped,
	}
}

// BounceSeverityOf returns what a bounce_type says. Case, spaces, hyphens and underscores do not matter: "HardBounce" and "hard_bounce"
// are one word.
func BounceSeverityOf(word string) BounceSeverity {
	if len(word) > 64 {
		return BounceUnknown
	}
	fold := strings.NewReplacer(" ", "", "-", "", "_", "").Replace(strings.ToLower(word))
	return bounceWords()[fold]
}

// BounceWords returns the words that bounce_type may have, folded and sorted.
func BounceWords() []string {
	words := make([]string, 0, len(bounceWords()))
	for word := range bounceWords() {
		words = append(words, word)
	}
	slices.Sort(words)
	return words
}
