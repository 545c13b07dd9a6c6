package catalog

import (
	"encoding/json"
	"strings"

	"homeroom/engine"
)

// traitEmail is the trait that holds the learner's e-mail address.
const traitEmail = "email"

// Addresses returns the learner's e-mail addresses that a stored event or dead letter holds, as they were published.
// Every format is asked, and every source that is given, whichever one the message claims, because dead letters are read too and an erasure must not
// miss an address; a batch counts as its events. Other addresses, in properties or within traits, may be somebody
// else's: a friend's who was invited, for instance.
func Addresses(subject string, body []byte, sources ...Translator) []string {
	var whole any
	if json.Unmarshal(trimBOM(body), &whole) != nil {
		return nil
	}
	events, isBatch := whole.([]any)
	if !isBatch {
		events = []any{whole}
	}
	profile := strings.HasSuffix(subject, "."+engine.EventProfileUpdated)
	var addresses []string
	for _, event := range events {
		object, _ := event.(map[string]any)
		for _, f := range formats {
			for _, traits := range f.traitsOf(object, profile) {
				addresses = appendAddress(addresses, traits)
			}
		}
		for _, source := range sources {
			addresses = appendForeign(addresses, source, object)
		}
	}
	return addresses
}

// appendForeign adds the addresses that a source finds in a body, or in the bodies that it holds.
func appendForeign(addresses []string, source Translator, body map[string]any) []string {
	bodies := []any{body}
	if items, found := source.Items(nil, body); found {
		bodies = append(bodies, items...)
	}
	for _, item := range bodies {
		object, _ := item.(map[string]any)
		for _, address := range source.Addresses(object) {
			addresses = appendAddress(addresses, map[string]any{traitEmail: address})
		}
	}
	return addresses
}

// appendAddress adds the address of an object of traits, unless it is there already.
func appendAddress(addresses []string, traits any) []string {
	values, _ := traits.(map[string]any)
	email, _ := values[traitEmail].(string)
	email = strings.TrimSpace(email)
	if !strings.Contains(email, "@") {
		return addresses
	}
	for _, known := range addresses {
		if known == email {
			return addresses
		}
	}
	return append(addresses, email)
}
