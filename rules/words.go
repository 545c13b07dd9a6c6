package rules

// celFunction is a function of expressions, as an editor explains it.
type celFunction struct {
	name   string
	usage  string
	words  string
	insert string // what is inserted; empty: the name and an opening bracket
	// member reports that it is called with a dot on a value of one of the types of, in the words of typeName.
	member bool
	of     []string
}

func (f celFunction) item() CompletionItem {
	insert := f.insert
	if insert == "" {
		insert = f.name + "("
	}
	return CompletionItem{Label: f.name, Kind: ItemFunction, Detail: f.usage, Words: f.words, Insert: insert}
}

var aTime = []string{"a time"}

// celFunctions explains every function that [functionNames] lists. The most used ones come first.
var celFunctions = []celFunction{
	{name: "has", usage: "has(event.score_pct)", words: "Whether a property has a value. A condition that reads one without a value is false."},
	{name: "days", usage: "days(3)", words: "A span of days of 24 hours, for adding to a time and comparing."},
	{name: "hours", usage: "hours(36)", words: "A span of hours."},
	{name: "minutes", usage: "minutes(90)", words: "A span of minutes."},
	{name: "sent", usage: `sent("message", "7d")`, insert: `sent("`, words: "Whether this learner got that message within that time, at most 366 days back."},
	{name: "count", usage: `count("lesson.completed", "7d")`, insert: `count("`, words: "How often that happened to the learner, in whole days (UTC, today included), 1 to 90."},
	{name: "size", usage: "size(list)", words: "How many entries a list has, or characters a text."},
	{name: "timestamp", usage: `timestamp("2026-03-02T10:00:00Z")`, words: "A time from a text in RFC 3339."},
	{name: "duration", usage: `duration("36h")`, words: "A span from a text of hours, minutes and seconds."},
	{name: "double", usage: "double(text)", words: "A number from a text."},
	{name: "string", usage: "string(value)", words: "A value as a text."},
	{name: "bool", usage: "bool(text)", words: "true or false from a text."},
	{name: "contains", usage: `text.contains("part")`, words: "Whether a text has a part.", member: true, of: []string{"a text"}},
	{name: "startsWith", usage: `text.startsWith("part")`, words: "Whether a text begins with a part.", member: true, of: []string{"a text"}},
	{name: "endsWith", usage: `text.endsWith("part")`, words: "Whether a text ends with a part.", member: true, of: []string{"a text"}},
	{name: "matches", usage: `text.matches("^a.*z$")`, words: "Whether a regular expression (RE2) is found in a text.", member: true, of: []string{"a text"}},
	{name: "getHours", usage: `time.getHours("Europe/Berlin")`, words: "The hour, 0 to 23; UTC without a zone. Of a duration: its hours.", member: true, of: []string{"a time", "a duration"}},
	{name: "getMinutes", usage: "time.getMinutes()", words: "The minute, 0 to 59. Of a duration: its minutes.", member: true, of: []string{"a time", "a duration"}},
	{name: "getSeconds", usage: "time.getSeconds()", words: "The second, 0 to 59. Of a duration: its seconds.", member: true, of: []string{"a time", "a duration"}},
	{name: "getDayOfWeek", usage: `time.getDayOfWeek("Europe/Berlin")`, words: "The day of the week: 0 is Sunday.", member: true, of: aTime},
	{name: "getDate", usage: "time.getDate()", words: "The day of the month, from 1.", member: true, of: aTime},
	{name: "getDayOfMonth", usage: "time.getDayOfMonth()", words: "The day of the month, from 0.", member: true, of: aTime},
	{name: "getDayOfYear", usage: "time.getDayOfYear()", words: "The day of the year, from 0.", member: true, of: aTime},
	{name: "getMonth", usage: "time.getMonth()", words: "The month: 0 is January.", member: true, of: aTime},
	{name: "getFullYear", usage: "time.getFullYear()", words: "The year.", member: true, of: aTime},
}

// variableWords explains the variables of expressions.
var variableWords = map[string]string{
	"event":   "The event that is being looked at: its properties and time.",
	"trigger": "The event that started the run: its properties and time.",
	"learner": "The person: id, locale, timezone, traits and what they did so far.",
	"course":  "The course of the run, with how far the learner is in it.",
	"now":     "The moment at which the condition is asked.",
}

