package drill

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"homeroom/dev/process"
	"homeroom/store"
	"homeroom/subjects"
)

// rewindDrill puts NATS's files back in time.
func rewindDrill() Drill {
	return Drill{
		Name:  "rewind",
		About: "NATS's files are put back in time under a running Homeroom, an unsynced tail is lost, and both again while Homeroom is stopped: what is new under old sequences is applied, repeats are recognized",
		setup: setup{apart: true, quiet: true, measures: true},
		run: func(ctx context.Context, w *world) error {
			r := rewindRun{world: w, learners: bySize(w.o.Size, 400, 40)}
			if err := r.publishRound(ctx, nil); err != nil { // nothing has gone back yet
				return err
			}
			journeys := []journey{
				{"the stream's unsynced tail was lost while Homeroom ran", []string{streamFiles}, false},
				{"everything went back while Homeroom was stopped", []string{"."}, true},
				{"everything went back while Homeroom ran", []string{"."}, false},
				{"the stream's unsynced tail was lost while Homeroom was stopped", []string{streamFiles}, true},
			}
			for _, back := range journeys[:bySize(w.o.Size, 4, 2)] {
				if err := r.goBack(ctx, back.what, back.parts, back.stopped); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// journey is one way back in time.
type journey struct {
	what    string
	parts   []string // of NATS's files that go back
	stopped bool     // whether Homeroom is stopped meanwhile
}

// streamFiles is where NATS keeps the messages of the stream of events. What it knows of the stream's consumers lies next to it.
var streamFiles = filepath.Join("jetstream", "$G", "streams", subjects.Stream, "msgs")

type rewindRun struct {
	*world
	learners int
	quizzes  int // rounds so far; each is another quiz of every learner
}

// publishRound publishes a failed quiz of every learner, and the given events again, and waits until everything has arrived.
func (r *rewindRun) publishRound(ctx context.Context, again []*event) error {
	_, err := r.publishNew(ctx)
	if err != nil {
		return err
	}
	if err := r.publishAgain(ctx, again); err != nil {
		return err
	}
	_, err = r.awaitSettled(ctx)
	return err
}

func (r *rewindRun) publishNew(ctx context.Context) ([]*event, error) {
	r.quizzes++
	var events []*event
	for k := range r.learners {
		p := person{id: fmt.Sprintf("u%05d", k)}
		e, err := r.failedQuiz(p, fmt.Sprintf("q%d", r.quizzes), wantedByRules(p, "retry"))
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, r.publishUnderLoad(ctx, events, bySize(r.o.Size, 100, 200), nil)
}

// goBack keeps a copy of NATS's files, has a round of mails sent, puts the copy in place, and publishes a new round and the earlier one again.
func (r *rewindRun) goBack(ctx context.Context, what string, parts []string, stopped bool) error {
	r.o.Progress("copying NATS's files")
	kept, err := os.MkdirTemp(r.data, "kept-")
	if err != nil {
		return err
	}
	files := process.NATSDir(r.data)
	if err := r.changeFiles(ctx, func() error { return copyParts(kept, files, parts) }); err != nil {
		return err
	}
	tail, err := r.publishNew(ctx)
	if err != nil {
		return err
	}
	if _, err := r.awaitSettled(ctx); err != nil {
		return err
	}
	if stopped {
		if _, err := r.stopHomeroom(ctx); err != nil {
			return err
		}
	}
	before := r.rewoundTotal(ctx)
	wentBack := r.now()
	r.o.Progress(what)
	err = r.changeFiles(ctx, func() error {
		for _, part := range parts {
			if err := os.RemoveAll(filepath.Join(files, part)); err != nil {
				return err
			}
		}
		return copyParts(files, kept, parts)
	})
	if err != nil {
		return err
	}
	r.observer.readAnew()
	if stopped {
		if err := r.startHomeroom(ctx, process.Order{}); err != nil {
			return err
		}
		before = 0
	}
	if err := r.publishRound(ctx, tail); err != nil {
		return err
	}
	return r.checkTold(ctx, what, before, wentBack)
}

// changeFiles stops NATS, changes its files, and starts it again.
func (r *rewindRun) changeFiles(ctx context.Context, change func() error) error {
	if err := r.stopServer(ctx, process.ServerNATS); err != nil {
		return err
	}
	if err := change(); err != nil {
		return fmt.Errorf("changing NATS's files: %w", err)
	}
	return r.startServer(ctx, process.ServerNATS)
}

// copyParts copies parts of a directory, as volume snapshots do.
func copyParts(to, from string, parts []string) error {
	for _, part := range parts {
		if err := os.CopyFS(filepath.Join(to, part), os.DirFS(filepath.Join(from, part))); err != nil {
			return err
		}
	}
	return nil
}

// checkTold holds Homeroom to telling that the stream went back: in the metric, and in the records that the doctor reads.
func (r *rewindRun) checkTold(ctx context.Context, what string, before int, wentBack time.Time) error {
	total := r.rewoundTotal(ctx)
	if total <= before {
		r.report.addWrong("%s: homeroom_stream_rewound_total does not count it", what)
	}
	st, err := store.Open(ctx, r.observer.js, store.OpenOptions{})
	if err != nil {
		return err
	}
	defer st.Control.Close()
	rewinds, err := st.Control.Rewinds(ctx)
	if err != nil {
		return err
	}
	rewinds = slices.DeleteFunc(rewinds, func(r store.Rewind) bool { return r.At.Before(wentBack) }) // of an earlier journey
	if len(rewinds) == 0 {
		r.report.addWrong("%s: no record says so, and so the doctor does not", what)
	}
	if total-before > len(rewinds) {
		r.report.addWrong("%s: homeroom_stream_rewound_total counts it %d times, and %d partitions went back", what, total-before, len(rewinds))
	}
	r.addNote("%s: counted %d times, and recorded of %d partitions", what, total-before, len(rewinds))
	return nil
}

// rewoundTotal returns the metric homeroom_stream_rewound_total; 0 while Homeroom is stopped.
func (r *rewindRun) rewoundTotal(ctx context.Context) int {
	if r.homeroom == nil {
		return 0
	}
	text, err := r.homeroom.ReadMetrics(ctx)
	if err != nil {
		r.report.addWrong("reading the metrics: %s", err)
	}
	for line := range strings.Lines(text) {
		if value, found := strings.CutPrefix(line, "homeroom_stream_rewound_total "); found {
			n, _ := strconv.ParseFloat(strings.TrimSpace(value), 64)
			return int(n)
		}
	}
	return 0
}
