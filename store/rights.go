package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// ErrWrongUser says that the NATS user of a process may not do what one of its roles needs.
var ErrWrongUser = errors.New("the NATS user of this process lacks a right")

// ErrMissingImport says that nobody serves a subject that a role needs, although the stream behind it exists.
var ErrMissingImport = errors.New("the NATS account of this process lacks an import")

// errNotAsked says that nobody serves some subjects, and that it cannot be found out whether an import is missing for them.
var errNotAsked = errors.New("a stream cannot be asked for")

// CheckRole returns a [*RightsError] that wraps [ErrWrongUser] if the NATS user may not publish what a role needs: "triggers", "worker",
// "edge", "api" or "console"; and one that wraps [ErrMissingImport] if nobody serves it although the stream exists, so that requests
// would wait for an answer. It stores nothing. A stream that does not exist yet is no error, because the set-up makes it, and neither is one that cannot be asked for or
// of which too few servers are there to serve it: who opens the store next says why. Any other error says that NATS could not be asked, and nothing of rights.
func CheckRole(ctx context.Context, js jetstream.JetStream, role string) error {
	err := CheckServingRole(ctx, js, role)
	if errors.Is(err, errNotAsked) {
		return nil
	}
	return err
}

// CheckServingRole is [CheckRole] for a process that serves. nil says that it lacks nothing: if a stream that nobody serves cannot be asked for, or too few of its
// servers are there, it returns an error that is no [*RightsError].
func CheckServingRole(ctx context.Context, js jetstream.JetStream, role string) error {
	needs := roleNeeds(role)
	found, err := probeSubjects(ctx, js, subjectsOf(needs))
	if err != nil {
		return fmt.Errorf("ask what the NATS user may do: %w", err)
	}
	if found.inboxDenied {
		return inboxError(role)
	}
	if len(found.denied) > 0 {
		return refusedError(role, selectNeeds(needs, found.denied))
	}
	missing, err := confirmUnserved(ctx, js, needs, found.unserved)
	if err != nil {
		return fmt.Errorf("ask who serves what the role %s publishes: %w", role, err)
	}
	if len(missing) > 0 {
		return missingImportError(role, missing)
	}
	return nil
}

// deniedTime bounds how long probeSubjects waits for the client to pass a refusal on.
const deniedTime = time.Second

// DeniedSubjects returns those of the subjects on which the connection's user may not publish. The server answers at once, where the
// request itself would wait for an answer until it is given up. What it publishes for this no stream takes, and no request of
// JetStream's API is carried out: its body is none that is carried out, and it wants a level of the API that no server has. A purge must not be among the subjects: servers before that
// level was known carry it out whatever its body is.
func DeniedSubjects(ctx context.Context, js jetstream.JetStream, names []string) (denied []string, err error) {
	denied, _, err = UnansweredSubjects(ctx, js, names)
	return denied, err
}

// UnansweredSubjects returns those of the subjects on which a request of the connection's user has no answer: on denied the user may not publish, and unserved nobody serves. It asks
// as [DeniedSubjects] does. JetStream's API is served on every server with JetStream, also of a stream that has no leader, but for direct gets: so what is unserved of it is not
// imported by the user's account; if all of it is unserved, the server has no JetStream.
func UnansweredSubjects(ctx context.Context, js jetstream.JetStream, names []string) (denied, unserved []string, err error) {
	found, err := probeSubjects(ctx, js, names)
	return found.denied, found.unserved, err
}

// apiLevelHeader is by what a request says which level of JetStream's API it needs. A server that knows the header refuses what is no number before it reads the body, and
// unlike of a body that is not JSON it logs no warning of it.
const apiLevelHeader = "Nats-Required-Api-Level"

// probeBody returns the body of what is published on a subject to see whether that is permitted. Of a request to make a consumer the body is read before the header, so it
// is JSON, about another stream than the subject's, which is refused too.
func probeBody(subject string) []byte {
	if strings.HasPrefix(subject, apiPrefix+"CONSUMER.CREATE.") {
		return []byte(`{"stream_name":"` + checkToken + `"}`)
	}
	return []byte("check")
}

// probeResult says what came of publishing on subjects.
type probeResult struct {
	denied      []string // the user may not publish on them
	unserved    []string // nobody serves them
	inboxDenied bool     // the user may not listen where answers come, so that unserved is not known
}

// probeSubjects publishes on each of the subjects; see [DeniedSubjects] for what. One connection must not be probed twice at a time.
func probeSubjects(ctx context.Context, js jetstream.JetStream, names []string) (probeResult, error) {
	nc := js.Conn()
	refusals := collectRefusals(nc)
	defer refusals.returnHandler()
	inbox := nc.NewInbox() + ".*"
	answers := make(chan *nats.Msg, len(names))
	sub, err := nc.ChanSubscribe(inbox, answers)
	if err != nil {
		return probeResult{}, err
	}
	defer func() { _ = sub.Unsubscribe() }()
	for n, name := range names {
		msg := nats.NewMsg(name)
		msg.Reply = strings.TrimSuffix(inbox, "*") + strconv.Itoa(n)
		msg.Data = probeBody(name)
		msg.Header.Set(jetstream.ExpectedStreamHeader, checkToken)
		msg.Header.Set(apiLevelHeader, checkToken)
		if err := nc.PublishMsg(msg); err != nil {
			return probeResult{}, err
		}
	}
	if err := flush(ctx, nc); err != nil {
		return probeResult{}, err
	}
	refused := refusals.awaitRefused(deniedTime)
	isRefused := func(name string) bool {
		return slices.ContainsFunc(refused, func(err error) bool { return isDenied(err, name) })
	}
	found := probeResult{inboxDenied: isRefused(inbox), unserved: unservedSubjects(inbox, names, answers)}
	for _, name := range names {
		if isRefused(name) {
			found.denied = append(found.denied, name)
		}
	}
	return found, nil
}

