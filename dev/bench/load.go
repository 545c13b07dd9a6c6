package bench

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"homeroom/catalog"
	"homeroom/dev/campus"
	"homeroom/engine"
)

// campusLoad returns a term as a platform reports it: the events of package campus, and those of a video player, a notebook
// and a forum. Events of high volume in the taxonomy occur several times a lesson, of medium volume every few lessons, of
// low volume rarely.
func campusLoad(o campus.Options) []catalog.Decoded {
	byLearner := map[string][]catalog.Decoded{}
	for _, d := range campus.Term(o) {
		byLearner[d.Event.Learner] = append(byLearner[d.Event.Learner], d)
	}
	var all []catalog.Decoded
	for learner, story := range byLearner {
		h := fnv.New64a()
		h.Write([]byte(learner))
		w := &activityRecorder{rand: rand.New(rand.NewPCG(o.Seed, h.Sum64())), learner: learner}
		all = append(all, story...)
		all = append(all, w.recordActivity(story)...)
	}
	slices.SortFunc(all, func(a, b catalog.Decoded) int {
		return cmp.Or(a.Event.Time.Compare(b.Event.Time), cmp.Compare(a.Event.Learner, b.Event.Learner), cmp.Compare(a.Event.ID, b.Event.ID))
	})
	return all
}

// activityRecorder makes the events that package campus leaves out for one learner.
type activityRecorder struct {
	rand    *rand.Rand
	learner string
	events  []catalog.Decoded
}

func (w *activityRecorder) addEvent(at time.Time, name string, properties map[string]any) {
	w.events = append(w.events, catalog.Decoded{
		Event: engine.Event{
			ID:         fmt.Sprintf("%s-w%d", w.learner, len(w.events)+1),
			Name:       name,
			Learner:    w.learner,
			Time:       at,
			Properties: properties,
		},
	})
}

// sessionGap is the time without a lesson after which a study session ends.
const sessionGap = 40 * time.Minute

// recordActivity returns the events that go with a learner's story, without those of the story.
func (w *activityRecorder) recordActivity(story []catalog.Decoded) []catalog.Decoded {
	lessons := 0
	var begun, last time.Time
	for _, d := range story {
		at := d.Event.Time
		switch d.Event.Name {
		case engine.EventLessonStarted:
			if at.Sub(last) > sessionGap {
				w.endSession(begun, last)
				begun = at.Add(-20 * time.Second)
				w.addEvent(begun, "study_session.started", map[string]any{"session_type": "focus", "planned_duration_minutes": 45.0})
			}
			last = at
		case "lesson.completed":
			lessons++
			w.addLesson(d.Event, last, lessons)
			last = at
		case "onboarding.completed":
			w.addEvent(at.Add(40*time.Second), "profile.learning_preferences_set", map[string]any{
				"preferred_topics": []any{"data", "design"}, "skill_level": "beginner", "learning_goals": []any{"job"},
			})
		}
	}
	w.endSession(begun, last)
	return w.events
}

func (w *activityRecorder) endSession(begun, last time.Time) {
	if !begun.IsZero() {
		w.addEvent(last.Add(30*time.Second), "study_session.ended", map[string]any{
			"actual_duration_minutes": last.Sub(begun).Round(time.Minute).Minutes(), "lessons_completed": 2.0, "focus_score": 0.8,
		})
	}
}

// addLesson adds the events between a lesson's beginning and its end.
func (w *activityRecorder) addLesson(done engine.Event, begun time.Time, count int) {
	lesson := done.Properties["lesson_id"]
	course := done.Properties["course_id"]
	video := fmt.Sprint("vid_", lesson)
	during := func() time.Time {
		return begun.Add(time.Minute + time.Duration(w.rand.Int64N(int64(max(time.Minute, done.Time.Sub(begun)-2*time.Minute)))))
	}
	for range 1 + w.rand.IntN(3) {
		at := during()
		w.addEvent(at, "video.paused", map[string]any{"video_id": video, "current_time_seconds": 200.0, "total_duration": 900.0})
		w.addEvent(at.Add(20*time.Second), "video.played", map[string]any{"video_id": video, "lesson_id": lesson, "playback_rate": 1.25})
	}
	for range w.rand.IntN(3) {
		w.addEvent(during(), "video.seeked", map[string]any{"video_id": video, "from_seconds": 120.0, "to_seconds": 60.0})
	}
	w.addEvent(done.Time.Add(-time.Second), "video.completed", map[string]any{"video_id": video, "lesson_id": lesson, "watch_pct": 97.0, "duration_seconds": 880.0})
	post := fmt.Sprintf("%s-%d", w.learner, count)
	for _, now := range []struct {
		percent    int
		name       string
		properties map[string]any
	}{
		{20, "note.created", map[string]any{"lesson_id": lesson, "note_length": 140.0, "note_type": "text"}},
		{10, "bookmark.added", map[string]any{"content_id": lesson, "content_type": "lesson", "course_id": course}},
		{10, "discussion.reply_posted", map[string]any{"discussion_id": post, "parent_post_id": "p1", "word_count": 40.0}},
		{5, "discussion.post_created", map[string]any{"discussion_id": post, "course_id": course, "post_type": "question", "word_count": 60.0}},
	} {
		if w.rand.IntN(100) < now.percent {
			w.addEvent(during(), now.name, now.properties)
		}
	}
	if count%4 == 0 {
		w.addEvent(done.Time.Add(2*time.Second), "module.completed", map[string]any{
			"module_id": fmt.Sprint(course, "_m", count/4), "course_id": course, "lessons_completed": 4.0, "score_pct": 80.0,
		})
	}
	if count%8 == 0 {
		w.addAssignment(fmt.Sprintf("asg_%s_%d", w.learner, count), course, done.Time)
	}
}

// addAssignment adds an assignment that is submitted an hour later and graded by a person in one to two days.
func (w *activityRecorder) addAssignment(id string, course any, after time.Time) {
	at := after.Add(time.Hour)
	w.addEvent(at, "assignment.submitted", map[string]any{"assignment_id": id, "course_id": course, "file_count": 1.0, "word_count": 700.0})
	w.addEvent(at.Add(time.Duration(20+w.rand.IntN(30))*time.Hour), "assignment.graded", map[string]any{
		"assignment_id": id, "score_pct": 75.0, "grader_id": "t_1", "feedback_provided": true,
	})
}
