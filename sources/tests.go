package sources

import (
	"encoding/json"
	"fmt"
	"time"

	"homeroom/catalog"
	"homeroom/internal/spelling"
	"homeroom/internal/yamlfile"
)

// TestResult is how a test of a file of tests/sources came out. Why it failed is a problem at its place.
type TestResult struct {
	File   string
	Line   int // of its beginning
	Name   string
	Passed bool
}

var (
	sourceTestKeys = []string{"test", "source", "headers", "body", "expect"}
	expectedKeys   = []string{"event", "refused", "learner", "id", "time", "properties", "traits"}
)

// testArrival is when the bodies of tests arrive. One that says no time counts as of then, so that a test comes out the same whenever it runs.
var testArrival = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// RunTests reads a file of tests, several documents perhaps, and runs those that wanted reports true for, with the catalog of an academy, which has its sources:
// a body in, an event, a refusal or "ignored" out. Problems are mistakes in the file and what came out otherwise.
func RunTests(file string, src []byte, known *catalog.Catalog, set *Set, wanted func(name string) bool) ([]TestResult, yamlfile.Problems) {
	var problems yamlfile.Problems
	r := &testReader{Reader: yamlfile.Reader{Source: yamlfile.NewSource(file, yamlfile.Normalize(src)), Problems: &problems}, known: known, set: set}
	roots, ok := r.Documents()
	if !ok {
		return nil, problems
	}
	var results []TestResult
	for _, root := range roots {
		if root.Kind == yamlfile.Null {
			continue
		}
		name := ""
		if n := root.Get("test"); n != nil {
			name, _ = n.TextValue()
		}
		if !wanted(name) {
			continue
		}
		before := problems.Errors()
		r.runTest(root)
		results = append(results, TestResult{File: file, Line: root.At.Line, Name: name, Passed: problems.Errors() == before})
	}
	return results, problems.Sort()
}

type testReader struct {
	yamlfile.Reader
	known *catalog.Catalog
	set   *Set
}

// runTest runs one test and reports what is wrong with it, or with what came out.
func (r *testReader) runTest(n *yamlfile.Node) {
	pairs := r.Pairs(n, "a test of a source", sourceTestKeys)
	given := map[string]*yamlfile.Node{}
	for _, p := range pairs {
		given[p.Key.Text] = p.Value
	}
	body := given["body"]
	expect := given["expect"]
	if given["test"] == nil || body == nil || expect == nil {
		r.Fail(n.At, "write test:, body: and expect:", "a test of a source needs a name, a body and what comes out")
		return
	}
	header := r.readHeader(given["headers"], given["source"])
	raw, ok := r.readBody(body)
	if !ok {
		return
	}
	d, problem := r.known.DecodeMessage("", "", header, raw, time.Time{})
	if problem != nil && problem.Code == catalog.CodeBadTime { // a body may say no time
		if again, none := r.known.DecodeMessage("", "", header, raw, testArrival); none == nil {
			d = again
			problem = nil
		}
	}
	r.compareOutcome(expect, &d, problem)
}

// readBody returns a body: a block of YAML as JSON, or a text as it is.
func (r *testReader) readBody(n *yamlfile.Node) (raw []byte, ok bool) {
	if text, isText := n.TextValue(); isText {
		return []byte(text), true
	}
	raw, err := json.Marshal(n.JSON())
	if err != nil {
		r.Fail(n.At, "", "the body is no JSON: %v", err)
	}
	return raw, err == nil
}

// readHeader returns the headers of a message; source may name the one that reads it, as a path of the API does.
func (r *testReader) readHeader(headers, source *yamlfile.Node) map[string][]string {
	header := map[string][]string{}
	if headers != nil {
		for _, p := range r.Pairs(headers, "headers", nil) {
			if text, ok := r.Text(p.Value, p.Key.Text); ok {
				header[p.Key.Text] = []string{text}
			}
		}
	}
	if source != nil {
		name, ok := r.Text(source, "source")
		if ok && r.set.Source(name) == nil {
			names := make([]string, 0, len(r.set.Sources()))
			for _, s := range r.set.Sources() {
				names = append(names, s.Name)
			}
			r.FailReplace(source.At, spelling.Nearest(name, names), spelling.Suggest(name, names), "sources.yaml has no source %q", name)
		}
		header[HeaderSource] = []string{name}
	}
	return header
}

// compareOutcome reports what came out otherwise than expected.
func (r *testReader) compareOutcome(expect *yamlfile.Node, d *catalog.Decoded, problem *catalog.DecodeError) {
	came := "the event " + d.Event.Name
	switch {
	case problem.IsIgnored():
		came = "ignored"
	case problem != nil:
		came = fmt.Sprintf("refused (%s): %s", problem.Code, problem.Error())
	}
	if expect.Kind == yamlfile.Scalar {
		if text, _ := expect.TextValue(); text != "ignored" {
			r.Fail(expect.At, "write ignored, {refused: CODE}, or {event: NAME, …}", "%q says not what comes out", text)
		} else if !problem.IsIgnored() {
			r.Fail(expect.At, "", "it is expected to be ignored, and is %s", came)
		}
		return
	}
	for _, p := range r.Pairs(expect, "expect", expectedKeys) {
		if p.Key.Text == "refused" {
			if code, _ := r.Text(p.Value, "refused"); problem == nil || problem.Code != code {
				r.Fail(p.Value.At, "", "it is expected to be refused as %s, and is %s", code, came)
			}
			continue
		}
		if problem != nil {
			r.Fail(p.Key.At, "", "an event is expected, and it is %s", came)
			return
		}
		r.compareValue(p, d)
	}
}

// compareValue compares one part of an event.
func (r *testReader) compareValue(p yamlfile.Pair, d *catalog.Decoded) {
	var got any
	switch p.Key.Text {
	case "event":
		got = d.Event.Name
	case "learner":
		got = d.Event.Learner
	case "id":
		got = d.Event.ID
	case "time":
		got = d.Event.Time.UTC().Format(time.RFC3339Nano)
	case "properties":
		got = d.Event.Properties
	case "traits":
		got = d.Traits
	}
	want := p.Value.JSON()
	if text, isText := p.Value.TextValue(); isText {
		want = text
	}
	wanted, err := json.Marshal(want)
	came, err2 := json.Marshal(got)
	if err != nil || err2 != nil || string(wanted) != string(came) {
		r.Fail(p.Value.At, "", "%s is expected to be %s, and is %s", p.Key.Text, wanted, came)
	}
}