// unservedSubjects returns those of the subjects that the server said nobody serves. It says so before it answers the flush. The inbox
// ends in a wildcard, in whose place answers have the subject's number.
func unservedSubjects(inbox string, names []string, answers <-chan *nats.Msg) []string {
	var unserved []string
	for {
		select {
		case msg := <-answers:
			n, err := strconv.Atoi(strings.TrimPrefix(msg.Subject, strings.TrimSuffix(inbox, "*")))
			if err == nil && n < len(names) && isNoResponders(msg) {
				unserved = append(unserved, names[n])
			}
		default:
			return unserved
		}
	}
}

// isNoResponders reports whether a message is the server's answer to a request that nobody serves.
func isNoResponders(msg *nats.Msg) bool {
	return len(msg.Data) == 0 && msg.Header.Get("Status") == "503"
}

// How often a subject that nobody serves is asked for, and how long after each other: a stream that changes its leader is served by
// nobody for a moment.
const (
	unservedTries = 4
	unservedPause = 500 * time.Millisecond
)

// confirmUnserved returns those needs among the unserved subjects that stay unserved although their stream exists.
func confirmUnserved(ctx context.Context, js jetstream.JetStream, needs []roleNeed, unserved []string) ([]roleNeed, error) {
	for try := 1; ; try++ {
		missing := withoutState(needs, unserved)
		if len(missing) == 0 {
			var err error
			missing, err = servedByExisting(ctx, js, selectNeeds(needs, unserved))
			if err != nil {
				return nil, err
			}
		}
		if len(missing) == 0 || try == unservedTries {
			return missing, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(unservedPause):
		}
		found, err := probeSubjects(ctx, js, subjectsOf(needs))
		if err != nil {
			return nil, err
		}
		unserved = found.unserved
	}
}

// withoutState returns the need to ask for a stream's state if nobody serves it while JetStream's API serves another request. It is decided without a stream's state,
// unlike the other needs: without this right no stream can be asked for.
func withoutState(needs []roleNeed, unserved []string) []roleNeed {
	isServed := func(need roleNeed) bool {
		return strings.HasPrefix(need.subject, apiPrefix) && !need.direct && !need.perConsumer && !slices.Contains(unserved, need.subject)
	}
	if !slices.ContainsFunc(needs, isServed) {
		return nil
	}
	var state []roleNeed
	for _, need := range selectNeeds(needs, unserved) {
		if strings.HasPrefix(need.subject, statePrefix) {
			state = append(state, need)
		}
	}
	return state
}

// servedByExisting returns those needs whose stream exists and serves them. If a stream cannot be asked for, or too few of its servers are there, the error
// wraps [errNotAsked].
func servedByExisting(ctx context.Context, js jetstream.JetStream, needs []roleNeed) ([]roleNeed, error) {
	streams := map[string]*jetstream.StreamInfo{}
	var existing []roleNeed
	for _, need := range needs {
		if need.perConsumer {
			continue
		}
		info, asked := streams[need.stream]
		if !asked {
			var err error
			info, err = streamInfo(ctx, js, need.stream)
			if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
				return nil, fmt.Errorf("%w: %s: %w", errNotAsked, need.stream, err)
			}
			streams[need.stream] = info
		}
		if info == nil || need.direct && !info.Config.AllowDirect {
			continue
		}
		if !isServed(info.Cluster) { // it is the servers that are missing, not an import
			return nil, fmt.Errorf("%w: too few of the servers of %s are there", errNotAsked, need.stream)
		}
		existing = append(existing, need)
	}
	return existing, nil
}

// streamInfo returns what the server says of a stream.
func streamInfo(ctx context.Context, js jetstream.JetStream, name string) (*jetstream.StreamInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	stream, err := js.Stream(ctx, name)
	if err != nil {
		return nil, err
	}
	return stream.CachedInfo(), nil
}

// silentReplica is how long ago a replica may have been heard of and still count as there. Replicas speak every second.
const silentReplica = 4 * time.Second

// isServed reports whether a leader with a majority of the replicas serves a stream. nil: the server is alone.
func isServed(cluster *jetstream.ClusterInfo) bool {
	if cluster == nil {
		return true
	}
	if cluster.Leader == "" {
		return false
	}
	there := 1 // the leader
	for _, replica := range cluster.Replicas {
		if !replica.Offline && replica.Active < silentReplica {
			there++
		}
	}
	return 2*there > 1+len(cluster.Replicas)
}

// flush waits until the server has handled what was published.
func flush(ctx context.Context, nc *nats.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return nc.FlushWithContext(ctx)
}

// isDenied reports whether an error says that publishing on a subject is not permitted. The server names it as it is after the
// account's mappings.
func isDenied(err error, subject string) bool {
	tail := strings.TrimPrefix(subject, "$JS")
	return errors.Is(err, nats.ErrPermissionViolation) && strings.Contains(err.Error(), tail+`"`)
}
