package inputtest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homeroom/importer"
	"homeroom/internal/clitest"
)

// imports runs the command, with `in` as standard input.
func imports(w *clitest.Installation, code int, in string, args ...string) importer.Result {
	w.T.Helper()
	got, out, complaints := w.Run(in, append([]string{"import", "--format", "json"}, args...)...)
	if got != code {
		w.T.Fatalf("homeroom import %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got, code, out, complaints)
	}
	var report importer.Result
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		w.T.Fatalf("%v: %s", err, out)
	}
	return report
}

// write makes a file of lines.
func write(t *testing.T, name string, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// event is a line: who, what, when, and more members.
func event(id, learner, name, at, properties, traits string) string {
	return fmt.Sprintf(`{"id":%q,"learner_id":%q,"event":%q,"time":%q,"properties":{%s},"traits":{%s}}`, id, learner, name, at, properties, traits)
}

// weeksAgo is a time of the recent past: nothing about an import depends on how old an event is.
func weeksAgo(n int) string { return time.Now().AddDate(0, 0, -7*n).UTC().Format(time.RFC3339) }

// While Homeroom runs: what it was told since is not overruled, and what is on its way is applied to what was imported.
func TestImportBesideALiveStream(t *testing.T) {
	w := clitest.Open(t, "../../examples/academy")
	w.StartTriggers()
	now := time.Now().UTC().Format(time.RFC3339)
	w.Send("learning.ada.enrollment.created", nil, `{"id":"e1","time":"`+now+`","properties":{"course_id":"crs_new"},"traits":{"email":"new@example.org"}}`)
	w.WaitUntilRead()
	imports(w, 0, event("i1", "ada", "enrollment.created", weeksAgo(50), `"course_id":"crs_old"`, `"email":"old@example.org","first_name":"Ada"`), "-")
	w.Send("learning.ada.lesson.started", nil, `{"id":"e2","time":"`+now+`","properties":{"lesson_id":"l1","course_id":"crs_old"}}`)
	w.WaitUntilRead()
	st := w.Standing("ada")
	p := w.Profile("ada")
	if p.Email != "new@example.org" || p.FirstName != "Ada" {
		t.Errorf("the profile is %+v", p)
	}
	if st.Courses["crs_new"] == nil || st.Courses["crs_old"] == nil || st.Courses["crs_old"].EnrolledAt.IsZero() || st.Courses["crs_old"].StartedAt.IsZero() {
		t.Errorf("the standing is %+v", st)
	}
	if st.FirstSeenAt.After(time.Now().AddDate(0, 0, -300)) {
		t.Errorf("ada was first seen %s", st.FirstSeenAt)
	}
}

func TestImportSaysWhatItNeeds(t *testing.T) {
	srvless := func(t *testing.T, args ...string) (int, string) {
		t.Helper()
		w := &clitest.Installation{T: t}
		code, out, complaints := w.Run("", args...)
		return code, out + complaints
	}
	t.Run("a file", func(t *testing.T) {
		if code, said := srvless(t, "import", "nowhere.ndjson"); code != 2 {
			t.Errorf("exit code %d: %s", code, said)
		}
	})
	t.Run("words for people", func(t *testing.T) {
		w := clitest.Open(t, "../../examples/academy")
		file := write(t, "learners.ndjson", event("i1", "ada", "enrollment.created", weeksAgo(0), `"course_id":"c1"`, ``), `{}`)
		clitest.WantParts(t, w.MustRun(1, "import", file), "Took in 1 event of 1 learner", "0 profiles and 1 standing changed", "unknown_event: 1 line",
			"1 line could not be used; "+file+".rejected.ndjson says why", "1 learner may fall silent", "--wake")
	})
}
