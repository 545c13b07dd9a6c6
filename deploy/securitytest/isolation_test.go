package securitytest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/internal/natstest"
	"homeroom/store"
	"homeroom/subjects"
)

// role is a user with an account of its own.
type role struct {
	user string
	may  []string // what it may publish: one subject of each kind, where another user's would be worth writing to
	// closed are subjects that it may not publish; a stream takes each, or the API of JetStream does.
	closed []string
	direct []string // streams that it reads by direct gets
}

// roles are the users whose account holds no stream.
func roles() []role {
	get := func(bucket string) string { return "$JS.API.STREAM.MSG.GET.KV_" + bucket }
	api := []string{
		"$JS.API.STREAM.PURGE.LEARNING", "$JS.API.STREAM.DELETE.LEARNING", "$JS.API.STREAM.PURGE.KV_homeroom_suppressions",
		"dead.u_42.x", "setaside.u_42", "$KV.homeroom_standing.x", "$KV.homeroom_learned.paths.x", "$KV.homeroom_control_x.y",
	}
	return []role{
		{
			user: "homeroom-edge",
			may: []string{
				"learning.u_42.lesson.completed", "homeroom.decisions.u_42.retry.sent", "$JS.API.STREAM.INFO.LEARNING", "$KV.homeroom_profiles.u_42",
				"$KV.homeroom_control.swap.x", "$KV.homeroom_sends.x", "$KV.homeroom_suppressions.x", get(store.BucketProfiles), get(store.BucketRulesets),
			},
			closed: append([]string{
				"$KV.homeroom_rulesets.current", "$KV.homeroom_links.x", "$KV.homeroom_retired.x", "nudges.u_42.retry", "$KV.homeroom_control.paused", "$KV.homeroom_control.mark.3",
				"$KV.homeroom_control.aside.3.u_42",
			}, api...),
		},
		{
			user: "homeroom-api",
			may: []string{
				"learning.u_42.lesson.completed", "$JS.API.STREAM.INFO.LEARNING", "$KV.homeroom_control.swap.x", get(store.BucketWriteKeys), get(store.BucketRulesets), get(store.BucketControl),
			},
			closed: append([]string{
				"homeroom.decisions.u_42.retry.sent", "nudges.u_42.retry", "$KV.homeroom_write_keys.x", "$KV.homeroom_rulesets.current", "$KV.homeroom_profiles.u_42", "$KV.homeroom_suppressions.x",
				"$KV.homeroom_sends.x", "$KV.homeroom_links.x", "$KV.homeroom_retired.x", "$KV.homeroom_control.paused", "$KV.homeroom_control.secret", "$KV.homeroom_control.mark.3",
			}, api...),
		},
		{
			user: "homeroom-worker",
			may: []string{
				"homeroom.decisions.u_42.retry.sent", "nudges.u_42.retry", "$JS.API.STREAM.INFO.LEARNING", "$KV.homeroom_sends.x", "$KV.homeroom_links.x", "$KV.homeroom_suppressions.x",
				"$KV.homeroom_rulesets.current", "$KV.homeroom_learned.weights.x", get(store.BucketProfiles), get(store.BucketStanding), "$JS.API.DIRECT.GET.HOMEROOM_DECISIONS",
			},
			direct: []string{subjects.DecisionStream},
			closed: append([]string{"learning.u_42.course.completed", "$KV.homeroom_profiles.u_42"}, api...),
		},
		{
			user: "homeroom-console",
			may: []string{
				"learning.u_42.lesson.completed", "homeroom.audit.pause", "$JS.API.STREAM.INFO.LEARNING", "$KV.homeroom_rulesets.current", "$KV.homeroom_drafts.x", "$KV.homeroom_control.paused",
				"$KV.homeroom_control.request.erase.x", get(store.BucketProfiles), get(store.BucketDrafts), "$JS.API.DIRECT.GET.LEARNING", "$JS.API.DIRECT.GET.HOMEROOM_AUDIT", "$JS.API.STREAM.MSG.DELETE.LEARNING_DLQ",
			},
			closed: append([]string{
				"homeroom.decisions.u_42.retry.sent", "nudges.u_42.retry", "$KV.homeroom_profiles.u_42", "$KV.homeroom_suppressions.x", "$KV.homeroom_sends.x", "$KV.homeroom_links.x",
				"$KV.homeroom_retired.x", "$KV.homeroom_control.swap.x", "$KV.homeroom_control.mark.3", "$KV.homeroom_control.aside.3.u_42", "$KV.homeroom_control.secret",
				"$JS.API.STREAM.PURGE.KV_homeroom_control", "$JS.API.STREAM.PURGE.KV_homeroom_profiles", "$JS.API.STREAM.PURGE.HOMEROOM_DECISIONS",
			}, api...),
			direct: []string{subjects.Stream, subjects.DeadStream, subjects.DecisionStream, subjects.AuditStream},
		},
		{
			user: "homeroom-setup",
			may:  []string{"$JS.API.INFO", "$JS.API.STREAM.NAMES", "$JS.API.STREAM.INFO.LEARNING", "$JS.API.STREAM.CREATE.LEARNING"},
			closed: append([]string{
				"learning.u_42.course.completed", "homeroom.decisions.u_42.retry.sent", "nudges.u_42.retry", "$KV.homeroom_rulesets.current",
				"$KV.homeroom_profiles.u_42", "$KV.homeroom_control.paused",
			}, api...),
		},
	}
}

