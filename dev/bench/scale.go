package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"text/tabwriter"
	"time"

	"homeroom/app"
	"homeroom/dev/process"
	"homeroom/dev/stack"
	"homeroom/rules"
)

// ScaleSizes say how much is done with each count of processes. Every field must be positive.
type ScaleSizes struct {
	Processes int           // of each role, at most; each count from 1 on is measured
	Newcomers int           // learners with one event each, all at once
	Singles   int           // events about a second apart
	Rest      time.Duration // in which nothing happens
}

// DefaultScaleSizes are those of the command.
func DefaultScaleSizes() ScaleSizes {
	return ScaleSizes{
		Processes: 4,
		Newcomers: 2000,
		Singles:   20,
		Rest:      10 * time.Second,
	}
}

// ScalePoint is what was measured with one count of processes. Durations are nanoseconds in JSON.
type ScalePoint struct {
	Processes int           `json:"processes"`  // of each role
	PerSecond float64       `json:"per_second"` // messages, to newcomers whose events came at once
	Median    time.Duration `json:"median"`     // from an event to its message, while nothing else happens
	P99       time.Duration `json:"p99"`
	AtRest    float64       `json:"at_rest"`  // processors that all of it takes while nothing happens: 0.25 is a quarter of one
	Homeroom  time.Duration `json:"homeroom"` // processor time of Homeroom's processes for a message to a newcomer; 0: the system does not say
	Servers   time.Duration `json:"servers"`  // the same of NATS, Temporal (with its database, if that is SQLite), and the stand-in
	Database  time.Duration `json:"database"` // the same of PostgreSQL; 0: Temporal is on SQLite
	Written   int64         `json:"written"`  // bytes of PostgreSQL's write-ahead log for a message to a newcomer; 0: Temporal is on SQLite
}

// ScaleReport is what was measured with each count of processes, and on what.
type ScaleReport struct {
	At       time.Time    `json:"at"`
	Machine  string       `json:"machine"`
	Commit   string       `json:"commit,omitempty"`
	Load     string       `json:"load"`              // in words, as the next three
	NATS     string       `json:"nats"`              // which servers
	Temporal string       `json:"temporal"`          // with which database
	Without  string       `json:"without,omitempty"` // why not with PostgreSQL
	Points   []ScalePoint `json:"points"`
}

// Scale measures how throughput, latency and processor time change with the number of Homeroom's processes of each role, on servers that keep their data on disk. command
// starts this program as such a process. After an error the report has the counts before it.
func (o *Options) Scale(ctx context.Context, sizes ScaleSizes, on ScaleServers, command func() *exec.Cmd) (*ScaleReport, error) {
	load := newReport(fmt.Sprintf("%d newcomers with an event each; %d events a second apart", sizes.Newcomers, sizes.Singles))
	r := &ScaleReport{At: load.At, Machine: load.Machine, Commit: load.Commit, Load: load.Load, Without: on.Without}
	for n := 1; n <= sizes.Processes; n++ {
		if err := o.scaleTo(ctx, r, n, sizes, on, command); err != nil {
			return r, fmt.Errorf("with %d processes of each role: %w", n, err)
		}
	}
	return r, nil
}

// scaleTo measures n processes of each role on servers of their own and adds the point to the report.
func (o *Options) scaleTo(ctx context.Context, r *ScaleReport, n int, sizes ScaleSizes, on ScaleServers, command func() *exec.Cmd) (err error) {
	academy, err := jobAcademy(time.Minute, nil)
	if err != nil {
		return err
	}
	s, stop, err := o.startScaleServers(ctx, fmt.Sprintf("scale-%d", n), on)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	r.NATS, r.Temporal = describeServers(on, s)
	processes, err := launchRoles(ctx, n, s, academy, on.NATSNodes, command)
	defer func() {
		for _, p := range processes {
			p.Kill()
		}
	}()
	if err != nil {
		return err
	}
	js, closeConnection, err := connectNATS(s.NATSURL)
	if err != nil {
		return err
	}
	defer closeConnection()
	j := &job{o: o, academy: academy, stack: s, js: js}
	lags, err := j.measureSingles(ctx, fmt.Sprintf("%d of each role: latency", n), "a", sizes.Singles)
	if err != nil {
		return err
	}
	point := ScalePoint{Processes: n, Median: percentile(lags, 50), P99: percentile(lags, 99)}
	if point.AtRest, err = j.measureRest(ctx, sizes.Rest, processes); err != nil {
		return err
	}
	if err := j.measureNewcomers(ctx, &point, sizes, processes); err != nil {
		return err
	}
	r.Points = append(r.Points, point)
	return nil
}

