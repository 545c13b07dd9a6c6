package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

// run runs a command without a terminal.
func run(t *testing.T, args ...string) (code int, out, complaints string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = Main(t.Context(), args, IO{In: strings.NewReader(""), Out: &stdout, Err: &stderr, Now: time.Now})
	return code, stdout.String(), stderr.String()
}

// leaves are all commands.
func leaves(t *testing.T) []*kong.Node {
	t.Helper()
	parser, err := kong.New(&Commands{}, kong.Name("homeroom"))
	if err != nil {
		t.Fatal(err)
	}
	return parser.Model.Leaves(false)
}

// TestEveryCommandExplainsItself: its help has an example that begins with the very command.
func TestEveryCommandExplainsItself(t *testing.T) {
	for _, command := range leaves(t) {
		example := "\n  " + "homeroom " + command.Path()
		detail := strings.ReplaceAll(command.Detail, "    homeroom ", "  homeroom ")
		if !regexp.MustCompile(`Examples?:`).MatchString(detail) || !strings.Contains(detail, example) && !strings.Contains(detail, "| homeroom "+command.Path()) {
			t.Errorf("homeroom %s --help has no example:\n%s", command.Path(), command.Detail)
		}
	}
}

// TestHelpNamesDefaults: kong shows a flag's placeholder in place of its default, so that the help has to name the default.
func TestHelpNamesDefaults(t *testing.T) {
	seen := 0
	for _, command := range leaves(t) {
		for _, flag := range slices.Concat(command.AllFlags(true)...) {
			if flag.PlaceHolder == "" {
				if shown := flag.FormatPlaceHolder(); shown == "STRING" || shown == `""` {
					t.Errorf("homeroom %s: --%s=%s does not say what is wanted: give it a placeholder", command.Path(), flag.Name, shown)
				}
				continue
			}
			if !flag.HasDefault {
				continue
			}
			seen++
			if !strings.Contains(strings.ToLower(flag.Help), "default") {
				t.Errorf("homeroom %s: the help of --%s does not name its default, %s: %s", command.Path(), flag.Name, flag.Default, flag.Help)
			}
		}
	}
	if seen < 50 {
		t.Errorf("only %d flags have a default and a placeholder", seen)
	}
}

// acting are the commands that change something, serve or write files, so that there is nothing to read as JSON.
var acting = []string{
	"serve", "emit", "console", "codec", "pause", "resume", "rules pull", "messages send-test", "learner retry", "learner erase", "deadletters replay", "deadletters purge",
	"suppressions lift", "keys revoke", "broadcasts pause", "broadcasts resume", "broadcasts cancel", "backtests cancel", "backtests work", "completion", "man",
}

// asJSON are the commands that print JSON without being asked.
var asJSON = []string{"rules schema", "learner export", "deadletters show"}

func TestEveryCommandThatReadsPrintsJSON(t *testing.T) {
	for _, command := range leaves(t) {
		path := strings.SplitN(command.Path(), " <", 2)[0]
		json := slices.ContainsFunc(command.Flags, func(f *kong.Flag) bool {
			return f.Name == "json" || f.Name == "format" && slices.Contains(f.EnumSlice(), "json")
		})
		if !json && !slices.Contains(acting, path) && !slices.Contains(asJSON, path) {
			t.Errorf("homeroom %s cannot print JSON", path)
		}
	}
}

func TestVersion(t *testing.T) {
	code, out, _ := run(t, "version", "--json")
	var b build
	if err := json.Unmarshal([]byte(out), &b); code != 0 || err != nil || b.Version == "" || b.Go == "" {
		t.Errorf("exit code %d, %v: %s", code, err, out)
	}
	for _, args := range [][]string{{"version"}, {"--version"}} {
		if code, out, _ := run(t, args...); code != 0 || !strings.HasPrefix(out, "homeroom "+b.Version+" (go") || strings.Count(out, "\n") != 1 {
			t.Errorf("%q: exit code %d, %q", args, code, out)
		}
	}
}

