package triggertest

import (
	"fmt"
	"log/slog"
	"strconv"
	"testing"

	"homeroom/subjects"
	"homeroom/triggers"
)

// BenchmarkUnneededEvents measures how fast events pass that no rule can use: 2,000 learners' video events, which change
// a standing now and then. It reports events per second from the first fetch to the last acknowledgement.
func BenchmarkUnneededEvents(b *testing.B) {
	w := newWorld(b)
	w.tune = func(o *triggers.Options) { *o = quiet(*o) }
	for i := range b.N {
		learner := "u_" + strconv.Itoa(i%2000)
		body := fmt.Sprintf(`{"id":"e%d","properties":{"video_id":"v1","lesson_id":"l1","course_id":"c1","position_sec":12}}`, i)
		if _, err := w.js.PublishAsync(subjects.Publish(learner, "video.played"), []byte(body)); err != nil {
			b.Fatal(err)
		}
	}
	<-w.js.PublishAsyncComplete()
	b.ResetTimer()
	run := w.run()
	w.until("everything", func() bool { return run.Stats().Unneeded == int64(b.N) })
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// quiet is the production setting.
func quiet(o triggers.Options) triggers.Options {
	o.Log = slog.New(slog.DiscardHandler)
	o.Linger, o.MarkEvery, o.MarkMargin = 0, 0, 0
	return o
}
