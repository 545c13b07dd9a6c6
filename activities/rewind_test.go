package activities_test

import (
	"context"
	"testing"
	"time"

	"homeroom/activities"
	"homeroom/engine"
	"homeroom/workflows"
)

type notedRewind struct {
	partition  int
	from, to   uint64
	fromAt, at time.Time
}

type rewindRecords struct {
	noted []notedRewind
	isNew bool
}

func (r *rewindRecords) NoteRewind(_ context.Context, partition int, from, to uint64, fromAt, at time.Time) (bool, error) {
	r.noted = append(r.noted, notedRewind{partition, from, to, fromAt, at})
	return r.isNew, nil
}

// Triggers that were started after the stream had gone back cannot see it, but a learner's state shows it.
func TestALearnersStateShowsThatTheStreamWentBack(t *testing.T) {
	for _, isNew := range []bool{true, false} {
		records := &rewindRecords{isNew: isNew}
		f := &facts{now: noon}
		d := activities.NewDecide(activities.Options{Profiles: f, Standings: f, Rulesets: f, Watermarks: f, Clock: f, Step: nothing, Rewinds: records})
		in := workflows.DecideInput{
			Learner:   "u_42",
			Partition: 3,
			State:     engine.State{Version: 1, Learner: "u_42", Stream: 7, Seq: 10, SeqAt: noon.Add(-time.Hour)},
		}
		for _, ev := range []engine.Event{{Seq: 11, StoredAt: noon, Stream: 7}, {Seq: 5, StoredAt: noon, Stream: 7}} {
			in.Inputs = []engine.Input{{Event: &ev}}
			if _, err := d.Run(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		want := notedRewind{3, 10, 5, noon.Add(-time.Hour), noon}
		if len(records.noted) != 1 || records.noted[0] != want {
			t.Errorf("noted %+v, want %+v", records.noted, want)
		}
		if n := d.CountRewinds(); (n == 1) != isNew {
			t.Errorf("counted %d, and it was new: %v", n, isNew)
		}
	}
}
