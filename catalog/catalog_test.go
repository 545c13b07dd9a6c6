package catalog_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"homeroom/catalog"
)

func builtin(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// seedEvent is a row of the table that the product was asked for.
type seedEvent struct {
	name       string
	properties []string
	volume     string
}

func seed(t *testing.T) []seedEvent {
	t.Helper()
	table, err := os.ReadFile("testdata/seed-events.txt")
	if err != nil {
		t.Fatal(err)
	}
	var events []seedEvent
	for line := range strings.Lines(string(table)) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if len(cells) == 4 && strings.Contains(cells[0], ".") {
			events = append(events, seedEvent{cells[0], strings.Split(cells[1], ", "), cells[2]})
		}
	}
	return events
}

func TestTheSeedIsCovered(t *testing.T) {
	c := builtin(t)
	events := seed(t)
	if len(events) != 47 {
		t.Fatalf("the seed's table has %d events, want 47", len(events))
	}
	for i, want := range events {
		t.Run(want.name, func(t *testing.T) {
			got := c.Events()[i]
			if got.Name != want.name {
				t.Fatalf("event %d is %s", i, got.Name)
			}
			volume := strings.ToUpper(string(got.Volume)[:1]) + string(got.Volume)[1:]
			if got.Admin {
				volume += " (admin)"
			}
			if volume != want.volume {
				t.Errorf("volume = %s, want %s", volume, want.volume)
			}
			var names, added []string
			for j, p := range got.Properties {
				if j < len(want.properties) {
					names = append(names, p.Name)
				} else {
					added = append(added, p.Name)
				}
			}
			if diff := cmp.Diff(want.properties, names); diff != "" {
				t.Errorf("properties (-seed +catalog):\n%s", diff)
			}
			allowed := []string{"course_id", "course_title", "total_lessons", "lesson_id", "module_id", "lesson_number", "attempt_number", "program_id",
				"course_starts_at", "course_ends_at"}
			for _, name := range added {
				if !slices.Contains(allowed, name) {
					t.Errorf("%s is neither in the seed nor a known addition", name)
				}
			}
			if got.About == "" {
				t.Error("about is empty")
			}
		})
	}
}