// TestNoRoleWritesWhereItMayNot: the subjects that are closed to a role are refused.
func TestNoRoleWritesWhereItMayNot(t *testing.T) {
	for _, r := range roles() {
		t.Run(r.user, func(t *testing.T) {
			f, operator := openFilled(t)
			before := describeStreams(t, operator)
			var requests []*nats.Msg
			for _, subject := range r.closed {
				requests = append(requests, &nats.Msg{Subject: subject, Data: []byte(`{}`)})
			}
			expectRefusals(t, f, operator, r.user, requests)
			if after := describeStreams(t, operator); after != before {
				t.Errorf("something changed:\nbefore %s\nafter  %s", before, after)
			}
		})
	}
}

// TestNoRoleWritesByReply: JetStream answers on the subject that a request names, and no answer becomes a record that the role
// may not write.
func TestNoRoleWritesByReply(t *testing.T) {
	for _, r := range roles() {
		t.Run(r.user, func(t *testing.T) {
			f, operator := openFilled(t)
			heard := captureSubjects(t, f, r.closed)
			nc, _ := f.Connect(r.user)
			for _, request := range r.may {
				for _, reply := range r.closed {
					msg := nats.NewMsg(request)
					msg.Reply = reply
					msg.Data = []byte(`{"last_by_subj":"$KV.homeroom_profiles.u_42"}`)
					switch {
					case strings.Contains(request, ".DIRECT.GET."):
						msg.Data = []byte(`{"seq":1,"next_by_subj":">","batch":5}`)
					case !strings.Contains(request, ".MSG.GET."):
						msg.Data = nil // what the API is asked with, and what a stream takes
					}
					if err := nc.PublishMsg(msg); err != nil {
						t.Fatal(err)
					}
				}
			}
			awaitAnswers(t, nc, operator)
			if got := heard(); len(got) > 0 {
				t.Errorf("answers reached Homeroom's account: %q", got)
			}
		})
	}
}

// TestNoRoleWritesByTrace: the header that asks a server to tell where a message went names a subject too.
func TestNoRoleWritesByTrace(t *testing.T) {
	for _, r := range roles() {
		t.Run(r.user, func(t *testing.T) {
			f, operator := openFilled(t)
			heard := captureSubjects(t, f, r.closed)
			nc, _ := f.Connect(r.user)
			for _, request := range r.may {
				for _, dest := range r.closed {
					msg := nats.NewMsg(request)
					msg.Header.Set("Nats-Trace-Dest", dest)
					if err := nc.PublishMsg(msg); err != nil {
						t.Fatal(err)
					}
				}
			}
			awaitAnswers(t, nc, operator)
			if got := heard(); len(got) > 0 {
				t.Errorf("traces reached Homeroom's account: %q", got)
			}
		})
	}
}

