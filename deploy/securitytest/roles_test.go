package securitytest

import (
	"fmt"
	"strings"
	"testing"

	"homeroom/engine"
	"homeroom/internal/natstest"
	"homeroom/subjects"
)

// TestEachRoleKeepsToItself: whoever gets hold of the credentials of one role has the permissions of that role and no more.
func TestEachRoleKeepsToItself(t *testing.T) {
	f := natstest.OpenAccounts(t, configDir, "")
	operator := f.Setup()
	publishBody(t, operator, "u_42", "lesson.completed", map[string]any{"id": "e1"})
	before := describeStreams(t, operator)
	tests := []struct{ user, name, subject, body string }{
		{"homeroom-edge", "read an event", "$JS.API.STREAM.MSG.GET.LEARNING", `{"seq":1}`},
		{"homeroom-edge", "read events with a consumer", "$JS.API.CONSUMER.CREATE.LEARNING", `{"stream_name":"LEARNING","config":{}}`},
		{"homeroom-edge", "read a dead letter", "$JS.API.STREAM.MSG.GET.LEARNING_DLQ", `{"seq":1}`},
		{"homeroom-edge", "list profiles with a consumer", "$JS.API.CONSUMER.CREATE.KV_homeroom_profiles", `{"stream_name":"KV_homeroom_profiles","config":{}}`},
		{"homeroom-edge", "put rules in force", "$KV.homeroom_rulesets.current", `{}`},
		{"homeroom-edge", "forge a share link", "$KV.homeroom_links.x", `{}`},
		{"homeroom-edge", "show a nudge", "nudges.u_42.retry", `{}`},
		{"homeroom-edge", "write a dead letter", "dead.u_42.x", `{}`},
		{"homeroom-api", "read an event", "$JS.API.STREAM.MSG.GET.LEARNING", `{"seq":1}`},
		{"homeroom-api", "read events with a consumer", "$JS.API.CONSUMER.CREATE.LEARNING", `{"stream_name":"LEARNING","config":{}}`},
		{"homeroom-api", "read a profile", "$JS.API.STREAM.MSG.GET.KV_homeroom_profiles", `{"seq":1}`},
		{"homeroom-api", "make itself a write key", "$KV.homeroom_write_keys.x", `{}`},
		{"homeroom-api", "put rules in force", "$KV.homeroom_rulesets.current", `{}`},
		{"homeroom-api", "lift the kill switch", "$KV.homeroom_control.paused", `{}`},
		{"homeroom-edge", "read the write keys", "$JS.API.STREAM.MSG.GET.KV_homeroom_write_keys", `{"seq":1}`},
		{"homeroom-worker", "read an event", "$JS.API.STREAM.MSG.GET.LEARNING", `{"seq":1}`},
		{"homeroom-worker", "publish an event", "learning.u_42.course.completed", `{}`},
		{"homeroom-worker", "say what a learner did", "learning.u_42.certificate.earned", `{}`},
		{"homeroom-worker", "change a learner's address", "learning.u_42.profile.updated", `{}`},
		{"homeroom-worker", "set a trait past the stream's own subject", "learning.3.u_42.learner.trait_set", `{}`},
		{"homeroom-worker", "change a profile", "$KV.homeroom_profiles.u_42", `{}`},
		{"homeroom-worker", "list suppressions", "$JS.API.CONSUMER.CREATE.KV_homeroom_suppressions", `{"stream_name":"KV_homeroom_suppressions","config":{}}`},
		{"homeroom-triggers", "write a decision", "homeroom.decisions.u_42.retry.sent", `{}`},
		{"homeroom-triggers", "change what is remembered", "$KV.homeroom_retired.x", `{}`},
		{"homeroom-triggers", "settle a send", "$KV.homeroom_sends.x", `{}`},
		{"homeroom-triggers", "put rules in force", "$KV.homeroom_rulesets.current", `{}`},
		{"homeroom-console", "write a decision", "homeroom.decisions.u_42.retry.sent", `{}`},
		{"homeroom-console", "settle a send", "$KV.homeroom_sends.x", `{}`},
		{"homeroom-console", "change a profile", "$KV.homeroom_profiles.u_42", `{}`},
		{"homeroom-console", "lift a suppression", "$KV.homeroom_suppressions.x", `{}`},
		{"homeroom-console", "read events with a consumer", "$JS.API.CONSUMER.CREATE.LEARNING", `{"stream_name":"LEARNING","config":{}}`},
		{"homeroom-console", "erase a profile", "$JS.API.STREAM.PURGE.KV_homeroom_profiles", `{"filter":"$KV.homeroom_profiles.u_42"}`},
		{"homeroom-console", "erase events", "$JS.API.STREAM.PURGE.LEARNING", `{"filter":"learning.*.u_42.>"}`},
		{"homeroom-console", "take back who did what", "$JS.API.STREAM.PURGE.HOMEROOM_AUDIT", `{}`},
		{"homeroom-setup", "read an event", "$JS.API.STREAM.MSG.GET.LEARNING", `{"seq":1}`},
		{"homeroom-setup", "make a stream of its own", "$JS.API.STREAM.CREATE.SPY", `{"name":"SPY","subjects":["spy.>"]}`},
		{"homeroom-setup", "change a stream", "$JS.API.STREAM.UPDATE.LEARNING", `{}`},
	}
	for _, user := range []string{"homeroom-edge", "homeroom-api", "homeroom-worker", "homeroom-triggers", "homeroom-setup", "homeroom-console", "platform-pages"} {
		for name, subject := range map[string]string{
			"empty the stream": "$JS.API.STREAM.PURGE.LEARNING", "delete the stream": "$JS.API.STREAM.DELETE.LEARNING",
			"delete an event": "$JS.API.STREAM.MSG.DELETE.LEARNING", "empty the suppressions": "$JS.API.STREAM.PURGE.KV_homeroom_suppressions",
			"take a snapshot": "$JS.API.STREAM.SNAPSHOT.LEARNING", "ask the servers": "$SYS.REQ.SERVER.PING",
		} {
			tests = append(tests, struct{ user, name, subject, body string }{user, name, subject, `{}`})
		}
	}
	for _, tt := range tests {
		t.Run(tt.user+" may not "+tt.name, func(t *testing.T) {
			before := len(f.Refused())
			nc, _ := f.Connect(tt.user)
			requestRefused(t, nc, tt.subject, tt.body)
			refused := f.Refused()[before:]
			if len(refused) != 1 || !strings.Contains(strings.Replace(refused[0], "$JS.homeroom.API", "$JS.API", 1), tt.subject) {
				t.Errorf("the server did not refuse it, but %q", refused)
			}
		})
	}
	if after := describeStreams(t, operator); after != before {
		t.Errorf("something changed:\nbefore %s\nafter  %s", before, after)
	}
}

