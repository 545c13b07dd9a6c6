package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/catalog"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/subjects"
)

// DeadlettersCmd is `homeroom deadletters`.
type DeadlettersCmd struct {
	List   DeadlettersListCmd   `cmd:"" help:"Count the events that were refused, by reason, and list the newest."`
	Show   DeadlettersShowCmd   `cmd:"" help:"Show one: why it was refused, what to do, and what was published."`
	Replay DeadlettersReplayCmd `cmd:"" help:"Publish them again, as they were or mended, once they are good."`
	Purge  DeadlettersPurgeCmd  `cmd:"" help:"Delete those that nobody will mend."`
}

// DeadlettersListCmd is `homeroom deadletters list`.
type DeadlettersListCmd struct {
	NATSFlags
	Learner string `help:"Those of this learner only." placeholder:"ID"`
	Reason  string `help:"Those refused for this reason only, for instance wrong_type." placeholder:"CODE"`
	Since   string `default:"all" help:"Those refused since: a duration (30d, 12h), a date, or all." placeholder:"T"`
	Limit   int    `default:"20" help:"How many of the newest to list." placeholder:"N"`
	Format  string `help:"How to print: table or json." enum:"table,json" default:"table"`
}

// Help is shown by `homeroom deadletters list --help`.
func (*DeadlettersListCmd) Help() string {
	return `What cannot be used is kept as it came, with the reason and a hint. This counts them by reason, with an example of each.
It reads headers only, and prints no body.

Example:
  homeroom deadletters list --since 7d
  homeroom deadletters list --reason unknown_event --format json`
}

// deadReport is what --format json prints.
type deadReport struct {
	Total   int          `json:"total"`
	Reasons []deadReason `json:"reasons"` // the most frequent first
	Letters []deadLetter `json:"letters"` // the newest first, as many as --limit allows
}

// deadReason are the letters with one reason.
type deadReason struct {
	Reason string         `json:"reason"`
	Count  int            `json:"count"`
	First  time.Time      `json:"first"`
	Last   time.Time      `json:"last"`
	Events map[string]int `json:"events"` // how many of each event; the rarer ones of many together as "others"
	// Example is the newest.
	Example deadLetter `json:"example"`
}

// manyEvents bounds how many names of events are counted per reason: publishers can make up any number.
const manyEvents = 100

// Run counts and lists.
func (c *DeadlettersListCmd) Run(ctx context.Context, o IO) error {
	since, err := sinceFlag(c.Since, o.Now())
	if err != nil {
		return err
	}
	filter, err := deadFilter(c.Learner)
	if err != nil {
		return err
	}
	return withHistory(ctx, o, c.NATSFlags, since, func(h *history, _ *store.Store) error {
		h.headersOnly = true
		report := deadReport{Reasons: []deadReason{}, Letters: []deadLetter{}}
		reasons := map[string]*deadReason{}
		err := h.dead(ctx, filter, c.Reason, func(l deadLetter) error {
			report.Total++
			report.Letters = append(report.Letters, l)
			if extra := len(report.Letters) - max(0, c.Limit); extra > 0 {
				report.Letters = slices.Delete(report.Letters, 0, extra)
			}
			r := reasons[l.Reason]
			if r == nil {
				r = &deadReason{Reason: l.Reason, First: l.At, Events: map[string]int{}}
				reasons[l.Reason] = r
			}
			r.add(l)
			return nil
		})
		if err != nil {
			return err
		}
		for _, r := range reasons {
			report.Reasons = append(report.Reasons, *r)
		}
		slices.SortFunc(report.Reasons, func(a, b deadReason) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
		})
		slices.Reverse(report.Letters)
		if c.Format == "json" {
			return printJSON(o.Out, report)
		}
		_, err = o.Out.Write([]byte(report.text(o)))
		return err
	})
}

func (r *deadReason) add(l deadLetter) {
	r.Count++
	r.Last = l.At
	r.Example = l
	event := l.Event
	if _, counted := r.Events[event]; !counted && len(r.Events) >= manyEvents {
		event = "others"
	}
	r.Events[event]++
}

