package securitytest

import (
	"slices"
	"testing"

	"homeroom/publish"
)

// TestTheWorkerFindsLearnersToSweep: a worker that puts its mounted folder in force finds learners of the stream and imported ones, though
// it may make no consumer.
func TestTheWorkerFindsLearnersToSweep(t *testing.T) {
	f, operator := openFilled(t)
	ctx := deadlineOf(t)
	for _, key := range []string{"imported", "=40ada", "gone"} {
		if _, err := operator.Publish(ctx, "$KV.homeroom_profiles."+key, []byte(`{}`)); err != nil {
			t.Fatal(err)
		}
	}
	profiles, err := operator.KeyValue(ctx, "homeroom_profiles")
	if err == nil {
		err = profiles.Delete(ctx, "gone")
	}
	if err != nil {
		t.Fatal(err)
	}
	_, js := f.Connect("homeroom-worker")
	var found []string
	err = publish.StreamLearners{JS: js}.Each(ctx, func(learner string) error {
		found = append(found, learner)
		return nil
	})
	slices.Sort(found)
	if want := []string{"@ada", "imported", "u_42"}; err != nil || !slices.Equal(slices.Compact(found), want) {
		t.Errorf("found %q, error %v, want %q", found, err, want)
	}
	if refused := f.Refused(); len(refused) > 0 {
		t.Errorf("the server refused %q", refused)
	}
}
