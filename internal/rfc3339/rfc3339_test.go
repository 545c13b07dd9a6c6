package rfc3339_test

import (
	"strings"
	"testing"
	"time"

	"homeroom/internal/rfc3339"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"2026-03-02T10:00:00Z":         "2026-03-02T10:00:00Z",
		"2026-03-02t10:00:00z":         "2026-03-02T10:00:00Z",
		"2026-03-02T10:00:00.25+05:30": "2026-03-02T04:30:00.25Z",
		"2026-03-02T10:00:00+23:59":    "2026-03-01T10:01:00Z",
		"2026-03-02T10:00:00-23:59":    "2026-03-03T09:59:00Z",
		"2026-03-02T10:00:00-00:00":    "2026-03-02T10:00:00Z",
		"2026-03-02T10:00:00+24:00":    "",
		"2026-03-02T10:00:00-24:00":    "",
		"2026-03-02T10:00:00+10:60":    "",
		"2026-03-02T10:00:00+99:99":    "",
		"2026-03-02T10:00:00":          "",
		"2026-03-02 10:00:00Z":         "",
		"2026-02-30T10:00:00Z":         "",
		"2026-03-02T25:00:00Z":         "",
		"":                             "",
		"z":                            "",
		"2026-03-02T10:00:00." + strings.Repeat("0", 100) + "Z": "",
	} {
		at, err := rfc3339.Parse(text)
		got := ""
		if err == nil {
			got = at.UTC().Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%q is read as %q (%v), want %q", text, got, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("2026-03-02T10:00:00+23:59")
	f.Add("2026-03-02t10:00:00.5z")
	f.Fuzz(func(t *testing.T, text string) {
		at, err := rfc3339.Parse(text)
		if err != nil {
			return
		}
		if _, err := at.MarshalText(); err != nil {
			t.Errorf("%q cannot be written again: %v", text, err)
		}
	})
}
