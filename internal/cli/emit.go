package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/subjects"
)

// EmitCmd is `homeroom emit`.
type EmitCmd struct {
	NATSFlags
	Event      string            `arg:"" help:"The event's name, for instance lesson.completed."`
	Properties []string          `arg:"" optional:"" help:"Its properties as key=value." placeholder:"KEY=VALUE"`
	Learner    string            `help:"Whose event it is; events about the platform, such as content.published, have none." placeholder:"ID"`
	ID         string            `name:"id" help:"The event's id; the same id twice is the same event. Default: a new one." placeholder:"ID"`
	Time       string            `help:"When it happened, RFC 3339. Default: now." placeholder:"TIME"`
	Traits     map[string]string `name:"trait" help:"A trait of the learner that comes along, for instance --trait email=ada@example.org." placeholder:"KEY=VALUE"`
	Catalog    string            `type:"existingfile" help:"A team's catalog.yaml with events of its own." placeholder:"FILE"`
	DryRun     bool              `help:"Check the event and print it; publish nothing."`
}

// Help is shown by `homeroom emit --help`.
func (*EmitCmd) Help() string {
	return `Publishes one event as a learning platform would, or says why it is not valid.

Example:
  homeroom emit assessment.graded --learner u_42 assessment_id=quiz1 score_pct=40 passed=false grader_type=auto \
    --trait email=ada@example.org --trait first_name=Ada`
}

// Run checks and publishes the event.
func (c *EmitCmd) Run(ctx context.Context, o IO) error {
	known, err := knownEvents(c.Catalog)
	if err != nil {
		return err
	}
	body, learner, id, err := c.body(known, o.Now())
	if err != nil {
		return err
	}
	subject := subjects.Publish(learner, c.Event)
	if c.DryRun {
		_, err := fmt.Fprintf(o.Out, "%s\n%s\n", subject, strings.TrimSpace(string(body)))
		return err
	}
	nc, js, err := c.connect("homeroom emit")
	if err != nil {
		return err
	}
	defer nc.Close()
	ack, err := js.PublishMsg(ctx, &nats.Msg{
		Subject: subject,
		Data:    body,
		Header: nats.Header{
			jetstream.MsgIDHeader: {subjects.MsgID(learner, id)},
		},
	})
	if errors.Is(err, jetstream.ErrNoStreamResponse) {
		return fmt.Errorf("there is no stream %s at %s yet: `homeroom serve` makes it, and so does `go run ./dev --live`", subjects.Stream, c.natsOptions().Address())
	} else if err != nil {
		return fmt.Errorf("publishing to %s: %w", subject, err)
	}
	if ack.Duplicate {
		_, err = fmt.Fprintf(o.Out, "%s was published before; nothing was added\n", id)
	} else {
		_, err = fmt.Fprintf(o.Out, "%s  id %s  stream %s #%d\n", subject, id, ack.Stream, ack.Sequence)
	}
	return err
}

// body builds the native body and has the catalog decode it as triggers would. learner is whose subject it goes to.
func (c *EmitCmd) body(known *catalog.Catalog, now time.Time) (body []byte, learner, id string, err error) {
	kind, ok := known.Event(c.Event)
	if !ok {
		return nil, "", "", usage(fmt.Errorf("unknown event %s%s (`homeroom catalog` lists all)", c.Event, didYouMean(known.Nearest(c.Event))))
	}
	if learner, err = c.whose(kind); err != nil {
		return nil, "", "", usage(fmt.Errorf("--learner: %w", err))
	}
	ev := engine.Event{ID: c.ID, Name: c.Event, Learner: learner, Time: now, Properties: map[string]any{}}
	if ev.ID == "" {
		ev.ID = "emit-" + rand.Text()[:12]
	}
	if c.Time != "" {
		if ev.Time, err = time.Parse(time.RFC3339, c.Time); err != nil {
			return nil, "", "", usage(fmt.Errorf("--time %s: want RFC 3339, for instance 2026-03-02T10:00:00Z", c.Time))
		}
	}
	for _, pair := range c.Properties {
		key, text, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, "", "", usage(fmt.Errorf("%q: want key=value", pair))
		}
		if ev.Properties[key], err = kind.Value(key, text); err != nil {
			return nil, "", "", usage(err)
		}
	}
	traits := map[string]any{}
	for key, text := range c.Traits {
		traits[key] = text
		if text == "true" || text == "false" {
			traits[key] = text == "true"
		}
	}
	if body, err = known.Encode(catalog.Decoded{Event: ev, Traits: traits}); err != nil {
		return nil, "", "", fmt.Errorf("encoding the event: %w", err)
	}
	if _, problem := known.Decode(learner, c.Event, body, now); problem != nil {
		return nil, "", "", usage(problem)
	}
	return body, learner, ev.ID, nil
}

// whose is the learner of the event: an event about the platform needs none.
func (c *EmitCmd) whose(kind *catalog.Event) (string, error) {
	if kind.Admin && (c.Learner == "" || c.Learner == subjects.NoLearner) {
		return subjects.NoLearner, nil
	}
	if c.Learner == "" {
		return "", fmt.Errorf("%s is about a learner; say whose it is, for instance --learner u_42", kind.Name)
	}
	return c.Learner, subjects.ValidLearner(c.Learner)
}

// knownEvents is the built-in catalog, with a team's own events if it has a file of them.
func knownEvents(file string) (*catalog.Catalog, error) {
	known, err := catalog.Default()
	if err != nil || file == "" {
		return known, err
	}
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, usage(fmt.Errorf("--catalog: %w", err))
	}
	return known.Extend(file, src)
}

func didYouMean(name string) string {
	if name == "" {
		return ""
	}
	return ", did you mean " + name + "?"
}
