package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	check := flag.Bool("check", false, "compare what is committed with what would be built, and write nothing")
	root := flag.String("root", ".", "`folder` of the repository")
	flag.Parse()
	if err := run(*root, *check); err != nil {
		fmt.Fprintln(os.Stderr, "uibundle:", err)
		os.Exit(1)
	}
}

// run builds the bundle of a repository and writes it, or compares it.
func run(root string, check bool) error {
	source, err := filepath.Abs(filepath.Join(root, "console", "ui"))
	if err != nil {
		return err
	}
	if err := checkInstalled(source); err != nil {
		return fmt.Errorf("%w; run: (cd console/ui && npm ci --ignore-scripts)", err)
	}
	script, packages, err := buildBundle(source)
	if err != nil {
		return err
	}
	notice, err := writeNotice(source, packages)
	if err != nil {
		return err
	}
	target := filepath.Join(root, "console", "static")
	return errors.Join(
		putFile(filepath.Join(target, "editor.js"), script, check),
		putFile(filepath.Join(target, "editor.NOTICE.txt"), notice, check),
	)
}

// putFile writes a file, or compares it with what it holds.
func putFile(name string, content []byte, check bool) error {
	if !check {
		return os.WriteFile(name, content, 0o644)
	}
	committed, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if !bytes.Equal(committed, content) {
		return fmt.Errorf("%s is not what console/ui gives; run go run ./dev/uibundle and commit it", name)
	}
	return nil
}

// npmPackage is what package.json says of a package.
type npmPackage struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	License string `json:"license"`
}

// checkInstalled holds the packages in node_modules to the versions of the lock file.
func checkInstalled(source string) error {
	content, err := os.ReadFile(filepath.Join(source, "package-lock.json"))
	if err != nil {
		return err
	}
	var lock struct {
		Packages map[string]npmPackage `json:"packages"`
	}
	if err := json.Unmarshal(content, &lock); err != nil {
		return fmt.Errorf("read package-lock.json: %w", err)
	}
	for folder, locked := range lock.Packages {
		if folder == "" {
			continue // the package itself
		}
		installed, err := readPackage(filepath.Join(source, folder))
		if err != nil {
			return err
		}
		if installed.Version != locked.Version {
			return fmt.Errorf("%s is there in version %s, but the lock file names %s", folder, installed.Version, locked.Version)
		}
	}
	return nil
}

func readPackage(folder string) (npmPackage, error) {
	var p npmPackage
	content, err := os.ReadFile(filepath.Join(folder, "package.json"))
	if err != nil {
		return p, err
	}
	return p, json.Unmarshal(content, &p)
}

// buildBundle returns the script, and the folders of the packages that are in it, sorted, relative to source.
func buildBundle(source string) (script []byte, packages []string, err error) {
	result := api.Build(api.BuildOptions{
		AbsWorkingDir:     source,
		EntryPoints:       []string{"src/editor.js"},
		Outfile:           "editor.js",
		Bundle:            true,
		Format:            api.FormatIIFE,
		Target:            api.ES2022,
		Charset:           api.CharsetUTF8,
		LegalComments:     api.LegalCommentsNone, // the licences are in the notice
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		Metafile:          true,
	})
	if len(result.Errors) > 0 {
		first := result.Errors[0]
		if first.Location != nil {
			return nil, nil, fmt.Errorf("%s:%d: %s", first.Location.File, first.Location.Line, first.Text)
		}
		return nil, nil, errors.New(first.Text)
	}
	var meta struct {
		Inputs map[string]struct{} `json:"inputs"`
	}
	if err := json.Unmarshal([]byte(result.Metafile), &meta); err != nil {
		return nil, nil, err
	}
	for input := range meta.Inputs {
		if folder := packageOf(input); folder != "" {
			packages = append(packages, folder)
		}
	}
	slices.Sort(packages)
	return result.OutputFiles[0].Contents, slices.Compact(packages), nil
}

// packageOf returns the folder of the package that a file belongs to, or "" for the console's own.
func packageOf(input string) string {
	rest, is := strings.CutPrefix(input, "node_modules/")
	if !is {
		return ""
	}
	parts := strings.Split(rest, "/")
	if strings.HasPrefix(parts[0], "@") {
		return "node_modules/" + parts[0] + "/" + parts[1]
	}
	return "node_modules/" + parts[0]
}

// writeNotice returns the licences of packages, each with its text.
func writeNotice(source string, packages []string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("editor.js contains these packages:\n")
	for _, folder := range packages {
		p, err := readPackage(filepath.Join(source, folder))
		if err != nil {
			return nil, err
		}
		license, err := os.ReadFile(filepath.Join(source, folder, "LICENSE"))
		if err != nil {
			return nil, fmt.Errorf("the licence of %s: %w", p.Name, err)
		}
		fmt.Fprintf(&b, "\n== %s %s, %s\n\n%s\n", p.Name, p.Version, p.License, bytes.TrimSpace(license))
	}
	return b.Bytes(), nil
}
