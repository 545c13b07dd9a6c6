package publish

import (
	"bytes"
	"maps"
	"slices"
)

// Rebase merges a draft that began from base with what is in force now. A file that only one of them changed since base is as that
// one has it. A file that both changed, each in another way, stays as the draft has it and is listed in both, sorted.
func Rebase(base, draft, now map[string][]byte) (merged map[string][]byte, both []string) {
	merged = maps.Clone(draft)
	if merged == nil {
		merged = map[string][]byte{}
	}
	for _, file := range ChangedFiles(base, now) {
		theirs, exists := now[file]
		mine, mineExists := draft[file]
		was, wasThere := base[file]
		switch {
		case exists == mineExists && bytes.Equal(theirs, mine): // the same change
		case mineExists != wasThere || !bytes.Equal(mine, was):
			both = append(both, file)
		case exists:
			merged[file] = theirs
		default:
			delete(merged, file)
		}
	}
	slices.Sort(both)
	return merged, both
}
