package cli

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

func TestSourcesTry(t *testing.T) {
	var out bytes.Buffer
	bodies, err := os.ReadFile("../../sources/testdata/segment.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	bodies = append(bodies, `{"type":"track","messageId":"m-99","userId":"u-88","event":"Knot Tied","timestamp":"2026-03-02T10:00:00Z"}`...)
	err = (&SourcesTryCmd{File: "-", Suggest: true, Format: "text"}).Run(IO{In: bytes.NewReader(bodies), Out: &out, Now: time.Now})
	if exit := (ExitError{}); !errors.As(err, &exit) || exit.Code != 1 {
		t.Errorf("ends with %v, want exit code 1: a body is refused", err)
	}
	for _, want := range []string{"lesson.completed", "ignored", `refused`, "segment  26      14    11       1", `"Knot Tied": `} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out.String())
		}
	}
}

func TestSourcesListAndShow(t *testing.T) {
	var out bytes.Buffer
	if err := (&SourcesListCmd{}).Run(IO{Out: &out}); err != nil || !strings.Contains(out.String(), "openedx") {
		t.Errorf("%v\n%s", err, out.String())
	}
	out.Reset()
	if err := (&SourcesShowCmd{Name: "xapi"}).Run(IO{Out: &out}); err != nil || !strings.Contains(out.String(), "recognise:") {
		t.Errorf("%v\n%s", err, out.String())
	}
	if err := (&SourcesShowCmd{Name: "none"}).Run(IO{Out: &out}); err == nil {
		t.Error("a source that is none was shown")
	}
}

func TestEventsCheck(t *testing.T) {
	bodies := `{"id":"e1","event":"assessment.graded","learner_id":"u","time":"2026-03-02T10:00:00Z","properties":{"assessment_id":"a","scorePct":40}}
{"id":"e2","event":"lesson.completed","learner_id":"u","timestamp":"2026-03-02T10:00:00Z","properties":{"lesson_id":"l"}}
`
	for _, tc := range []struct {
		name, in string
		strict   bool
		code     int
		says     string
	}{
		{"refused", bodies, false, 1, "line 2: bad_time: the body has timestamp and no time; call it time"},
		{"a remark", strings.SplitAfter(bodies, "\n")[0], false, 0, "line 1: remark: the property scorePct is none of assessment.graded, did you mean score_pct?"},
		{"a remark, strictly", strings.SplitAfter(bodies, "\n")[0], true, 3, "1 event, 0 refused, 1 remark."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var out bytes.Buffer
			err := (&EventsCheckCmd{File: "-", Strict: tc.strict, Format: "text"}).Run(IO{In: strings.NewReader(tc.in), Out: &out, Now: time.Now})
			var exit ExitError
			if errors.As(err, &exit); exit.Code != tc.code || err != nil && exit.Code == 0 {
				t.Errorf("ends with %v, want exit code %d", err, tc.code)
			}
			if !strings.Contains(out.String(), tc.says) {
				t.Errorf("it does not say %q:\n%s", tc.says, out.String())
			}
		})
	}
}
