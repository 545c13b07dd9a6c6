package composetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"homeroom/console"
)

func TestTheImageIsBuiltLikeTheRest(t *testing.T) {
	dockerfile := read(t, "Dockerfile")
	version := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(read(t, "go.mod"))[1]
	for _, want := range []string{
		"FROM golang:" + version + "-", "GOWORK=off", "CGO_ENABLED=0", "./cmd/homeroom", "./deploy/probe", "FROM scratch",
		"ca-certificates.crt /etc/ssl/certs/", "ZONEINFO=/usr/share/zoneinfo.zip", "USER 65532:65532", "HEALTHCHECK", `ENTRYPOINT ["homeroom"]`,
	} {
		if !strings.Contains(dockerfile, want) {
			t.Errorf("the Dockerfile has no %q", want)
		}
	}
	from := regexp.MustCompile(`(?m)^FROM (\S+)`).FindAllStringSubmatch(dockerfile, -1)
	for _, image := range from {
		if strings.HasSuffix(image[1], ":latest") || image[1] != "scratch" && !strings.Contains(image[1], ":") {
			t.Errorf("the image %s is not pinned", image[1])
		}
	}
	for _, arg := range regexp.MustCompile(`(?m)^ARG (\w+)`).FindAllStringSubmatch(dockerfile, -1) {
		if arg[1] != "VERSION" && arg[1] != "REVISION" {
			t.Errorf("the Dockerfile may bake %s in", arg[1])
		}
	}
	if regexp.MustCompile(`(?i)password|token|api_key`).MatchString(dockerfile) {
		t.Error("the Dockerfile may bake a secret in")
	}
}

// TestWhatIsNotSentToTheBuilder: secrets and history stay here, and what the program embeds goes along.
func TestWhatIsNotSentToTheBuilder(t *testing.T) {
	ignored := map[string]bool{}
	for _, line := range strings.Split(read(t, ".dockerignore"), "\n") {
		if line != "" && !strings.HasPrefix(line, "#") {
			ignored[line] = true
		}
	}
	for _, want := range []string{".git", ".env", "secrets", "data", "dev"} {
		if !ignored[want] {
			t.Errorf(".dockerignore does not keep %s here", want)
		}
	}
	list := exec.Command("go", "list", "-deps", "-f", `{{if and .Module .Module.Main}}{{$d := .Dir}}{{range .GoFiles}}{{$d}}/{{.}}
{{end}}{{range .EmbedFiles}}{{$d}}/{{.}}
{{end}}{{end}}`, "homeroom/cmd/homeroom", "homeroom/deploy/probe")
	list.Dir = root
	list.Stderr = new(strings.Builder)
	list.Env = append(os.Environ(), "GOWORK=off")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, list.Stderr)
	}
	base, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	files := strings.Fields(string(out))
	if len(files) < 100 {
		t.Fatalf("the program has %d files", len(files))
	}
	for _, file := range files {
		name, err := filepath.Rel(base, file)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(filepath.ToSlash(name), "/")
		if ignored[first] || strings.Contains(name, "testdata") || strings.HasSuffix(name, "_test.go") {
			t.Errorf("%s is needed and stays here", name)
		}
	}
}

// TestMakeEnv: the script leaves a file that is complete but for what only people know, and overwrites nothing.
func TestMakeEnv(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".env.example"), []byte(read(t, ".env.example")), 0o600); err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs(filepath.Join(root, "deploy/make-env.sh"))
	if err != nil {
		t.Fatal(err)
	}
	run := func() error {
		c := exec.Command("sh", script)
		c.Dir = dir
		out, err := c.CombinedOutput()
		t.Logf("%s", out)
		return err
	}
	if err := run(); err != nil {
		t.Fatal(err)
	}
	made, err := os.ReadFile(filepath.Join(dir, ".env"))
	if err != nil {
		t.Fatal(err)
	}
	passwords := map[string]bool{}
	for _, line := range strings.Split(string(made), "\n") {
		name, password, _ := strings.Cut(line, "=")
		if !strings.HasSuffix(name, "_PASSWORD") {
			continue
		}
		if !regexp.MustCompile(`^[0-9a-f]{48}$`).MatchString(password) || passwords[password] {
			t.Errorf("%s is %q", name, password)
		}
		passwords[password] = true
	}
	if len(passwords) != 12 {
		t.Errorf("%d passwords", len(passwords))
	}
	for _, file := range []string{"homeroom.secret", "encryption.key"} {
		info, err := os.Stat(filepath.Join(dir, "secrets", file))
		if err != nil || info.Size() != 32 || info.Mode().Perm() != 0o444 {
			t.Errorf("%s: %v %v", file, info, err)
		}
	}
	if _, err := console.ReadTokens(filepath.Join(dir, "secrets", "console.tokens"), ""); err != nil {
		t.Errorf("the console does not take its tokens: %v", err)
	}
	if err := run(); err == nil {
		t.Error("it runs a second time")
	}
	if again, err := os.ReadFile(filepath.Join(dir, ".env")); err != nil || string(again) != string(made) {
		t.Error("the second time changed something")
	}
}
