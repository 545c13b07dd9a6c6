package triggers

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"homeroom/engine"
)

// heldMerges are merges that last until the test ends them with an error, or nil.
type heldMerges struct {
	begun chan struct{}
	end   chan error
}

func (m heldMerges) Merge(context.Context, string, string, *engine.Ruleset) (Leftover, bool, error) {
	m.begun <- struct{}{}
	return Leftover{}, true, <-m.end
}

func (m heldMerges) MergedInto(context.Context, string) (string, error) { return "", nil }

func mergingPartition(m Merges, log *slog.Logger) *partition {
	t := &Triggers{merging: make(chan struct{}, maxMerging)}
	t.o.Merges = m
	t.o.Ruleset = func() *engine.Ruleset { return &engine.Ruleset{} }
	return &partition{t: t, log: log}
}

func aliasEvent(previous string) []*decodedItem {
	return []*decodedItem{{
		item:  &item{},
		event: engine.Event{ID: "alias", Name: engine.EventAliased, Learner: "ada", Time: time.Now(), Properties: map[string]any{engine.KeyPrevious: previous}},
	}}
}

// TestMergesThatLastHoldUpNobody: beyond a number of merges under way another one is not waited for, and works when there is room again.
func TestMergesThatLastHoldUpNobody(t *testing.T) {
	merges := heldMerges{begun: make(chan struct{}), end: make(chan error)}
	p := mergingPartition(merges, slog.New(slog.DiscardHandler))
	merge := func() error { return p.mergePrevious(t.Context(), &lane{learner: "ada"}, aliasEvent("lead")) }
	ended := make(chan error)
	begin := func() {
		go func() { ended <- merge() }()
		<-merges.begun
	}
	for range maxMerging {
		begin()
	}
	if err := merge(); !errors.Is(err, errMergesFull) || !concernsAllLearners(err) {
		t.Errorf("one merge more: %v", err)
	}
	merges.end <- nil
	if err := <-ended; err != nil {
		t.Error(err)
	}
	begin()
	for range maxMerging {
		merges.end <- nil
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// TestTooManyIDsAreSaid: of an id that would be one too many the log says so, and the event is handed over like any.
func TestTooManyIDsAreSaid(t *testing.T) {
	merges := heldMerges{begun: make(chan struct{}, 1), end: make(chan error, 1)}
	merges.end <- ErrTooManyIDs
	var log strings.Builder
	p := mergingPartition(merges, slog.New(slog.NewTextHandler(&log, nil)))
	events := aliasEvent("lead")
	if err := p.mergePrevious(t.Context(), &lane{learner: "ada"}, events); err != nil {
		t.Fatal(err)
	}
	if !events[0].merged || !strings.Contains(log.String(), "too many") || strings.Contains(log.String(), "belongs to another") {
		t.Errorf("merged %v, and the log says %q", events[0].merged, log.String())
	}
}
