package admin_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"homeroom/admin"
	"homeroom/engine"
	"homeroom/internal/natstest"
)

// TestMessagesThatAreTriedAgainAreFound: from the second refusal on until the message goes out, fails for good, or the run ends. What waits for
// something else is none of them.
func TestMessagesThatAreTriedAgainAreFound(t *testing.T) {
	server, _, st := natstest.Open(t)
	nc, _ := server.Connect()
	now := time.Now().UTC().Truncate(time.Second)
	refused := func(n int, reason engine.Reason, words string) engine.Decision {
		return engine.Decision{Kind: engine.KindDeferred, Reason: reason, Step: "1", At: now.Add(time.Duration(n) * time.Minute), Until: now.Add(time.Duration(n+5) * time.Minute), Detail: words, Channel: "email"}
	}
	did := func(kind engine.Kind, step string) engine.Decision {
		return engine.Decision{Kind: kind, Step: step, At: now}
	}
	const down = "SendGrid answered 503"
	var all []engine.Decision
	for _, l := range []struct {
		learner   string
		decisions []engine.Decision
	}{
		{"refused", []engine.Decision{did(engine.KindStarted, ""), did(engine.KindSent, "0"), refused(1, engine.ReasonProvider, "no answer"), refused(6, engine.ReasonProvider, down)}},
		{"account", []engine.Decision{refused(0, engine.ReasonProviderRefuses, "SendGrid answered 401")}},
		{"quiet", []engine.Decision{refused(2, engine.ReasonProvider, down), refused(7, engine.ReasonQuietHours, ""), refused(8, engine.ReasonProvider, down)}},
		{"went", []engine.Decision{refused(1, engine.ReasonProvider, down), did(engine.KindSent, "1")}},
		{"given up", []engine.Decision{refused(1, engine.ReasonProvider, down), did(engine.KindExited, "")}},
		{"goal", []engine.Decision{refused(3, engine.ReasonProvider, down), did(engine.KindConverted, "")}},
		{"sleeps", []engine.Decision{refused(1, engine.ReasonQuietHours, "")}},
		{"paused", []engine.Decision{refused(1, engine.ReasonPaused, "")}},
		{"again", []engine.Decision{refused(1, engine.ReasonProvider, down), did(engine.KindFailed, "1"), refused(9, engine.ReasonProvider, down)}},
	} {
		for n, d := range l.decisions {
			d.ID = fmt.Sprintf("%s-%d", l.learner, n)
			d.Learner = l.learner
			d.Rule = "quiz-retry"
			d.Message = "hello"
			d.Run = "run-of-" + l.learner
			all = append(all, d)
		}
	}
	another := all[1] // another run of the rule, whose message went, says nothing of this one
	another.ID = "another"
	another.Run = "another"
	another.Step = "1"
	all = append(all, another)
	if err := st.Decisions.Publish(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	i, err := admin.Connect(t.Context(), admin.ConnectOptions{Name: "test", NATS: admin.NATSOptions{URL: nc.ConnectedUrl()}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	found, err := i.DeliveriesFailing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range found.Some {
		got = append(got, fmt.Sprintf("%s %d %s %s %s", d.Learner, d.Attempts, d.Since.Sub(now), d.Next.Sub(now), d.Error))
	}
	want := []string{
		"account 1 0s 5m0s SendGrid answered 401",
		"refused 2 1m0s 11m0s SendGrid answered 503",
		"quiet 2 2m0s 13m0s SendGrid answered 503",
		"goal 1 3m0s 8m0s SendGrid answered 503",
		"again 1 9m0s 14m0s SendGrid answered 503",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") || found.Count != len(want) || found.Older != 0 {
		t.Errorf("got %d, of which %d are older:\n%s\nwant\n%s", found.Count, found.Older, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if d := found.Some[1]; d.Step != "delivering" || d.Rule != "quiz-retry" || d.Message != "hello" || d.Channel != "email" {
		t.Errorf("got %+v", d)
	}
}
