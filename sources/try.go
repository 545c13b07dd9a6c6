package sources

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"homeroom/catalog"
	"homeroom/profile"
)

// Outcome is what becomes of a body.
type Outcome string

// The outcomes.
const (
	Read    Outcome = "read"
	Ignored Outcome = "ignored"
	Refused Outcome = "refused"
)

// Tried is what one body of a file would become.
type Tried struct {
	Line    int     `json:"line"`             // of the file, from 1
	Source  string  `json:"source,omitempty"` // empty: none recognizes it, and it is read as native, CloudEvent or Segment call
	Name    string  `json:"name,omitempty"`   // what the body calls its event
	Outcome Outcome `json:"outcome"`

	Event      string         `json:"event,omitempty"`
	Learner    string         `json:"learner,omitempty"`
	ID         string         `json:"id,omitempty"`
	Time       time.Time      `json:"time,omitzero"`
	Properties map[string]any `json:"properties,omitempty"`
	Traits     map[string]any `json:"traits,omitempty"`
	Remarks    []string       `json:"remarks,omitempty"` // what cannot be used of it, although it counts

	Reason  string `json:"reason,omitempty"` // of a refusal: a code of package catalog
	Message string `json:"message,omitempty"`
	Hint    string `json:"hint,omitempty"`
}

// Counts are the outcomes of one source.
type Counts struct {
	Source  string `json:"source"` // empty: see Tried.Source
	Bodies  int    `json:"bodies"`
	Read    int    `json:"read"`
	Ignored int    `json:"ignored"`
	Refused int    `json:"refused"`
}

// Trial is what a file of bodies would become.
type Trial struct {
	Bodies []Tried  `json:"bodies"`
	Counts []Counts `json:"counts"` // by source, sorted
	// Broken says of each source whose condition failed on every body why; such a source never recognizes anything.
	Broken map[string]string `json:"broken,omitempty"`
	// Shared counts the bodies that several sources recognize, by their names in order ("lms, xapi"); the first reads them.
	Shared map[string]int `json:"shared,omitempty"`
}

// Remarks returns how many remarks there are about bodies that count.
func (t *Trial) Remarks() int {
	n := 0
	for _, b := range t.Bodies {
		n += len(b.Remarks)
	}
	return n
}

// Refused returns how many bodies are refused.
func (t *Trial) Refused() int {
	n := 0
	for _, c := range t.Counts {
		n += c.Refused
	}
	return n
}

// Try reads a file as an import at the time now would, body by body: NDJSON, one JSON document, or an array; batches are taken apart. The
// catalog may have a set of sources, which may be nil.
func Try(cat *catalog.Catalog, set *Set, file []byte, now time.Time) *Trial {
	trial := &Trial{Bodies: []Tried{}, Counts: []Counts{}}
	failures := map[string]int{}
	reasons := map[string]string{}
	counts := map[string]*Counts{}
	for _, line := range splitFile(file) {
		for _, body := range cat.Split(nil, line.body) {
			tried := tryBody(cat, body, now)
			tried.Line = line.number
			trial.Bodies = append(trial.Bodies, tried)
			if counts[tried.Source] == nil {
				counts[tried.Source] = &Counts{Source: tried.Source}
			}
			counts[tried.Source].add(tried.Outcome)
			recognizing, errs := set.sourcesRecognizing(body)
			for source, err := range errs {
				failures[source]++
				reasons[source] = err.Error()
			}
			if len(recognizing) > 1 {
				if trial.Shared == nil {
					trial.Shared = map[string]int{}
				}
				trial.Shared[strings.Join(recognizing, ", ")]++
			}
		}
	}
	for source, n := range failures {
		if n == len(trial.Bodies) {
			if trial.Broken == nil {
				trial.Broken = map[string]string{}
			}
			trial.Broken[source] = reasons[source]
		}
	}
	for _, source := range slices.Sorted(maps.Keys(counts)) {
		trial.Counts = append(trial.Counts, *counts[source])
	}
	return trial
}

func (c *Counts) add(o Outcome) {
	c.Bodies++
	switch o {
	case Read:
		c.Read++
	case Ignored:
		c.Ignored++
	case Refused:
		c.Refused++
	}
}

