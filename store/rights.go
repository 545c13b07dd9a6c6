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

// CheckRole returns an error that wraps [ErrWrongUser] if the NATS user may not publish what a role needs: "triggers", "worker",
// "edge", "api" or "console"; and one that wraps [ErrMissingImport] if nobody serves it although the stream exists, so that requests
// would wait for an answer. It stores nothing. A stream that does not exist yet is no error, because the set-up makes it, and neither is one of which too few servers
// are there to serve it.
func CheckRole(ctx context.Context, js jetstream.JetStream, role string) error {
	needs := roleNeeds(role)
	denied, unserved, err := probeSubjects(ctx, js, subjectsOf(needs))
	if err != nil {
		return fmt.Errorf("ask what the NATS user may do: %w", err)
	}
	if len(denied) > 0 {
		return refusedError(role, denied)
	}
	missing, err := confirmUnserved(ctx, js, needs, unserved)
	if err != nil {
		return fmt.Errorf("ask who serves what the role %s publishes: %w", role, err)
	}
	if len(missing) > 0 {
		return missingImportError(role, missing)
	}
	return nil
}

// refusedError returns the error about subjects on which the user may not publish.
func refusedError(role string, denied []string) error {
	serve := ", and serve with --roles what that user is for"
	if role == "console" {
		serve = ""
	}
	return fmt.Errorf("%w: the role %s publishes on %s, and NATS refuses it: connect as homeroom-%s of deploy/nats/accounts.conf, or as a user with the same rights (--nats, --nats-creds)%s",
		ErrWrongUser, role, strings.Join(denied, ", "), role, serve)
}

// missingImportError returns the error about subjects that nobody serves.
func missingImportError(role string, missing []roleNeed) error {
	streams := make([]string, 0, len(missing))
	imports := make([]string, 0, len(missing))
	for _, need := range missing {
		if !slices.Contains(streams, need.stream) {
			streams = append(streams, need.stream)
		}
		imports = append(imports, need.importLine())
	}
	says := fmt.Errorf("%w: the role %s publishes on %s, and nobody serves it although these streams exist: %s",
		ErrMissingImport, role, strings.Join(subjectsOf(missing), ", "), strings.Join(streams, ", "))
	if role == "triggers" { // its user is in the account of the streams
		return fmt.Errorf("%w: connect as homeroom-triggers of the account HOMEROOM in deploy/nats/accounts.conf", says)
	}
	account := strings.ToUpper(role)
	return fmt.Errorf("%w: in deploy/nats/accounts.conf, see that accounts, %s, imports has %s, and that HOMEROOM exports it to %s",
		says, account, strings.Join(imports, " and "), account)
}

// deniedTime bounds how long one question of probeSubjects waits for the client to hear of the refusal.
const deniedTime = time.Second

// DeniedSubjects returns those of the subjects on which the connection's user may not publish. The server answers at once, where the
// request itself would wait for an answer until it is given up. What it publishes for this no stream takes, and no request of
// JetStream's API is carried out: its body is not JSON.
func DeniedSubjects(ctx context.Context, js jetstream.JetStream, names []string) (denied []string, err error) {
	denied, _, err = probeSubjects(ctx, js, names)
	return denied, err
}

// probeSubjects returns those of the subjects on which the connection's user may not publish, and those that nobody serves; see
// [DeniedSubjects] for what it publishes.
func probeSubjects(ctx context.Context, js jetstream.JetStream, names []string) (denied, unserved []string, err error) {
	nc := js.Conn()
	violations := make(chan struct{}, len(names))
	previous := nc.ErrorHandler()
	nc.SetErrorHandler(func(nc *nats.Conn, sub *nats.Subscription, err error) {
		switch {
		case errors.Is(err, nats.ErrPermissionViolation):
			select {
			case violations <- struct{}{}:
			default:
			}
		case previous != nil:
			previous(nc, sub, err)
		}
	})
	defer nc.SetErrorHandler(previous)
	inbox := nc.NewInbox()
	answers := make(chan *nats.Msg, len(names))
	sub, err := nc.ChanSubscribe(inbox+".*", answers)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = sub.Unsubscribe() }()
	for n, name := range names {
		msg := nats.NewMsg(name)
		msg.Reply = inbox + "." + strconv.Itoa(n)
		msg.Data = []byte("check")
		msg.Header.Set(jetstream.ExpectedStreamHeader, checkToken)
		if err := nc.PublishMsg(msg); err != nil {
			return nil, nil, err
		}
		if err := flush(ctx, nc); err != nil {
			return nil, nil, err
		}
		if !isDenied(nc.LastError(), name) {
			continue
		}
		denied = append(denied, name)
		select { // until then the handler stays
		case <-violations:
		case <-time.After(deniedTime):
		}
	}
	return denied, unservedSubjects(inbox, names, answers), nil
}

// unservedSubjects returns those of the subjects that the server said nobody serves. It says so before it answers the flush.
func unservedSubjects(inbox string, names []string, answers <-chan *nats.Msg) []string {
	var unserved []string
	for {
		select {
		case msg := <-answers:
			n, err := strconv.Atoi(strings.TrimPrefix(msg.Subject, inbox+"."))
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
		needs = slices.DeleteFunc(slices.Clone(needs), func(need roleNeed) bool { return !slices.Contains(unserved, need.subject) })
		needs = servedByExisting(ctx, js, needs)
		if len(needs) == 0 || try == unservedTries {
			return needs, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(unservedPause):
		}
		var err error
		if _, unserved, err = probeSubjects(ctx, js, subjectsOf(needs)); err != nil {
			return nil, err
		}
	}
}

// servedByExisting returns those needs whose stream exists and serves them. It returns none if the streams cannot be asked for: then
// nothing is known, and who opens the store next says why.
func servedByExisting(ctx context.Context, js jetstream.JetStream, needs []roleNeed) []roleNeed {
	streams := map[string]*jetstream.StreamInfo{}
	var existing []roleNeed
	for _, need := range needs {
		info, asked := streams[need.stream]
		if !asked {
			var err error
			info, err = streamInfo(ctx, js, need.stream)
			if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
				return nil
			}
			streams[need.stream] = info
		}
		if info == nil || need.direct && !info.Config.AllowDirect {
			continue
		}
		if !isServed(info.Cluster) {
			return nil // it is the servers that are missing, not an import
		}
		existing = append(existing, need)
	}
	return existing
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