func (r *deadReport) text(o IO) string {
	if r.Total == 0 {
		return "No dead letters.\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s.\n", count(r.Total, "dead letter"))
	for _, reason := range r.Reasons {
		fmt.Fprintf(&b, "\n%s  %s, %s to %s\n", o.paint("1", reason.Reason), thousands(reason.Count), day(reason.First), day(reason.Last))
		names := slices.SortedFunc(maps.Keys(reason.Events), func(a, b string) int {
			return cmp.Or(cmp.Compare(reason.Events[b], reason.Events[a]), cmp.Compare(a, b))
		})
		for i, name := range names[:min(3, len(names))] {
			names[i] = fmt.Sprintf("%s %s", printable(name), thousands(reason.Events[name]))
		}
		if more := len(names) - 3; more > 0 {
			names = append(names[:3], count(more, "other"))
		}
		fmt.Fprintf(&b, "  %s\n  for example %d: %s\n", strings.Join(names, ", "), reason.Example.Sequence, printable(reason.Example.Message))
		if reason.Example.Hint != "" {
			fmt.Fprintf(&b, "  %s\n", printable(reason.Example.Hint))
		}
	}
	if len(r.Letters) == 0 {
		return b.String()
	}
	b.WriteString("\n" + table(func(row func(...any)) {
		row("SEQ", "REFUSED", "LEARNER", "EVENT", "REASON")
		for _, l := range r.Letters {
			row(l.Sequence, day(l.At), printable(l.Learner), printable(l.Event), l.Reason)
		}
	}))
	if more := r.Total - len(r.Letters); more > 0 {
		fmt.Fprintf(&b, "and %s older.\n", thousands(more))
	}
	fmt.Fprintf(&b, "\nLook at one with `homeroom deadletters show %d`; see what can be published again with `homeroom deadletters replay --all --dry-run`.\n", r.Letters[0].Sequence)
	return b.String()
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// dead hands over each dead letter of the subjects, in stream order; reason, if not empty, is the only one.
func (h *history) dead(ctx context.Context, filter, reason string, each func(deadLetter) error) error {
	return h.read(ctx, subjects.DeadStream, []string{filter}, func(msg jetstream.Msg) error {
		meta, err := msg.Metadata()
		if err != nil {
			return fmt.Errorf("read the NATS stream %s: %w", subjects.DeadStream, err)
		}
		l := deadLetterOf(store.Message{
			Subject:  msg.Subject(),
			Sequence: meta.Sequence.Stream,
			StoredAt: meta.Timestamp,
			Header:   msg.Headers(),
			Data:     msg.Data(),
		})
		if reason != "" && l.Reason != reason {
			return nil
		}
		return each(l)
	})
}

// deadFilter is the filter for a learner's dead letters, or for all.
func deadFilter(learner string) (string, error) {
	if learner == "" {
		return subjects.AllDead, nil
	}
	if learner != subjects.NoLearner {
		if err := subjects.ValidLearner(learner); err != nil {
			return "", usage(fmt.Errorf("--learner: %w", err))
		}
	}
	return subjects.DeadOf(learner), nil
}

// DeadlettersShowCmd is `homeroom deadletters show`.
type DeadlettersShowCmd struct {
	NATSFlags
	Seq     uint64 `arg:"" help:"Its sequence, as homeroom deadletters list shows it."`
	Catalog string `type:"existingfile" help:"A catalog.yaml to try it with. Default: the one of the rules in force." placeholder:"FILE"`
	Raw     bool   `help:"Print the body only, as it came, to be mended and given to replay --body."`
}

// Help is shown by `homeroom deadletters show --help`.
func (*DeadlettersShowCmd) Help() string {
	return `Prints one dead letter with its body, which may hold personal data, and whether it would be accepted now.

Example:
  homeroom deadletters show 12
  homeroom deadletters show 12 --raw > event.json`
}

// Run shows it.
func (c *DeadlettersShowCmd) Run(ctx context.Context, o IO) error {
	return withHistory(ctx, o, c.NATSFlags, time.Time{}, func(h *history, st *store.Store) error {
		r := &replayer{letters: store.NewDeadLetters(h.js), now: o.Now}
		l, err := r.get(ctx, c.Seq)
		if err != nil {
			return err
		}
		if err := r.complete(ctx, &l); err != nil && !errors.Is(err, errCut) {
			return err
		}
		if c.Raw {
			_, err := o.Out.Write(l.body)
			return err
		}
		if r.known, err = catalogToTry(ctx, c.Catalog, st.Rulesets); err != nil {
			return err
		}
		_, err = o.Out.Write([]byte(l.text(r.verdict(&l))))
		return err
	})
}

// text shows a letter; bad is why it would be refused again.
func (l *deadLetter) text(bad error) string {
	var b strings.Builder
	b.WriteString(table(func(row func(...any)) {
		for _, line := range []struct{ name, value string }{
			{"reason", l.Reason}, {"what is wrong", l.Message}, {"what to do", l.Hint},
			{"learner", l.Learner}, {"event", l.Event},
			{"published to", l.subject},
			{"stored", fmt.Sprintf("%s, as %d in %s", l.Stored.UTC().Format(time.RFC3339), l.Original, subjects.Stream)},
			{"refused", l.At.UTC().Format(time.RFC3339)},
		} {
			if line.value != "" {
				row(line.name, printable(line.value))
			}
		}
		for _, name := range slices.Sorted(maps.Keys(l.header)) {
			row("header "+printable(name), printable(strings.Join(l.header[name], ", ")))
		}
		switch {
		case bad != nil:
			row("now", "it would be refused again: "+printable(bad.Error()))
		default:
			row("now", fmt.Sprintf("it would be accepted: homeroom deadletters replay %d", l.Sequence))
		}
	}))
	b.WriteString("\n" + pretty(l.body) + "\n")
	if l.Truncated > len(l.body) {
		fmt.Fprintf(&b, "… the first %s of %s bytes; the rest is gone\n", thousands(len(l.body)), thousands(l.Truncated))
	}
	return b.String()
}

// pretty indents JSON; anything else is quoted where a terminal would not print it.
func pretty(body []byte) string {
	var out bytes.Buffer
	if utf8.Valid(body) && json.Indent(&out, body, "", "  ") == nil {
		body = out.Bytes()
	}
	lines := strings.Split(string(body), "\n")
	for i, line := range lines {
		lines[i] = printable(line)
	}
	return strings.Join(lines, "\n")
}

// catalogToTry is the catalog of the file, or else that of the rules in force, or else the built-in one.
func catalogToTry(ctx context.Context, file string, rulesets *store.Rulesets) (*catalog.Catalog, error) {
	if file != "" {
		return knownEvents(file)
	}
	academy, err := academyInForce(ctx, rulesets)
	if errors.Is(err, errNoRules) {
		return knownEvents("")
	}
	if err != nil {
		return nil, err
	}
	return academy.Catalog, nil
}

var errNoRules = errors.New("no rules are in force yet: publish some with `homeroom rules publish`, or start `homeroom serve` with a folder")

// academyInForce compiles the revision in force.
func academyInForce(ctx context.Context, rulesets *store.Rulesets) (*rules.Academy, error) {
	current, err := rulesets.Current(ctx)
	if err != nil {
		return nil, err
	}
	if current.Hash == "" {
		return nil, errNoRules
	}
	bundle, err := rulesets.Get(ctx, current.Hash)
	if err != nil {
		return nil, err
	}
	academy, problems := rules.FromBundle(bundle.Files)
	if err := problems.Err(); err != nil {
		return nil, fmt.Errorf("the rules in force do not compile with this version of Homeroom: %w", err)
	}
	return academy, nil
}