// tryBody returns what a body would become that arrives at the time now.
func tryBody(cat *catalog.Catalog, body []byte, now time.Time) Tried {
	var tried Tried
	tried.Source, tried.Name = cat.SourceOf(nil, body)
	d, problem := cat.Decode("", "", body, time.Time{})
	timeless := false
	if problem != nil && problem.Code == catalog.CodeBadTime {
		if arrived, again := cat.Decode("", "", body, now); again == nil || again.Code != catalog.CodeBadTime { // what else is wrong with it
			d = arrived
			problem = again
			d.Event.Time = time.Time{}
			timeless = again == nil
		}
	}
	switch {
	case problem.IsIgnored():
		tried.Outcome = Ignored
	case problem != nil:
		tried.Outcome = Refused
		tried.Reason = problem.Code
		tried.Message = problem.Message
		tried.Hint = problem.Hint
	default:
		tried.Outcome = Read
		tried.Event = d.Event.Name
		tried.Learner = d.Event.Learner
		tried.ID = d.Event.ID
		tried.Time = d.Event.Time
		tried.Properties = d.Event.Properties
		tried.Traits = d.Traits
		tried.Remarks = append(profile.Remarks(d.Traits), cat.PropertyRemarks(&d.Event)...)
		if timeless {
			tried.Remarks = append(tried.Remarks, "it says no time, and counts as of when it arrives; an import refuses it")
		}
		if tried.Time.After(now.Add(catalog.MaxAhead)) {
			tried.Remarks = append(tried.Remarks, "its time is more than an hour ahead of this machine's clock: triggers and imports refuse it as "+catalog.CodeBadTime)
		}
	}
	return tried
}

// sourcesRecognizing returns the sources that recognize a body, in their order, and the errors of those whose condition cannot be evaluated.
func (s *Set) sourcesRecognizing(body []byte) (names []string, errs map[string]error) {
	var object map[string]any
	if json.Unmarshal(body, &object) != nil {
		return nil, nil
	}
	for _, source := range s.Sources() {
		if source.recognise == nil {
			continue
		}
		yes, err := source.recognise.isTrue(&input{body: object})
		switch {
		case err != nil:
			if errs == nil {
				errs = map[string]error{}
			}
			errs[source.Name] = err
		case yes:
			names = append(names, source.Name)
		}
	}
	return names, errs
}

// fileLine is a body, or several, of a file.
type fileLine struct {
	number int
	body   []byte
}

// splitFile returns the lines of a file that are not blank; of one that is a single JSON document over several lines, the document.
func splitFile(file []byte) []fileLine {
	file = bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))
	var lines []fileLine
	for i, line := range bytes.Split(file, []byte("\n")) {
		if body := bytes.TrimSpace(line); len(body) > 0 {
			lines = append(lines, fileLine{number: i + 1, body: body})
		}
	}
	if len(lines) > 1 && !json.Valid(lines[0].body) && json.Valid(file) {
		return []fileLine{{number: lines[0].number, body: bytes.TrimSpace(file)}}
	}
	return lines
}

// Suggest writes lines for sources.yaml about what was refused because its name is not known: for each source its new names, to be
// given an event or to be ignored. Without any it returns "".
func (t *Trial) Suggest(cat *catalog.Catalog) string {
	unknown := map[string]map[string]int{}
	for _, b := range t.Bodies {
		if b.Reason != catalog.CodeUnknownEvent || b.Name == "" {
			continue
		}
		if unknown[b.Source] == nil {
			unknown[b.Source] = map[string]int{}
		}
		unknown[b.Source][b.Name]++
	}
	if len(unknown) == 0 {
		return ""
	}
	var out strings.Builder
	out.WriteString("sources:\n")
	for _, source := range slices.Sorted(maps.Keys(unknown)) {
		fmt.Fprintf(&out, "  %s:\n    base: %s\n    events:\n", source, source)
		for _, name := range slices.Sorted(maps.Keys(unknown[source])) {
			event := cat.Nearest(name)
			if event == "" {
				event = "thing.happened"
			}
			fmt.Fprintf(&out, "      %q: %s    # %d times; or put the name into ignore:\n", name, event, unknown[source][name])
		}
	}
	return out.String()
}
