package bench

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"homeroom/dev/process"
	"homeroom/dev/servers"
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

// TestScale measures one and two processes of each role, with few learners, on a cluster of NATS.
func TestScale(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	o := &Options{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)}
	command := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), serveEnv+"=1")
		return cmd
	}
	sizes := ScaleSizes{Processes: 2, Newcomers: 20, Singles: 1, Rest: time.Millisecond}
	r, err := o.Scale(ctx, sizes, chooseServers(nil, servers.ErrNoPostgres), command)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Points) != 2 {
		t.Fatalf("%d counts were measured", len(r.Points))
	}
	for i, p := range r.Points {
		if p.Processes != i+1 || p.PerSecond <= 0 || p.Median <= 0 || p.P99 < p.Median || p.AtRest <= 0 || p.Database != 0 || p.Written != 0 {
			t.Errorf("measured %+v", p)
		}
	}
	if r.NATS != "3 NATS servers, 3 replicas of every stream and bucket" || r.Temporal != "Temporal on SQLite, one history shard" {
		t.Errorf("measured on %q and %q", r.NATS, r.Temporal)
	}
}

func TestChooseServers(t *testing.T) {
	installed := &servers.PostgresPrograms{}
	for _, test := range []struct {
		name    string
		found   *servers.PostgresPrograms
		err     error
		without string
	}{
		{"PostgreSQL can be run", installed, nil, ""},
		{"it is not installed", nil, servers.ErrNoPostgres, "PostgreSQL is not installed (apt-get install postgresql)"},
		{"nobody can run it", nil, errors.New("PostgreSQL refuses to run as root"), "PostgreSQL refuses to run as root"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := chooseServers(test.found, test.err)
			if got.Postgres != test.found || got.Without != test.without || got.NATSNodes != 3 {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestScaleTable(t *testing.T) {
	r := &ScaleReport{
		Machine:  "2 CPUs, 23.5 GiB memory, linux/amd64, go1.26.8",
		Load:     "2000 newcomers with an event each; 20 events a second apart",
		NATS:     "3 NATS servers, 3 replicas of every stream and bucket",
		Temporal: "Temporal on PostgreSQL 15.18, 8 history shards",
	}
	point := ScalePoint{
		Processes: 4,
		PerSecond: 1123.4,
		Median:    1021 * time.Millisecond,
		P99:       1299 * time.Millisecond,
		AtRest:    0.256,
		Homeroom:  12_340 * time.Microsecond,
		Servers:   34_560 * time.Microsecond,
		Database:  11_110 * time.Microsecond,
		Written:   123 << 10,
	}
	r.Points = append(r.Points, point)
	table := writeTable(t, r)
	if row := "   4      1123.4  1.021s  1.299s  0.26   12.34ms  34.56ms   11.11ms  123.0 KiB\n"; !strings.Contains(table, row) {
		t.Errorf("the row of PostgreSQL is missing:\n%s", table)
	}
	r.Temporal = "Temporal on SQLite, one history shard"
	r.Without = "PostgreSQL is not installed (apt-get install postgresql)"
	point.Database = 0
	point.Written = 0
	r.Points = []ScalePoint{point}
	table = writeTable(t, r)
	for _, want := range []string{"34.56ms  in SERVERS        -\n", "Temporal on SQLite, one history shard\nbecause PostgreSQL is not installed (apt-get install postgresql)\n"} {
		if !strings.Contains(table, want) {
			t.Errorf("%q is missing:\n%s", want, table)
		}
	}
}

// writeTable returns the table, which must fit a terminal.
func writeTable(t *testing.T, r *ScaleReport) string {
	t.Helper()
	var out strings.Builder
	if err := r.WriteTable(&out); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if n := cells.Width(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	return out.String()
}
