package narrate

import (
	"fmt"
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
			return fmt.Sprintf("usually studies every %.1f days, silent for %.1f", score.UsualGap, score.SilentDays)
		}
		return fmt.Sprintf("silent for %.1f days", score.SilentDays)
	case engine.RiskFewDays:
		if score.StudyDays < 0.05 {
			return "no study day in the last weeks"
		}
		return fmt.Sprintf("about %.1f study days in the last weeks", score.StudyDays)
	case engine.RiskLittleDone:
		if score.Activities < 0.5 {
			return "nothing done in the last weeks"
		}
		return fmt.Sprintf("about %.0f activities in the last weeks", score.Activities)
	}
	return string(reason)
}
