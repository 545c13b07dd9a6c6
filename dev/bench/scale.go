package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"text/tabwriter"
	"time"

	"homeroom/app"
	"homeroom/dev/process"
	"homeroom/dev/stack"
	"homeroom/internal/standin"
	"homeroom/rules"
)

// ScaleSizes say how much is done with each count of processes. Every field must be positive.
type ScaleSizes struct {
	Processes int // of each role, at most; each count from 1 on is measured
	Newcomers int // learners with one event each, all at once
	Singles   int // events about a second apart
}

// DefaultScaleSizes are those of the command.
func DefaultScaleSizes() ScaleSizes { return ScaleSizes{Processes: 4, Newcomers: 2000, Singles: 20} }

// ScalePoint is what was measured with one count of processes. Durations are nanoseconds in JSON.
type ScalePoint struct {
	Processes int           `json:"processes"`  // of each role
	PerSecond float64       `json:"per_second"` // messages, to newcomers whose events came at once
	Median    time.Duration `json:"median"`     // from an event to its message, while nothing else happens
	P99       time.Duration `json:"p99"`
	Homeroom  time.Duration `json:"homeroom"` // processor time of Homeroom's processes for a message to a newcomer; 0: the system does not say
	Servers   time.Duration `json:"servers"`  // the same of NATS, Temporal with its database, and the stand-in
}

// Scale measures how throughput, latency and processor time change with the number of Homeroom's processes of each role, on servers that keep their data on disk. command
// starts this program as such a process.
func (o *Options) Scale(ctx context.Context, sizes ScaleSizes, command func() *exec.Cmd) ([]ScalePoint, error) {
	var points []ScalePoint
	for n := 1; n <= sizes.Processes; n++ {
		point, err := o.scaleTo(ctx, n, sizes, command)
		if err != nil {
			return points, fmt.Errorf("with %d processes of each role: %w", n, err)
		}
		points = append(points, point)
	}
	return points, nil
}

// scaleTo measures n processes of each role on servers of their own.
func (o *Options) scaleTo(ctx context.Context, n int, sizes ScaleSizes, command func() *exec.Cmd) (point ScalePoint, err error) {
	academy, err := jobAcademy(time.Minute, nil)
	if err != nil {
		return point, err
	}
	s, stop, err := o.startServers(ctx, fmt.Sprintf("scale-%d", n), standin.Options{Keep: 100_000})
	if err != nil {
		return point, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	processes, err := launchRoles(ctx, n, s, academy, command)
	defer func() {
		for _, p := range processes {
			p.Kill()
		}
	}()
	if err != nil {
		return point, err
	}
	js, closeConnection, err := connectNATS(s.NATSURL)
	if err != nil {
		return point, err
	}
	defer closeConnection()
	j := &job{o: o, academy: academy, stack: s, js: js}
	lags, err := j.measureSingles(ctx, fmt.Sprintf("%d of each role: latency", n), "a", sizes.Singles)
	if err != nil {
		return point, err
	}
	point.Processes = n
	point.Median = percentile(lags, 50)
	point.P99 = percentile(lags, 99)
	return point, j.measureNewcomers(ctx, &point, sizes, processes)
}

// measureNewcomers sends newcomers a message each, after the messages that measureSingles sent.
func (j *job) measureNewcomers(ctx context.Context, point *ScalePoint, sizes ScaleSizes, processes []*process.Process) error {
	messages, err := failedNewcomers(j.academy.Catalog, kindNow, sizes.Newcomers, time.Now())
	if err != nil {
		return err
	}
	used := processorTimeOf(processes)
	lap := startStopwatch()
	if err := publishAll(ctx, j.js, messages, nil); err != nil {
		return err
	}
	before := sizes.Singles + 1
	if err := j.awaitMails(ctx, fmt.Sprintf("%d of each role: messages", point.Processes), before+sizes.Newcomers); err != nil {
		return err
	}
	result := lap(sizes.Newcomers)
	point.PerSecond = float64(sizes.Newcomers) / result.took.Seconds()
	point.Homeroom = (processorTimeOf(processes) - used) / time.Duration(sizes.Newcomers)
	point.Servers = result.processor / time.Duration(sizes.Newcomers)
	return nil
}

// launchRoles starts n processes of each role. After an error too it returns those that run.
func launchRoles(ctx context.Context, n int, s *stack.Stack, academy *rules.Academy, command func() *exec.Cmd) ([]*process.Process, error) {
	var all []*process.Process
	for _, role := range []app.Role{app.RoleEdge, app.RoleWorker, app.RoleTriggers} {
		for range n {
			p, err := process.Launch(ctx, command(), process.Order{
				NATS:     s.NATSURL,
				Temporal: s.TemporalAddress,
				Inbox:    s.Mail.URL(),
				Key:      s.Mail.PublicKey(),
				Academy:  academy.Files,
				Roles:    []app.Role{role},
			})
			if err != nil {
				return all, err
			}
			all = append(all, p)
		}
	}
	return all, s.Mail.SetWebhook(all[0].Edge + "/webhooks/sendgrid")
}

// processorTimeOf returns the processor time of processes so far.
func processorTimeOf(processes []*process.Process) time.Duration {
	var sum time.Duration
	for _, p := range processes {
		sum += p.ProcessorTime()
	}
	return sum
}

// WriteScaleTable writes a row for each count of processes.
func WriteScaleTable(out io.Writer, sizes ScaleSizes, points []ScalePoint) error {
	report := newReport(fmt.Sprintf("%d newcomers with an event each; %d events a second apart", sizes.Newcomers, sizes.Singles))
	fmt.Fprintf(out, "%s\n%s\n", report.Machine, report.Load)
	fmt.Fprintf(out, "One NATS server, and Temporal on SQLite, in one process.\n\n")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "OF EACH ROLE\tMESSAGES/S\tMEDIAN\tP99\tHOMEROOM\tSERVERS\t")
	for _, p := range points {
		fmt.Fprintf(table, "%d\t%.1f\t%s\t%s\t%s\t%s\t\n", p.Processes, p.PerSecond, p.Median.Round(time.Millisecond), p.P99.Round(time.Millisecond), orUnknown(p.Homeroom), orUnknown(p.Servers))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprint(out, "\nMEDIAN and P99: from an event to its message, while nothing else happens.\nHOMEROOM and SERVERS: processor time for a message to a newcomer.\n")
	return err
}

// orUnknown writes a processor time.
func orUnknown(d time.Duration) string {
	if d == 0 {
		return "not known"
	}
	return d.Round(10 * time.Microsecond).String()
}
