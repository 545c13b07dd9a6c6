package admin_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"homeroom/admin"
)

// TestWriteRulesCSV: what people wrote is one cell on one line, and no formula.
func TestWriteRulesCSV(t *testing.T) {
	var out strings.Builder
	err := admin.WriteRulesCSV(&out, []admin.RuleSummary{
		{Name: "a", About: "=HYPERLINK(\"https://evil.example\")\nand, more", Messages: []string{"m1", "m2"}, Holdout: 2.5},
		{Name: "b", About: "-1+1"},
	}, map[string]int64{"a": 7})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%q, %v", rows, err)
	}
	if got, want := strings.Join(rows[1], "|"), "a|'=HYPERLINK(\"https://evil.example\") and, more||m1 m2|7|2.5|false|false"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := strings.Join(rows[2], "|"), "b|'-1+1|||0|0|false|false"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	out.Reset()
	if err := admin.WriteRulesCSV(&out, []admin.RuleSummary{{Name: "a"}}, nil); err != nil || !strings.Contains(out.String(), "a,,,,,0,") {
		t.Errorf("what is not known is no figure: %s, %v", out.String(), err)
	}
}
