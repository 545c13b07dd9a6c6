package engine

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// NextStep is what a learner may do next: a unit of a course, or another course. It always has a title.
type NextStep struct {
	ID     string     `json:"id"` // such as lesson_id=l1, or a course's id
	Title  string     `json:"title"`
	URL    string     `json:"url,omitempty"`
	Reason NextReason `json:"reason"`
}

// NextReason says why something is the next step.
type NextReason string

// The reasons.
const (
	NextFollowed NextReason = "followed"  // learners who had done what this one did last went on with it
	NextPopular  NextReason = "popular"   // most learners do it
	NextAskedFor NextReason = "asked_for" // it fits what the learner said they want to learn
	NextInOrder  NextReason = "in_order"  // it comes next in courses.yaml
)

// UnitInfo is what courses.yaml says of one unit of a course.
type UnitInfo struct {
	ID     string   `json:"id"` // such as lesson_id=l1
	Title  string   `json:"title,omitempty"`
	URL    string   `json:"url,omitempty"`
	Topics []string `json:"topics,omitempty"`
	// Due is when it is due, the same for all learners; zero: at no time. Only assessments and assignments have one.
	Due time.Time `json:"due,omitzero"`
}

// The least that must have been counted before counts decide. Below it what the learner said decides, and the order in courses.yaml.
const (
	minUnitVisits     = 20 // first visits of units of a course
	minCourses        = 5  // different courses that learners went on to
	minCourseMoves    = 50 // enrollments after a completion
	popularityWeight  = 0.5
	nextTie           = 0.9 // two candidates tie if the smaller score is at least this share of the greater
	maxPreferredWords = 64  // of what a learner said, the rest is not looked at
)

// What learners said about what they want to learn, by the names of the traits that hold it.
const (
	TraitTopics = "preferred_topics"
	TraitLevel  = "skill_level"
	TraitGoals  = "learning_goals"
)

// candidate is something that may be next.
type candidate struct {
	step  NextStep
	after int     // how many learners went on to it from where this one is
	score float64 // greater: more learners do it
	fit   int     // how well it fits what the learner said
	order int     // its place in courses.yaml
}

// learningPreferences are what a learner said they want to learn, in small letters.
type learningPreferences struct {
	topics []string
	level  string
	goals  []string
}

func wishesOf(traits map[string]any) learningPreferences {
	level, _ := traits[TraitLevel].(string)
	return learningPreferences{
		topics: wordsOf(traits[TraitTopics]),
		level:  foldWord(level),
		goals:  wordsOf(traits[TraitGoals]),
	}
}

// wordsOf returns a text, or the texts of a list, in small letters.
func wordsOf(value any) []string {
	var words []string
	switch v := value.(type) {
	case string:
		words = append(words, foldWord(v))
	case []any:
		for _, item := range v[:min(len(v), maxPreferredWords)] {
			if text, ok := item.(string); ok {
				words = append(words, foldWord(text))
			}
		}
	}
	return slices.DeleteFunc(words, func(w string) bool { return w == "" })
}

