package importer_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"homeroom/engine"
	"homeroom/importer"
	"homeroom/internal/clitest"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/subjects"
)

// installation is one with the example academy in force, which imports.
type installation struct{ *clitest.Installation }

func open(t *testing.T) *installation {
	t.Helper()
	return &installation{clitest.Open(t, "../examples/academy")}
}

// rejectedBuffer is the file for rejected lines.
type rejectedBuffer struct{ strings.Builder }

func (*rejectedBuffer) Close() error { return nil }

// imports imports, and returns the rejected lines too.
func (w *installation) imports(in string, dryRun bool) (importer.Result, string) {
	w.T.Helper()
	var rejected rejectedBuffer
	result, err := importer.Import(w.T.Context(), strings.NewReader(in), importer.Options{
		Store:        w.Store,
		Ruleset:      w.Academy.Ruleset,
		Catalog:      w.Academy.Catalog,
		Now:          time.Now(),
		DryRun:       dryRun,
		OpenRejected: func() (io.WriteCloser, error) { return &rejected, nil },
	})
	if err != nil {
		w.T.Fatal(err)
	}
	return result, rejected.String()
}

func lines(text ...string) string { return strings.Join(text, "\n") }

// event is a line: who, what, when, and more members.
func event(id, learner, name, at, properties, traits string) string {
	return fmt.Sprintf(`{"id":%q,"learner_id":%q,"event":%q,"time":%q,"properties":{%s},"traits":{%s}}`, id, learner, name, at, properties, traits)
}

// weeksAgo is a time of the recent past: nothing about an import depends on how old an event is.
func weeksAgo(n int) string { return time.Now().AddDate(0, 0, -7*n).UTC().Format(time.RFC3339) }

func TestImport(t *testing.T) {
	w := open(t)
	enrolled := weeksAgo(10)
	file := lines(
		// ada's story, in no order
		event("a3", "ada", "course.progress_updated", weeksAgo(8), `"course_id":"crs_go","progress_pct":40,"lessons_done":4,"total_lessons":10`, ``),
		event("a1", "ada", "user.signed_up", weeksAgo(11), ``, `"email":"old@example.org","first_name":"Ada","timezone":"Europe/Berlin","locale":"de"`),
		event("b1", "ben", "enrollment.created", weeksAgo(0), `"course_id":"crs_sql"`, `"email":"ben@example.org"`),
		event("a2", "ada", "enrollment.created", enrolled, `"course_id":"crs_go","course_title":"Go","enrollment_type":"free"`, ``),
		event("a4", "ada", "profile.updated", weeksAgo(2), `"email":"ada@example.org"`, ``),
		event("a5", "ada", "lesson.completed", weeksAgo(9), `"lesson_id":"l1","course_id":"crs_go"`, ``),
		event("a5", "ada", "lesson.completed", weeksAgo(9), `"lesson_id":"l1","course_id":"crs_go"`, ``),
		``,
		`{"type":"track","messageId":"s1","userId":"cem","event":"Course Completed","timestamp":"`+weeksAgo(20)+`","properties":{"course_id":"crs_go"},"context":{"traits":{"email":"cem@example.org","firstName":"Cem"}}}`,
		`{"specversion":"1.0","id":"c1","source":"/lms","type":"enrollment.created","subject":"dora","time":"`+weeksAgo(30)+`","data":{"course_id":"crs_go","traits":{"email":"dora@example.org"}}}`,
		event("u1", "dora", "email.unsubscribed", weeksAgo(29), ``, ``),
		// what cannot be used
		`not JSON`,
		event("x1", "eve", "lesson.complete", enrolled, ``, ``),
		event("x2", "eve", "assessment.graded", enrolled, `"assessment_id":"q1","score_pct":"40"`, ``),
		`{"id":"x3","learner_id":"eve","event":"user.signed_up"}`,
		event("x4", "eve", "user.signed_up", "2999-01-01T00:00:00Z", ``, ``),
		`{"id":"x5","event":"content.published","time":"2026-01-01T00:00:00Z","properties":{"content_id":"l9"}}`,
		event("f1", "fay", "user.signed_up", enrolled, ``, `"email":"not an address"`),
	)

	dry, _ := w.imports(file, true)
	if !dry.DryRun || dry.Events != 10 || dry.Learners != 5 || w.Profile("ada").Email != "" {
		t.Errorf("dry run: %+v", dry)
	}

	result, rejected := w.imports(file, false)
	want := importer.Result{
		Events:        10,
		Learners:      5,
		Profiles:      4,
		Standings:     5,
		Repeated:      1,
		Platform:      1,
		Waiting:       1,
		Rejected:      map[string]int{"unreadable": 1, "unknown_event": 1, "wrong_type": 1, "bad_time": 2},
		SkippedTraits: 1,
		TraitNote:     "in line 18: trait email is not an address such as ada@example.org, so it was not taken in",
		Remarks:       1,
		Remark:        "in line 18: the trait email is not an address such as ada@example.org, so the one that was known before stays, if there is one",
	}
	if diff := cmp.Diff(want, result); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, part := range []string{`"line":13,"reason":"unknown_event","message":"unknown event lesson.complete, did you mean lesson.completed?"`,
		`"line":12,"reason":"unreadable"`, `"body":"not JSON"`, `"line":15,"reason":"bad_time"`, `"line":16`} {
		if !strings.Contains(rejected, part) {
			t.Errorf("%q is missing in:\n%s", part, rejected)
		}
	}

	ada := w.Profile("ada")
	if ada.Email != "ada@example.org" || ada.FirstName != "Ada" || ada.Timezone != "Europe/Berlin" {
		t.Errorf("ada is %+v", ada)
	}
	st := w.Standing("ada")
	course := st.Courses["crs_go"]
	if got := st.SignedUpAt.Format(time.RFC3339); got != weeksAgo(11) && st.SignedUpAt.IsZero() {
		t.Errorf("ada signed up at %s", got)
	}
	if course == nil || course.EnrollmentType != "free" || course.Title != "Go" || course.ProgressNow().Pct != 40 || len(course.Active) == 0 {
		t.Errorf("ada's course is %+v", course)
	}
	if st := w.Standing("cem"); st.CoursesCompleted != 1 || w.Profile("cem").FirstName != "Cem" {
		t.Errorf("cem: %+v", st)
	}
	if p := w.Profile("dora"); !p.UnsubscribedAll {
		t.Errorf("dora left, and is %+v", p)
	}
	if has, err := w.Store.Suppressions.Has(t.Context(), "dora@example.org"); err != nil || !has {
		t.Errorf("dora's address: %v, %v", has, err)
	}

	// Silent: no event, no decision, nobody woken, whatever the rules say.
	for _, stream := range []string{subjects.Stream, subjects.DecisionStream, subjects.DeadStream, subjects.NudgeStream} {
		if n := w.CountStored(stream); n != 0 {
			t.Errorf("%s holds %d messages", stream, n)
		}
	}
}