// TestNoHeaderEmptiesABucket: whoever may write one key of a bucket cannot remove the others by a header.
func TestNoHeaderEmptiesABucket(t *testing.T) {
	f, operator := openFilled(t)
	before := countMessages(t, operator)
	for _, user := range []string{"homeroom-edge", "homeroom-api", "homeroom-worker", "homeroom-console", "homeroom-triggers", "operator"} {
		_, js := f.Connect(user)
		for bucket, writers := range map[string][]string{
			store.BucketControl:      {"homeroom-edge", "homeroom-api", "homeroom-worker", "homeroom-console", "homeroom-triggers", "operator"},
			store.BucketProfiles:     {"homeroom-edge", "homeroom-triggers", "operator"},
			store.BucketSuppressions: {"homeroom-edge", "homeroom-triggers", "operator"},
			store.BucketSends:        {"homeroom-edge", "homeroom-worker", "operator"},
			store.BucketWriteKeys:    {"operator"},
			store.BucketLinks:        {"homeroom-worker", "operator"},
			store.BucketRulesets:     {"homeroom-worker", "homeroom-console", "operator"},
			store.BucketDrafts:       {"homeroom-console", "operator"},
			store.BucketRetired:      {"homeroom-worker", "operator"},
		} {
			if !slices.Contains(writers, user) {
				continue
			}
			for header, value := range map[string]string{
				"Nats-Rollup": "all", "Nats-TTL": "1s", "Nats-Schedule": "@every 1s", "Nats-Incr": "1", "Nats-Batch-Id": "b",
			} {
				key := ".other"
				switch {
				case bucket == store.BucketControl && user == "homeroom-console":
					key = ".paused"
				case bucket == store.BucketControl:
					key = ".swap.other"
				}
				msg := nats.NewMsg("$KV." + bucket + key)
				msg.Header.Set(header, value)
				msg.Header.Set("Nats-Schedule-Target", "$KV.homeroom_rulesets.current")
				if ack, err := js.PublishMsg(deadlineOf(t), msg); err == nil {
					t.Errorf("%s: %s: the bucket %s took it (%+v)", user, header, bucket, ack)
				}
			}
		}
	}
	if after := countMessages(t, operator); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("the streams held %v and hold %v", before, after)
	}
}

// TestNoRoleRemovesOrChangesAStream: nothing is purged, deleted, changed, restored or moved, but by the triggers what is set aside, and by
// the console dead letters.
func TestNoRoleRemovesOrChangesAStream(t *testing.T) {
	f, operator := openFilled(t)
	before := describeStreams(t, operator)
	for _, user := range []string{"homeroom-edge", "homeroom-api", "homeroom-worker", "homeroom-triggers", "homeroom-setup", "homeroom-console", "platform", "platform-pages"} {
		t.Run(user, func(t *testing.T) {
			var requests []*nats.Msg
			for _, want := range (store.Options{}).Streams() {
				for _, operation := range []string{
					"STREAM.PURGE", "STREAM.DELETE", "STREAM.UPDATE", "STREAM.MSG.DELETE", "STREAM.RESTORE", "STREAM.LEADER.STEPDOWN", "STREAM.PEER.REMOVE",
				} {
					if user == "homeroom-triggers" && operation == "STREAM.PURGE" && want.Name == subjects.SetAsideStream {
						continue
					}
					if user == "homeroom-console" && operation == "STREAM.MSG.DELETE" && want.Name == subjects.DeadStream {
						continue // what it has published again
					}
					requests = append(requests, &nats.Msg{Subject: "$JS.API." + operation + "." + want.Name, Data: []byte(`{"seq":1}`)})
				}
				requests = append(requests, &nats.Msg{Subject: "$JS.API.CONSUMER.DELETE." + want.Name + ".homeroom-triggers-3"})
			}
			expectRefusals(t, f, operator, user, requests)
		})
	}
	if after := describeStreams(t, operator); after != before {
		t.Errorf("something changed:\nbefore %s\nafter  %s", before, after)
	}
	if _, err := operator.Publish(deadlineOf(t), subjects.SetAside("u_42"), []byte("{}")); err != nil {
		t.Fatal(err)
	}
	_, js := f.Connect("homeroom-triggers")
	stream, err := js.Stream(deadlineOf(t), subjects.SetAsideStream)
	if err == nil {
		err = stream.Purge(deadlineOf(t), jetstream.WithPurgeSubject(subjects.SetAside("u_42")))
	}
	if n := countMessages(t, operator)[subjects.SetAsideStream]; err != nil || n != 0 {
		t.Errorf("the triggers leave %d events set aside, error %v", n, err)
	}
}

