package delivery_test

import (
	"strings"
	"testing"

	"homeroom/delivery"
)

// FuzzAllowList: whatever the list says, a list that is taken and not empty never allows a stranger.
func FuzzAllowList(f *testing.F) {
	for _, entry := range []string{"ada@example.org", "example.org", "@example.org", "*", "", " ", "@", "a@b@c", "EXAMPLE.org ", "example.org,stranger.example"} {
		f.Add(entry, "stranger@stranger.example")
	}
	f.Fuzz(func(t *testing.T, entry, address string) {
		list, err := delivery.NewAllowList([]string{entry})
		if err != nil || !list.Allows(address) {
			return
		}
		e := strings.ToLower(strings.TrimSpace(entry))
		a := strings.ToLower(address)
		if a != e && !strings.HasSuffix(a, "@"+strings.TrimPrefix(e, "@")) && a != strings.TrimPrefix(e, "@") {
			t.Errorf("%q allows %q", entry, address)
		}
	})
}
