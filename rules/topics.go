package rules

import (
	"regexp"
	"strings"

	"homeroom/internal/yamlfile"
)

// TopicWords are what learners read about a topic on their preferences page, by language ("de"). The language "" stands
// for all that have none of their own.
type TopicWords struct {
	Titles, Abouts map[string]string
}

// maxTopicText is how long a title or an explanation may be, in bytes: they stand beside a switch on a phone.
const maxTopicText = 200

var languageForm = regexp.MustCompile(`^[a-z]{2,3}$`)

// readTopics reads {progress: {default: on, title: Your progress}}. on and off are what people write; YAML may make
// booleans of them.
func readTopics(d *decoder, s *settingsSpec, _, v *yamlfile.Node) {
	if v.Kind != yamlfile.Mapping {
		d.Fail(v.At, "write name: {default: on}", "topics must be a block of keys, not %s", v.Kind)
		s.topicsUnread = true
		return
	}
	for _, p := range v.Pairs {
		name, ok := d.readName(p.Key, "a topic")
		if !ok {
			s.Topics[p.Key.Text] = true // what names it is judged for itself
			continue
		}
		if _, twice := s.Topics[name]; twice {
			d.Fail(p.Key.At, "keep one of them", "the topic %s stands twice", name)
			continue
		}
		s.Topics[name] = true
		s.places["topics."+name] = p.Key.At
		if p.Value.Kind == yamlfile.Null {
			continue
		}
		words := TopicWords{Titles: map[string]string{}, Abouts: map[string]string{}}
		readKeys(d, p.Value, "the topic "+name, []key[settingsSpec]{
			{
				name: "default",
				read: func(d *decoder, s *settingsSpec, _, v *yamlfile.Node) {
					word, _ := d.oneOf(v, "default", "on", "off", "true", "false")
					s.Topics[name] = word == "on" || word == "true"
				},
			},
			{name: "title", read: func(d *decoder, _ *settingsSpec, _, v *yamlfile.Node) { readWords(d, v, "title", words.Titles) }},
			{name: "about", read: func(d *decoder, _ *settingsSpec, _, v *yamlfile.Node) { readWords(d, v, "about", words.Abouts) }},
		}, s)
		s.topicWords[name] = words
	}
}

// readWords reads a text, or one per language: {en: Reminders, de: Erinnerungen}.
func readWords(d *decoder, v *yamlfile.Node, what string, into map[string]string) {
	if v.Kind != yamlfile.Mapping {
		readWord(d, v, what, "", into)
		return
	}
	for _, p := range v.Pairs {
		language, ok := d.Text(p.Key, "a language")
		if !ok {
			continue
		}
		if !languageForm.MatchString(language) {
			d.Fail(p.Key.At, "write it like en or de", "%q is not a language", language)
			continue
		}
		readWord(d, p.Value, what, language, into)
	}
}

func readWord(d *decoder, v *yamlfile.Node, what, language string, into map[string]string) {
	text, ok := d.Text(v, what)
	if !ok {
		return
	}
	text = strings.Join(strings.Fields(text), " ")
	if text == "" || len(text) > maxTopicText {
		d.Fail(v.At, "say it in a few words", "the %s has %d bytes; it takes 1 to %d", what, len(text), maxTopicText)
		return
	}
	into[language] = text
}
