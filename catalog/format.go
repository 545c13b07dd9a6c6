package catalog

// formats are the forms of an event's body, in the order in which a message is held against them. The last takes every
// message that no other does. A body with no keys but a native one's is read as such in a single pass. To add one, write its file and put it into this list.
var formats = []format{structuredCloudEvent{}, binaryCloudEvent{}, segmentCall{}, nativeBody{}}

// headerNames are the names of the headers by which formats are known.
var headerNames = headerNamesOf(formats)

// format is one form of an event's body, in a file of its own. TestEveryFormat holds each to a sample.
type format interface {
	// headerName returns the name of the header by which a message is known to be of this format; empty: there is none.
	headerName() string
	// claimsHeader reports whether the headers say that a message is of this format. The error is about headers of
	// this format that Homeroom does not read.
	claimsHeader(header map[string][]string) (bool, *DecodeError)
	// claimsBody reports whether the body says so, where the headers are silent.
	claimsBody(body envelope) bool
	// readFields takes the fields out of a message.
	readFields(c *Catalog, m *message) (bodyFields, *DecodeError)
	// traitsOf returns what a body of this format says of the learner as a person: its objects of traits, in whatever
	// state, and nil for those that are missing. profile reports that the event is engine.EventProfileUpdated, whose
	// properties are traits. A body may be of another format; then the format finds nothing in it, or what is there in
	// the places of its own.
	traitsOf(body envelope, profile bool) []any
}

// message is what formats read.
type message struct {
	header map[string][]string
	event  string // the subject's, or ""
	raw    []byte
	body   envelope // nil until it is read
}

// readBody returns the body as an object.
func (m *message) readBody() (envelope, *DecodeError) {
	if m.body != nil {
		return m.body, nil
	}
	var err *DecodeError
	m.body, err = readObject(m.raw, MaxNesting, nil)
	return m.body, err
}

// formatByHeader returns the format that the headers name, nil if they name none.
func formatByHeader(header map[string][]string) (format, *DecodeError) {
	if !mayNameFormat(header) {
		return nil, nil
	}
	for _, f := range formats {
		if claimed, err := f.claimsHeader(header); claimed || err != nil {
			return f, err
		}
	}
	return nil, nil
}

// headerNamesOf returns the names of the headers by which some formats are known.
func headerNamesOf(some []format) []string {
	var names []string
	for _, f := range some {
		if name := f.headerName(); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// mayNameFormat reports whether the name of a header is as long as one by which a format is known. Nearly no message has such a header, and to go through the headers
// once for each format takes as long as to read the body's texts.
func mayNameFormat(header map[string][]string) bool {
	for name := range header {
		for _, known := range headerNames {
			if len(name) == len(known) {
				return true
			}
		}
	}
	return false
}

// formatByBody returns the format of a body whose headers name none.
func formatByBody(body envelope) format {
	for _, f := range formats {
		if f.claimsBody(body) {
			return f
		}
	}
	return nativeBody{}
}
