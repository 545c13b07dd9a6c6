// Package spelling finds the word that a person most likely meant, for "did you mean".
package spelling

import "strings"

// longest bounds the work that a hostile word costs, in bytes after folding; a longer one is near nothing.
const longest = 64

// maxListed is how many words Suggest lists when none is near.
const maxListed = 64

// Nearest returns the candidate that differs from the word by the fewest edits, the first of several, or "" if none is
// near. Near is an edit for every three bytes of the word, and one at least. Case and separators do not count:
// "Lesson Completed" is lesson.completed.
func Nearest(word string, candidates []string) string {
	folded := Fold(word)
	if folded == "" || len(folded) > longest {
		return ""
	}
	best := ""
	bestDistance := 1 + max(1, len(word)/3)
	var rows rows
	for _, candidate := range candidates {
		other := Fold(candidate)
		if max(len(other)-len(folded), len(folded)-len(other)) >= bestDistance {
			continue // each byte that one has more is an edit
		}
		if d := rows.editDistance(folded, other); d < bestDistance {
			best = candidate
			bestDistance = d
		}
	}
	return best
}

// Suggest words what to do about an unknown word: "did you mean x?", or the candidates if none is near and they are
// few, or "".
func Suggest(word string, candidates []string) string {
	if near := Nearest(word, candidates); near != "" {
		return "did you mean " + near + "?"
	}
	if len(candidates) == 0 || len(candidates) > maxListed {
		return ""
	}
	return "one of " + strings.Join(candidates, ", ")
}

// Fold drops what people vary without meaning to: case and separators.
func Fold(word string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '.', '_', '-', ' ', '/', ':':
			return -1
		}
		return r
	}, strings.ToLower(word))
}

// rows are what editDistance works in, so that the candidates of one word do not each need memory of their own.
type rows [3][2*longest + 1]int

// editDistance counts the edits between two words, in bytes: insert, delete, replace, and swap of neighbors.
func (r *rows) editDistance(a, b string) int {
	if len(b) > 2*longest {
		return 2 * longest
	}
	before := r[0][:len(b)+1]
	prev := r[1][:len(b)+1]
	row := r[2][:len(b)+1]
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		spare := before
		before = prev
		prev = row
		row = spare
	}
	return prev[len(b)]
}
