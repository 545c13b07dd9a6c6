package composetest

import (
	"regexp"
	"testing"
)

// TestOneRetentionEverywhere: the documents and the doctor advise the retention that docker-compose.yml gives the namespace.
func TestOneRetentionEverywhere(t *testing.T) {
	want := value(project(t).Services["temporal-namespace"], "NAMESPACE_RETENTION")
	if want == "" {
		t.Fatal("the namespace has no retention")
	}
	said := regexp.MustCompile(`(?:--retention |#NAMESPACE_RETENTION=|advisedRetention = ")([0-9][0-9a-z]*)`)
	for _, file := range []string{".env.example", "docs/operations.md", "docs/kubernetes.md", "doctor/temporal.go"} {
		found := said.FindAllStringSubmatch(read(t, file), -1)
		if len(found) == 0 {
			t.Errorf("%s names no retention", file)
		}
		for _, match := range found {
			if match[1] != want {
				t.Errorf("%s says %q, docker-compose.yml gives %s", file, match[0], want)
			}
		}
	}
}