func TestBeyondTheSeed(t *testing.T) {
	var got []string
	for _, e := range builtin(t).Events()[47:] {
		got = append(got, e.Name)
	}
	want := []string{
		"profile.updated", "learner.trait_set", "email.delivered", "email.opened", "email.clicked", "nudge.seen", "nudge.clicked", "nudge.dismissed", "email.bounced", "email.unsubscribed",
		"email.resubscribed", "email.spam_reported", "share.link_clicked", "share.link_visited", "referral.link_visited", "user.aliased",
		"course.updated", "assessment.scheduled", "assignment.scheduled", "broadcast.started",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestActivityIsWhatLearnersDo(t *testing.T) {
	var not []string
	for _, e := range builtin(t).Events() {
		if e.Activity && e.Category != "engage" {
			t.Errorf("%s counts as activity but is of the category %s", e.Name, e.Category)
		}
		if !e.Activity && e.Category == "engage" {
			not = append(not, e.Name)
		}
	}
	want := []string{"module.completed", "course.progress_updated", "course.completed"}
	if diff := cmp.Diff(want, not); diff != "" {
		t.Errorf("engage events that are no activity (-want +got):\n%s", diff)
	}
}

// The keys an event exists for are part of the contract with publishers: making one required breaks them.
func TestRequiredKeys(t *testing.T) {
	want := map[string]string{
		"free_course.enrolled": "course_id", "enrollment.created": "course_id", "enrollment.cancelled": "course_id",
		"course.started": "course_id", "course.progress_updated": "course_id", "course.completed": "course_id",
		"course.updated": "course_id", "assessment.scheduled": "assessment_id course_id", "assignment.scheduled": "assignment_id course_id",
		"course.purchased": "course_id", "course.reviewed": "course_id", "course.shared": "course_id",
		"lesson.started": "lesson_id", "lesson.completed": "lesson_id", "note.created": "lesson_id",
		"video.played": "video_id", "video.paused": "video_id", "video.completed": "video_id", "video.seeked": "video_id",
		"module.completed":   "module_id",
		"assessment.started": "assessment_id", "assessment.submitted": "assessment_id",
		"assessment.graded": "assessment_id", "assessment.retried": "assessment_id",
		"assignment.submitted": "assignment_id", "assignment.graded": "assignment_id", "plagiarism.detected": "assignment_id",
		"bookmark.added": "content_id", "content.published": "content_id", "content.updated": "content_id",
		"discussion.post_created": "discussion_id", "discussion.reply_posted": "discussion_id",
		"live_class.joined": "class_id", "live_class.left": "class_id",
		"bundle.purchased": "bundle_id", "instructor.rated": "instructor_id", "referral.converted": "referrer_id referred_id", "user.aliased": "previous_id",
		"certificate.earned": "certificate_id", "certificate.shared": "certificate_id",
		"email.delivered": "send_id", "email.opened": "send_id", "email.clicked": "send_id", "email.bounced": "send_id",
		"nudge.seen": "send_id", "nudge.clicked": "send_id", "nudge.dismissed": "send_id", "broadcast.started": "rule", "learner.trait_set": "trait",
	}
	c := builtin(t)
	got := map[string]string{}
	for _, e := range c.Events() {
		var required []string
		for _, p := range e.Properties {
			if p.Required {
				required = append(required, p.Name)
			}
		}
		if len(required) > 0 {
			got[e.Name] = strings.Join(required, " ")
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, want := c.Keys()["assessment.graded"], []string{"assessment_id", "course_id"}; !slices.Equal(got, want) {
		t.Errorf("keys of assessment.graded = %v, want %v", got, want)
	}
}

func TestMatch(t *testing.T) {
	tests := []struct{ pattern, want string }{
		{"lesson.*", "lesson.started lesson.completed"},
		{"lesson.completed", "lesson.completed"},
		{"*.shared", "course.shared certificate.shared"},
		{"c*.sh*d", "course.shared certificate.shared"},
		{"study_session.*", "study_session.started study_session.ended"},
		{"lesson", ""},
		{"les*on*n*ed", ""},
		{"", ""},
	}
	c := builtin(t)
	for _, tt := range tests {
		t.Run(tt.pattern, func(t *testing.T) {
			got := c.Match(tt.pattern)
			want := strings.Fields(tt.want)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
	if got, want := len(c.Match("*")), len(c.Events()); got != want {
		t.Errorf("* covers %d events, want %d", got, want)
	}
}

func TestNearest(t *testing.T) {
	tests := []struct{ name, want string }{
		{"lesson.complete", "lesson.completed"},
		{"Lesson Completed", "lesson.completed"},
		{"lessonCompleted", "lesson.completed"},
		{"lesson_started", "lesson.started"},
		{"enrolment.created", "enrollment.created"},
		{"enrollment.canceled", "enrollment.cancelled"},
		{"course.compelted", "course.completed"},
		{"weather.changed", ""},
		{"x", ""},
		{"", ""},
		{strings.Repeat("lesson.completed", 1000), ""},
	}
	c := builtin(t)
	for _, tt := range tests {
		if got := c.Nearest(tt.name); got != tt.want {
			t.Errorf("Nearest(%.40q) = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestJSONListing(t *testing.T) {
	c := builtin(t)
	out, err := c.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var list catalog.Listing
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatal(err)
	}
	if got, want := len(list.Events), len(c.Events()); got != want {
		t.Fatalf("%d events, want %d", got, want)
	}
	want := catalog.ListedEvent{
		Event:    "assessment.graded",
		Category: "engage",
		Volume:   catalog.Medium,
		Activity: true,
		About:    "An assessment was graded, by a machine or a person.",
		Keys:     []string{"assessment_id", "course_id"},
		Properties: []catalog.ListedProperty{
			{Name: "assessment_id", Type: catalog.String, Required: true},
			{Name: "score_pct", Type: catalog.Number},
			{Name: "passed", Type: catalog.Boolean},
			{Name: "grader_type", Type: catalog.String},
			{Name: "course_id", Type: catalog.String},
			{Name: "attempt_number", Type: catalog.Integer},
		},
	}
	i := slices.IndexFunc(list.Events, func(e catalog.ListedEvent) bool { return e.Event == want.Event })
	if diff := cmp.Diff(want, list.Events[i]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
