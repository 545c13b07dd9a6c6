package publish_test

import (
	"slices"
	"testing"

	"homeroom/publish"
)

// TestRebase merges by file: each way in which two sides may differ from what they began from.
func TestRebase(t *testing.T) {
	const none = ""
	tests := []struct {
		name, base, mine, theirs string
		want                     string
		both                     bool
	}{
		{"nobody changed it", "a", "a", "a", "a", false},
		{"only I changed it", "a", "b", "a", "b", false},
		{"only they changed it", "a", "a", "c", "c", false},
		{"both, alike", "a", "b", "b", "b", false},
		{"both, differently", "a", "b", "c", "b", true},
		{"I removed it", "a", none, "a", none, false},
		{"they removed it", "a", "a", none, none, false},
		{"both removed it", "a", none, none, none, false},
		{"they removed what I changed", "a", "b", none, "b", true},
		{"I removed what they changed", "a", none, "c", none, true},
		{"I added it", none, "b", none, "b", false},
		{"they added it", none, none, "c", "c", false},
		{"both added it, differently", none, "b", "c", "b", true},
	}
	files := func(content string) map[string][]byte {
		if content == none {
			return map[string][]byte{"other": nil}
		}
		return map[string][]byte{"other": nil, "f": []byte(content)}
	}
	for _, test := range tests {
		merged, both := publish.Rebase(files(test.base), files(test.mine), files(test.theirs))
		got, exists := merged["f"]
		if string(got) != test.want || exists != (test.want != none) || slices.Contains(both, "f") != test.both {
			t.Errorf("%s: got %q (there: %v), both %v", test.name, got, exists, both)
		}
	}
}
