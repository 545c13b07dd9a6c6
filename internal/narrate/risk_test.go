package narrate_test

import (
	"testing"

	"homeroom/engine"
	"homeroom/internal/narrate"
)

func TestRisk(t *testing.T) {
	silent := []engine.RiskReason{engine.RiskSilent}
	for _, tc := range []struct {
		score engine.RiskScore
		want  string
	}{
		{engine.RiskScore{}, "in good standing"},
		{engine.RiskScore{Reasons: silent, SilentDays: 1}, "silent for 1 day"},
		{engine.RiskScore{Reasons: silent, SilentDays: 2.5}, "silent for 2.5 days"},
		{engine.RiskScore{Reasons: silent, SilentDays: 9.96}, "silent for 10 days"},
		{engine.RiskScore{Reasons: silent, SilentDays: 105.04}, "silent for 105 days"},
		{engine.RiskScore{Reasons: silent, SilentDays: 70.9, UsualGap: 8}, "usually studies every 8 days, silent for 71 days"},
		{engine.RiskScore{Reasons: []engine.RiskReason{engine.RiskFewDays, engine.RiskLittleDone}}, "no study day in the last weeks; nothing done in the last weeks"},
		{engine.RiskScore{Reasons: []engine.RiskReason{engine.RiskLittleDone}, Activities: 1.2}, "about one activity in the last weeks"},
		{engine.RiskScore{Reasons: []engine.RiskReason{engine.RiskLittleDone}, Activities: 1.6}, "about 2 activities in the last weeks"},
	} {
		if got := narrate.Risk(&tc.score); got != tc.want {
			t.Errorf("Risk(%+v) = %q, want %q", tc.score, got, tc.want)
		}
	}
}
