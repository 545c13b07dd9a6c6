package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"homeroom/rules"
)

// outline writes a flow down, a step a line.
func outline(steps []rules.FlowStep, indent string) string {
	var b strings.Builder
	for _, s := range steps {
		fmt.Fprintf(&b, "%s%s %s\n", indent, s.ID, s.Verb)
		for _, way := range s.Ways {
			fmt.Fprintf(&b, "%s| %s\n%s", indent, way.Name, outline(way.Steps, indent+"| "))
		}
	}
	return b.String()
}

// checkPlaces holds the place of each step to its file: its verb stands there.
func checkPlaces(t *testing.T, file string, steps []rules.FlowStep) {
	t.Helper()
	lines := strings.Split(file, "\n")
	for _, s := range steps {
		if s.At.Line < 1 || !strings.HasPrefix(strings.TrimPrefix(lines[s.At.Line-1][s.At.Col-1:], "{"), s.Verb+":") {
			t.Errorf("step %s does not begin at %+v", s.ID, s.At)
		}
		for _, way := range s.Ways {
			checkPlaces(t, file, way.Steps)
		}
	}
}

// TestFlow: a program is drawn as the tree that was written, whichever ways come out.
func TestFlow(t *testing.T) {
	const head = "rule: base\nwhen: {event: course.completed}\nper: course_id\ndo:\n"
	tests := []struct{ name, steps, want string }{
		{
			name:  "one after the other",
			steps: "  - wait: 1h\n  - wait_until: \"09:00\"\n  - send: hello\n",
			want:  "1 wait\n2 wait_until\n3 send\n",
		},
		{
			name:  "both ways come out",
			steps: "  - if: event.id == \"a\"\n    then: [{wait: 1h}]\n    otherwise: [{wait: 2h}, {wait: 3h}]\n  - send: hello\n",
			want:  "1 if\n| then\n| 1.then.1 wait\n| otherwise\n| 1.otherwise.1 wait\n| 1.otherwise.2 wait\n2 send\n",
		},
		{
			name:  "no otherwise",
			steps: "  - if: event.id == \"a\"\n    then: [{wait: 1h}]\n  - send: hello\n",
			want:  "1 if\n| then\n| 1.then.1 wait\n| otherwise\n2 send\n",
		},
		{
			name:  "a fork at the end of a fork",
			steps: "  - if: event.id == \"a\"\n    then:\n      - if: event.id == \"b\"\n        then: [{wait: 1h}]\n        otherwise: [{wait: 2h}]\n    otherwise: [{wait: 3h}]\n  - send: hello\n",
			want: "1 if\n| then\n| 1.then.1 if\n| | then\n| | 1.then.1.then.1 wait\n| | otherwise\n| | 1.then.1.otherwise.1 wait\n" +
				"| otherwise\n| 1.otherwise.1 wait\n2 send\n",
		},
		{
			name:  "a way that stops",
			steps: "  - if: event.id == \"a\"\n    then: [{stop: no}]\n  - send: hello\n",
			want:  "1 if\n| then\n| 1.then.1 stop\n| otherwise\n2 send\n",
		},
		{
			name:  "a split with an empty arm",
			steps: "  - split: s\n    arms:\n      a: {weight: 1, do: [{wait: 1h}]}\n      b: {weight: 1}\n      c: {weight: 2, do: [{wait: 2h}]}\n  - send: hello\n",
			want:  "1 split\n| a\n| 1.a.1 wait\n| b\n| c\n| 1.c.1 wait\n2 send\n",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			academy := mustLoad(t, map[string]string{"rules/base.yaml": strings.ReplaceAll(head+test.steps, "event.id", "trigger.course_id")})
			got := academy.Flow("base")
			if got == nil {
				t.Fatal("there is no flow")
			}
			checkPlaces(t, string(academy.Files["rules/base.yaml"]), got.Steps)
			if text := outline(got.Steps, ""); text != test.want {
				t.Errorf("got\n%swant\n%s", text, test.want)
			}
			if !strings.Contains(got.Starts, "course.completed") {
				t.Errorf("it starts when %q", got.Starts)
			}
		})
	}
	if mustLoad(t, nil).Flow("nobody") != nil {
		t.Error("a rule that does not exist has a flow")
	}
}

// TestTheHoldoutInTheFlow: a send says which share of the learners gets nothing there, unless everybody gets it.
func TestTheHoldoutInTheFlow(t *testing.T) {
	const head = "rule: base\nwhen: {event: course.completed}\nper: course_id\ngoal: {event: certificate.earned, within: 7d}\n"
	const steps = "do:\n  - split: s\n    arms:\n      a: {weight: 1, do: [{send: hello}]}\n      b: {weight: 1}\n  - send: hello\n    transactional: true\n"
	const want = "the holdout, 12.5 % of the learners, gets nothing here and goes on, for comparison"
	for holdout, want := range map[string]string{"": "", "holdout: 12.5%\n": want} {
		flow := mustLoad(t, map[string]string{"rules/base.yaml": head + holdout + steps}).Flow("base")
		split := flow.Steps[0]
		transactional := flow.Steps[1]
		if got := split.Ways[0].Steps[0].HeldOut; got != want {
			t.Errorf("%q: a send says %q, want %q", holdout, got, want)
		}
		if split.HeldOut != "" || transactional.HeldOut != "" {
			t.Errorf("%q: a split says %q, a transactional send %q", holdout, split.HeldOut, transactional.HeldOut)
		}
	}
}
