package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"homeroom/internal/natstest"
	"homeroom/store"
	"homeroom/subjects"
)

func TestWhoIsStuckIsListedAndTriedAgain(t *testing.T) {
	server, js, st := natstest.Open(t)
	ctx := t.Context()
	nc, _ := server.Connect()
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1") // nobody
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	_, err := st.Control.ChangeSetAside(ctx, "u_42", func(s *store.SetAside, _ bool) bool {
		s.Since = at
		s.Step = "handing over"
		s.Error = "the learner's run is full"
		s.Attempts = 3
		s.Next = time.Now().Add(time.Hour)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := js.Publish(ctx, subjects.SetAside("u_42"), []byte(`{"email":"ada@example.org"}`)); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		name string
		args string
		code int
		want []string
	}{
		{"the list", "stuck", 0, []string{"Temporal could not be asked whose workflows get nowhere", "u_42", "2026-03-02T10:00:00Z", "  2  ", "3×", "handing over: the learner's run is full"}},
		{"the list for machines", "stuck --format json", 0, []string{`"learner": "u_42"`, `"waiting": 2`, `"attempts": 3`, `"error": "the learner's run is full"`}},
		{"the learner's story", "why u_42", 0, []string{"Set aside since 2026-03-02T10:00:00Z; waiting in order: 2 events", "handing over: the learner's run is full", "homeroom learner retry u_42"}},
		{"somebody who is not", "retry u_43", 2, []string{"u_43 is not set aside", "learner stuck"}},
		{"tried again", "retry u_42", 0, []string{"u_42 is tried again", "2 events set aside since 2026-03-02T10:00:00Z"}},
	} {
		t.Run(step.name, func(t *testing.T) {
			var out bytes.Buffer
			args := append([]string{"learner"}, strings.Fields(step.args)...)
			args = append(args, "--nats", nc.ConnectedUrl())
			if code := Main(ctx, args, IO{Out: &out, Err: &out, Now: time.Now}); code != step.code {
				t.Errorf("exit code %d, want %d:\n%s", code, step.code, out.String())
			}
			for _, want := range step.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in:\n%s", want, out.String())
				}
			}
			if strings.Contains(out.String(), "example.org") {
				t.Errorf("an address is printed:\n%s", out.String())
			}
		})
	}
	s, found, err := st.Control.ReadSetAside(ctx, "u_42")
	if err != nil || !found || s.Next.After(time.Now()) || s.Attempts != 3 || !s.Since.Equal(at) {
		t.Errorf("record %+v, found %v, error %v", s, found, err)
	}
}
