package privacytest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.temporal.io/api/workflow/v1"

	"homeroom/dev/harness"
	"homeroom/dev/stack"
	"homeroom/rules"
	"homeroom/subjects"
)

// workflowInfo is a run as Temporal lists it.
type workflowInfo = workflow.WorkflowExecutionInfo

// quick makes Temporal delete runs at once; else it waits for up to half a minute until its queues say how far they are.
var quick = map[string]any{
	"history.transferProcessorUpdateAckInterval":   time.Second,
	"history.visibilityProcessorUpdateAckInterval": time.Second,
}

// servers starts a stack of its own for a test.
func servers(t *testing.T, ctx context.Context) *stack.Stack {
	t.Helper()
	return harness.StartStack(t, ctx, stack.Options{Temporal: quick})
}

// folder is an academy that leaves traces wherever Homeroom can: mail, nudges, share and referral links, runs that wait.
func folder(t *testing.T) *rules.Academy {
	t.Helper()
	return harness.Academy(t, map[string]string{
		"settings.yaml": `sender: {from: hello@academy.example, name: Academy, postal_address: "1 Harbour Lane"}
links:
  certificate: "https://academy.example/certificates/{{ certificate_id }}"
  referral: "https://academy.example/invited?by={{ referral.code }}"
`,
		"messages/share.md": `---
subject: Well done
share_text: "I did it!"
---
Hi {{ learner.first_name | default: "there" }}, well done.

{% if share %}

{% share %}

Bring a friend: {{ referral.url }}

{% endif %}
`,
		"rules/certificate.yaml": `rule: certificate
when: {event: certificate.earned}
per: certificate_id
do: [send: share]
`,
		"rules/show.yaml": `rule: show
when: {event: enrollment.created}
do: [{send: nudge, channel: inapp}]
`,
		"rules/retry.yaml": `rule: retry
when: {event: assessment.graded, if: event.passed == false}
per: assessment_id
do:
  - wait: 2h
  - send: nudge
`,
	})
}

// person is a learner with a marker in everything that is known of them.
type person struct{ id, marker, address string }

// platform publishes as a learning platform does, by hand: what is in the stream is known to the byte.
type platform struct {
	t   *testing.T
	ctx context.Context
	js  jetstream.JetStream
	seq int
}

// publish publishes an event with the person's traits.
func (p *platform) publish(who person, event string, properties map[string]any) {
	p.t.Helper()
	p.seq++
	id := fmt.Sprintf("%s-%d", who.marker, p.seq)
	body, err := json.Marshal(map[string]any{
		"id": id, "time": time.Now().UTC(), "properties": properties,
		"traits": map[string]any{"email": who.address, "first_name": who.marker, "timezone": "Europe/Berlin"},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.raw(subjects.Publish(who.id, event), subjects.MsgID(who.id, id), body)
}

func (p *platform) raw(subject, id string, body []byte) {
	p.t.Helper()
	m := &nats.Msg{Subject: subject, Data: body, Header: nats.Header{jetstream.MsgIDHeader: {id}}}
	if _, err := p.js.PublishMsg(p.ctx, m); err != nil {
		p.t.Fatal(err)
	}
}

// life is what both learners do.
func (p *platform) life(who person) {
	p.t.Helper()
	p.publish(who, "enrollment.created", map[string]any{"course_id": "crs_" + who.marker, "enrollment_type": "free"})
	p.publish(who, "lesson.completed", map[string]any{"course_id": "crs_" + who.marker, "lesson_id": "l1"})
	p.publish(who, "assessment.graded", map[string]any{"assessment_id": "asm_" + who.marker, "score_pct": 40.0, "passed": false, "grader_type": "auto"})
	p.publish(who, "certificate.earned", map[string]any{"certificate_id": "cert_" + who.marker, "course_id": "crs_" + who.marker})
	// Refused: a body that is no event, and the id not escaped as it has to be.
	p.raw(subjects.Publish(who.id, "lesson.completed"), who.marker+"-bad", []byte(`{"email": "`+who.address+`"`))
	p.raw("learning."+who.id+".lesson.completed", who.marker+"-spelled", []byte(`{"traits": {"email": "old-`+who.address+`"}}`))
}
