package judge

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"homeroom/engine"
	"homeroom/judgement"
	"homeroom/rules"
	"homeroom/simulate"
)

const day = 24 * time.Hour

// Options say what to measure.
type Options struct {
	Academy *rules.Academy
	Open    func() (io.ReadCloser, error) // the events, NDJSON, gzipped or not; opened three times
	Days    []int                         // of a course on which ranking is measured
	Online  func(events int)              // hears how many events were read; may be nil
}

// Result is what was measured.
type Result struct {
	Events       int           `json:"events"`
	Learners     int           `json:"learners"`
	Courses      int           `json:"courses"`
	Ranking      []Ranking     `json:"ranking"`
	Lost         int           `json:"lost"`                  // learners in courses who fell silent for good
	Reached      int           `json:"reached"`               // of them: were sent something about silence or risk after their last activity
	Enrolled     int           `json:"enrolled"`              // of those who fell silent for good: were still enrolled after ten days of silence
	EnrolledSeen int           `json:"enrolled_reached"`      // of them: reached
	Quiet        int           `json:"quiet"`                 // messages about silence or risk
	BackSoon     int           `json:"back_soon"`             // of them: the learner was active within three days
	BackAtOnce   int           `json:"back_at_once"`          // of those who are back within three days: within three hours
	AfterGrade   int           `json:"after_grade"`           // of them: within three days after a grade
	BeforeStart  int           `json:"before_start"`          // of them: before anybody could study
	AfterEnd     int           `json:"after_end"`             // of them: after the last activity of the course
	Asked        int           `json:"asked"`                 // messages about work that is missing
	HandedIn     int           `json:"handed_in"`             // of them: the work was handed in within a week
	ReachedAny   int           `json:"reached_any"`           // of those who fell silent for good: were sent something about silence, risk or missing work after their last activity
	Work         []WorkRanking `json:"work,omitempty"`        // by missing work
	LearnerMonth float64       `json:"learner_months"`        // in courses that were under way
	Simulated    time.Duration `json:"simulated_nanoseconds"` // how long the simulation took
}

// Ranking says how well learners are ranked on one day of their courses, by who does nothing for the ten days that follow.
type Ranking struct {
	Day     int     `json:"day"`
	People  int     `json:"people"`
	Gone    int     `json:"gone"`
	Risk    float64 `json:"risk"`    // area under the curve
	Silence float64 `json:"silence"` // the same of silence alone
}

// stay is what happened to one learner in one course.
type stay struct {
	enrolled, left time.Time
	completed      bool
	active         []time.Time
	grades         []time.Time
	work           map[string]time.Time // when each assessment was first handed in, by its id
}

type place struct{ learner, course string }

// span is a course's first and last activity.
type span struct{ first, last time.Time }

// Run measures.
func Run(ctx context.Context, o Options) (Result, error) {
	stays, courses, last, err := readStays(ctx, o)
	if err != nil {
		return Result{}, err
	}
	events, err := o.Open()
	if err != nil {
		return Result{}, err
	}
	defer events.Close()
	lines, err := simulate.Decompress(events)
	if err != nil {
		return Result{}, err
	}
	began := time.Now()
	simulated, err := simulate.Run(ctx, lines, simulate.Options{
		Ruleset:         o.Academy.Ruleset,
		Decoder:         o.Academy.Catalog,
		AssumeReachable: true,
	})
	if err != nil {
		return Result{}, err
	}
	r := Result{
		Events:    simulated.Summary.Events,
		Learners:  simulated.Summary.Learners,
		Courses:   len(courses),
		Simulated: time.Since(began),
	}
	r.countMessages(o.Academy.Ruleset, simulated.Decisions, stays, courses)
	r.countPeople(stays, courses)
	r.rankByWork(o.Academy.Ruleset, stays, courses)
	if err := r.rankLearners(ctx, o, stays, courses, last); err != nil {
		return Result{}, fmt.Errorf("read the events again, to rank learners: %w", err)
	}
	return r, nil
}

// readStays reads what learners did.
func readStays(ctx context.Context, o Options) (map[place]*stay, map[string]*span, time.Time, error) {
	stays := map[place]*stay{}
	courses := map[string]*span{}
	learners := judgement.NewLearners(o.Academy.Ruleset)
	err := o.readEvents(ctx, func(ev *engine.Event, at time.Time) {
		learners.Add(ev, at)
		course := learners.CourseOf(ev)
		if course == "" {
			return
		}
		s := stays[place{ev.Learner, course}]
		if s == nil {
			s = &stay{}
			stays[place{ev.Learner, course}] = s
		}
		switch ev.Name {
		case engine.EventEnrolled, engine.EventFreeEnrolled:
			s.enrolled = at
		case engine.EventCourseCompleted:
			s.left = at
			s.completed = true
		case engine.EventEnrollmentCancelled:
			s.left = at
		case "assessment.graded", "assignment.graded":
			s.grades = append(s.grades, at)
		}
		s.noteHandIn(ev, at)
		if o.Academy.Settings.Activity[ev.Name] {
			s.active = append(s.active, at)
			c := courses[course]
			if c == nil {
				c = &span{first: at}
				courses[course] = c
			}
			c.last = at
		}
	})
	for id, c := range courses {
		if info := o.Academy.Ruleset.Courses[id]; !info.Starts.IsZero() {
			c.first = info.Starts
		}
		if info := o.Academy.Ruleset.Courses[id]; !info.Ends.IsZero() {
			c.last = info.Ends
		}
	}
	return stays, courses, learners.Latest(), err
}

