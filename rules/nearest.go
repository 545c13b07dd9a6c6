package rules

import (
	"strings"

	"homeroom/internal/spelling"
)

// nearest returns the candidate that a person most likely meant by word, or "".
func nearest(word string, candidates []string) string {
	best := ""
	bestDistance := 1 + max(1, len(word)/3)
	for _, c := range candidates {
		if d := spelling.Distance(strings.ToLower(word), strings.ToLower(c)); d < bestDistance {
			best = c
			bestDistance = d
		}
	}
	return best
}

// didYouMean words a suggestion, with all candidates if none is near.
func didYouMean(word string, candidates []string) string {
	if best := nearest(word, candidates); best != "" {
		return "did you mean " + best + "?"
	}
	if len(candidates) == 0 {
		return ""
	}
	return "one of " + strings.Join(candidates, ", ")
}
