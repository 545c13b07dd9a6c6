package rules

import (
	"homeroom/internal/yamlfile"
	"homeroom/sources"
)

// Problem is one thing that is wrong with a folder. Callers of the package need no other word for it.
type Problem = yamlfile.Problem

// Problems are all the things that are wrong with a folder, sorted by place.
type Problems = yamlfile.Problems

// Replacement is the fix of a problem as an editor can apply it.
type Replacement = yamlfile.Replacement

// Position is a place in a file: line and column, in characters, from 1.
type Position = yamlfile.Position

// The names of the warnings.
const (
	LintUnusedMessage   = "unused-message"
	LintUnreachable     = "unreachable-step"
	LintNeverMatches    = "never-matches"
	LintMatchIdle       = "match-changes-nothing"
	LintOtherWithoutPer = "other-without-per"
	LintPerhapsAbsent   = "perhaps-absent"
	LintSinceStep       = "since-step"
	LintWaitsTwice      = "waits-twice"
	LintGoalUnsent      = "goal-without-message"
	LintHoldoutBlind    = "holdout-without-goal"
	LintUndeclaredTopic = "undeclared-topic"
	LintHighVolume      = "wakes-on-high-volume"
	LintUnusedVariable  = "unused-variable"
	LintNotRead         = "file-not-read"
	LintPlaceholder     = "placeholder"
	LintInAppLeave      = "unsubscribe-in-app"
	LintCopiesByMail    = "cc-without-mail"
	LintDatedMessage    = "dated-message"
	LintTraitCircle     = "sets-in-circle"
)

// WarningNames returns the names of all warnings, as docs/rules.md explains them.
func WarningNames() []string {
	return []string{
		LintUnusedMessage,
		LintUnreachable,
		LintNeverMatches,
		LintMatchIdle,
		LintOtherWithoutPer,
		LintPerhapsAbsent,
		LintSinceStep,
		LintWaitsTwice,
		LintGoalUnsent,
		LintHoldoutBlind,
		LintUndeclaredTopic,
		LintHighVolume,
		LintUnusedVariable,
		LintNotRead,
		LintPlaceholder,
		LintInAppLeave,
		LintCopiesByMail,
		LintDatedMessage,
		LintTraitCircle,
		sources.LintSharedBodies,
	}
}
