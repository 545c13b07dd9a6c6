package rules

import (
	"slices"
	"testing"

	"homeroom/catalog"
)

// TestEveryNameIsExplained: what the checker knows, the editor has words for, and nothing else.
func TestEveryNameIsExplained(t *testing.T) {
	var functions []string
	for _, f := range celFunctions {
		functions = append(functions, f.name)
		if f.words == "" || f.usage == "" || f.member == (len(f.of) == 0) {
			t.Errorf("%s is not explained", f.name)
		}
	}
	slices.Sort(functions)
	if known := functionNames(); !slices.Equal(functions, known) {
		t.Errorf("explained are %q, known %q", functions, known)
	}
	cat, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	fields := newFieldTypes(nil, cat)
	known := map[string]bool{"event.time": true, "trigger.time": true}
	for _, name := range sortedKeys(fields.learner) {
		known["learner."+name] = true
	}
	for _, name := range sortedKeys(fields.course) {
		known["course."+name] = true
	}
	for _, name := range sortedKeys(fields.previous) {
		known["course.previous."+name] = true
	}
	for _, name := range sortedKeys(fields.next) {
		known["course.next."+name] = true
		known["learner.next_course."+name] = true
	}
	if explained := sortedKeys(fieldWords); !slices.Equal(explained, sortedKeys(known)) {
		t.Errorf("explained are %q, known %q", explained, sortedKeys(known))
	}
	all := exprView{event: "x", trigger: "x", course: true}
	if explained := sortedKeys(variableWords); !slices.Equal(explained, all.variableNames()) {
		t.Errorf("explained are %q, known %q", explained, all.variableNames())
	}
}
