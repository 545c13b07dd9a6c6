package content

import "testing"

// TestRiskReasonsInEveryLanguage: each language of the frame says each reason, in words of its own.
func TestRiskReasonsInEveryLanguage(t *testing.T) {
	english := riskReasonWords("en")
	for _, lang := range []string{"de", "fr", "es", "it", "ar", "he", "fa", "ur"} {
		for reason, words := range english {
			if own := riskReasonWords(lang)[reason]; own == "" || own == words {
				t.Errorf("%s, %s: %q", lang, reason, own)
			}
		}
	}
}
