package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"

	"homeroom/catalog"
	"homeroom/store"
	"homeroom/subjects"
	"homeroom/triggers"
)

// deadLetter is one event that was refused.
type deadLetter struct {
	Sequence  uint64    `json:"seq"` // in LEARNING_DLQ
	At        time.Time `json:"refused"`
	Reason    string    `json:"reason"`
	Message   string    `json:"message"`
	Hint      string    `json:"hint,omitempty"`
	Learner   string    `json:"learner"`
	Event     string    `json:"event"`
	Original  uint64    `json:"original"` // sequence in LEARNING
	Stored    time.Time `json:"stored,omitzero"`
	Truncated int       `json:"truncated,omitempty"` // bytes of the original, if it is not all here

	subject string // the original's, as stored
	problem error  // why the subject cannot be read
	header  map[string][]string
	body    []byte
}

func deadLetterOf(m store.Message) deadLetter {
	get := func(name string) string {
		if values := m.Header[name]; len(values) > 0 {
			return values[0]
		}
		return ""
	}
	l := deadLetter{
		Sequence: m.Sequence,
		At:       m.StoredAt,
		Reason:   get(triggers.HeaderReason),
		Message:  get(triggers.HeaderMessage),
		Hint:     get(triggers.HeaderHint),
		subject:  get(triggers.HeaderSubject),
		header:   store.PublisherHeader(m.Header),
		body:     m.Data,
	}
	// What is missing or broken is zero: then there is no more to tell.
	l.Original, _ = strconv.ParseUint(get(triggers.HeaderSequence), 10, 64)
	l.Stored, _ = time.Parse(time.RFC3339Nano, get(triggers.HeaderStored))
	l.Truncated, _ = strconv.Atoi(get(triggers.HeaderTruncated))
	if _, l.Learner, l.Event, l.problem = subjects.ParseStored(l.subject); l.Event == "" {
		parts := strings.SplitN(m.Subject, ".", 3) // dead.<learner>.<event>
		l.Learner = parts[min(1, len(parts)-1)]
		l.Event = parts[len(parts)-1]
	}
	return l
}

// printable is text that a terminal can be given, whoever wrote it.
func printable(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) {
		return strconv.Quote(s)
	}
	return s
}

// LetterFlags say which dead letters are meant.
type LetterFlags struct {
	Seqs    []uint64 `arg:"" optional:"" name:"seq" help:"Their sequences, as homeroom deadletters list shows them."`
	Reason  string   `help:"All that were refused for this reason." placeholder:"CODE"`
	Learner string   `help:"All of this learner." placeholder:"ID"`
	All     bool     `help:"All there are."`
}

func (c *LetterFlags) check(others ...string) error {
	some := c.Reason != "" || c.Learner != "" || strings.Join(others, "") != ""
	switch {
	case len(c.Seqs) > 0 && (c.All || some):
		return usage(errors.New("name sequences, or say which with flags, not both"))
	case len(c.Seqs) == 0 && !c.All && !some:
		return usage(errors.New("say which: sequences as `homeroom deadletters list` shows them, --reason CODE, --learner ID, or --all"))
	}
	return nil
}