// readEvents reads the events once.
func (o *Options) readEvents(ctx context.Context, each func(*engine.Event, time.Time)) error {
	events, err := o.Open()
	if err != nil {
		return err
	}
	defer events.Close()
	return judgement.Read(ctx, events, o.Academy.Catalog, o.Online, each)
}

func (r *Result) countPeople(stays map[place]*stay, courses map[string]*span) {
	for p, s := range stays {
		c := courses[p.course]
		if c == nil || s.enrolled.IsZero() {
			continue
		}
		from := s.enrolled
		if c.first.After(from) {
			from = c.first
		}
		to := c.last
		if !s.left.IsZero() && s.left.Before(to) {
			to = s.left
		}
		if to.After(from) {
			r.LearnerMonth += to.Sub(from).Hours() / 24 / 30
		}
	}
}

func (s *stay) lastActive() time.Time {
	if len(s.active) == 0 {
		return s.enrolled
	}
	return s.active[len(s.active)-1]
}

// isLost reports whether a learner did nothing for the last ten days of a course that they had not completed.
func (s *stay) isLost(c *span) bool {
	return c != nil && !s.completed && !s.enrolled.IsZero() && c.last.Sub(s.lastActive()) > judgement.GoneAfter
}

// isSilentWhileEnrolled reports whether a lost learner had not left within ten days of silence. Silence counts from the course's start.
func (s *stay) isSilentWhileEnrolled(c *span) bool {
	since := s.lastActive()
	if c.first.After(since) {
		since = c.first
	}
	return (s.left.IsZero() || s.left.Sub(since) > judgement.GoneAfter) && c.last.Sub(since) > judgement.GoneAfter
}

func firstAfter(times []time.Time, t time.Time) (time.Time, bool) {
	i, _ := slices.BinarySearchFunc(times, t.Add(1), time.Time.Compare)
	if i == len(times) {
		return time.Time{}, false
	}
	return times[i], true
}

func lastBefore(times []time.Time, t time.Time) (time.Time, bool) {
	i, _ := slices.BinarySearchFunc(times, t.Add(1), time.Time.Compare)
	if i == 0 {
		return time.Time{}, false
	}
	return times[i-1], true
}

// rankLearners measures the ranking on some days of each course, of those who are enrolled, have done something and have not left.
func (r *Result) rankLearners(ctx context.Context, o Options, stays map[place]*stay, courses map[string]*span, last time.Time) error {
	type look struct {
		at     time.Time
		day    int
		course string
	}
	var looks []look
	for _, id := range slices.Sorted(maps.Keys(courses)) {
		for _, n := range o.Days {
			if at := courses[id].first.Add(time.Duration(n) * day); !at.Add(judgement.GoneAfter).After(last) {
				looks = append(looks, look{at, n, id})
			}
		}
	}
	slices.SortFunc(looks, func(a, b look) int { return a.at.Compare(b.at) })
	seen := map[int][]judgement.Observation{}
	learners := judgement.NewLearners(o.Academy.Ruleset)
	lookUntil := func(t time.Time) {
		for len(looks) > 0 && looks[0].at.Before(t) {
			l := looks[0]
			looks = looks[1:]
			for _, risk := range learners.Risks(l.at, l.course) {
				s := stays[place{risk.Learner, risk.Course}]
				next, ok := firstAfter(s.active, l.at)
				if _, began := lastBefore(s.active, l.at); !began || s.completed && s.left.Sub(l.at) <= judgement.GoneAfter {
					continue
				}
				seen[l.day] = append(seen[l.day], judgement.Observation{
					Risk:    risk.Value,
					Silence: time.Duration(risk.SilentDays * float64(day)),
					Gone:    !ok || next.Sub(l.at) > judgement.GoneAfter,
				})
			}
		}
	}
	err := o.readEvents(ctx, func(ev *engine.Event, at time.Time) {
		lookUntil(at)
		learners.Add(ev, at)
	})
	if err != nil {
		return err
	}
	for _, n := range o.Days {
		if len(seen[n]) == 0 {
			continue
		}
		found := judgement.Calibrate(seen[n], engine.RiskIntercept)
		r.Ranking = append(r.Ranking, Ranking{
			Day:     n,
			People:  len(seen[n]),
			Gone:    int(found.BaseRate*float64(len(seen[n])) + 0.5),
			Risk:    found.AUC,
			Silence: found.AUCSilence,
		})
	}
	slices.SortFunc(r.Ranking, func(a, b Ranking) int { return cmp.Compare(a.Day, b.Day) })
	return nil
}
