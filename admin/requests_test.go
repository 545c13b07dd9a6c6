package admin_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"homeroom/admin"
	"homeroom/internal/natstest"
	"homeroom/profile"
	"homeroom/store"
	"homeroom/subjects"
)

// TestTooManyRequestsWait: a request is left by who typed the id, once for a learner and kind, and taken back; if more wait than somebody expects, or Temporal is
// away, none is lost.
func TestTooManyRequestsWait(t *testing.T) {
	i, _ := openAudited(t)
	ctx := t.Context()
	var input *admin.InputError
	for name, refused := range map[string]error{
		"another id was typed": i.AskForLearner(ctx, admin.RequestErase, "u_1", "u_2"),
		"no such kind":         i.AskForLearner(ctx, "burn", "u_1", "u_1"),
		"nobody":               i.AskForLearner(ctx, admin.RequestErase, "", ""),
		"no learner":           i.AskForLearner(ctx, admin.RequestErase, subjects.NoLearner, subjects.NoLearner),
	} {
		if !errors.As(refused, &input) {
			t.Errorf("%s: %v", name, refused)
		}
	}
	for n := range 4 {
		learner := fmt.Sprintf("u_%d|ä.*", n)
		for range 2 {
			if err := i.AskForLearner(ctx, admin.RequestErase, learner, learner); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := i.TakeBackRequest(ctx, admin.RequestErase, "u_0|ä.*"); err != nil {
		t.Fatal(err)
	}
	waiting := func() []admin.LearnerRequest {
		t.Helper()
		requests, err := i.LearnerRequests(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return requests
	}
	if got := waiting(); len(got) != 3 || got[0].Learner != "u_1|ä.*" || got[0].By != "maya" {
		t.Fatalf("%+v", got)
	}
	if done, err := i.CarryOutRequests(ctx, admin.CarryOutOptions{AtMost: 2}); !errors.As(err, &input) || len(done) > 0 {
		t.Errorf("more than may be carried out: %+v, %v", done, err)
	}
	done, err := i.CarryOutRequests(ctx, admin.CarryOutOptions{AtMost: 3})
	if err != nil || len(done) != 3 || !done[0].Waits || !strings.Contains(done[0].Problem, "Temporal") {
		t.Errorf("without Temporal: %+v, %v", done, err)
	}
	if got := waiting(); len(got) != 3 || got[0].Problem == "" {
		t.Errorf("without Temporal they are lost: %+v", got)
	}
}

// TestSearchByAddress: learners are found by the address of their profile however it is written, and the record holds no address.
func TestSearchByAddress(t *testing.T) {
	server, js, st := natstest.Open(t)
	ctx := t.Context()
	for n := range 1200 {
		address := fmt.Sprintf("somebody-%d@learners.example", n)
		if n%500 == 7 {
			address = "Ada@Learners.example"
		}
		learner := fmt.Sprintf("auth0|%d", n)
		if err := st.Profiles.Change(ctx, learner, func(p *profile.Profile) bool { p.Email = address; return true }); err != nil {
			t.Fatal(err)
		}
	}
	i, err := admin.Connect(ctx, admin.ConnectOptions{
		Name:     "test",
		NATS:     admin.NATSOptions{URL: server.URL()},
		Directly: true,
		Actor:    admin.Actor{Name: "maya", Way: admin.WayConsole},
		Now:      time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	found, err := i.FindByAddress(ctx, " ada@learners.EXAMPLE ")
	if err != nil || len(found) != 3 || found[0].Learner != "auth0|1007" || found[2].Learner != "auth0|7" {
		t.Errorf("%+v, %v", found, err)
	}
	if found, err := i.FindByAddress(ctx, "nobody@learners.example"); err != nil || found == nil || len(found) > 0 {
		t.Errorf("nobody's: %+v, %v", found, err)
	}
	var input *admin.InputError
	if _, err := i.FindByAddress(ctx, "u_1"); !errors.As(err, &input) {
		t.Errorf("no address: %v", err)
	}
	if got := readAudit(t, i, admin.AuditOptions{Action: "look_at_address", Address: "ada@learners.example"}); len(got) != 1 {
		t.Errorf("the look is recorded %d times", len(got))
	}
	err = store.StreamReader{JS: js}.Read(ctx, subjects.AuditStream, nil, func(m store.Message) error {
		if strings.Contains(strings.ToLower(m.Subject+string(m.Data)), "learners.example") {
			t.Errorf("%s holds an address: %s", m.Subject, m.Data)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