func foldWord(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

// scoreFit returns how well topics and a level suit the learner: 0 if no topic does, else 2 for each topic that does and 1 more for the level.
func (w *learningPreferences) scoreFit(topics []string, level string) int {
	n := 0
	for _, topic := range topics {
		if w.wantsTopic(foldWord(topic)) {
			n += 2
		}
	}
	if n > 0 && w.level != "" && w.level == foldWord(level) {
		n++
	}
	return n
}

// wantsTopic reports whether the learner named a topic, or a goal that speaks of it.
func (w *learningPreferences) wantsTopic(topic string) bool {
	if topic == "" {
		return false
	}
	return slices.Contains(w.topics, topic) || slices.ContainsFunc(w.goals, func(goal string) bool { return containsWord(goal, topic) })
}

// containsWord reports whether a text has a word, or several, on its own: "go" is in "learn go", and not in "good".
func containsWord(text, word string) bool {
	for rest := text; ; {
		at := strings.Index(rest, word)
		if at < 0 {
			return false
		}
		before := rest[:at]
		after := rest[at+len(word):]
		if !endsInLetter(before) && !beginsWithLetter(after) {
			return true
		}
		rest = rest[at+1:]
	}
}

func endsInLetter(text string) bool {
	return text != "" && isWordByte(text[len(text)-1])
}

func beginsWithLetter(text string) bool {
	return text != "" && isWordByte(text[0])
}

// isWordByte reports whether a byte belongs to a word of small letters; those of other alphabets have bytes from 0x80 on.
func isWordByte(b byte) bool { return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b >= 0x80 }

// nextUnit returns the unit of a course that the learner may visit next; false: none is known, because the course is not under way for the learner, or
// because too little was counted and courses.yaml lists no units.
func (s *stepper) nextUnit(course string, at time.Time) (NextStep, bool) {
	rs := s.env.Current
	c := s.env.Standing.Courses[course]
	if c == nil || !c.openAt(at) {
		return NextStep{}, false
	}
	if _, ends := rs.courseDates(course, c); !ends.IsZero() && at.After(ends) {
		return NextStep{}, false
	}
	info := rs.Courses[course]
	title := info.Title
	if title == "" {
		title = c.Title
	}
	if title == "" && len(info.Units) == 0 && len(info.Assessments) == 0 && len(c.DueDates) == 0 {
		return NextStep{}, false // nothing has a title
	}
	last := ""
	if c.Visits != nil {
		last = c.Visits.Last
	}
	f := s.readFollowers(course, last, at)
	wanted := wishesOf(s.env.Profile.Traits)
	var list []candidate
	for i, u := range rs.unitsOf(course, c.Visits, &f) {
		if c.Visits.has(u.ID) {
			continue
		}
		u = rs.describeUnit(course, c, u)
		one := candidate{step: NextStep{ID: u.ID, Title: u.Title, URL: u.URL}, order: i, fit: wanted.scoreFit(u.Topics, info.Level)}
		if one.step.Title == "" {
			one.step.Title = title
			one.step.URL = cmp.Or(one.step.URL, info.URL)
		}
		if one.step.Title != "" {
			list = append(list, one)
		}
	}
	if totalOf(f.Visits) < minUnitVisits {
		if len(info.Units) == 0 {
			return NextStep{}, false
		}
		return bestCold(list, true)
	}
	if best, known := bestCounted(list, &f); known {
		return best, true
	}
	return bestCold(list, len(info.Units) > 0) // nobody has gone on from here yet
}

// unitsOf returns the units that may come next in a course: those of courses.yaml in their order or, if it lists none, those that learners visited and this one has not.
func (r *Ruleset) unitsOf(course string, visited *Visits, f *Followers) []UnitInfo {
	if units := r.Courses[course].Units; len(units) > 0 {
		return units
	}
	ids := make([]string, 0, len(f.Visits))
	for id := range f.Visits {
		if !visited.has(id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	units := make([]UnitInfo, len(ids))
	for i, id := range ids {
		units[i].ID = id
	}
	return units
}

// nextCourse returns the course that the learner may take next; false: none is known. Counts decide after a completion; before one, and where too little was
// counted, what the learner said does.
func (s *stepper) nextCourse(at time.Time) (NextStep, bool) {
	rs := s.env.Current
	last := s.env.Standing.lastCompleted(at)
	f := s.readFollowers("", last, at)
	wanted := wishesOf(s.env.Profile.Traits)
	var list []candidate
	for i, id := range rs.CourseOrder {
		info := rs.Courses[id]
		c := s.env.Standing.Courses[id]
		taken := c != nil && (!c.EnrolledAt.IsZero() || !c.CompletedAt.IsZero() || c.Previous != nil)
		if info.Title == "" || taken || !info.Ends.IsZero() && at.After(info.Ends) {
			continue
		}
		list = append(list, candidate{
			step:  NextStep{ID: id, Title: info.Title, URL: info.URL},
			fit:   wanted.scoreFit(info.Topics, info.Level),
			order: i,
		})
	}
	if last == "" || len(f.Visits) < minCourses || f.Moves < minCourseMoves {
		return bestCold(list, false)
	}
	if best, known := bestCounted(list, &f); known {
		return best, true
	}
	return bestCold(list, false)
}

// readFollowers asks the host what was counted.
func (s *stepper) readFollowers(course, from string, at time.Time) Followers {
	if s.env.Followers == nil {
		return Followers{}
	}
	return s.env.Followers(course, from, at)
}

// bestCold returns the best candidate by what the learner said, then by the order in courses.yaml. ordered reports that the order alone may decide.
func bestCold(list []candidate, ordered bool) (NextStep, bool) {
	if len(list) == 0 {
		return NextStep{}, false
	}
	slices.SortStableFunc(list, func(a, b candidate) int { return cmp.Or(cmp.Compare(b.fit, a.fit), cmp.Compare(a.order, b.order)) })
	best := list[0]
	least := list[len(list)-1].fit
	switch {
	case best.fit > least, best.fit > 0 && !ordered:
		best.step.Reason = NextAskedFor
	case ordered:
		best.step.Reason = NextInOrder
	default:
		return NextStep{}, false
	}
	return best.step, true
}

// bestCounted returns the candidate to which most learners went on from where this one is, with the number of learners who do it at all as back-off. What the
// learner said decides between candidates that are about as frequent.
func bestCounted(list []candidate, f *Followers) (NextStep, bool) {
	after := 0
	visits := 0
	for i := range list {
		list[i].after = f.After[list[i].step.ID]
		after += list[i].after
		visits += f.Visits[list[i].step.ID]
	}
	if visits == 0 {
		return NextStep{}, false
	}
	for i := range list {
		popular := float64(f.Visits[list[i].step.ID]) / float64(visits)
		list[i].score = (float64(list[i].after) + popularityWeight*popular) / (float64(after) + popularityWeight)
	}
	slices.SortStableFunc(list, func(a, b candidate) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.order, b.order)) })
	best := list[0]
	byWish := false
	for _, other := range list[1:] {
		if other.score >= nextTie*list[0].score && other.fit > best.fit {
			best = other
			byWish = true
		}
	}
	switch {
	case byWish:
		best.step.Reason = NextAskedFor
	case best.after > 0:
		best.step.Reason = NextFollowed
	default:
		best.step.Reason = NextPopular
	}
	return best.step, best.score > 0
}

func totalOf(counts map[string]int) int {
	n := 0
	for _, c := range counts {
		n += c
	}
	return n
}
