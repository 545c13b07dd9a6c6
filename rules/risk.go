package rules

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"homeroom/engine"
	"homeroom/internal/yamlfile"
)

// maxIntercept bounds the intercept of a risk; beyond it every risk is 0 or 1.
const maxIntercept = 20

// readRiskSettings reads what settings.yaml says about risk. Its presence alone lets risk be kept for `homeroom risk`.
func readRiskSettings(d *decoder, s *settingsSpec, _, v *yamlfile.Node) {
	settings := &engine.RiskSettings{Intercept: engine.RiskIntercept}
	readKeys(d, v, "risk", []key[engine.RiskSettings]{{
		name: "intercept",
		read: func(d *decoder, r *engine.RiskSettings, _, v *yamlfile.Node) {
			text, ok := d.Text(v, "intercept")
			if !ok {
				return
			}
			n, err := strconv.ParseFloat(text, 64)
			if err != nil || !(math.Abs(n) <= maxIntercept) {
				d.Fail(v.At, "write what homeroom calibrate says, or take it out", "the intercept is not a number from -%d to %d: %q", maxIntercept, maxIntercept, text)
				return
			}
			r.Intercept = n
		},
	}}, settings)
	s.Risk = settings
}

// readsRisk reports whether a rule or a message of a folder looks at risk. The names can stand elsewhere, in a remark say: then risk is kept that
// nobody looks at.
func readsRisk(files map[string][]byte) bool {
	for name, content := range files {
		switch {
		case strings.HasPrefix(name, "rules/") && (bytes.Contains(content, []byte("at_risk")) || bytes.Contains(content, []byte("course.risk"))),
			strings.HasPrefix(name, "messages/") && bytes.Contains(content, []byte("course.risk")):
			return true
		}
	}
	return false
}