// everything is every message of the stores that an import may write to.
func (w *installation) everything() map[string]uint64 {
	w.T.Helper()
	last := map[string]uint64{}
	for _, bucket := range []string{store.BucketProfiles, store.BucketStanding, store.BucketSuppressions} {
		stream, err := w.JS.Stream(w.T.Context(), "KV_"+bucket)
		if err != nil {
			w.T.Fatal(err)
		}
		last[bucket] = stream.CachedInfo().State.LastSeq
	}
	return last
}

// A learner who did a lot, on few days: more than a standing could recognize one by one.
func busy(learner string, n int, shuffled bool) []string {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	begin := time.Now().AddDate(0, 0, -60).UTC().Truncate(time.Hour)
	lines := []string{
		event("in", learner, "enrollment.created", begin.Format(time.RFC3339), `"course_id":"c1"`, `"email":"`+learner+`@example.org","plan":"free"`),
		event("out", learner, "enrollment.cancelled", begin.AddDate(0, 0, 20).Format(time.RFC3339), `"course_id":"c1"`, `"plan":"none"`),
		event("back", learner, "enrollment.created", begin.AddDate(0, 0, 30).Format(time.RFC3339), `"course_id":"c1","course_title":"C one"`, `"plan":"pro"`),
		event("done", learner, "course.completed", begin.AddDate(0, 0, 40).Format(time.RFC3339), `"course_id":"c2"`, ``),
		event("bounce", learner, "email.bounced", begin.AddDate(0, 0, 41).Format(time.RFC3339), `"send_id":"s","bounce_type":"bounce","reason":"550"`, ``),
		event("moved", learner, "profile.updated", begin.AddDate(0, 0, 42).Format(time.RFC3339), `"email":"new-`+learner+`@example.org"`, ``),
	}
	for i := range n {
		at := begin.Add(time.Duration(i)*7*time.Hour + time.Minute)
		lines = append(lines,
			event(fmt.Sprint("q", i), learner, "assessment.graded", at.Format(time.RFC3339), fmt.Sprintf(`"assessment_id":"q%d","course_id":"c%d","passed":false`, i, i%3), ``),
			event(fmt.Sprint("p", i), learner, "course.progress_updated", at.Add(time.Minute).Format(time.RFC3339), fmt.Sprintf(`"course_id":"c%d","progress_pct":%d`, i%3, i%100), ``))
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(timeOf(a), timeOf(b)) })
	if shuffled {
		r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	}
	return lines
}

