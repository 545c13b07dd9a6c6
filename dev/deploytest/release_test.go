package deploytest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const repository = "../.."

func readFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(repository, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// release is what this test knows of GoReleaser's configuration, version 2. Decoding is strict.
type release struct {
	Version     int    `json:"version"`
	ProjectName string `json:"project_name"`
	Before      struct {
		Hooks []string `json:"hooks"`
	} `json:"before"`
	Builds []struct {
		ID           string   `json:"id"`
		Main         string   `json:"main"`
		Binary       string   `json:"binary"`
		Env          []string `json:"env"`
		Flags        []string `json:"flags"`
		LDFlags      []string `json:"ldflags"`
		ModTimestamp string   `json:"mod_timestamp"`
		GOOS         []string `json:"goos"`
		GOArch       []string `json:"goarch"`
	} `json:"builds"`
	Archives []struct {
		IDs          []string          `json:"ids"`
		Formats      []string          `json:"formats"`
		NameTemplate string            `json:"name_template"`
		BuildsInfo   map[string]string `json:"builds_info"`
		Files        []struct {
			Src  string            `json:"src"`
			Info map[string]string `json:"info"`
		} `json:"files"`
	} `json:"archives"`
	Checksum struct {
		NameTemplate string `json:"name_template"`
		Algorithm    string `json:"algorithm"`
	} `json:"checksum"`
	SBOMs []struct {
		Artifacts string `json:"artifacts"`
	} `json:"sboms"`
	Dockers []struct {
		ImageTemplates     []string `json:"image_templates"`
		IDs                []string `json:"ids"`
		Dockerfile         string   `json:"dockerfile"`
		BuildFlagTemplates []string `json:"build_flag_templates"`
	} `json:"dockers"`
	Changelog struct {
		Disable bool `json:"disable"`
	} `json:"changelog"`
}

// TestTheReleaseIsMadeOfWhatThereIs: the programs, files and variables that .goreleaser.yaml names exist, and nothing of the machine or the hour
// enters a binary or an archive.
func TestTheReleaseIsMadeOfWhatThereIs(t *testing.T) {
	var r release
	if err := yaml.UnmarshalStrict([]byte(readFile(t, ".goreleaser.yaml")), &r); err != nil {
		t.Fatal(err)
	}
	if r.Version != 2 || len(r.Builds) != 2 || len(r.SBOMs) != 1 || len(r.Dockers) != 1 || r.Checksum.Algorithm != "sha256" {
		t.Errorf("%+v", r)
	}
	for _, build := range r.Builds {
		if text := readFile(t, build.Main+"/main.go"); !strings.Contains(text, "\npackage main\n") {
			t.Errorf("%s is no program", build.Main)
		}
		flags := strings.Join(append(build.Flags, build.LDFlags...), " ")
		for _, want := range []string{"-trimpath", "-buildvcs=false", "-buildid="} {
			if !strings.Contains(flags, want) || build.ModTimestamp != "{{ .CommitTimestamp }}" {
				t.Errorf("%s is not built the same twice: no %s in %q", build.ID, want, flags)
			}
		}
		for _, variable := range regexp.MustCompile(`-X homeroom/internal/cli\.(\w+)=`).FindAllStringSubmatch(flags, -1) {
			if !regexp.MustCompile(`(?m)^\t` + variable[1] + ` +string$`).MatchString(readFile(t, "internal/cli/version.go")) {
				t.Errorf("there is no variable %s to link", variable[1])
			}
		}
	}
	for _, file := range r.Archives[0].Files {
		if strings.HasPrefix(file.Src, "dist-docs/") {
			if !strings.Contains(readFile(t, "deploy/release-docs.sh"), filepath.Dir(file.Src)) {
				t.Errorf("nobody makes %s", file.Src)
			}
		} else {
			readFile(t, file.Src)
		}
		if file.Info["mtime"] != "{{ .CommitDate }}" {
			t.Errorf("%s has the time of the build", file.Src)
		}
	}
	for _, hook := range r.Before.Hooks {
		readFile(t, strings.TrimPrefix(hook, "sh "))
	}
	// The release's image differs from the other one in where the binaries come from.
	released := readFile(t, r.Dockers[0].Dockerfile)
	_, own, _ := strings.Cut(readFile(t, "Dockerfile"), "\nENV PATH=")
	if _, theirs, found := strings.Cut(released, "\nENV PATH="); !found || theirs != own {
		t.Errorf("%s does not end as Dockerfile does", r.Dockers[0].Dockerfile)
	}
	golang := regexp.MustCompile(`FROM (golang:\S+)`)
	if a, b := golang.FindStringSubmatch(released), golang.FindStringSubmatch(readFile(t, "Dockerfile")); a == nil || a[1] != b[1] {
		t.Errorf("the images take their certificates from %q and %q", a, b)
	}
}