// measureRest returns how many processors Homeroom, its servers and the database take while nothing happens for so long.
func (j *job) measureRest(ctx context.Context, rest time.Duration, processes []*process.Process) (float64, error) {
	database, err := readDatabaseUse(ctx, j.stack)
	if err != nil {
		return 0, err
	}
	used := processorTimeOf(processes)
	lap := startStopwatch()
	select {
	case <-time.After(rest):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	result := lap(0)
	used = processorTimeOf(processes) - used + result.processor
	after, err := readDatabaseUse(ctx, j.stack)
	used += after.processor - database.processor
	return used.Seconds() / result.took.Seconds(), err
}

// measureNewcomers sends newcomers a message each, after the messages that measureSingles sent.
func (j *job) measureNewcomers(ctx context.Context, point *ScalePoint, sizes ScaleSizes, processes []*process.Process) error {
	messages, err := failedNewcomers(j.academy.Catalog, kindNow, sizes.Newcomers, time.Now())
	if err != nil {
		return err
	}
	database, err := readDatabaseUse(ctx, j.stack)
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
	after, err := readDatabaseUse(ctx, j.stack)
	point.Database = (after.processor - database.processor) / time.Duration(sizes.Newcomers)
	point.Written = (after.written - database.written) / int64(sizes.Newcomers)
	return err
}

// launchRoles starts n processes of each role, which create streams and buckets with so many replicas. After an error too it returns those that run.
func launchRoles(ctx context.Context, n int, s *stack.Stack, academy *rules.Academy, replicas int, command func() *exec.Cmd) ([]*process.Process, error) {
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
				Replicas: replicas,
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

// WriteTable writes a row for each count of processes.
func (r *ScaleReport) WriteTable(out io.Writer) error {
	fmt.Fprintf(out, "%s\n%s\n", r.Machine, r.Load)
	if r.Commit != "" {
		fmt.Fprintf(out, "commit %s\n", r.Commit)
	}
	fmt.Fprintf(out, "%s\n%s\n", r.NATS, r.Temporal)
	if r.Without != "" {
		fmt.Fprintf(out, "because %s\n", r.Without)
	}
	fmt.Fprintln(out)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "EACH\tMESSAGES/S\tMEDIAN\tP99\tREST\tHOMEROOM\tSERVERS\tDATABASE\tWRITTEN\t")
	for _, p := range r.Points {
		database := "in SERVERS"
		written := "-"
		if p.Written > 0 {
			database = orUnknown(p.Database)
			written = sizeOf(p.Written)
		}
		fmt.Fprintf(table, "%d\t%.1f\t%s\t%s\t%.2f\t%s\t%s\t%s\t%s\t\n", p.Processes, p.PerSecond, p.Median.Round(time.Millisecond), p.P99.Round(time.Millisecond), p.AtRest,
			orUnknown(p.Homeroom), orUnknown(p.Servers), database, written)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprint(out, `
EACH: processes of each role.
MEDIAN and P99: from an event to its message, while nothing else happens.
REST: processors that all of it takes while nothing happens.
HOMEROOM, SERVERS, DATABASE: processor time for a message to a newcomer;
SERVERS are NATS, Temporal and the stand-in SendGrid. WRITTEN: bytes that the
database wrote to its log for it.
`)
	return err
}

// WriteJSON writes the report for machines.
func (r *ScaleReport) WriteJSON(out io.Writer) error { return json.NewEncoder(out).Encode(r) }

// orUnknown writes a processor time.
func orUnknown(d time.Duration) string {
	if d == 0 {
		return "not known"
	}
	return d.Round(10 * time.Microsecond).String()
}
