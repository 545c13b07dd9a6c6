package bench

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"homeroom/catalog"
	"homeroom/dev/campus"
)

// TestTheLoadIsACampus: every event decodes, each id comes once, the same seed makes the same load, and the volumes are
// those of the taxonomy.
func TestTheLoadIsACampus(t *testing.T) {
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	o := campus.Options{Learners: 60, Days: 30, Seed: 5}
	load := campusLoad(o)
	ids := map[string]bool{}
	volumes := map[catalog.Volume]int{}
	for _, d := range load {
		body, err := known.Encode(d)
		if err != nil {
			t.Fatal(err)
		}
		if _, problem := known.Decode(d.Event.Learner, d.Event.Name, body, d.Event.Time); problem != nil {
			t.Errorf("%s of %s: %v", d.Event.Name, d.Event.Learner, problem)
		}
		if ids[d.Event.ID] {
			t.Errorf("id %s twice", d.Event.ID)
		}
		ids[d.Event.ID] = true
		kind, _ := known.Event(d.Event.Name)
		volumes[kind.Volume]++
	}
	high := volumes[catalog.High]
	medium := volumes[catalog.Medium]
	low := volumes[catalog.Low]
	if high < 4*medium || medium < 4*low || low == 0 {
		t.Errorf("%d high, %d medium, %d low", high, medium, low)
	}
	if diff := cmp.Diff(load, campusLoad(o)); diff != "" {
		t.Errorf("the same seed made two loads:\n%s", diff)
	}
}
