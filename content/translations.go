package content

import (
	"maps"
	"slices"
	"strings"
)

// MissingLocales returns the locales that other messages are written in and this one is not, sorted: learners with such a locale read its
// default. A locale for which another version of the message stands in (de for de-AT) is not missing, nor is English, which originals are
// taken to be written in.
func (l *Library) MissingLocales(name string) []string {
	missing := map[string]bool{}
	for _, versions := range l.messages {
		for locale := range versions {
			language, _, _ := strings.Cut(locale, "-")
			if language == "" || language == "en" || l.hasVersionFor(name, locale) {
				continue
			}
			missing[locale] = true
		}
	}
	return slices.Sorted(maps.Keys(missing))
}

// hasVersionFor reports whether a version of the message other than the default is for learners of the locale, also one that could not be
// read.
func (l *Library) hasVersionFor(name, locale string) bool {
	for _, candidate := range localeFallbacks(locale) {
		if candidate != "" && (l.messages[name][candidate] != nil || l.unread[name][candidate]) {
			return true
		}
	}
	return false
}