func TestHelp(t *testing.T) {
	_, want, _ := run(t, "rules", "publish", "--help")
	if code, out, _ := run(t, "help", "rules", "publish"); code != 0 || out != want || !strings.Contains(out, "--dry-run") {
		t.Errorf("exit code %d, %q", code, out)
	}
	_, want, _ = run(t, "--help")
	if code, out, _ := run(t, "help"); code != 0 || out != want {
		t.Errorf("exit code %d, %q", code, out)
	}
	if code, _, complaints := run(t, "help", "nonsense"); code != 2 {
		t.Errorf("exit code %d, %q", code, complaints)
	}
}

// TestExitCodes holds the codes that the sources use, those of the manual and those of docs/cli.md together.
func TestExitCodes(t *testing.T) {
	used := []int{0, 1}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`ExitError\{Code: (\d+)`).FindAllStringSubmatch(string(text), -1) {
			code, _ := strconv.Atoi(found[1])
			used = append(used, code)
		}
	}
	slices.Sort(used)
	used = slices.Compact(used)
	document, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	if len(used) != len(exitCodes) {
		t.Errorf("the sources end with %v", used)
	}
	for i, code := range exitCodes {
		row := "| " + strconv.Itoa(code.code) + " | " + code.means + " |\n"
		if i >= len(used) || used[i] != code.code || !strings.Contains(strings.ReplaceAll(string(document), "`", ""), row) {
			t.Errorf("%d: not used, or not in docs/cli.md", code.code)
		}
	}
}

func TestCompletions(t *testing.T) {
	for _, c := range []struct {
		words []string
		want  string
	}{
		{[]string{"deadl"}, "deadletters\n"},
		{[]string{"rules", "sch"}, "schema\nschedule\n"},
		{[]string{"rules", "publish", "--dry"}, "--dry-run\n"},
		{[]string{"report", "--format", ""}, "csv\njson\ntable\n"},
		{[]string{"completion", ""}, "bash\nzsh\nfish\n"},
		{[]string{"rules", "check", "exam"}, ""}, // the shell completes files
		{nil, ""},
	} {
		if code, out, complaints := run(t, append([]string{completeWord}, c.words...)...); code != 0 || out != c.want {
			t.Errorf("%q: exit code %d, %q %q, want %q", c.words, code, out, complaints, c.want)
		}
	}
}

// TestCompletionInBash loads the script into a shell, with a stand-in for the binary that shows what it was asked.
func TestCompletionInBash(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Log("there is no bash here")
		return
	}
	_, script, _ := run(t, "completion", "bash")
	script += `
homeroom() { printf '%s|' "$@"; echo; }
COMP_WORDS=(homeroom rules pub); COMP_CWORD=2
_homeroom
echo "${COMPREPLY[0]}"
`
	out, err := exec.Command(bash, "--norc", "-c", script).CombinedOutput()
	if err != nil || string(out) != "__complete|rules|pub|\n" {
		t.Errorf("%v: %q", err, out)
	}
}

func TestManualPages(t *testing.T) {
	_, page, _ := run(t, "man")
	for _, want := range []string{".TH HOMEROOM 1\n", ".SH EXIT STATUS\n", ".B rules publish"} {
		if !strings.Contains(page, want) {
			t.Errorf("homeroom.1 has no %q", want)
		}
	}
	dir := t.TempDir()
	if code, out, complaints := run(t, "man", dir); code != 0 {
		t.Fatalf("%d %s %s", code, out, complaints)
	}
	for _, command := range leaves(t) {
		path := strings.SplitN(command.Path(), " <", 2)[0]
		text, err := os.ReadFile(filepath.Join(dir, "homeroom-"+strings.ReplaceAll(path, " ", "-")+".1"))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, flag := range command.Flags {
			if flag.Name != "help" && !strings.Contains(string(text), strings.ReplaceAll("--"+flag.Name, "-", `\-`)) {
				t.Errorf("the page of %s has no --%s", path, flag.Name)
			}
		}
	}
}
