package admin_test

import (
	"strings"
	"testing"

	"homeroom/admin"
)

// TestDatesAndDigests holds rules to what people expect of a date that moves, and of a digest that is put off.
func TestDatesAndDigests(t *testing.T) {
	const (
		exam     = "rule: r\nwhen: {date: timestamp(learner.traits.exam_date) - days(3)}\n"
		send     = "do: [{send: m}]\n"
		settings = "sender: {name: A, from: hello@academy.example, postal_address: \"1 Harbour Lane\"}\ntimezone: UTC\n"
		digest   = "rule: r\nwhen: {event: lesson.completed}\nper: course_id\nagain: always\ndo:\n  - collect: lessons\n    events: [lesson.completed]\n    within: 3h\n  - send: m\n"
		items    = "---\nsubject: \"{{ lessons.count }}\"\n---\n{% for a in lessons.items %}{{ a.lesson_id }} {% endfor %}\n"
		plain    = "---\nsubject: S\n---\nHello.\n"
		signedUp = "  - {at: +0s, event: user.signed_up, traits: {exam_date: \"%s\"}}\n"
		courses  = "crs_t: {title: T, assessments: [{id: q1, due: \"2026-03-10T12:00:00Z\"}, {id: q2, due: \"2026-03-10T18:00:00Z\"}, {id: q3, due: \"2026-03-20T12:00:00Z\"}]}\n"
	)
	until := func(date string) string { return strings.Replace(signedUp, "%s", date, 1) }
	for _, c := range []struct {
		name, settings, rule, message, events, expect string
	}{
		{
			"each assessment has its own date", settings, "rule: r\nwhen: {date: course.next_due_at - days(1)}\n" + send, plain,
			"  - {at: +0s, event: enrollment.created, properties: {course_id: crs_t}}\n",
			"[{at: \"2026-03-09T12:00:00Z\", sent: m}, {at: \"2026-03-09T18:00:00Z\", sent: m}, {at: \"2026-03-19T12:00:00Z\", sent: m}]",
		},
		{
			"the same day in a zone further west is no later date", settings, exam + send, plain,
			until("2026-03-21") + "  - {at: \"2026-03-18T01:00:00Z\", event: profile.updated, traits: {timezone: America/New_York}}\n",
			"[{at: \"2026-03-18T00:00:00Z\", sent: m}]",
		},
		{
			"a date that is put off is not stale when its time comes", settings + "max_event_age: 24h\npatience: 48h\n", exam + "again: after 7d\n" + send, plain,
			until("2026-03-10") + "  - {at: +6d, event: profile.updated, traits: {exam_date: \"2026-03-13\"}}\n",
			"[{at: \"2026-03-07T00:00:00Z\", sent: m}, {at: \"2026-03-14T00:00:00Z\", sent: m}]",
		},
		{
			"a trait whose name is computed", settings, "rule: r\nwhen: {date: 'timestamp(learner.traits[learner.traits.kind]) - days(3)'}\n" + send, plain,
			"  - {at: +0s, event: user.signed_up, traits: {kind: exam_date}}\n  - {at: +1d, event: profile.updated, traits: {exam_date: \"2026-03-13\"}}\n",
			"[{at: \"2026-03-10T00:00:00Z\", sent: m}]",
		},
		{
			"what comes while the digest waits for the morning is in it", settings + "quiet_hours: {from: \"21:00\", to: \"08:00\"}\n", digest, items,
			"  - {at: +9h, event: lesson.completed, properties: {course_id: c, lesson_id: l1}}\n  - {at: +13h, event: lesson.completed, properties: {course_id: c, lesson_id: l2}}\n" +
				"  - {at: +23h, event: lesson.completed, properties: {course_id: c, lesson_id: l3}}\n",
			"[{at: +22h, sent: m, text_contains: l1 l2}, {at: +26h, sent: m, text_contains: l3}]",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := admin.LoadFolder(memoryFolder(map[string]string{
				"settings.yaml": c.settings,
				"courses.yaml":  courses,
				"rules/r.yaml":  c.rule,
				"messages/m.md": c.message,
				"tests/welcome.yaml": "test: it\nrules: [r]\nlearner: {traits: {email: ada@learners.example}}\nstart: 2026-03-02T10:00:00Z\nevents:\n" + c.events +
					"until: +40d\nexpect: " + c.expect + "\n",
			}), ".")
			run, err := admin.TestFolder(t.Context(), folder, admin.TestOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if len(run.Results) != 1 {
				_, err := folder.Compiled()
				t.Fatalf("problems: %v, %v", run.Problems, err)
			}
			var printed strings.Builder
			if err := run.Results[0].Write(&printed, false); err != nil {
				t.Fatal(err)
			}
			if !run.Results[0].Passed {
				t.Error(printed.String())
			}
		})
	}
}
