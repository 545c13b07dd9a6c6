package ruletest

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"homeroom/rules"
)

type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string      `xml:"name,attr"`
		Class   string      `xml:"classname,attr"`
		File    string      `xml:"file,attr"`
		Line    int         `xml:"line,attr,omitempty"`
		Failure *junitFault `xml:"failure"`
		Error   *junitFault `xml:"error"`
	}
	junitFault struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes results and mistakes in test files as JUnit XML, the format that CI systems read: a suite a file,
// a failure for a test that came out wrong, an error for one that could not run.
func WriteJUnit(w io.Writer, results []Result, problems rules.Problems) error {
	all := &junitSuites{}
	suite := func(file string) *junitSuite {
		for i := range all.Suites {
			if all.Suites[i].Name == file {
				return &all.Suites[i]
			}
		}
		all.Suites = append(all.Suites, junitSuite{Name: file})
		return &all.Suites[len(all.Suites)-1]
	}
	for i := range results {
		r := &results[i]
		s := suite(r.Test.File)
		c := junitCase{Name: r.Test.Name, Class: r.Test.File, File: r.Test.File, Line: r.Test.Line}
		if !r.Passed {
			var text strings.Builder
			if err := r.Write(&text, false); err != nil {
				return err
			}
			c.Failure = &junitFault{Message: "the timeline is not as expected", Text: text.String()}
			s.Failures++
			all.Failures++
		}
		s.add(all, c)
	}
	for _, p := range problems {
		s := suite(p.File)
		s.add(all, junitCase{
			Name:  p.Message,
			Class: p.File,
			File:  p.File,
			Line:  p.Line,
			Error: &junitFault{Message: p.Message, Text: p.Error()},
		})
		s.Errors++
		all.Errors++
	}
	out, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("write JUnit report: %w", err)
	}
	if _, err := fmt.Fprintf(w, "%s%s\n", xml.Header, out); err != nil {
		return fmt.Errorf("write JUnit report: %w", err)
	}
	return nil
}

func (s *junitSuite) add(all *junitSuites, c junitCase) {
	s.Cases = append(s.Cases, c)
	s.Tests++
	all.Tests++
}
