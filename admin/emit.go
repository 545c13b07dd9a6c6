package admin

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/internal/connect"
	"homeroom/profile"
	"homeroom/publish"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/subjects"
)

// EventRequest describes an event as a person writes it. Values are text; the catalog knows their types.
type EventRequest struct {
	Name       string
	Learner    string            // empty for events about the platform
	ID         string            // default: a new one
	Time       time.Time         // when it happened
	Properties []string          // KEY=VALUE
	Traits     map[string]string // of the learner; true and false become booleans
}

// PreparedEvent is an event that triggers would accept, ready to be published.
type PreparedEvent struct {
	Subject string
	Learner string
	ID      string
	Body    []byte // native JSON
	// Remarks say for people what cannot be used of the traits, and which properties look misspelt; see profile.Remarks and catalog.Catalog.PropertyRemarks.
	Remarks []string
}

// PrepareEvent builds the body of an event and decodes it as triggers would. Mistakes in the request are [*InputError].
func PrepareEvent(known *catalog.Catalog, r EventRequest, now time.Time) (PreparedEvent, error) {
	kind, ok := known.Event(r.Name)
	if !ok {
		return PreparedEvent{}, inputError(fmt.Errorf("unknown event %s%s (`homeroom catalog` lists all)", r.Name, suggestName(known.Nearest(r.Name))))
	}
	learner, err := learnerOf(kind, r.Learner)
	if err != nil {
		return PreparedEvent{}, inputError(fmt.Errorf("--learner: %w", err))
	}
	ev := engine.Event{
		ID:         r.ID,
		Name:       r.Name,
		Learner:    learner,
		Time:       r.Time,
		Properties: map[string]any{},
	}
	if ev.ID == "" {
		ev.ID = "emit-" + rand.Text()[:12]
	}
	for _, pair := range r.Properties {
		key, text, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return PreparedEvent{}, inputError(fmt.Errorf("%q: want key=value", pair))
		}
		if ev.Properties[key], err = kind.Value(key, text); err != nil {
			return PreparedEvent{}, inputError(err)
		}
	}
	body, err := known.Encode(catalog.Decoded{Event: ev, Traits: parseTraits(r.Traits)})
	if err != nil {
		return PreparedEvent{}, fmt.Errorf("encoding the event: %w", err)
	}
	decoded, problem := known.Decode(learner, r.Name, body, now)
	if problem != nil {
		return PreparedEvent{}, inputError(problem)
	}
	return PreparedEvent{
		Subject: subjects.Publish(learner, r.Name),
		Learner: learner,
		ID:      ev.ID,
		Body:    body,
		Remarks: append(profile.Remarks(decoded.Traits), known.PropertyRemarks(&decoded.Event)...),
	}, nil
}

func parseTraits(texts map[string]string) map[string]any {
	traits := map[string]any{}
	for key, text := range texts {
		traits[key] = text
		if text == "true" || text == "false" {
			traits[key] = text == "true"
		}
	}
	return traits
}

// learnerOf returns whose event it is: an event about the platform needs no learner.
func learnerOf(kind *catalog.Event, learner string) (string, error) {
	if kind.Admin && (learner == "" || learner == subjects.NoLearner) {
		return subjects.NoLearner, nil
	}
	if learner == "" {
		return "", fmt.Errorf("%s is about a learner; say whose it is, for instance --learner u_42", kind.Name)
	}
	return learner, subjects.ValidLearner(learner)
}

func suggestName(name string) string {
	if name == "" {
		return ""
	}
	return ", did you mean " + name + "?"
}

// StoredEvent says where a published event is.
type StoredEvent struct {
	Stream    string `json:"stream"`
	Sequence  uint64 `json:"sequence"`
	Duplicate bool   `json:"duplicate,omitempty"` // an event with this id was published before; nothing was added
}

// PublishEvent publishes an event as a learning platform does. It needs no right but that of publishing.
func PublishEvent(ctx context.Context, o NATSOptions, event PreparedEvent) (StoredEvent, error) {
	nc, js, err := connect.NATS("homeroom emit", o)
	if err != nil {
		return StoredEvent{}, err
	}
	defer nc.Close()
	ack, err := js.PublishMsg(ctx, &nats.Msg{
		Subject: event.Subject,
		Data:    event.Body,
		Header: nats.Header{
			jetstream.MsgIDHeader: {subjects.MsgID(event.Learner, event.ID)},
		},
	})
	if errors.Is(err, jetstream.ErrNoStreamResponse) {
		return StoredEvent{}, fmt.Errorf("there is no stream %s at %s yet: `homeroom serve` makes it, and so does `go run ./dev --live`", subjects.Stream, o.Address())
	} else if err != nil {
		return StoredEvent{}, fmt.Errorf("publishing to %s: %w", event.Subject, err)
	}
	return StoredEvent{Stream: ack.Stream, Sequence: ack.Sequence, Duplicate: ack.Duplicate}, nil
}

// InForceCatalog is the catalog that an installation reads events by.
type InForceCatalog struct {
	Catalog *catalog.Catalog
	Number  int    // of the publication in force
	Hash    string // of its revision
	Own     int    // events of the team's own
}

// catalogTime bounds how long the revision in force is looked for.
const catalogTime = 2 * time.Second

// CatalogInForce returns the catalog of the revision in force: the built-in events and those of its catalog.yaml. The rules need not
// compile. It is an error if nothing is in force, if it is out of reach, or if it may not be read with these rights, as those of a
// publisher.
func CatalogInForce(ctx context.Context, o NATSOptions) (InForceCatalog, error) {
	nc, js, err := connect.NATS("homeroom emit", o)
	if err != nil {
		return InForceCatalog{}, err
	}
	defer nc.Close()
	ctx, cancel := context.WithTimeout(ctx, catalogTime)
	defer cancel()
	denied, err := store.DeniedSubjects(ctx, js, []string{"$JS.API.STREAM.INFO.KV_" + store.BucketRulesets})
	if err != nil {
		return InForceCatalog{}, err
	}
	if len(denied) > 0 { // as a publisher, who would wait for an answer that does not come
		return InForceCatalog{}, errors.New("this NATS user may not read it")
	}
	rulesets, err := store.OpenRulesets(ctx, js)
	if err != nil {
		return InForceCatalog{}, err
	}
	current, err := rulesets.Current(ctx)
	if err != nil {
		return InForceCatalog{}, err
	}
	if current.Hash == "" {
		return InForceCatalog{}, publish.ErrNothingInForce
	}
	bundle, err := rulesets.Get(ctx, current.Hash)
	if err != nil {
		return InForceCatalog{}, err
	}
	builtIn, err := catalog.Default()
	if err != nil {
		return InForceCatalog{}, err
	}
	found := InForceCatalog{Catalog: builtIn, Number: current.Number, Hash: current.Hash}
	own := bundle.Files[rules.CatalogFile]
	if own == nil {
		return found, nil
	}
	if found.Catalog, err = builtIn.Extend(rules.CatalogFile, own); err != nil {
		return InForceCatalog{}, fmt.Errorf("%s of no. %d cannot be read by this version of Homeroom: %w", rules.CatalogFile, current.Number, err)
	}
	found.Own = len(found.Catalog.Events()) - len(builtIn.Events())
	return found, nil
}
