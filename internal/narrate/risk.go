package narrate

import (
	"fmt"
	"strconv"
	"strings"

	"homeroom/engine"
)

// Risk says why a learner is at risk, the greatest reason first; a learner in good standing gets "in good standing".
func Risk(score *engine.RiskScore) string {
	if len(score.Reasons) == 0 {
		return "in good standing"
	}
	words := make([]string, len(score.Reasons))
	for i, reason := range score.Reasons {
		words[i] = riskReason(reason, score)
	}
	return strings.Join(words, "; ")
}

func riskReason(reason engine.RiskReason, score *engine.RiskScore) string {
	switch reason {
	case engine.RiskSilent:
		if score.UsualGap > 0 {
			return fmt.Sprintf("usually studies every %s, silent for %s", formatDays(score.UsualGap), formatDays(score.SilentDays))
		}
		return "silent for " + formatDays(score.SilentDays)
	case engine.RiskFewDays:
		if score.StudyDays < 0.05 {
			return "no study day in the last weeks"
		}
		return fmt.Sprintf("about %.1f study days in the last weeks", score.StudyDays)
	case engine.RiskLittleDone:
		if score.Activities < 0.5 {
			return "nothing done in the last weeks"
		}
		if score.Activities < 1.5 {
			return "about one activity in the last weeks"
		}
		return fmt.Sprintf("about %.0f activities in the last weeks", score.Activities)
	}
	return string(reason)
}

// formatDays writes a number of days with as much precision as a reader needs: 1.5 days, 3 days, 105 days.
func formatDays(days float64) string {
	text := strconv.FormatFloat(days, 'f', 1, 64)
	if days >= 9.95 {
		text = strconv.FormatFloat(days, 'f', 0, 64)
	}
	text = strings.TrimSuffix(text, ".0")
	if text == "1" {
		return "1 day"
	}
	return text + " days"
}
