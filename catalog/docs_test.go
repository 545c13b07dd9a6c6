package catalog_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"homeroom/catalog"
)

// What docs/events.md shows publishers is accepted as it stands there.
func TestTheExamplesOfTheDocsAreGood(t *testing.T) {
	text, err := os.ReadFile("../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)
	native := 0
	segment := 0
	catalogs := 0
	for _, block := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		in := json.NewDecoder(strings.NewReader(block[1]))
		for in.More() {
			var body json.RawMessage
			if err := in.Decode(&body); err != nil {
				t.Fatalf("%v in:\n%s", err, block[1])
			}
			learner := ""
			event := ""
			if !strings.Contains(string(body), `"event"`) { // the subject names them
				learner = "u_42"
				event = "lesson.completed"
			}
			if _, bad := known.Decode(learner, event, body, now); bad != nil {
				t.Errorf("%v:\n%s", bad, body)
			}
			if strings.Contains(string(body), "messageId") {
				segment++
			} else {
				native++
			}
		}
	}
	cloudEvents := regexp.MustCompile(`(?s)nats pub --jetstream (\S+) \\\n(.*?)'(\{.*?\})'\n`).FindAllStringSubmatch(string(text), -1)
	for _, m := range cloudEvents {
		headers := map[string][]string{}
		for _, h := range regexp.MustCompile(`-H '([^:]+): ([^']+)'`).FindAllStringSubmatch(m[2], -1) {
			headers[h[1]] = []string{h[2]}
		}
		parts := strings.SplitN(m[1], ".", 3)
		if _, bad := known.DecodeMessage(parts[1], parts[2], headers, []byte(m[3]), now); bad != nil {
			t.Errorf("%v:\n%s", bad, m[0])
		}
	}
	for _, block := range regexp.MustCompile("(?s)```yaml\n(events:.*?)```").FindAllStringSubmatch(string(text), -1) {
		extended, err := known.Extend("catalog.yaml", []byte(block[1]))
		if err != nil {
			t.Errorf("%v:\n%s", err, block[1])
			continue
		}
		catalogs += len(extended.Events()) - len(known.Events())
	}
	if catalogs != 2 {
		t.Errorf("%d events of one's own are shown", catalogs)
	}
	if native < 5 || segment != 1 || len(cloudEvents) != 3 {
		t.Errorf("found %d native bodies, %d calls, %d messages", native, segment, len(cloudEvents))
	}
}
