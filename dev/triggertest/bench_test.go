package triggertest

import (
	"fmt"
	"log/slog"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

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
	<-w.js.PublishAsyncComplete()
	before := processorTime(b)
	b.ResetTimer()
	run := w.run()
	tick := time.NewTicker(20 * time.Millisecond) // looking is work too
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
	o.Linger, o.MarkEvery, o.MarkMargin, o.AckWait, o.PinTTL = 0, 0, 0, 0, 0
	return o
}
