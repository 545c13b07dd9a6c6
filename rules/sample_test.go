package rules_test

import (
	"testing"

	"homeroom/rules"
)

// TestEveryMessageOfTheExampleIsShown with what is made up for it: an address is one, so that a button leads somewhere.
func TestEveryMessageOfTheExampleIsShown(t *testing.T) {
	academy, problems := rules.LoadDir("../examples/academy")
	if academy == nil {
		t.Fatal(problems)
	}
	for _, message := range academy.Library.Names() {
		for _, locale := range academy.Library.Locales(message) {
			if _, err := academy.Library.Render(message, locale, academy.Sample(message)); err != nil {
				t.Errorf("%s %s: %v", message, locale, err)
			}
		}
	}
}
