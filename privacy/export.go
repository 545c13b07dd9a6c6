package privacy

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"homeroom/engine"
	"homeroom/store"
	"homeroom/subjects"
	"homeroom/workflows"
)

// Document is everything that is held about one learner.
type Document struct {
	Learner  string    `json:"learner"`
	OtherIDs []string  `json:"other_ids,omitempty"` // of the same learner; what is held under them is here too
	At       time.Time `json:"exported_at"`
	About    string    `json:"about"`
	Sections []Section `json:"sections"`
}

// Section is what one place holds.
type Section struct {
	Name  string `json:"name"`
	About string `json:"about"` // what it is and what it is used for
	Where string `json:"where"`
	Items []any  `json:"items"` // never nil
}

// StoredRecord is one message or record, as stored.
type StoredRecord struct {
	Subject  string              `json:"subject,omitempty"` // of a stream's message
	Key      string              `json:"key,omitempty"`     // of a bucket's record
	StoredAt time.Time           `json:"stored_at"`
	Headers  map[string][]string `json:"headers,omitempty"`
	// Body is the value if it is JSON; otherwise it is text, and if it is not even that, base64.
	Body   json.RawMessage `json:"body,omitempty"`
	Text   string          `json:"text,omitempty"`
	Base64 string          `json:"base64,omitempty"`
}

// Workflow is what Temporal holds.
type Workflow struct {
	ID   string        `json:"workflow_id"`
	Runs []workflowRun `json:"runs"`
	// State is everything the workflow remembers at this moment; nil with a Problem if no worker answered.
	State *engine.State `json:"state,omitempty"`
	// Unpublished are decisions that are not among those above yet; the learner's next decision or delivery publishes them.
	Unpublished []engine.Decision `json:"decisions_not_published_yet,omitempty"`
	Problem     string            `json:"problem,omitempty"`
}

// SuppressedAddress is one address that is not to be written to.
type SuppressedAddress struct {
	Address string `json:"address"`
	store.Suppression
}

// sectionSource says how a place is shown.
type sectionSource struct{ place, name, where, about string }

// sectionOrder is how a document begins.
var sectionOrder = []sectionSource{
	{store.BucketProfiles, "profile", "NATS bucket ", "The learner as a person: address, name, locale, time zone, consent and topics, and whatever else the platform published as traits. Used to decide whether and when to write, and to address messages."},
	{store.BucketStanding, "standing", "NATS bucket ", "Activity and progress per course, counted from events. Used to see when somebody has gone quiet."},
	{store.BucketRetired, "memory", "NATS bucket ", "What the learner's workflow remembered when it last ended because nothing was due: rules under way, past messages, the last decisions. The next event goes on from there."},
	{subjects.Stream, "events", "NATS stream ", "What the platform published about the learner, and what came back of their mails, as stored. Everything else follows from it."},
	{subjects.DeadStream, "dead_letters", "NATS stream ", "Events that could not be read, with the reason, kept for whoever repairs the publisher."},
	{subjects.SetAsideStream, "events_set_aside", "NATS stream ", "Events that could not be handed over to the learner's workflow yet. They wait here, so that they hold nobody else up."},
	{store.BucketControl, "set_aside", "NATS bucket ", "Whether the learner's events wait, since when, and why; and requests to export or erase the learner that are not carried out yet."},
	{subjects.DecisionStream, "decisions", "NATS stream ", "What Homeroom decided about messages to the learner, and why. Used for reports, and to answer questions like this one."},
	{subjects.NudgeStream, "nudges", "NATS stream ", "Messages for the platform's own pages, as rendered."},
	{store.BucketSends, "sends", "NATS bucket ", "How far each message has come on its way to the provider, so that none goes out twice. The keys are hashes of the sends' ids."},
	{store.BucketLinks, "links", "NATS bucket ", "What lies behind the learner's share links and their referral code."},
}

// Export collects everything that is held about a learner, under all their ids. If the learner is unknown, the sections are empty; that is no error.
func (p *Privacy) Export(ctx context.Context, learner string) (*Document, error) {
	if err := checkLearner(learner); err != nil {
		return nil, fmt.Errorf("export a learner: %w", err)
	}
	others, err := p.otherIDs(ctx, learner)
	if err != nil {
		return nil, fmt.Errorf("export a learner: %w", err)
	}
	doc, err := p.exportID(ctx, learner)
	if err != nil {
		return nil, err
	}
	doc.OtherIDs = others
	for _, id := range others {
		other, err := p.exportID(ctx, id)
		if err != nil {
			return nil, err
		}
		for i := range doc.Sections {
			doc.Sections[i].Items = append(doc.Sections[i].Items, other.Sections[i].Items...)
		}
	}
	return doc, nil
}

