package drill

// settingsYAML is every drill's settings.yaml. It has no limits except those that a drill adds, so that each failed quiz
// brings a mail.
const settingsYAML = `sender: {from: hello@academy.example, name: Academy, postal_address: "1 Harbour Lane"}
patience: 14d
max_event_age: 14d
`

// messageFor returns a message whose subject holds the rule and the quiz, which the accounting reads.
func messageFor(rule string) string {
	return "---\nsubject: " + rule + " {{ trigger.assessment_id }}\n---\nHi {{ learner.first_name | default: \"there\" }}, have another go.\n"
}

// retryRule answers a failed quiz at once.
const retryRule = `rule: retry
when: {event: assessment.graded, if: event.passed == false}
per: assessment_id
do:
  - send: retry
`

// academyWith returns the academy's files: rule retry and the given ones.
func academyWith(files map[string]string) map[string][]byte {
	all := map[string][]byte{
		"settings.yaml":     []byte(settingsYAML),
		"rules/retry.yaml":  []byte(retryRule),
		"messages/retry.md": []byte(messageFor("retry")),
	}
	for name, text := range files {
		all[name] = []byte(text)
	}
	return all
}
