package servers

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	// The driver "postgres".
	_ "go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
)

// Postgres is a running PostgreSQL server. It keeps its data in a temporary directory that Stop removes, syncs every commit to disk as it does by default, and
// listens on the loopback interface, for the one user that it has.
type Postgres struct {
	cmd      *exec.Cmd
	dir      string
	port     int
	password string
	version  string
	ended    chan struct{} // closed when the server has ended
	stop     stopOnce
}

const (
	postgresUser = "homeroom"
	// postgresConnections is more than the four services of a Temporal server open to both of its databases; see openPostgres.
	postgresConnections = 200
)

// StartPostgres creates a database cluster and starts its server. It returns when the server accepts connections, or an error when ctx ends first.
func StartPostgres(ctx context.Context, programs *PostgresPrograms) (*Postgres, error) {
	dir, err := os.MkdirTemp("", "homeroom-postgres-")
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	p := &Postgres{dir: dir, password: rand.Text()}
	if err := p.startServer(ctx, programs); err != nil {
		cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		return nil, errors.Join(fmt.Errorf("start PostgreSQL: %w", err), p.Stop(cleanup))
	}
	return p, nil
}

func (p *Postgres) startServer(ctx context.Context, programs *PostgresPrograms) error {
	if err := p.createCluster(ctx, programs); err != nil {
		return err
	}
	ports, err := freePorts(1)
	if err != nil {
		return err
	}
	p.port = ports[0]
	log, err := os.Create(p.logFile())
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the server has it open
	p.cmd = programs.newCommand(context.WithoutCancel(ctx), p.dir, "postgres", "-D", p.dataDir(),
		"-c", "listen_addresses="+loopback,
		"-c", "port="+strconv.Itoa(p.port),
		"-c", "unix_socket_directories=",
		"-c", "max_connections="+strconv.Itoa(postgresConnections),
	)
	p.cmd.Stderr = log
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.ended = make(chan struct{})
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // what went wrong is in the log
	}()
	return p.awaitReady(ctx)
}

// createCluster creates the files of a server without data, readable for the account of the programs only.
func (p *Postgres) createCluster(ctx context.Context, programs *PostgresPrograms) error {
	if err := programs.giveToAccount(p.dir); err != nil { // first, because the programs run in it
		return err
	}
	version, err := programs.newCommand(ctx, p.dir, "postgres", "--version").Output()
	if err != nil {
		return fmt.Errorf("asking for its version: %w", err)
	}
	p.version = parsePostgresVersion(string(version))
	passwordFile := filepath.Join(p.dir, "password")
	if err := os.WriteFile(passwordFile, []byte(p.password+"\n"), 0o600); err != nil {
		return err
	}
	if err := programs.giveToAccount(passwordFile); err != nil {
		return err
	}
	output, err := programs.newCommand(ctx, p.dir, "initdb", "--pgdata="+p.dataDir(), "--username="+postgresUser, "--pwfile="+passwordFile,
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync").CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, output)
	}
	return nil
}

// awaitReady waits for the status that the server keeps for pg_ctl.
func (p *Postgres) awaitReady(ctx context.Context) error {
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		status, err := os.ReadFile(filepath.Join(p.dataDir(), "postmaster.pid"))
		if err == nil && isReady(string(status)) {
			return nil
		}
		select {
		case <-retry.C:
		case <-p.ended:
			log, _ := os.ReadFile(p.logFile()) // the error says that it ended
			return fmt.Errorf("it ended: %v\n%s", p.cmd.ProcessState, log)
		case <-ctx.Done():
			return fmt.Errorf("not ready in time: %w", ctx.Err())
		}
	}
}

// isReady reports whether the file postmaster.pid says in its eighth line that the server accepts connections. Source: PostgreSQL's pidfile.h.
func isReady(status string) bool {
	lines := strings.Split(status, "\n")
	return len(lines) >= 8 && strings.TrimSpace(lines[7]) == "ready"
}

// parsePostgresVersion reads "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)" as "15.18".
func parsePostgresVersion(said string) string {
	_, rest, _ := strings.Cut(said, ") ")
	number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	return number
}

func (p *Postgres) dataDir() string { return filepath.Join(p.dir, "data") }

func (p *Postgres) logFile() string { return filepath.Join(p.dir, "log") }

// Version returns the server's version, e.g. 15.18.
func (p *Postgres) Version() string { return p.version }

// ProcessID is that of the server; its children serve the connections.
func (p *Postgres) ProcessID() int { return p.cmd.Process.Pid }

// Written returns how many bytes the server has written to its write-ahead log so far.
func (p *Postgres) Written(ctx context.Context) (int64, error) {
	db, err := sql.Open("postgres", fmt.Sprintf("postgres://%s:%s@%s/postgres?sslmode=disable", postgresUser, p.password, loopbackAddress(p.port)))
	if err != nil {
		return 0, err
	}
	defer func() { _ = db.Close() }()
	var written int64
	if err := db.QueryRowContext(ctx, "SELECT (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint").Scan(&written); err != nil {
		return 0, fmt.Errorf("asking PostgreSQL how much it has written: %w", err)
	}
	return written, nil
}

// Stop ends the server's sessions and the server, and removes its data. It may be called twice and returns no later than ctx ends.
func (p *Postgres) Stop(ctx context.Context) error {
	return p.stop.stopWithin(ctx, "PostgreSQL", func() error {
		if p.ended != nil {
			_ = p.cmd.Process.Signal(os.Interrupt) // a fast shutdown; an error says that it has ended
			<-p.ended
		}
		return os.RemoveAll(p.dir)
	})
}
