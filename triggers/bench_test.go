package triggers_test

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/store"
	"homeroom/subjects"
	"homeroom/triggers"
)

// BenchmarkUnneededEvents measures how fast events pass that no rule can use: 2,000 learners' video events, which change
// a standing now and then. It reports events per second from the first fetch to the last acknowledgement, and the
// processor time of each, that of the embedded server included. Give it 100,000 or more: -benchtime 200000x.
func BenchmarkUnneededEvents(b *testing.B) {
	w := newWorld(b)
	w.tune = func(o *triggers.Options) { *o = quiet(*o) }
	for i := range b.N {
		learner := "u_" + strconv.Itoa(i%2000)
		body := fmt.Sprintf(`{"id":"e%d","properties":{"video_id":"v1","lesson_id":"l1","course_id":"c1","position_sec":12}}`, i)
		_, err := w.js.PublishAsync(subjects.Publish(learner, "video.played"), []byte(body), jetstream.WithStallWait(time.Minute))
		if err != nil {
			b.Fatal(err)
		}
	}
	w.measure(b)
}

// BenchmarkWeekAway measures how fast a week is caught up with, evenly spread over learners and days: each event is half an
// hour or more after its learner's last one, so that each changes the standing; with traits, each also says again who the
// learner is. Beside the events per second it reports how often the standing was written for one: the more learners, the
// fewer events of one are received together. Give it 100,000: -benchtime 100000x.
func BenchmarkWeekAway(b *testing.B) {
	for _, learners := range []int{500, 10_000} {
		for _, traits := range []string{"", `,"traits":{"email":"u_%[1]d@learners.example","first_name":"Ada"}`} {
			b.Run(fmt.Sprintf("learners=%d/traits=%v", learners, traits != ""), func(b *testing.B) {
				w := newWorld(b)
				w.rules = rules()
				w.tune = func(o *triggers.Options) { *o = quiet(*o) }
				const week = 7 * 24 * time.Hour
				began := time.Now().Add(-week)
				form := `{"id":"e%[2]d","time":"%[3]s","properties":{"lesson_id":"l%[4]d","course_id":"c1"}` + traits + `}`
				for i := range b.N {
					learner := i * 7919 % learners
					at := began.Add(week / time.Duration(b.N) * time.Duration(i))
					body := fmt.Sprintf(form, learner, i, at.UTC().Format(time.RFC3339Nano), i/learners)
					subject := subjects.Publish("u_"+strconv.Itoa(learner), "lesson.completed")
					if _, err := w.js.PublishAsync(subject, []byte(body), jetstream.WithStallWait(time.Minute)); err != nil {
						b.Fatal(err)
					}
				}
				before := w.standingWrites(b)
				w.measure(b)
				b.ReportMetric(float64(w.standingWrites(b)-before)/float64(b.N), "writes/event")
			})
		}
	}
}

// standingWrites is how often standings were written so far.
func (w *world) standingWrites(b *testing.B) uint64 {
	stream, err := w.js.Stream(context.Background(), "KV_"+store.BucketStanding)
	if err != nil {
		b.Fatal(err)
	}
	return stream.CachedInfo().State.LastSeq
}

// measure lets triggers read what was published, which no rule needs.
func (w *world) measure(b *testing.B) {
	<-w.js.PublishAsyncComplete()
	before := processorTime(b)
	b.ResetTimer()
	run := w.run()
	tick := time.NewTicker(50 * time.Millisecond) // looking is work too
	defer tick.Stop()
	for run.Stats().Unneeded < int64(b.N) {
		<-tick.C
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64((processorTime(b)-before).Nanoseconds())/float64(b.N), "cpu-ns/event")
}

func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// quiet is the production setting.
func quiet(o triggers.Options) triggers.Options {
	o.Log = slog.New(slog.DiscardHandler)
	o.Linger = 0
	o.WatermarkEvery = 0
	o.WatermarkMargin = 0
	o.AckWait = 0
	o.PinTTL = 0
	return o
}
