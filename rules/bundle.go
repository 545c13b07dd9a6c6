package rules

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"homeroom/internal/safefiles"
	"homeroom/internal/spelling"
	"homeroom/internal/yamlfile"
)

// Limits of a folder.
const (
	// MaxBundle is how large a folder may be as a stored value (see EncodeBundle), in bytes: it must fit into one
	// message of a NATS server with default limits.
	MaxBundle = 1<<20 - 16<<10
	maxFiles  = 1000
)

// The files of a folder, beside rules/*.yaml, messages/*.md and tests/*.yaml.
const (
	settingsFile = "settings.yaml"
	coursesFile  = "courses.yaml"
	CatalogFile  = "catalog.yaml" // the events of the team
	SourcesFile  = "sources.yaml" // how bodies of other formats are read
	rulesDir     = "rules"
	messagesDir  = "messages"
	testsDir     = "tests"
)

// MaxFile is how large one file of a folder may be, in bytes.
const MaxFile = yamlfile.MaxFile

// InFolder reports whether a path names a file of a revision: settings.yaml, courses.yaml, catalog.yaml, sources.yaml, rules/*.yaml,
// messages/*.md or tests/*.yaml, in letters that every file system takes.
func InFolder(name string) bool {
	return inBundle(name) && fs.ValidPath(name) && plainPath.MatchString(name)
}

var plainPath = regexp.MustCompile(`^([a-z]+/)?[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// NormalizeFile drops a byte order mark and turns Windows line ends into \n, as a revision keeps files.
func NormalizeFile(content []byte) []byte { return yamlfile.Normalize(content) }

var folderFiles = []string{settingsFile, coursesFile, CatalogFile, SourcesFile}

// inBundle reports whether a path belongs to the revision.
func inBundle(name string) bool {
	dir, base := path.Split(name)
	switch strings.TrimSuffix(dir, "/") {
	case "":
		return slices.Contains(folderFiles, base)
	case rulesDir:
		return strings.HasSuffix(base, ".yaml")
	case messagesDir:
		return strings.HasSuffix(base, ".md")
	case testsDir:
		return strings.HasSuffix(base, ".yaml")
	}
	return false
}

// readFolder reads the files of a folder that make a revision, and warns of files that look as if they should be read
// but are not.
func readFolder(fsys fs.FS, out *Problems) map[string][]byte {
	files := map[string][]byte{}
	total := 0
	refuse := func(name, message, fix string) {
		*out = append(*out, Problem{File: name, Message: message, Fix: fix})
	}
	for _, dir := range []string{".", rulesDir, messagesDir, testsDir} {
		entries, err := fs.ReadDir(fsys, dir)
		if err != nil {
			if dir == "." || !errors.Is(err, fs.ErrNotExist) {
				refuse(dir, fmt.Sprintf("cannot be read: %v", plainError(err)), "give the path of a folder that holds rules/")
			}
			continue
		}
		for _, e := range entries {
			name := path.Join(dir, e.Name())
			if !inBundle(name) {
				noteUnread(name, e.IsDir(), out)
				continue
			}
			if len(files) == maxFiles {
				refuse(name, "the folder has more than 1,000 files", "split it into several folders")
				return files
			}
			content, err := readFile(fsys, name)
			if err != nil {
				refuse(name, fmt.Sprintf("cannot be read: %v", plainError(err)), "")
				continue
			}
			if len(content) > yamlfile.MaxFile {
				refuse(name, "the file is larger than 256 KiB", "split it into smaller files")
				continue
			}
			files[name] = yamlfile.Normalize(content)
			if total += len(content); total > MaxBundle {
				return files // compileFolder says so
			}
		}
	}
	return files
}

// readFile reads one file, but no more of it than tells that it is too large.
func readFile(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, safefiles.ErrNotRegular
	}
	return io.ReadAll(io.LimitReader(f, yamlfile.MaxFile+1))
}

// plainError takes the operation and path off a file error.
func plainError(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// noteUnread warns of a file whose name is nearly right.
func noteUnread(name string, isDir bool, out *Problems) {
	dir, base := path.Split(name)
	fix := ""
	switch dir = strings.TrimSuffix(dir, "/"); {
	case strings.HasPrefix(base, "."):
		return
	case isDir && dir == "":
		if base == testsDir || base == rulesDir || base == messagesDir {
			return
		}
		if near := spelling.Nearest(base, []string{rulesDir, messagesDir, testsDir}); near != "" {
			fix = "rename it to " + near
		}
	case isDir:
		fix = "move its files into " + dir
	case dir == "" && (strings.HasSuffix(base, ".yaml") || strings.HasSuffix(base, ".yml")):
		fix = "move it into " + rulesDir + " if it is a rule"
		if near := spelling.Nearest(base, folderFiles); near != "" {
			fix = "rename it to " + near
		}
	case dir == rulesDir && strings.HasSuffix(base, ".yml"):
		fix = "rename it to " + strings.TrimSuffix(base, ".yml") + ".yaml"
	case dir == messagesDir && strings.HasSuffix(base, ".markdown"):
		fix = "rename it to " + strings.TrimSuffix(base, ".markdown") + ".md"
	}
	if fix != "" {
		*out = append(*out, Problem{File: name, Message: "this is not read", Fix: fix, Warning: true, Lint: LintNotRead})
	}
}

// EncodeBundle writes the files of a folder as one JSON object of path to text, sorted by path.
func EncodeBundle(files map[string][]byte) ([]byte, error) {
	texts := make(map[string]string, len(files))
	for name, content := range files {
		texts[name] = string(content)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(texts); err != nil {
		return nil, fmt.Errorf("encode the folder: %w", err)
	}
	if b.Len() > MaxBundle {
		return nil, errors.New("the files of the folder are larger than 1 MiB together")
	}
	return b.Bytes(), nil
}

// DecodeBundle reads what EncodeBundle wrote.
func DecodeBundle(data []byte) (map[string][]byte, error) {
	var texts map[string]string
	if err := json.Unmarshal(data, &texts); err != nil {
		return nil, fmt.Errorf("decode the folder: %w", err)
	}
	files := make(map[string][]byte, len(texts))
	for name, text := range texts {
		files[name] = []byte(text)
	}
	return files, nil
}

// Hash names the content of a folder: hex of a SHA-256 over its files, sorted by path.
func Hash(files map[string][]byte) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%d:%s%d:", len(name), name, len(files[name]))
		h.Write(files[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}