func timeOf(line string) string {
	_, at, _ := strings.Cut(line, `"time":"`)
	return at[:len(time.RFC3339)-5]
}

func TestTheOrderOfTheFileDoesNotMatter(t *testing.T) {
	w := open(t)
	w.imports(lines(append(busy("ordered", 50, false), busy("shuffled", 50, true)...)...), false)
	if diff := cmp.Diff(w.Standing("ordered"), w.Standing("shuffled")); diff != "" {
		t.Errorf("(-ordered +shuffled):\n%s", diff)
	}
	if ordered, shuffled := w.Profile("ordered"), w.Profile("shuffled"); ordered.Traits["plan"] != "pro" || shuffled.Traits["plan"] != "pro" || shuffled.Email != "new-shuffled@example.org" {
		t.Errorf("%+v %+v", ordered, shuffled)
	}
}

func TestASecondImportChangesNothing(t *testing.T) {
	w := open(t)
	w.Academy = counting(t, w.Academy)
	var all []string
	for i := range 20 {
		all = append(all, busy(fmt.Sprintf("u_%d", i), 200, true)...)
	}
	file := lines(all...)
	first, _ := w.imports(file, false)
	if first.Learners != 20 || first.Events != 20*406 || first.Standings != 20 {
		t.Fatalf("%+v", first)
	}
	sum := 0
	for _, n := range w.Standing("u_1").Counts["assessment.graded"].N {
		sum += n
	}
	if sum != 200 {
		t.Errorf("%d are counted of 200", sum)
	}
	if p := w.Profile("u_1"); p.Email != "new-u_1@example.org" || p.Traits["plan"] != "pro" {
		t.Errorf("the profile is %+v", p)
	}
	if !slices.ContainsFunc(slices.Collect(maps.Values(w.Standing("u_1").Courses)), func(c *engine.Course) bool { return c.Risk != nil && c.Risk.Events > 0 }) {
		t.Errorf("no risk is kept in %+v", w.Standing("u_1").Courses)
	}
	before := w.everything()
	standing := w.Standing("u_1")
	profile := w.Profile("u_1")
	second, _ := w.imports(file, false)
	if second.Profiles != 0 || second.Standings != 0 || second.Events != first.Events {
		t.Errorf("the second run: %+v", second)
	}
	if diff := cmp.Diff(before, w.everything()); diff != "" {
		t.Errorf("the second run wrote (-before +after):\n%s", diff)
	}
	// Some of it again, gzipped.
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write([]byte(strings.Join(all[:100], "\r\n"))); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	w.imports(zipped.String(), false)
	if diff := cmp.Diff(standing, w.Standing("u_1"), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("a part of it again changed the standing (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(profile, w.Profile("u_1")); diff != "" {
		t.Errorf("a part of it again changed the profile (-before +after):\n%s", diff)
	}
}

func TestErasedLearnersStayErased(t *testing.T) {
	w := open(t)
	if err := w.Store.Suppressions.WriteTombstone(t.Context(), "ada", store.Tombstone{At: time.Now().AddDate(0, 0, -7)}); err != nil {
		t.Fatal(err)
	}
	result, _ := w.imports(event("i1", "ada", "enrollment.created", weeksAgo(3), `"course_id":"c1"`, `"email":"ada@example.org"`), false)
	if result.Erased != 1 || result.Learners != 0 || w.Profile("ada").Email != "" || !cmp.Equal(w.Standing("ada"), &engine.Standing{}) {
		t.Errorf("%+v %+v %+v", result, w.Profile("ada"), w.Standing("ada"))
	}
	result, _ = w.imports(event("i2", "ada", "user.signed_up", weeksAgo(0), ``, `"email":"ada@example.org"`), false)
	if result.Erased != 0 || result.Learners != 1 || w.Profile("ada").Email == "" {
		t.Errorf("came back: %+v", result)
	}
}

// counting is the example academy with a rule that counts.
func counting(t *testing.T, academy *rules.Academy) *rules.Academy {
	t.Helper()
	files := maps.Clone(academy.Files)
	name := "rules/quiz-retry.yaml"
	files[name] = bytes.Replace(files[name], []byte("if: event.passed == false"), []byte(`if: count("assessment.graded", "90d") < 500 && event.passed == false`), 1)
	files["settings.yaml"] = append(slices.Clip(files["settings.yaml"]), "\nrisk: {intercept: 2.6}\n"...)
	changed, problems := rules.FromBundle(files)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return changed
}
