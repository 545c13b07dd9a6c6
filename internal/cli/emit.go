package cli

import (
	"context"
	"fmt"
	"strings"

	"homeroom/admin"
	"homeroom/catalog"
	"homeroom/internal/narrate"
	"homeroom/internal/printing"
	"homeroom/internal/rfc3339"
	"homeroom/internal/safefiles"
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
	Catalog    string            `type:"existingfile" help:"A team's catalog.yaml with events of its own. Default: that of what is in force, if it can be read." placeholder:"FILE"`
	DryRun     bool              `help:"Check the event and print it; publish nothing."`
}

// Help is shown by `homeroom emit --help`.
func (*EmitCmd) Help() string {
	return `Publishes one event as a learning platform would, or says why it is not valid. It is checked against the catalog in force, with the
events of the team's own, if NATS can be reached and lets it be read; else against the built-in events. It says which.

Example:
  homeroom emit assessment.graded --learner u_42 assessment_id=quiz1 score_pct=40 passed=false grader_type=auto \
    --trait email=ada@example.org --trait first_name=Ada`
}

// Run checks and publishes the event.
func (c *EmitCmd) Run(ctx context.Context, o IO) error {
	known, err := c.knownEvents(ctx, o)
	if err != nil {
		return err
	}
	request := admin.EventRequest{
		Name:       c.Event,
		Learner:    c.Learner,
		ID:         c.ID,
		Time:       o.Now(),
		Properties: c.Properties,
		Traits:     c.Traits,
	}
	if c.Time != "" {
		if request.Time, err = rfc3339.Parse(c.Time); err != nil {
			return usage(fmt.Errorf("--time %s: want RFC 3339, for instance 2026-03-02T10:00:00Z", c.Time))
		}
	}
	event, err := admin.PrepareEvent(known, request, o.Now())
	if err != nil {
		return err
	}
	for _, remark := range event.Remarks {
		fmt.Fprintf(o.Err, "Remark: %s\n", printing.EndSentence(remark))
	}
	if c.DryRun {
		_, err := fmt.Fprintf(o.Out, "%s\n%s\n", event.Subject, strings.TrimSpace(string(event.Body)))
		return err
	}
	stored, err := admin.PublishEvent(ctx, c.natsOptions(), event)
	if err != nil {
		return err
	}
	if stored.Duplicate {
		_, err = fmt.Fprintf(o.Out, "%s was published before; nothing was added\n", event.ID)
	} else {
		_, err = fmt.Fprintf(o.Out, "%s  id %s  stream %s #%d\n", event.Subject, event.ID, stored.Stream, stored.Sequence)
	}
	return err
}

// knownEvents returns the built-in events with a team's own: those of a file if one is given, else those in force if they can be
// read. It says which.
func (c *EmitCmd) knownEvents(ctx context.Context, o IO) (*catalog.Catalog, error) {
	if c.Catalog == "" {
		inForce, err := admin.CatalogInForce(ctx, c.natsOptions())
		if err == nil {
			fmt.Fprintf(o.Err, "Checked against the catalog in force (no. %d, %s): the built-in events and %s of your own.\n",
				inForce.Number, narrate.ShortHash(inForce.Hash), narrate.Count(inForce.Own, "event"))
			return inForce.Catalog, nil
		}
		fmt.Fprintf(o.Err, "Checked against the built-in events only: the catalog in force was not read (%s). --catalog FILE adds events of your own.\n", firstLine(err))
		return catalog.Default()
	}
	return catalogOfFile(c.Catalog)
}

// catalogOfFile returns the built-in events with those of a team's own file; without a file the built-in ones.
func catalogOfFile(file string) (*catalog.Catalog, error) {
	known, err := catalog.Default()
	if err != nil || file == "" {
		return known, err
	}
	src, err := safefiles.ReadFile(file, maxInputFile)
	if err != nil {
		return nil, usage(fmt.Errorf("--catalog: %w", err))
	}
	return known.Extend(file, src)
}

// firstLine returns the first line of an error.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
