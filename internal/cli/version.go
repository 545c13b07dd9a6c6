package cli

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/alecthomas/kong"
)

// What the linker sets where there is no history to read it from: -ldflags "-X homeroom/internal/cli.linkedVersion=v1.2.3".
var (
	linkedVersion  string
	linkedRevision string
)

// VersionCmd is `homeroom version`.
type VersionCmd struct {
	JSON bool `name:"json" help:"Print JSON: version, revision, time, modified, go, os and arch."`
}

// Help is shown by `homeroom version --help`.
func (VersionCmd) Help() string {
	return `Prints what the binary was built from. A build of a working copy is named by its commit, and says whether files were changed.

Example:
  homeroom version --json`
}

// build is what the binary was built from.
type build struct {
	Version  string `json:"version"`            // a tag such as v1.2.3, a pseudo-version, or (devel)
	Revision string `json:"revision,omitempty"` // the commit
	Time     string `json:"time,omitempty"`     // the commit's, in RFC 3339
	Modified bool   `json:"modified"`           // whether files differed from the commit
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
}

// readBuild returns what the linker set, or else what the go command recorded.
func readBuild() build {
	b := build{Version: linkedVersion, Revision: linkedRevision, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		b.Version = cmp.Or(b.Version, "(unknown)")
		return b
	}
	b.Version = cmp.Or(b.Version, info.Main.Version, "(devel)")
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.Revision = cmp.Or(b.Revision, setting.Value)
		case "vcs.time":
			b.Time = setting.Value
		case "vcs.modified":
			b.Modified = setting.Value == "true"
		}
	}
	return b
}

// Run prints the version.
func (c VersionCmd) Run(o IO) error {
	b := readBuild()
	if c.JSON {
		return o.PrintJSON(b)
	}
	_, err := fmt.Fprintln(o.Out, b)
	return err
}

// String returns the build as a line.
func (b build) String() string {
	return fmt.Sprintf("homeroom %s (%s, %s/%s)", b.Version, b.Go, b.OS, b.Arch)
}

// versionFlag is `homeroom --version`.
type versionFlag bool

// BeforeReset prints the version and ends.
func (versionFlag) BeforeReset(app *kong.Kong) error {
	fmt.Fprintln(app.Stdout, readBuild())
	app.Exit(0)
	return nil
}
