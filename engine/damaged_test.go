package engine_test

import (
	"encoding/json"
	"strings"
	"testing"

	"homeroom/engine"
)

// TestWhatIsDamagedIsSaidInWords: the texts stand in the doctor's findings.
func TestWhatIsDamagedIsSaidInWords(t *testing.T) {
	for name, into := range map[string]any{
		"hand-ins":          new(engine.HandIns),
		"repeated hand-ins": new(engine.RepeatedHandIns),
		"past runs":         new(engine.PastRuns),
	} {
		for _, raw := range []string{`"AAAA"`, `"?"`, `7`} {
			err := json.Unmarshal([]byte(raw), into)
			if err == nil {
				t.Errorf("%s: %s is read", name, raw)
				continue
			}
			if text := err.Error(); !strings.Contains(text, "damaged") || strings.Contains(text, "%!") {
				t.Errorf("%s, %s: %s", name, raw, text)
			}
		}
	}
}