// TestTheWorkerPublishesWhatRulesSetAndNothingElse: the event that a rule set a trait, of every learner and in every partition, reaches the stream from the worker's account; no other event
// does.
func TestTheWorkerPublishesWhatRulesSetAndNothingElse(t *testing.T) {
	f := natstest.OpenAccounts(t, configDir, "")
	operator := f.Setup()
	_, worker := f.Connect("homeroom-worker")
	for i := range 2 * subjects.Partitions {
		learner := fmt.Sprintf("auth0|%d.x", i)
		if _, err := worker.Publish(deadlineOf(t), subjects.Publish(learner, engine.EventTraitSet), []byte(`{"id":"e1","properties":{"trait":"stage"}}`)); err != nil {
			t.Fatalf("%s: %v; refused %q", learner, err, f.Refused())
		}
	}
	if n := countMessages(t, operator)[subjects.Stream]; n != 2*subjects.Partitions {
		t.Errorf("%d events were stored", n)
	}
	for _, event := range []string{"certificate.earned", "profile.updated", "user.aliased", "learner.trait_set.more", "learner", "email.unsubscribed"} {
		requestRefused(t, worker.Conn(), subjects.Publish("u_42", event), `{}`)
	}
	if n := countMessages(t, operator)[subjects.Stream]; n != 2*subjects.Partitions {
		t.Errorf("%d events were stored afterwards", n)
	}
}
