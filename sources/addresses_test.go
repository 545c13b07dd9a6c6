package sources_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"homeroom/catalog"
	"homeroom/sources"
)

// An erasure finds every address that a source reads, also where the body became a dead letter or the batch was never taken apart.
func TestErasureFindsAddressesOfForeignBodies(t *testing.T) {
	reading, set := openShipped(t)
	found := 0
	for _, name := range sources.ShippedNames() {
		file := readFixture(t, name)
		for line := range strings.Lines(string(file)) {
			for _, body := range reading.Split(nil, []byte(line)) {
				d, problem := reading.Decode("", "", body, time.Time{})
				address, has := d.Traits["email"].(string)
				if problem != nil || !has {
					continue
				}
				found++
				if got := catalog.Addresses("learning.3.u.x", []byte(line), set); !slices.Contains(got, address) {
					t.Errorf("%s: an erasure finds %q, and not %q, in %s", name, got, address, line)
				}
			}
		}
	}
	if found < 10 {
		t.Errorf("the fixtures hold %d addresses only", found)
	}
	if got := catalog.Addresses("learning.3.u.x", []byte(`{"resource":"user","action":"gone","payload":{"user":{"email":"mira@harbour.example"}}}`), set); len(got) != 1 {
		t.Errorf("in a body that is refused an erasure finds %q", got)
	}
}