// exportID collects everything that is held under one id.
func (p *Privacy) exportID(ctx context.Context, learner string) (*Document, error) {
	f, err := p.findAll(ctx, learner, store.SearchKeys{})
	if err != nil {
		return nil, fmt.Errorf("export a learner: %w", err)
	}
	doc := &Document{
		Learner: learner,
		At:      p.opts.Now().UTC(),
		About:   "Everything that Homeroom holds about this learner. Each section says what it is, where it is kept and what for. Times are in UTC.",
	}
	for _, s := range sectionOrder {
		section := Section{Name: s.name, About: s.about, Where: s.where + s.place, Items: []any{}}
		for _, place := range f.places {
			if place.Name != s.place {
				continue
			}
			err := p.data.Read(ctx, place, func(m store.Message) error {
				record := newStoredRecord(m)
				if place.Name == store.BucketStanding {
					record.Body = withReadableLinks(record.Body)
				}
				section.Items = append(section.Items, record)
				return nil
			})
			if err != nil {
				return nil, fmt.Errorf("export a learner: %w", err)
			}
		}
		doc.Sections = append(doc.Sections, section)
	}
	suppression, err := p.suppressionSection(ctx, learner, f)
	if err != nil {
		return nil, fmt.Errorf("export a learner: %w", err)
	}
	doc.Sections = append(doc.Sections, suppression, p.workflowSection(ctx, learner, f))
	return doc, nil
}

func newStoredRecord(m store.Message) StoredRecord {
	it := StoredRecord{Key: m.Key, StoredAt: m.StoredAt.UTC(), Headers: m.Header}
	if m.Key == "" {
		it.Subject = m.Subject
	}
	switch {
	case json.Valid(m.Data):
		it.Body = m.Data
	case utf8.Valid(m.Data):
		it.Text = string(m.Data)
	default:
		it.Base64 = base64.StdEncoding.EncodeToString(m.Data)
	}
	return it
}

// withReadableLinks returns a stored standing with the links between lessons and courses as objects, because the learner is to read them. What is no standing with
// links stays as it is.
func withReadableLinks(body json.RawMessage) json.RawMessage {
	var record, standing map[string]json.RawMessage
	var links engine.Links
	if json.Unmarshal(body, &record) != nil || json.Unmarshal(record["standing"], &standing) != nil || json.Unmarshal(standing["links"], &links) != nil {
		return body
	}
	var err error
	if standing["links"], err = json.Marshal([]engine.Link(links)); err != nil {
		return body
	}
	if record["standing"], err = json.Marshal(standing); err != nil {
		return body
	}
	readable, err := json.Marshal(record)
	if err != nil {
		return body
	}
	return readable
}

// suppressionSection says of each known address whether it is suppressed, and whether the learner was erased before.
func (p *Privacy) suppressionSection(ctx context.Context, learner string, f found) (Section, error) {
	section := Section{
		Name:  "suppression",
		Where: "NATS bucket " + store.BucketSuppressions,
		Items: []any{},
		About: "Addresses of the learner that must not be written to, with the reason; kept as keyed hashes. A tombstone says that the learner was erased before; what is here came afterwards.",
	}
	addresses, err := p.findAddresses(ctx, learner, f.places)
	if err != nil {
		return section, err
	}
	for _, address := range addresses {
		s, suppressed, err := p.opts.Store.Suppressions.Get(ctx, address)
		if err != nil {
			return section, err
		}
		if suppressed {
			section.Items = append(section.Items, SuppressedAddress{Address: address, Suppression: s})
		}
	}
	stone, erased, err := p.opts.Store.Suppressions.Tombstone(ctx, learner)
	if erased {
		section.Items = append(section.Items, map[string]store.Tombstone{"tombstone": stone})
	}
	return section, err
}

// queryTimeout is how long a worker is given to answer with a learner's state.
const queryTimeout = 10 * time.Second

func (p *Privacy) workflowSection(ctx context.Context, learner string, f found) Section {
	section := Section{
		Name:  "workflow",
		Where: "Temporal namespace " + p.opts.Namespace,
		Items: []any{},
		About: "The process that decides about messages to the learner: what it remembers now (rules under way, past messages, the last decisions with reasons), and its runs. The history of a run repeats the events and decisions above, step by step.",
	}
	if len(f.runs) == 0 {
		return section
	}
	w := Workflow{ID: workflows.WorkflowID(learner), Runs: f.runs}
	asking, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	var state engine.State
	err := p.queryWorkflow(asking, w.ID, workflows.QueryState, &state)
	if err == nil {
		err = p.queryWorkflow(asking, w.ID, workflows.QueryUnpublished, &w.Unpublished)
	}
	if err != nil {
		w.Problem = "no worker answered with the state: export again while Homeroom is serving, with its encryption keys if it has any: " + err.Error()
	} else {
		w.State = &state
	}
	section.Items = append(section.Items, w)
	return section
}

// queryWorkflow queries a workflow's latest run.
func (p *Privacy) queryWorkflow(ctx context.Context, workflow, query string, into any) error {
	answer, err := p.opts.Temporal.QueryWorkflow(ctx, workflow, "", query)
	if err != nil {
		return err
	}
	return answer.Get(into)
}
