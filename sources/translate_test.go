package sources_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"homeroom/catalog"
	"homeroom/sources"
)

var received = time.Date(2026, 3, 2, 10, 0, 5, 0, time.UTC)

const enrollment = `{"username":"ada","event_type":"edx.course.enrollment.activated","event_source":"server","name":"edx.course.enrollment.activated","ip":"10.0.0.1","agent":"curl","host":"lms.example","page":null,"session":"","referer":"","accept_language":"","context":{"user_id":42,"org_id":"Example","course_id":"course-v1:Example+GO1+2026","path":"/change_enrollment"},"event":{"course_id":"course-v1:Example+GO1+2026","user_id":42,"mode":"audit"},"time":"2026-03-02T10:00:00.123456+00:00"}`

func builtin(tb testing.TB) *catalog.Catalog {
	tb.Helper()
	c, err := catalog.Default()
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// openShipped returns the sources that Homeroom ships, and the built-in catalog that reads with them.
func openShipped(tb testing.TB) (*catalog.Catalog, *sources.Set) {
	tb.Helper()
	known := builtin(tb)
	set, err := sources.Shipped(known)
	if err != nil {
		tb.Fatal(err)
	}
	return known.WithTranslator(set), set
}

// readFixture returns the bodies of a shipped source's fixture, one a line.
func readFixture(tb testing.TB, source string) []byte {
	tb.Helper()
	file, err := os.ReadFile(filepath.Join("testdata", source+".ndjson"))
	if err != nil {
		tb.Fatal(err)
	}
	return file
}

func shipped(tb testing.TB, names ...string) *catalog.Catalog {
	tb.Helper()
	c := builtin(tb)
	set, err := sources.Shipped(c, names...)
	if err != nil {
		tb.Fatal(err)
	}
	return c.WithTranslator(set)
}

func TestOpenEdXEnrollment(t *testing.T) {
	d, problem := shipped(t, "openedx").Decode("", "", []byte(enrollment), received)
	if problem != nil {
		t.Fatal(problem)
	}
	if d.Event.Name != "enrollment.created" || d.Event.Learner != "42" || d.Event.Properties["course_id"] != "course-v1:Example+GO1+2026" ||
		d.Event.Properties["enrollment_type"] != "audit" || !d.Event.Time.Equal(time.Date(2026, 3, 2, 10, 0, 0, 123456000, time.UTC)) || d.Event.ID == "" {
		t.Errorf("read as %+v", d)
	}
}

// An attempt that cannot score is graded without a share: what is no number could not be handed to a workflow.
func TestCaliperGradeOfNothing(t *testing.T) {
	const grade = `{"@context":"http://purl.imsglobal.org/ctx/caliper/v1p2","id":"urn:uuid:7e10e4f3","type":"GradeEvent","actor":{"id":"https://e.edu/users/1","type":"Person"},"action":"Graded","object":{"id":"https://e.edu/a/1","type":"Attempt","assignee":{"id":"https://e.edu/users/2"},"assignable":{"id":"https://e.edu/assess/3","type":"Assessment"}},"generated":{"id":"x","type":"Score","maxScore":0,"scoreGiven":0},"eventTime":"2026-03-02T10:00:00.000Z"}`
	d, problem := shipped(t, "caliper").Decode("", "", []byte(grade), received)
	if problem != nil {
		t.Fatal(problem)
	}
	if share, has := d.Event.Properties["score_pct"]; has || d.Event.Name != "assessment.graded" {
		t.Errorf("read as %+v with the share %v", d.Event, share)
	}
}

// A number that JSON has not is refused in a list, too, also in two that were joined.
func TestNoNumberInAList(t *testing.T) {
	known := builtin(t)
	for _, list := range []string{`[double(body.a)]`, `[double(body.a)] + [1.0]`, `[[double(body.a)] + [1.0]]`, `[{"x": double(body.a)}] + []`} {
		set, problems := sources.Compile("s.yaml", []byte(`sources: {lms: {recognise: has(body.kind), event: body.kind, learner: body.user, time: body.at, events: {done: {as: lesson.completed, properties: '{"lesson_id": "l", "more": `+list+`}'}}}}`), known)
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		c := known.WithTranslator(set)
		for number, wanted := range map[string]bool{"1.5": true, "Infinity": false, "NaN": false} {
			_, problem := c.Decode("", "", []byte(`{"kind":"done","user":"u","at":"2026-03-02T10:00:00Z","a":"`+number+`"}`), received)
			if (problem == nil) != wanted {
				t.Errorf("%s of %s: %v", list, number, problem)
			}
		}
	}
}

// BenchmarkTranslate reads the fixtures of each shipped source, one body after another, with all sources in force; "one" is Open edX alone with one body, and
// "none" a body that no source recognizes, which the catalog then reads.
func BenchmarkTranslate(b *testing.B) {
	all := shipped(b)
	for _, name := range sources.ShippedNames() {
		file, err := os.ReadFile(filepath.Join("testdata", name+".ndjson"))
		if err != nil {
			b.Fatal(err)
		}
		benchmarkDecoding(b, name, all, bytes.Split(bytes.TrimSpace(file), []byte("\n"))...)
	}
	benchmarkDecoding(b, "one", shipped(b, "openedx"), []byte(enrollment))
	benchmarkDecoding(b, "none", all, []byte(`{"specversion":"1.0","id":"e1","source":"/lms","type":"lesson.completed","time":"2026-03-02T10:00:00Z","subject":"u1","data":{"lesson_id":"l1","course_id":"c1"}}`))
}

func benchmarkDecoding(b *testing.B, name string, c *catalog.Catalog, bodies ...[]byte) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, problem := c.Decode("", "", bodies[i%len(bodies)], received); problem != nil && !problem.IsIgnored() && len(bodies) == 1 {
				b.Fatal(problem)
			}
		}
	})
}

// TestATestThatTwoStatementsGrade: who says completed with a result, and failed, says two events, each under the id of its statement, as docs/integrate.md warns.
func TestATestThatTwoStatementsGrade(t *testing.T) {
	known := builtin(t)
	set, err := sources.Shipped(known)
	if err != nil {
		t.Fatal(err)
	}
	statement := `{"id":"00000000-0000-4000-8000-00000000000%d","timestamp":"2026-03-02T10:00:00Z","actor":{"mbox":"mailto:ada@example.org"},"verb":{"id":"http://adlnet.gov/expapi/verbs/%s"},` +
		`"object":{"id":"https://lms.example/q1","definition":{"type":"http://adlnet.gov/expapi/activities/assessment"}},"result":{"success":false,"score":{"scaled":0.3}}}`
	file := fmt.Sprintf(statement, 1, "completed") + "\n" + fmt.Sprintf(statement, 2, "failed")
	bodies := sources.Try(known.WithTranslator(set), set, []byte(file), noon).Bodies
	for n, id := range []string{"00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"} {
		got := bodies[n]
		if got.Event != "assessment.graded" || got.ID != id || got.Properties["passed"] != false {
			t.Errorf("got %+v, want assessment.graded with the id %s", got, id)
		}
	}
}