// each hands over those that are meant, in stream order.
func (c *LetterFlags) each(ctx context.Context, h *history, r *replayer, do func(deadLetter) error) error {
	if len(c.Seqs) == 0 {
		filter, err := deadFilter(c.Learner)
		if err != nil {
			return err
		}
		return h.dead(ctx, filter, c.Reason, do)
	}
	for _, seq := range c.Seqs {
		l, err := r.get(ctx, seq)
		if err == nil {
			err = do(l)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// DeadlettersReplayCmd is `homeroom deadletters replay`.
type DeadlettersReplayCmd struct {
	NATSFlags
	LetterFlags
	As      string `name:"as" help:"Publish as this event, for letters whose event was misspelled." placeholder:"EVENT"`
	Body    string `type:"existingfile" help:"Publish this body instead: for one letter." placeholder:"FILE"`
	Catalog string `type:"existingfile" help:"A catalog.yaml to check against. Default: the one of the rules in force." placeholder:"FILE"`
	Force   bool   `help:"Publish those again too that will be refused again."`
	DryRun  bool   `name:"dry-run" help:"Say what would happen, and do nothing."`
}

// Help is shown by `homeroom deadletters replay --help`.
func (*DeadlettersReplayCmd) Help() string {
	return `Publishes refused events again under their own subjects, as they came, and deletes each dead letter once the stream has
its event. First each is checked as it will be on arrival: what would be refused again is skipped, and the exit code is 1.

It may be stopped and repeated: an event that was published twice is recognized by its id. An event without a time keeps the one
at which it first arrived. One that is older than max_event_age counts, but starts no rule.

Example:
  homeroom deadletters replay 12 13
  homeroom deadletters replay --reason unknown_event --as lesson.completed --dry-run
  homeroom deadletters replay 12 --body mended.json`
}

// Run replays.
func (c *DeadlettersReplayCmd) Run(ctx context.Context, o IO) error {
	if err := c.check(); err != nil {
		return err
	}
	if c.Body != "" && len(c.Seqs) != 1 {
		return usage(errors.New("--body is for one letter: name its sequence"))
	}
	var body []byte
	if c.Body != "" {
		var err error
		if body, err = os.ReadFile(c.Body); err != nil {
			return usage(fmt.Errorf("--body: %w", err))
		}
	}
	return withHistory(ctx, o, c.NATSFlags, time.Time{}, func(h *history, st *store.Store) error {
		known, err := catalogToTry(ctx, c.Catalog, st.Rulesets)
		if err != nil {
			return err
		}
		r := &replayer{letters: store.NewDeadLetters(h.js), known: known, now: o.Now, as: c.As, body: body}
		done := 0
		skipped := 0
		err = c.each(ctx, h, r, func(l deadLetter) error {
			bad := r.prepare(ctx, &l)
			if bad != nil && (!c.Force || l.problem != nil || errors.Is(bad, errCut)) {
				if skipped++; skipped <= maxSkipsTold {
					fmt.Fprintf(o.Err, "%d %s of %s is skipped: %s\n", l.Sequence, printable(l.Event), printable(l.Learner), printable(bad.Error()))
				}
				return nil
			}
			if !c.DryRun {
				if err := r.replay(ctx, &l); err != nil {
					return fmt.Errorf("%w; %s published again before: repeat the command to go on", err, count(done, "letter"))
				}
			}
			done++
			return nil
		})
		if err != nil {
			return err
		}
		verb := "published again"
		rest := "."
		if c.DryRun {
			verb = "would be published again"
			rest = "; nothing was done."
		}
		if _, err := fmt.Fprintf(o.Out, "%s %s, %s skipped%s\n", count(done, "event"), verb, thousands(skipped), rest); err != nil {
			return err
		}
		if skipped > 0 {
			return ExitError{Code: 1}
		}
		return nil
	})
}

// maxSkipsTold is how many skipped letters are told one by one.
const maxSkipsTold = 20

// replayer checks dead letters and publishes them again.
type replayer struct {
	letters *store.DeadLetters
	known   *catalog.Catalog
	now     func() time.Time
	as      string // the event to publish as; empty: the letter's
	body    []byte // to publish instead; nil: the letter's
}

// errCut says that the whole event is nowhere any more.
var errCut = errors.New("its body was too large to be kept whole, and the original is gone")

func (r *replayer) get(ctx context.Context, seq uint64) (deadLetter, error) {
	m, err := r.letters.Get(ctx, seq)
	if errors.Is(err, store.ErrNotFound) {
		return deadLetter{}, fmt.Errorf("there is no dead letter %d: it was replayed, purged or erased, or never was; see `homeroom deadletters list`", seq)
	}
	return deadLetterOf(m), err
}

// complete gets the whole body of a letter that was too large.
func (r *replayer) complete(ctx context.Context, l *deadLetter) error {
	if l.Truncated == 0 {
		return nil
	}
	m, err := r.letters.Original(ctx, l.Original)
	if errors.Is(err, store.ErrNotFound) || err == nil && (m.Subject != l.subject || len(m.Data) != l.Truncated) {
		return errCut
	}
	if err != nil {
		return err
	}
	l.body = m.Data
	l.header = store.PublisherHeader(m.Header)
	l.Truncated = 0
	return nil
}

// prepare makes of a letter what is to be published. The error says why it would be refused again.
func (r *replayer) prepare(ctx context.Context, l *deadLetter) error {
	if r.body != nil {
		l.body = r.body
		l.Truncated = 0
	} else if err := r.complete(ctx, l); err != nil {
		return err
	}
	if r.as != "" {
		l.Event = r.as
	}
	bad := r.verdict(l)
	if bad != nil && r.body != nil && len(l.header) > 0 { // a whole body in the place of one that needed headers
		mended := *l
		mended.header = nil
		if r.verdict(&mended) == nil {
			*l = mended
			bad = nil
		}
	}
	if bad == nil {
		return r.keepTime(l)
	}
	return bad
}

// verdict says why a letter would be refused if it were published now.
func (r *replayer) verdict(l *deadLetter) error {
	if l.problem != nil {
		return fmt.Errorf("%w; publish the event under a subject of the form learning.<learner>.<event>", l.problem)
	}
	if l.Truncated > 0 {
		return errCut
	}
	if l.Learner == subjects.NoLearner {
		return nil // stored, and never looked at
	}
	if _, bad := r.known.DecodeMessage(l.Learner, l.Event, l.header, l.body, r.now()); bad != nil {
		return bad
	}
	return nil
}

// keepTime writes down when an event happened that says no time: it would happen at its replay.
func (r *replayer) keepTime(l *deadLetter) error {
	_, bad := r.known.DecodeMessage(l.Learner, l.Event, l.header, l.body, time.Time{})
	if bad == nil || bad.Code != catalog.CodeBadTime || l.Stored.IsZero() {
		return nil
	}
	decoded, bad := r.known.DecodeMessage(l.Learner, l.Event, l.header, l.body, l.Stored)
	if bad != nil {
		return bad
	}
	body, err := r.known.Encode(decoded)
	if err != nil {
		return err
	}
	l.header = nil
	l.body = body
	return nil
}

// replay publishes an event and then deletes its dead letter.
func (r *replayer) replay(ctx context.Context, l *deadLetter) error {
	if _, err := r.letters.Replay(ctx, l.Sequence, l.Original, l.Learner, l.Event, l.header, l.body); err != nil {
		return err
	}
	return r.letters.Delete(ctx, l.Sequence)
}
