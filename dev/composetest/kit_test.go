package composetest

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

const root = "../.."

// environment is .env.example with everything that is empty filled in.
func environment(t *testing.T) map[string]string {
	t.Helper()
	env := map[string]string{}
	lines := bufio.NewScanner(strings.NewReader(read(t, ".env.example")))
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), "=")
		if !ok || strings.HasPrefix(name, "#") {
			continue
		}
		if value == "" {
			value = "filled_in_" + strings.ToLower(name)
		}
		env[name] = value
	}
	env["HOMEROOM_PUBLIC_URL"] = "https://learn.example.org"
	env["HOMEROOM_ACADEMY_DIR"] = "./examples/academy"
	return env
}

// load reads the files as `docker compose -f … config` does, in an environment that is nobody's.
func load(t *testing.T, env map[string]string, files ...string) (*types.Project, error) {
	t.Helper()
	var paths []string
	for _, file := range files {
		paths = append(paths, filepath.Join(root, file))
	}
	var assignments []string
	for name, value := range env {
		assignments = append(assignments, name+"="+value)
	}
	options, err := cli.NewProjectOptions(paths, cli.WithWorkingDirectory(root), cli.WithEnv(assignments), cli.WithResolvedPaths(true), cli.WithInterpolation(true))
	if err != nil {
		return nil, err
	}
	return options.LoadProject(context.Background())
}

// project is docker-compose.yml in the environment of .env.example, and with it whatever is given.
func project(t *testing.T, more ...string) *types.Project {
	t.Helper()
	env := environment(t)
	for _, assignment := range more {
		name, value, _ := strings.Cut(assignment, "=")
		env[name] = value
	}
	p, err := load(t, env, "docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
