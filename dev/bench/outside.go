package bench

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/internal/standin"
	"homeroom/subjects"
	"homeroom/workflows"
)

// killResult counts the mails after a kill.
type killResult struct {
	lost      int // the learner got no mail, and no decision says so
	doubled   int
	uncertain int // the learner got no mail, and a decision says that this is unknown: the mail is never sent again
}

// jobE kills Homeroom, its NATS and its Temporal half-way through job B, starts them again on the same data, and counts the
// mails at the provider, which is not killed.
func (o *Options) jobE(ctx context.Context, s Sizes, command func() *exec.Cmd) (a killResult, err error) {
	academy, err := jobAcademy(s.Wait, nil)
	if err != nil {
		return a, err
	}
	mail, err := standin.New(standin.Options{Keep: 100_000}).Start("127.0.0.1:0", o.Log)
	if err != nil {
		return a, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		err = errors.Join(err, mail.Stop(ctx))
	}()
	dir := o.Dir + "/job-e"
	first, err := launchHomeroom(ctx, command, dir, mail, academy)
	if err != nil {
		return a, err
	}
	defer first.Kill()
	messages, err := failedNewcomers(academy.Catalog, kindNow, s.Newcomer, time.Now())
	if err != nil {
		return a, err
	}
	js, closeConnection, err := connectNATS(first.NATS)
	if err != nil {
		return a, err
	}
	defer closeConnection()
	if err := publishAll(ctx, js, messages, nil); err != nil {
		return a, err
	}
	report := o.progressOf("job E: mails")
	half := func(c standin.Counts) bool { report(c.Accepted, s.Newcomer); return c.Accepted >= s.Newcomer/2 }
	if err := mail.Wait(ctx, half); err != nil {
		return a, err
	}
	first.Kill()
	second, err := launchHomeroom(ctx, command, dir, mail, academy)
	if err != nil {
		return a, fmt.Errorf("starting again: %w", err)
	}
	defer second.Kill()
	settled, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	err = mail.Wait(settled, func(c standin.Counts) bool {
		report(c.Accepted, s.Newcomer)
		return c.Accepted-c.Duplicates >= s.Newcomer
	})
	if err != nil && settled.Err() == nil {
		return a, err
	}
	if err := clock.Sleep(ctx, 10*time.Second); err != nil { // surplus mails would arrive in this time
		return a, err
	}
	c := mail.Counts()
	a.doubled = c.Duplicates
	if a.uncertain, err = countUncertain(ctx, second.NATS, mail); err != nil {
		return a, err
	}
	a.lost = s.Newcomer - (c.Accepted - c.Duplicates) - a.uncertain
	return a, nil
}

// countUncertain counts the learners without a mail whose send is uncertain by a decision.
func countUncertain(ctx context.Context, url string, mail *standin.Listener) (n int, err error) {
	js, closeConnection, err := connectNATS(url)
	if err != nil {
		return 0, err
	}
	defer closeConnection()
	stream, err := js.Stream(ctx, subjects.DecisionStream)
	if err != nil {
		return 0, fmt.Errorf("looking at the stream %s: %w", subjects.DecisionStream, err)
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(subjects.DecisionsOfKind(string(engine.KindUncertain))))
	if err != nil {
		return 0, fmt.Errorf("looking for uncertain mails: %w", err)
	}
	for subject := range info.State.Subjects {
		learner := strings.Split(subject, ".")[2]
		if len(mail.Messages(learner+jobDomain)) == 0 {
			n++
		}
	}
	return n, nil
}

// memoryUse is the resident memory of the whole dev stack, in bytes.
type memoryUse struct {
	idle, waiting int64
	learners      int
}

// measureMemory starts the stack in a process of its own and measures its memory, idle and with learners who wait.
func (o *Options) measureMemory(ctx context.Context, learners int, command func() *exec.Cmd) (w *memoryUse, err error) {
	academy, err := jobAcademy(72*time.Hour, nil)
	if err != nil {
		return nil, err
	}
	mail, err := standin.New(standin.Options{}).Start("127.0.0.1:0", o.Log)
	if err != nil {
		return nil, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		err = errors.Join(err, mail.Stop(ctx))
	}()
	p, err := launchHomeroom(ctx, command, o.Dir+"/memory", mail, academy)
	if err != nil {
		return nil, err
	}
	defer p.Kill()
	if err := clock.Sleep(ctx, 20*time.Second); err != nil {
		return nil, err
	}
	w = &memoryUse{idle: p.ResidentMemory(), learners: learners}
	messages, err := failedNewcomers(academy.Catalog, kindLater, learners, time.Now())
	if err != nil {
		return nil, err
	}
	js, closeConnection, err := connectNATS(p.NATS)
	if err != nil {
		return nil, err
	}
	defer closeConnection()
	if err := publishAll(ctx, js, messages, nil); err != nil {
		return nil, err
	}
	if err := o.awaitAllWaiting(ctx, p.Temporal, learners); err != nil {
		return nil, err
	}
	w.waiting = p.ResidentMemory()
	return w, nil
}

// awaitAllWaiting waits until the search attribute of every learner's workflow shows the rule that it waits in.
func (o *Options) awaitAllWaiting(ctx context.Context, temporal string, learners int) error {
	c, err := client.DialContext(ctx, client.Options{HostPort: temporal, Logger: sdklog.NewStructuredLogger(o.Log)})
	if err != nil {
		return fmt.Errorf("connecting to Temporal at %s: %w", temporal, err)
	}
	defer c.Close()
	report := o.progressOf("learners who wait")
	query := fmt.Sprintf("%s = 'later'", workflows.SearchRules.GetName())
	for {
		answer, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: query})
		if err != nil {
			return fmt.Errorf("counting workflows (%s): %w", query, err)
		}
		report(int(answer.Count), learners)
		if int(answer.Count) >= learners {
			return clock.Sleep(ctx, 5*time.Second)
		}
		if err := clock.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}
