package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/engine"
	"homeroom/subjects"
)

// ErrWrongUser says that the NATS user of a process may not do what one of its roles needs.
var ErrWrongUser = errors.New("the NATS user of this process lacks a right")

// CheckRole returns an error that wraps [ErrWrongUser] if the NATS user may not publish what a role needs: "triggers", "worker",
// "edge", "api" or "console". It looks at what tells the users of deploy/nats/accounts.conf apart and is always needed, and stores nothing.
func CheckRole(ctx context.Context, js jetstream.JetStream, role string) error {
	denied, err := DeniedSubjects(ctx, js, roleSubjects(role))
	if err != nil {
		return fmt.Errorf("ask what the NATS user may do: %w", err)
	}
	if len(denied) == 0 {
		return nil
	}
	serve := ", and serve with --roles what that user is for"
	if role == "console" {
		serve = ""
	}
	return fmt.Errorf("%w: the role %s publishes on %s, and NATS refuses it: connect as homeroom-%s of deploy/nats/accounts.conf, or as a user with the same rights (--nats, --nats-creds)%s",
		ErrWrongUser, role, strings.Join(denied, ", "), role, serve)
}

// checkToken stands in subjects where an id would.
const checkToken = "homeroom-check"

// roleSubjects returns one subject of each kind that a role publishes.
func roleSubjects(role string) []string {
	switch role {
	case "triggers":
		return []string{
			"$JS.API.CONSUMER.CREATE." + subjects.Stream + "." + checkToken,
			getSubject(subjects.Stream),
			getSubject("KV_" + BucketStanding),
			"$JS.API.CONSUMER.CREATE.KV_" + BucketStanding + "." + checkToken,
			subjectOfKey(BucketStanding, checkToken),
			subjectOfKey(BucketLearned, pathsPrefix+checkToken),
			subjects.Dead(checkToken, checkToken),
			subjects.Publish(checkToken, checkToken),
			subjects.SetAside(checkToken),
		}
	case "worker":
		return []string{
			getSubject("KV_" + BucketStanding),
			getSubject("KV_" + BucketLearned),
			subjects.Decision(checkToken, checkToken, checkToken),
			subjects.Publish(checkToken, engine.EventTraitSet),
			subjectOfKey(BucketSends, checkToken),
			subjectOfKey(BucketLinks, checkToken),
			subjectOfKey(BucketRetired, checkToken),
			subjectOfKey(BucketLearned, weightsPrefix+checkToken),
		}
	case "console":
		return []string{
			subjects.Audit(checkToken),
			subjectOfKey(BucketDrafts, checkToken),
			subjectOfKey(BucketRulesets, checkToken),
		}
	case "api":
		return []string{
			subjects.Publish(checkToken, checkToken),
			getSubject("KV_" + BucketWriteKeys),
		}
	case "edge":
		return []string{
			subjects.Publish(checkToken, checkToken),
			subjects.Decision(checkToken, checkToken, checkToken),
			subjectOfKey(BucketProfiles, checkToken),
			subjectOfKey(BucketSuppressions, checkToken),
		}
	}
	return nil
}

// getSubject returns the subject on which the messages of a stream are asked for.
func getSubject(stream string) string { return "$JS.API.STREAM.MSG.GET." + stream }

// deniedTime bounds how long one question of DeniedSubjects waits for the client to hear of the refusal.
const deniedTime = time.Second

// DeniedSubjects returns those of the subjects on which the connection's user may not publish. The server answers at once, where the
// request itself would wait for an answer until it is given up. What it publishes for this no stream takes, and no request of
// JetStream's API is carried out: its body is not JSON.
func DeniedSubjects(ctx context.Context, js jetstream.JetStream, names []string) (denied []string, err error) {
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
	for _, name := range names {
		msg := nats.NewMsg(name)
		msg.Reply = nc.NewRespInbox()
		msg.Data = []byte("check")
		msg.Header.Set(jetstream.ExpectedStreamHeader, checkToken)
		if err := nc.PublishMsg(msg); err != nil {
			return nil, err
		}
		if err := flush(ctx, nc); err != nil {
			return nil, err
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
	return denied, nil
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
