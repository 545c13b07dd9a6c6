package catalog

import (
	"strings"

	"homeroom/internal/spelling"
)

// Nearest returns the known event that a mistyped name most likely means, or "". Case, spaces and the choice of
// separator don't count: "Lesson Completed" is near lesson.completed.
func (c *Catalog) Nearest(name string) string {
	if i := nearestIndex(name, c.folded); i >= 0 {
		return c.events[i].Name
	}
	return ""
}

// maxNear bounds the work spent on a hostile name.
const maxNear = 64

// nearest returns the candidate with the smallest edit distance to name, the first of several, or "" if none is near.
func nearest(name string, candidates []string) string {
	folded := make([]string, len(candidates))
	for i, candidate := range candidates {
		folded[i] = fold(candidate)
	}
	if i := nearestIndex(name, folded); i >= 0 {
		return candidates[i]
	}
	return ""
}

// nearestIndex is nearest among folded candidates; -1 if none is near.
func nearestIndex(name string, folded []string) int {
	if name == "" || len(name) > maxNear {
		return -1
	}
	name = fold(name)
	best := -1
	bestDistance := max(1, len(name)/4) + 1
	for i, candidate := range folded {
		if d := spelling.Distance(name, candidate); d < bestDistance {
			best = i
			bestDistance = d
		}
	}
	return best
}

// fold drops what people vary without meaning to: case and separators.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '.', '_', '-', ' ', '/', ':':
			return -1
		}
		return r
	}, strings.ToLower(name))
}