// fieldWords explains the fields of variables.
var fieldWords = map[string]string{
	"event.time":                      "When the event happened.",
	"trigger.time":                    "When the event that started the run happened.",
	"learner.id":                      "The learner's id on the platform.",
	"learner.locale":                  "The learner's language, such as de or pt-BR.",
	"learner.timezone":                "The learner's time zone, such as Europe/Berlin.",
	"learner.traits":                  "What publishers said about the learner.",
	"learner.signed_up_at":            "When the learner signed up.",
	"learner.last_active_at":          "When the learner last did something.",
	"learner.courses_completed":       "How many courses the learner has completed.",
	"course.id":                       "The course's id on the platform.",
	"course.title":                    "The title in courses.yaml.",
	"course.url":                      "The page in courses.yaml.",
	"course.enrolled_at":              "When the learner enrolled in the course.",
	"course.started_at":               "When the learner started the course.",
	"course.last_active_at":           "When the learner last did something in the course.",
	"course.completed_at":             "When the learner completed the course.",
	"course.cancelled_at":             "When the learner cancelled the enrolment.",
	"course.enrollment_type":          "How the learner is enrolled, as the enrolment event says.",
	"course.next_due_at":              "When the next assessment or assignment is due that the learner has not handed in. Without one it is not there.",
	"course.starts_at":                "When the course begins for the learner.",
	"course.ends_at":                  "When the course ends for the learner.",
	"course.risk":                     "How likely the learner is not to finish, 0 to 1, while the course is under way.",
	"course.risk_reason":              "What speaks most for the risk: silent, few_days, little_done, or empty; in messages a sentence, or nothing.",
	"course.next":                     "What the learner may do next in the course, where it is known: id, title, url.",
	"course.next.id":                  "The next step's id, such as lesson_id=l1.",
	"course.next.title":               "The next step's title; without one, the course's.",
	"course.next.url":                 "The next step's page.",
	"course.next_reason":              "Why it is the next step: followed, popular, asked_for or in_order; in messages a sentence.",
	"learner.next_course":             "The course that the learner may take next, where it is known: id, title, url.",
	"learner.next_course.id":          "The next course's id.",
	"learner.next_course.title":       "The next course's title.",
	"learner.next_course.url":         "The next course's page.",
	"learner.next_course_reason":      "Why it is the next course: followed, popular or asked_for; in messages a sentence.",
	"course.progress_pct":             "How much of the course is done, 0 to 100.",
	"course.lessons_done":             "How many lessons of the course are done.",
	"course.total_lessons":            "How many lessons the course has.",
	"course.previous":                 "The run before, where the learner takes the course again.",
	"course.previous.enrolled_at":     "When the learner enrolled the time before.",
	"course.previous.completed_at":    "When the learner completed the course the time before.",
	"course.previous.cancelled_at":    "When the learner cancelled the time before.",
	"course.previous.enrollment_type": "How the learner was enrolled the time before.",
	"course.previous.progress_pct":    "How much was done the time before, 0 to 100.",
}

// frontWords explains the keys of a message's front matter.
var frontWords = map[string]string{
	"subject":    "The subject of the mail. It may hold {{ variables }}.",
	"preheader":  "What an inbox shows behind the subject.",
	"topic":      "The topic that learners can choose or leave.",
	"share_text": "What the share page proposes to say.",
	"sender":     "Who it comes from: one of senders in settings.yaml.",
	"reply_to":   "Who answers go to: one of senders in settings.yaml.",
	"cc":         "Who gets a copy: one or several of senders in settings.yaml, with commas.",
	"push":       "What a phone shows under the subject, with channel: push. It may hold {{ variables }}.",
	"target":     "Where the channel webhook posts it: one of targets in settings.yaml.",
}

// templateWords explains the variables of messages.
var templateWords = map[string]string{
	"learner":         "The person: first_name, id, locale, timezone, traits.",
	"course":          "The course of the run: title, url, id.",
	"trigger":         "The event that started the run: its properties and time.",
	varsRoot:          "What the step hands over with `with`.",
	"links":           "The links of settings.yaml.",
	"referral":        "The learner's own invitation: code, url.",
	"sender":          "The sender of settings.yaml: name, postal_address.",
	"unsubscribe_url": "The page on which the learner leaves the topic.",
	"preferences_url": "The page on which the learner chooses topics.",
}
