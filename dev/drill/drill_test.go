//go:build drill

package drill

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"homeroom/dev/process"
	"homeroom/internal/standin"
)

// servesHomeroom makes this test program the process that a drill starts.
const servesHomeroom = "HOMEROOM_DRILL_PROCESS"

func TestMain(m *testing.M) {
	if os.Getenv(servesHomeroom) != "" {
		if err := process.Serve(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// quick are a test's options.
func quick(t *testing.T) Options {
	began := time.Now()
	return Options{
		Size:    Quick,
		Verbose: testing.Verbose(),
		Process: func() *exec.Cmd {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), servesHomeroom+"=1")
			cmd.Stderr = t.Output()
			return cmd
		},
		Progress: func(line string) { t.Logf("%5.1f s  %s", time.Since(began).Seconds(), line) },
	}
}

// TestDrills runs every drill; each must account for everything.
func TestDrills(t *testing.T) {
	for _, d := range All() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			report := runQuick(t, d, quick(t))
			if !report.Passed() {
				t.Error("not everything is accounted for")
			}
			if report.Published == 0 || report.HandedOver == 0 || report.Sent == 0 {
				t.Errorf("nothing was practiced: %+v", report)
			}
		})
	}
}

func runQuick(t *testing.T, d Drill, o Options) Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	report, err := d.Run(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	if err := WriteTable(&table, []Report{report}); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + table.String())
	return report
}

// TestADrillCanFail: a provider that lies makes a loss and a double, for real, and the drill says so.
func TestADrillCanFail(t *testing.T) {
	t.Parallel()
	o := quick(t)
	o.Patience = 15 * time.Second // one mail never comes; the others do, also on a busy machine
	o.tamper = func(l *standin.Listener) {
		l.Fail( // and it reports nothing, so that nobody is put right
			standin.Fault{Status: 202},              // says that it took the mail, and did not
			standin.Fault{Status: 503, Taken: true}, // says that it did not, and did
		)
	}
	report := runQuick(t, sabotaged(), o)
	if report.Lost != 1 || report.Doubled != 1 || report.Passed() {
		t.Errorf("lost %d, doubled %d, passed %v; want 1, 1 and not passed", report.Lost, report.Doubled, report.Passed())
	}
	if said := strings.Join(report.Wrong, "\n"); !strings.Contains(said, "is lost") || !strings.Contains(said, "is doubled") {
		t.Errorf("it does not say which: %s", said)
	}
}

// sabotaged is a drill in which nothing happens but what the test does.
func sabotaged() Drill {
	return Drill{
		Name:  "sabotaged",
		setup: setup{quiet: true},
		run: func(ctx context.Context, w *world) error {
			events, err := w.campusEvents(30, 15, "retry")
			if err != nil {
				return err
			}
			return w.publishUnderLoad(ctx, events, 100, nil)
		},
	}
}
