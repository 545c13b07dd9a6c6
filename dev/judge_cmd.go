package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"

	"homeroom/dev/judge"
	"homeroom/rules"
)

// judgeCommand measures an academy's judgement.
type judgeCommand struct {
	Events  string `required:"" type:"existingfile" placeholder:"FILE" help:"Recorded events, NDJSON, gzipped or not."`
	Academy string `type:"existingdir" default:"examples/academy" placeholder:"DIR" help:"The rules. Default: ${default}."`
	Courses string `type:"existingfile" placeholder:"FILE" help:"A courses.yaml to use instead of the academy's."`
	Days    []int  `default:"7,14,30,60,90,120" placeholder:"DAY" help:"Days of a course on which ranking is measured. Default: ${default}."`
}

// Help is shown by `go run ./dev judge --help`.
func (*judgeCommand) Help() string {
	return `Runs recorded events through an academy's rules as if everybody had an address, and prints what its rules about silence, risk and missing work would have
done: how many of the learners who fell silent for good they reach, how many of their messages go to somebody who is back within three days
anyway, and how well the risk ranks who does nothing for the ten days that follow. docs/judgement.md says what the risk sees.

Example:
  go run ./dev judge --events last-term.ndjson.gz --academy academy
  go run ./dev judge --events oulad.ndjson.gz \
    --courses dev/judge/oulad-courses.yaml`
}

// Run measures and prints.
func (j *judgeCommand) Run(ctx context.Context, c *console) error {
	academy, problems := j.loadAcademy()
	if academy == nil {
		problems.Format(c.out, c.color)
		return fmt.Errorf("%s has mistakes: see above", j.Academy)
	}
	o := judge.Options{
		Academy: academy,
		Open:    func() (io.ReadCloser, error) { return os.Open(j.Events) },
		Days:    j.Days,
	}
	if c.terminal {
		o.Online = func(events int) { _, _ = fmt.Fprintf(c.errOut, "\r\x1b[K%d events", events) }
	}
	found, err := judge.Run(ctx, o)
	if c.terminal {
		_, _ = fmt.Fprint(c.errOut, "\r\x1b[K")
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(c.out, judgeTable(&found))
	return err
}

// loadAcademy loads the academy's folder, with the courses that are asked for.
func (j *judgeCommand) loadAcademy() (*rules.Academy, rules.Problems) {
	academy, problems := rules.LoadDir(j.Academy)
	if academy == nil || j.Courses == "" {
		return academy, problems
	}
	courses, err := os.ReadFile(j.Courses)
	if err != nil {
		return nil, rules.Problems{{File: j.Courses, Message: err.Error()}}
	}
	files := maps.Clone(academy.Files)
	files["courses.yaml"] = courses
	return rules.FromBundle(files)
}

// judgeTable writes what was measured as tables in Markdown.
func judgeTable(r *judge.Result) string {
	var b strings.Builder
	percent := func(part, whole int) string {
		if whole == 0 {
			return "–"
		}
		return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(whole))
	}
	fmt.Fprintf(&b, "%d events of %d learners in %d courses; simulated in %.2f s\n\n", r.Events, r.Learners, r.Courses, r.Simulated.Seconds())
	b.WriteString("| what | value |\n|---|---|\n")
	for _, row := range [][2]string{
		{"fell silent for good, of them reached", fmt.Sprintf("%d, %s", r.Lost, percent(r.Reached, r.Lost))},
		{"fell silent for good, of them reached, counting messages about missing work", fmt.Sprintf("%d, %s", r.Lost, percent(r.ReachedAny, r.Lost))},
		{"of those who were still enrolled after ten days of it, reached", fmt.Sprintf("%d, %s", r.Enrolled, percent(r.EnrolledSeen, r.Enrolled))},
		{"messages about silence or risk", fmt.Sprint(r.Quiet)},
		{"of them per learner-month in a course", fmt.Sprintf("%.2f", float64(r.Quiet)/max(r.LearnerMonth, 1e-9))},
		{"of them to learners who are back within 3 days", percent(r.BackSoon, r.Quiet)},
		{"of those who are back within 3 days, within 3 hours", percent(r.BackAtOnce, r.BackSoon)},
		{"of them within 3 days after a grade", percent(r.AfterGrade, r.Quiet)},
		{"of them before the course began", percent(r.BeforeStart, r.Quiet)},
		{"of them after the course ended", percent(r.AfterEnd, r.Quiet)},
		{"messages about missing work", fmt.Sprint(r.Asked)},
		{"of them per learner-month in a course", fmt.Sprintf("%.2f", float64(r.Asked)/max(r.LearnerMonth, 1e-9))},
		{"of them, handed in within a week", percent(r.HandedIn, r.Asked)},
	} {
		fmt.Fprintf(&b, "| %s | %s |\n", row[0], row[1])
	}
	b.WriteString("\n| day of the course | learners | gone for ten days | AUC of the risk | AUC of silence |\n|---|---|---|---|---|\n")
	for _, k := range r.Ranking {
		fmt.Fprintf(&b, "| %d | %d | %s | %.3f | %.3f |\n", k.Day, k.People, percent(k.Gone, k.People), k.Risk, k.Silence)
	}
	if len(r.Work) > 0 {
		b.WriteString("\n| day of the course | learners | did not complete it | AUC of missing work | AUC of time without a grade |\n|---|---|---|---|---|\n")
	}
	for _, k := range r.Work {
		fmt.Fprintf(&b, "| %d | %d | %s | %.3f | %.3f |\n", k.Day, k.People, percent(k.Lost, k.People), k.Missing, k.Silence)
	}
	return b.String()
}
