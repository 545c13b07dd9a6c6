package profile

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"homeroom/internal/cleantext"
	"homeroom/internal/mailaddress"
	"homeroom/internal/spelling"
)

// otherNames are what publishers call the known traits in other systems, folded as [spelling.Fold] does.
var otherNames = map[string][]string{
	"email":      {"email", "emailaddress", "mail", "mailaddress"},
	"first_name": {"firstname", "givenname", "forename"},
	"locale":     {"locale", "language", "lang"},
	"timezone":   {"timezone", "tz", "zone"},
	"consent":    {"consent", "emailconsent"},
	"is_minor":   {"isminor", "minor"},
}

// Remarks says for people what cannot be used of published traits, although the event that carried them counts: an address that is none, a time zone that no
// clock has, a name that is none, a known trait under another name, push tokens that are none. A remark names the trait. Of the values only a time zone's is repeated, and only if
// it looks like one. The order is that of the traits' names; nil: everything is understood.
func Remarks(traits map[string]any) []string {
	var remarks []string
	for _, name := range slices.Sorted(maps.Keys(traits)) {
		if remark := remarkOn(name, traits); remark != "" {
			remarks = append(remarks, remark)
		}
	}
	return remarks
}

// remarkOn is the remark about one of the traits, or "".
func remarkOn(name string, traits map[string]any) string {
	text, isText := traits[name].(string)
	text = strings.TrimSpace(text)
	if isText && text != "" {
		switch name {
		case "email":
			return remarkOnEmail(text)
		case "first_name":
			if cleantext.Name(text) == "" {
				return "the trait first_name is no name (a link, a number, markup, null, or longer than 60 characters), so messages are written as if it were unknown"
			}
		case "timezone":
			if _, ok := ZoneName(text); !ok {
				return fmt.Sprintf("the trait timezone%s is no IANA name such as Europe/Berlin, so the academy's time zone is used", quoteZone(text))
			}
		}
	}
	if len(name) > 32 || traits[name] == nil {
		return ""
	}
	if name == TraitPushTokens {
		return remarkOnPushTokens(traits)
	}
	for _, known := range slices.Sorted(maps.Keys(otherNames)) {
		if _, there := traits[known]; !there && slices.Contains(otherNames[known], spelling.Fold(name)) {
			return fmt.Sprintf("the trait %s has no meaning here, did you mean %s?", cleantext.Line(name), known)
		}
	}
	return ""
}

// remarkOnPushTokens says why none, or not all, of the published tokens can be used. It repeats no token.
func remarkOnPushTokens(traits map[string]any) string {
	published, ok := publishedTokens(traits)
	switch {
	case !ok:
		return "the trait push_tokens is neither a text nor a list of texts, so no app of the learner is known"
	case len(published) == 0: // all were taken away
		return ""
	case len(PushTokens(traits)) == 0:
		return "the trait push_tokens has no token of Firebase in it (a text of 16 to 1,024 letters, digits and signs), so no app of the learner is known"
	case len(lastTokens(published, MaxPushTokens+1)) > MaxPushTokens:
		return fmt.Sprintf("the trait push_tokens has more than %d tokens, of which the last %d are used: publish the newest ones, the newest last", MaxPushTokens, MaxPushTokens)
	case slices.ContainsFunc(published, func(value any) bool { return !isPublishedToken(value) }):
		return "some of the trait push_tokens are no tokens of Firebase (texts of 16 to 1,024 letters, digits and signs), and are left out"
	}
	return ""
}

func remarkOnEmail(text string) string {
	if !mailaddress.IsBare(text) {
		return "the trait email is not an address such as ada@example.org, so the one that was known before stays, if there is one"
	}
	if _, why := mailaddress.Deliverable(text); why != "" {
		return "nothing can be mailed to the trait email: " + why
	}
	return ""
}

// zoneLike is what a time zone may look like; anything else is not repeated.
var zoneLike = regexp.MustCompile(`^[A-Za-z0-9_+:/ -]{1,32}$`)

func quoteZone(text string) string {
	if !zoneLike.MatchString(text) {
		return ""
	}
	return " " + text
}
