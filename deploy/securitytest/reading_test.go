package securitytest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"homeroom/store"
	"homeroom/subjects"
)

// TestNoRoleReadsByOtherWays: nothing is read by direct gets, by consumers that pull or push, by snapshots or by hearing what is
// published.
func TestNoRoleReadsByOtherWays(t *testing.T) {
	f, operator := openFilled(t)
	before := describeStreams(t, operator)
	var streams []string
	for _, want := range (store.Options{}).Streams() {
		streams = append(streams, want.Name)
	}
	for _, r := range roles() {
		t.Run(r.user, func(t *testing.T) {
			nc, _ := f.Connect(r.user)
			var requests []*nats.Msg
			ask := func(subject, body string) {
				for _, prefix := range []string{"$JS.API.", "$JS.homeroom.API."} {
					requests = append(requests, &nats.Msg{Subject: prefix + subject, Data: []byte(body)})
				}
			}
			for _, stream := range streams {
				push := fmt.Sprintf(`{"stream_name":%q,"config":{"name":"spy","durable_name":"spy","deliver_subject":"$KV.homeroom_rulesets.current"}}`, stream)
				if !slices.Contains(r.direct, stream) {
					ask("DIRECT.GET."+stream, `{"seq":1}`)
				}
				ask("DIRECT.GET."+stream+".>", "")
				ask("CONSUMER.CREATE."+stream, push)
				ask("CONSUMER.CREATE."+stream+".spy", push)
				ask("CONSUMER.CREATE."+stream+".spy.learning.>", push)
				ask("CONSUMER.DURABLE.CREATE."+stream+".spy", push)
				ask("CONSUMER.MSG.NEXT."+stream+".spy", "1")
				ask("STREAM.SNAPSHOT."+stream, `{"deliver_subject":"_INBOX.spy"}`)
			}
			expectRefusals(t, f, operator, r.user, requests)
			for _, subject := range []string{">", "learning.>", "$KV.>", "homeroom.decisions.>", "$JS.>", "_R_.>"} {
				if _, err := nc.SubscribeSync(subject); err != nil {
					t.Fatal(err)
				}
				if err := nc.Flush(); err != nil {
					t.Fatal(err)
				}
				if err := nc.LastError(); !errors.Is(err, nats.ErrPermissionViolation) || !strings.Contains(err.Error(), subject) {
					t.Errorf("it may subscribe to %s (%v)", subject, err)
				}
			}
		})
	}
	if after := describeStreams(t, operator); after != before {
		t.Errorf("something changed:\nbefore %s\nafter  %s", before, after)
	}
}

// TestEachRoleReadsTheBucketsItUses: by sequence, by subject and by what comes next, a stream answers the roles that use it and no other.
func TestEachRoleReadsTheBucketsItUses(t *testing.T) {
	f, operator := openFilled(t)
	reads := map[string][]string{
		"homeroom-edge": {
			"KV_" + store.BucketProfiles, "KV_" + store.BucketSuppressions, "KV_" + store.BucketSends, "KV_" + store.BucketLinks,
			"KV_" + store.BucketRulesets, "KV_" + store.BucketControl,
		},
		"homeroom-api": {"KV_" + store.BucketWriteKeys, "KV_" + store.BucketRulesets, "KV_" + store.BucketControl},
		"homeroom-worker": {
			"KV_" + store.BucketProfiles, "KV_" + store.BucketSuppressions, "KV_" + store.BucketSends, "KV_" + store.BucketLinks,
			"KV_" + store.BucketRulesets, "KV_" + store.BucketControl, "KV_" + store.BucketStanding, "KV_" + store.BucketRetired,
			"KV_" + store.BucketLearned,
		},
		"homeroom-console": {
			"KV_" + store.BucketProfiles, "KV_" + store.BucketRulesets, "KV_" + store.BucketControl, "KV_" + store.BucketDrafts,
		},
		"homeroom-triggers": {
			"KV_" + store.BucketProfiles, "KV_" + store.BucketSuppressions, "KV_" + store.BucketSends, "KV_" + store.BucketRulesets,
			"KV_" + store.BucketControl, "KV_" + store.BucketStanding, "KV_" + store.BucketLearned, "KV_" + store.BucketRetired, subjects.Stream, subjects.DeadStream, subjects.SetAsideStream,
		},
		"homeroom-setup": nil,
		"platform":       nil,
		"platform-pages": nil,
	}
	for user, streams := range reads {
		t.Run(user, func(t *testing.T) {
			var requests []*nats.Msg
			for _, want := range (store.Options{}).Streams() {
				if slices.Contains(streams, want.Name) {
					continue
				}
				for _, body := range []string{`{"seq":1}`, `{"last_by_subj":">"}`, `{"seq":1,"next_by_subj":">"}`} {
					requests = append(requests, &nats.Msg{Subject: "$JS.API.STREAM.MSG.GET." + want.Name, Data: []byte(body)})
				}
			}
			expectRefusals(t, f, operator, user, requests)
			nc, _ := f.Connect(user)
			for _, stream := range streams {
				if _, err := nc.Request("$JS.API.STREAM.MSG.GET."+stream, []byte(`{"seq":1}`), patience); err != nil {
					t.Errorf("%s is not read: %v", stream, err)
				}
			}
		})
	}
}

// TestNoRoleHearsAnothersAnswers: the inboxes of an account are its own.
func TestNoRoleHearsAnothersAnswers(t *testing.T) {
	f, _ := openFilled(t)
	users := []string{"homeroom-edge", "homeroom-api", "homeroom-worker", "homeroom-setup", "homeroom-triggers", "homeroom-console"}
	var listeners []*nats.Conn
	var ears []*nats.Subscription
	for _, user := range users {
		nc, _ := f.Connect(user)
		ear, err := nc.SubscribeSync("_INBOX.>")
		if err == nil {
			err = nc.Flush()
		}
		if err != nil {
			t.Fatal(err)
		}
		listeners = append(listeners, nc)
		ears = append(ears, ear)
	}
	before := make([]int, len(users)) // what each has heard
	for i, user := range users {
		_, js := f.Connect(user)
		if _, err := js.Stream(deadlineOf(t), subjects.Stream); err != nil {
			t.Fatalf("%s: %v", user, err)
		}
		for j, ear := range ears {
			if err := listeners[j].FlushWithContext(deadlineOf(t)); err != nil { // what the server had for it by now has come
				t.Fatal(err)
			}
			heard, _, err := ear.Pending()
			if err != nil {
				t.Fatal(err)
			}
			if i != j && heard > before[j] {
				t.Errorf("%s hears %d answers to %s", users[j], heard-before[j], user)
			}
			before[j] = heard
		}
	}
}
