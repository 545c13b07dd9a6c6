package e2e

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"homeroom/dev/instance"
	"homeroom/engine"
	"homeroom/internal/cli"
)

// TestWhyTellsWhatIsNotPublishedYet: that a run began is published by what comes next, which may be hours away. Whoever asks why
// nothing has come yet hears of it all the same.
func TestWhyTellsWhatIsNotPublishedYet(t *testing.T) {
	w := open(t, retrying(t, "wait: 1h", "first"), instance.Options{Production: true})
	t.Setenv("TEMPORAL_ADDRESS", w.stack.TemporalAddress)
	t.Setenv("TEMPORAL_NAMESPACE", w.stack.Namespace)
	t.Setenv("HOMEROOM_NATS_URL", w.stack.NATSURL)
	why := func(learner string) string {
		t.Helper()
		var out, complaints bytes.Buffer
		if code := cli.Main(w.ctx, []string{"learner", "why", learner}, cli.IO{Out: &out, Err: &complaints, Now: time.Now}); code != 0 || complaints.Len() > 0 {
			t.Fatalf("homeroom learner why %s: exit code %d\n%s%s", learner, code, &out, &complaints)
		}
		return out.String()
	}
	w.fails("ada")
	if told := w.heard.all(func(d engine.Decision) bool { return d.Learner == "ada" }); len(told) > 0 {
		t.Fatalf("published already: %+v", told)
	}
	if story := why("ada"); !strings.Contains(story, "retry · assessment_id=q1") || !strings.Contains(story, "started") {
		t.Errorf("the story says nothing of the run that waits:\n%s", story)
	}
	if story := why("ada"); !strings.Contains(story, "Next: retry acts at ") {
		t.Errorf("the story does not say when ada is looked at again:\n%s", story)
	}
	w.publish("ada", "assessment.graded", failedQuiz("q2")) // the next decision publishes the one before
	w.wait(2, of("ada", engine.KindStarted))
	if story := why("ada"); strings.Count(story, "started") != 4 {
		t.Errorf("four runs have begun, each is told once:\n%s", story)
	}
	w.publish("ada", "profile.updated", map[string]any{"timezone": "GMT+5:30", "lang": "en"})
	story := why("ada")
	for _, want := range []string{"Remark: the trait timezone GMT+5:30 is no IANA name", "did you mean locale?\n"} {
		if !strings.Contains(story, want) {
			t.Errorf("the story does not say %q:\n%s", want, story)
		}
	}
}
