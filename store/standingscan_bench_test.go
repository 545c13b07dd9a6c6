package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/engine"
	"homeroom/internal/natstest"
	"homeroom/store"
)

// BenchmarkScanStandings reads a million standings as a broadcast does, sixteen parts at a time.
func BenchmarkScanStandings(b *testing.B) {
	const learners = 1_000_000
	ctx := context.Background()
	_, js, st := natstest.Open(b)
	storeStandings(b, js, learners)
	for b.Loop() {
		ranges, _, err := st.Standings.Ranges(ctx, 0, 16)
		if err != nil {
			b.Fatal(err)
		}
		var read atomic.Int64
		var parts sync.WaitGroup
		for _, r := range ranges {
			parts.Go(func() {
				if err := st.Standings.Scan(ctx, r, func(store.ScannedStanding) error { read.Add(1); return nil }); err != nil {
					b.Error(err)
				}
			})
		}
		parts.Wait()
		if read.Load() != learners {
			b.Fatalf("read %d standings of %d", read.Load(), learners)
		}
	}
}

// storeStandings stores standings of learners who have taken a course or two.
func storeStandings(b *testing.B, js jetstream.JetStream, learners int) {
	b.Helper()
	began := time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)
	for i := range learners {
		st := engine.Standing{}
		rs := &engine.Ruleset{Settings: engine.Settings{Activity: map[string]bool{engine.EventCourseStarted: true}, Resolution: time.Minute}}
		learner := fmt.Sprintf("u_%07d", i)
		for n, name := range []string{engine.EventSignedUp, engine.EventEnrolled, engine.EventCourseStarted, engine.EventProgress} {
			at := began.Add(time.Duration(i%5000+n) * time.Minute)
			st.Apply(&engine.Event{
				ID:         fmt.Sprint(i, name),
				Name:       name,
				Learner:    learner,
				Time:       at,
				Properties: map[string]any{"course_id": fmt.Sprintf("crs_%d", i%40), "progress_pct": 35.0, "enrollment_type": "paid"},
			}, rs, at)
		}
		body, err := json.Marshal(map[string]any{"standing": st, "learner": learner})
		if err != nil {
			b.Fatal(err)
		}
		if i == 0 {
			b.Logf("a standing takes %d bytes", len(body))
		}
		if _, err := js.PublishAsync(fmt.Sprintf("$KV.%s.%040x", store.BucketStanding, i), body); err != nil {
			b.Fatal(err)
		}
	}
	<-js.PublishAsyncComplete()
}
