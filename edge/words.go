package edge

import (
	"strings"

	"golang.org/x/text/language"

	"homeroom/internal/locale"
)

// words are what the pages say, in one language. {site} is the academy's name and {topic} a topic's title. People are
// addressed as strangers are.
type words struct {
	Lang string // BCP 47

	AskTitle, AskTopic, AskEverything                string
	LeaveTopic, LeaveEverything                      string // buttons
	LeftTitle, LeftTopic, LeftEverything             string
	MistakeHint, Undo, MoreHint, StopAll, ChooseLink string
	BackTitle, BackTopic, BackEverything             string

	PreferencesTitle, PreferencesIntro, TopicsLegend, NoTopics, Save, Saved string
	StopAllTitle, StopAllHint                                               string
	StoppedTitle, StoppedHint, Resume                                       string
	SuppressedTitle, Bounced, Complained, Suppressed, Lift                  string

	NotFoundTitle, NotFound       string
	ExpiredTitle, Expired         string
	TooManyTitle, TooMany         string
	UnavailableTitle, Unavailable string
	// Fault stands under UnavailableTitle where Homeroom failed at the page, or the store at what a learner chose: whether anything was changed is not known.
	Fault                   string
	TooLargeTitle, TooLarge string
}

// Dir returns the direction of writing, as HTML names it.
func (w *words) Dir() string { return locale.Direction(w.Lang) }

// languages are those the pages are written in; the first is for everybody else.
var languages = []words{english, german, french, spanish, italian, arabic, hebrew, persian, urdu}

// matcher finds the best of languages for what a profile or a browser says.
var matcher = newMatcher()

func newMatcher() language.Matcher {
	var tags []language.Tag
	for _, l := range languages {
		tags = append(tags, language.MustParse(l.Lang))
	}
	return language.NewMatcher(tags)
}

// maxAccept is how long an Accept-Language is looked at, in bytes; browsers send a quarter of that.
const maxAccept = 256

// wordsFor returns the words for a learner's locale or, if it is not known or not written in, for a browser's
// Accept-Language.
func wordsFor(learner, accept string) *words {
	if len(accept) > maxAccept {
		accept = ""
	}
	_, best := language.MatchStrings(matcher, strings.ReplaceAll(learner, "_", "-"), accept)
	return &languages[best]
}
