package main

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

func TestFormatValue(t *testing.T) {
	for _, test := range []struct {
		value float64
		unit  string
		want  string
	}{
		{0, "s", "0"},
		{0.000_25, "s", "250 µs"},
		{0.0123, "s", "12.3 ms"},
		{1.5, "s", "1.5 s"},
		{90, "s", "1.5 min"},
		{96 << 20, "bytes", "96 MiB"},
		{0.25, "ops", "0.25/s"},
		{1234, "short", "1.23 K"},
		{7, "short", "7"},
	} {
		if got := formatValue(test.value, test.unit); got != test.want {
			t.Errorf("%v %s: got %q, want %q", test.value, test.unit, got, test.want)
		}
	}
}

func TestTopOf(t *testing.T) {
	for _, test := range []struct {
		highest float64
		unit    string
		want    float64
	}{{0, "s", 1}, {0.03, "s", 0.05}, {7, "short", 10}, {20, "short", 20}, {100 << 20, "bytes", 128 << 20}} {
		if got := topOf(test.highest, test.unit); got != test.want {
			t.Errorf("%v %s: got %v, want %v", test.highest, test.unit, got, test.want)
		}
	}
}

// TestShippedBoard draws the dashboard of deploy/grafana on a few scrapes: the values are those that were scraped, and what was not is not made up.
func TestShippedBoard(t *testing.T) {
	text, err := os.ReadFile("../../deploy/grafana/homeroom.json")
	if err != nil {
		t.Fatal(err)
	}
	b, err := parseBoard(text)
	if err != nil {
		t.Fatal(err)
	}
	m := &measurement{begin: time.Unix(1_800_000_000, 0), every: 5 * time.Second}
	for i := range 13 {
		m.end = m.begin.Add(time.Duration(i) * m.every)
		scrape := fmt.Sprintf("homeroom_build_info 1\nhomeroom_learners_failing 3\nhomeroom_events_total{outcome=\"handed_over\"} %d\nprocess_resident_memory_bytes 1e8\nprocess_cpu_seconds_total %d\n", 10*i, i)
		if err := m.scrapes.Record(scrape, "workers", m.end); err != nil {
			t.Fatal(err)
		}
	}
	panels, err := b.askQueries(context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	byTitle := map[string]drawnPanel{}
	for _, p := range panels {
		byTitle[p.Title] = p
	}
	if failing := byTitle["Failing"]; len(failing.lines) != 1 || failing.lines[0].points[0].F != 3 {
		t.Errorf("Failing shows %+v, want 3", failing.lines)
	}
	events := byTitle["Events"].lines
	if len(events) != 1 || events[0].legend != "handed_over" || events[0].points[len(events[0].points)-1].F != 2 {
		t.Errorf("Events shows %+v, want 2 a second", events)
	}
	resources := byTitle["Memory and processor"].lines
	if len(resources) != 2 || resources[0].legend != "workers bytes" || resources[0].right || !resources[1].right || resources[1].unit != "short" {
		t.Errorf("Memory and processor shows %+v, want two axes", resources)
	}
	svg := drawBoard(b.Title, "a test", panels)
	if left := strings.Count(svg, "No data"); left != len(panels)-strings.Count(string(text), `"type": "row"`)-3 {
		t.Errorf("%d panels have no data, want all but three", left)
	}
	for decoder := xml.NewDecoder(strings.NewReader(svg)); ; {
		_, err := decoder.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestLegendOfLines(t *testing.T) {
	var lines []line
	for i := range 40 {
		lines = append(lines, line{legend: fmt.Sprintf("rule-number-%d", i)})
	}
	rows := legendOfLines(lines, 400)
	shown := 0
	for _, row := range rows {
		width := 0.0
		for _, e := range row {
			width += e.width()
		}
		if width > 400 {
			t.Errorf("a row is %.0f wide", width)
		}
		shown += len(row)
	}
	last := rows[len(rows)-1]
	if want := fmt.Sprintf("and %d more", len(lines)-shown+1); len(rows) != legendRows || last[len(last)-1].text != want {
		t.Errorf("%d rows, the last one ends with %q, want %q", len(rows), last[len(last)-1].text, want)
	}
}

func TestParseBoardRefusesOtherPanels(t *testing.T) {
	if _, err := parseBoard([]byte(`{"panels": [{"type": "gauge", "title": "Speed"}]}`)); err == nil || !strings.Contains(err.Error(), `"Speed" is a gauge`) {
		t.Errorf("got %v", err)
	}
}
