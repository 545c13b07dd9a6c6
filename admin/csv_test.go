package admin_test

import (
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"homeroom/admin"
)

// TestNoCellIsAFormula: whatever stands in a cell, a spreadsheet takes it for a text or a number.
func TestNoCellIsAFormula(t *testing.T) {
	for cell, want := range map[string]string{
		"=1+1":          "'=1+1",
		"+49":           "+49",
		"+49 30":        "'+49 30",
		"-0.0512":       "-0.0512",
		"-1+1":          "'-1+1",
		"@SUM(A1)":      "'@SUM(A1)",
		"\t=1":          "'\t=1",
		"\n=1":          "'\n=1",
		"a=b":           "a=b",
		"":              "",
		"u_1":           "u_1",
		"=\"a\",\"b\"":  "'=\"a\",\"b\"",
		"-Inf; rm":      "'-Inf; rm",
		"quiz-retry":    "quiz-retry",
		"2026-11-29":    "2026-11-29",
		"’=1 as a word": "’=1 as a word",
	} {
		var out strings.Builder
		if err := admin.WriteCSV(&out, [][]string{{"before", cell}}); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
		if err != nil || len(rows) != 1 || rows[0][1] != want {
			t.Errorf("%q comes as %q, %v; want %q", cell, rows, err, want)
		}
	}
}

// TestLearnersAreNoFormulas: ids and courses are what platforms publish.
func TestLearnersAreNoFormulas(t *testing.T) {
	var out strings.Builder
	list := admin.AtRisk{Learners: []admin.AtRiskLearner{{}}}
	list.Learners[0].Learner = "=HYPERLINK(1)"
	list.Learners[0].Course = "@course"
	list.Learners[0].Last = &admin.SentMessage{Rule: "r", Message: "m", At: time.Unix(0, 0).UTC()}
	if err := admin.WriteAtRiskCSV(&out, &list); err != nil || !strings.Contains(out.String(), "\n'=HYPERLINK(1),'@course,") {
		t.Errorf("%s, %v", out.String(), err)
	}
}
