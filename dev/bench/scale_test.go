package bench

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"homeroom/dev/process"
	"homeroom/internal/cells"
)

// serveEnv makes the test binary a process of Homeroom.
const serveEnv = "HOMEROOM_TEST_SERVE"

func TestMain(m *testing.M) {
	if os.Getenv(serveEnv) != "" {
		if process.Serve(os.Stdin, os.Stdout) != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestScale measures one and two processes of each role, with few learners.
func TestScale(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	o := &Options{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)}
	command := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), serveEnv+"=1")
		return cmd
	}
	sizes := ScaleSizes{Processes: 2, Newcomers: 20, Singles: 1}
	points, err := o.Scale(ctx, sizes, command)
	if err != nil {
		t.Fatal(err)
	}
	if len(points) != 2 {
		t.Fatalf("%d counts were measured", len(points))
	}
	for i, p := range points {
		if p.Processes != i+1 || p.PerSecond <= 0 || p.Median <= 0 || p.P99 < p.Median {
			t.Errorf("measured %+v", p)
		}
	}
	var out strings.Builder
	if err := WriteScaleTable(&out, sizes, points); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "OF EACH ROLE  MESSAGES/S") || strings.Count(out.String(), "\n") != 10 {
		t.Errorf("the table is\n%s", out.String())
	}
	for line := range strings.Lines(out.String()) {
		if n := cells.Width(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}