// expectRefusals publishes the requests as a user; the server refuses each and answers none.
func expectRefusals(t *testing.T, f *natstest.Accounts, operator jetstream.JetStream, user string, requests []*nats.Msg) {
	t.Helper()
	nc, _ := f.Connect(user)
	inbox := nc.NewRespInbox()
	answers, err := nc.SubscribeSync(inbox)
	if err != nil {
		t.Fatal(err)
	}
	refused := len(f.Refused())
	for _, msg := range requests {
		msg.Reply = inbox
		if err := nc.PublishMsg(msg); err != nil {
			t.Fatal(err)
		}
	}
	awaitAnswers(t, nc, operator)
	if got := len(f.Refused()) - refused; got != len(requests) {
		t.Errorf("%d of %d requests were refused", got, len(requests))
	}
	if n, _, _ := answers.Pending(); n > 0 {
		t.Errorf("%d requests were answered", n)
	}
}

// TestTheTriggersAreTrustedWithTheAccount shows what SECURITY.md says is not defended, and that the tests above can fail: the
// triggers make consumers of the events, and work within the account of the streams.
func TestTheTriggersAreTrustedWithTheAccount(t *testing.T) {
	f, operator := openFilled(t)
	nc, _ := f.Connect("homeroom-triggers")
	if err := nc.PublishRequest("$JS.API.STREAM.INFO.LEARNING", "$KV.homeroom_rulesets.current", nil); err != nil {
		t.Fatal(err)
	}
	awaitCondition(t, "the answer in the place of a publication", func() bool {
		return countMessages(t, operator)["KV_"+store.BucketRulesets] == 1
	})
}

// openFilled starts a server on which a profile, the kill switch and an event are.
func openFilled(t *testing.T) (*natstest.Accounts, jetstream.JetStream) {
	t.Helper()
	f := natstest.OpenAccounts(t, configDir, "")
	operator := f.Setup()
	publishBody(t, operator, "u_42", "lesson.completed", map[string]any{"id": "e1"})
	for _, subject := range []string{"$KV.homeroom_profiles.u_42", "$KV.homeroom_control.paused"} {
		if _, err := operator.Publish(deadlineOf(t), subject, []byte(`{}`)); err != nil {
			t.Fatal(err)
		}
	}
	return f, operator
}

// captureSubjects listens in Homeroom's account and returns which of the subjects something came on.
func captureSubjects(t *testing.T, f *natstest.Accounts, names []string) func() []string {
	t.Helper()
	nc, _ := f.Connect("operator")
	var subs []*nats.Subscription
	for _, name := range names {
		sub, err := nc.SubscribeSync(name)
		if err != nil {
			t.Fatal(err)
		}
		subs = append(subs, sub)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	return func() []string {
		t.Helper()
		if err := nc.Flush(); err != nil {
			t.Fatal(err)
		}
		var heard []string
		for _, sub := range subs {
			if n, _, _ := sub.Pending(); n > 0 {
				heard = append(heard, sub.Subject)
			}
		}
		return heard
	}
}

// awaitAnswers waits until the server has handled what a connection published, and what JetStream answers to it.
func awaitAnswers(t *testing.T, nc *nats.Conn, operator jetstream.JetStream) {
	t.Helper()
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	// Requests to the API are answered in order, and a stream answers in the order of its messages.
	publishBody(t, operator, "u_42", "lesson.completed", map[string]any{"id": "last"})
	for _, want := range (store.Options{}).Streams() {
		if _, err := operator.Stream(deadlineOf(t), want.Name); err != nil {
			t.Fatal(err)
		}
	}
}
