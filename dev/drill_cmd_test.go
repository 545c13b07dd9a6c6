package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"homeroom/dev/drill"
)

func TestDrillUsage(t *testing.T) {
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"drill", "--help"}, 0, "go run ./dev drill all --quick"},
		{[]string{"drill", "--help"}, 0, "not counted as lost"},
		{[]string{"drill", "earthquake"}, 1, "there is no drill \"earthquake\""},
		{[]string{"drill", "kill", "earthquake"}, 1, "there is no drill \"earthquake\""},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			var out bytes.Buffer
			code := runMain(t.Context(), test.args, &out, &out)
			if said := strings.Join(strings.Fields(out.String()), " "); code != test.code || !strings.Contains(said, test.want) {
				t.Errorf("got %d, want %d with %q:\n%s", code, test.code, test.want, out.String())
			}
		})
	}
}

func TestDrillListNamesThemAll(t *testing.T) {
	for _, args := range [][]string{{"drill"}, {"drill", "list"}} {
		var out, errOut bytes.Buffer
		if code := runMain(t.Context(), args, &out, &errOut); code != 0 || errOut.Len() > 0 {
			t.Errorf("%v: %d, %s", args, code, errOut.String())
		}
		expectColumns(t, out.String(), 80)
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		lines = slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, " ") }) // what has no room beside the name
		if all := drill.All(); len(lines) != len(all) {
			t.Errorf("%v lists %d drills, there are %d:\n%s", args, len(lines), len(all), out.String())
		}
		for i, d := range drill.All() {
			if i < len(lines) && !strings.HasPrefix(lines[i], d.Name+" ") {
				t.Errorf("line %d is %q, want %s", i+1, lines[i], d.Name)
			}
		}
	}
}

// TestDrillVerdict: what was found wrong is the exit code.
func TestDrillVerdict(t *testing.T) {
	well := drill.Report{Drill: "well", Published: 1, Sent: 1}
	lost := drill.Report{Drill: "bad", Published: 1, Lost: 1}
	for _, test := range []struct {
		about   string
		reports []drill.Report
		json    bool
		err     string
		out     string
	}{
		{"all went well", []drill.Report{well}, false, "", "everything is accounted for"},
		{"something is lost", []drill.Report{well, lost}, false, "1 of 2 drills failed: bad", "FAILED"},
		{"as JSON", []drill.Report{lost}, true, "1 of 1 drills failed: bad", `"lost": 1`},
	} {
		t.Run(test.about, func(t *testing.T) {
			var out bytes.Buffer
			said := ""
			if err := (&drillCommand{JSON: test.json}).printReports(&console{out: &out}, test.reports); err != nil {
				said = err.Error()
			}
			if said != test.err || !strings.Contains(out.String(), test.out) {
				t.Errorf("got %q, want %q with %q:\n%s", said, test.err, test.out, out.String())
			}
		})
	}
}
