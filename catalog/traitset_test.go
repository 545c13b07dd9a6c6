package catalog_test

import (
	"strings"
	"testing"

	"homeroom/catalog"
)

// TestATraitThatIsSet: of any JSON value, or of none, but no trait by which Homeroom itself goes.
func TestATraitThatIsSet(t *testing.T) {
	c := builtin(t)
	for _, tc := range []struct{ name, properties, code, says string }{
		{"a text", `"trait":"stage","value":"asleep","rule":"sleepers","chain":1`, "", ""},
		{"a list", `"trait":"stages","value":["a",1,true]`, "", ""},
		{"removed", `"trait":"stage","value":null`, "", ""},
		{"no trait", `"value":"asleep"`, catalog.CodeMissingKey, "learner.trait_set needs trait"},
		{"an empty name", `"trait":"","value":"x"`, catalog.CodeMissingKey, "trait is empty"},
		{"an address", `"trait":"email","value":"eve@example.org"`, catalog.CodeUnknownWord, "no rule may set the trait email: it is where mail goes"},
		{"consent, spelled otherwise", `"trait":"emailConsent","value":true`, catalog.CodeUnknownWord, "only the learner"},
		{"a chain that is no number", `"trait":"stage","chain":"1"`, catalog.CodeWrongType, "chain must be a number"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := c.Decode("u", "learner.trait_set", []byte(`{"id":"e1","properties":{`+tc.properties+`}}`), received)
			switch {
			case err == nil && tc.code != "":
				t.Errorf("it was taken; want %s", tc.code)
			case err != nil && (err.Code != tc.code || !strings.Contains(err.Error(), tc.says)):
				t.Errorf("got %s: %v, want %s: %s", err.Code, err, tc.code, tc.says)
			}
		})
	}
}
