package catalog

var nativeWords = words{
	event:      "event",
	learner:    "learner_id",
	id:         "id",
	time:       "time",
	properties: "properties",
	traits:     "traits",
	says:       "the body says",
	silent:     "the body does not say",
	leaveOut:   "the body",
	subject:    "the subject",
}

// nativeBody is Homeroom's own format; see the package's documentation.
type nativeBody struct{}

func (nativeBody) marks() []string { return nil }

func (nativeBody) claimsHeader(map[string][]string) (bool, *DecodeError) { return false, nil }

func (nativeBody) claimsBody(envelope) bool { return true }

func (nativeBody) readFields(_ *Catalog, m *message) (bodyFields, *DecodeError) {
	body, err := m.readBody()
	if err != nil {
		return bodyFields{}, err
	}
	if err := refuseMisnamed(body); err != nil {
		return bodyFields{}, err
	}
	return bodyFields{
		event:      textFieldOf(body["event"]),
		learner:    textFieldOf(body["learner_id"]),
		id:         textFieldOf(body["id"]),
		time:       textFieldOf(body["time"]),
		properties: body["properties"],
		traits:     body["traits"],
		words:      &nativeWords,
	}, nil
}

// refuseMisnamed refuses a body that has an optional field under another name. Most bodies have no field but ours.
func refuseMisnamed(body envelope) *DecodeError {
	ours := 0
	for _, name := range [...]string{"event", "learner_id", "id", "time", "properties", "traits"} {
		if _, has := body[name]; has {
			ours++
		}
	}
	if ours == len(body) {
		return nil
	}
	for _, field := range [...]struct{ name, code string }{{"time", CodeBadTime}, {"properties", CodeMissingKey}, {"traits", CodeWrongType}} {
		if err := refuseOtherName(body, field.name, field.name, field.code); err != nil {
			return err
		}
	}
	return nil
}

func (nativeBody) traitsOf(body envelope, profile bool) []any {
	if profile {
		return []any{body["traits"], body["properties"]}
	}
	return []any{body["traits"]}
}
