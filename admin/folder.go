package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"sync"
	"time"

	"homeroom/content"
	"homeroom/engine"
	"homeroom/report"
	"homeroom/rules"
	"homeroom/rules/ruletest"
	"homeroom/simulate"
	"homeroom/sources"
)

// Folder is a growth team's folder, compiled. Its files may lie on a disk or in memory.
type Folder struct {
	Academy  *rules.Academy // nil if Problems has errors
	Problems rules.Problems // errors and warnings, sorted by file and line

	files fs.FS
	path  string

	testing sync.Mutex
	tested  *TestRun // of all its tests; nil: they were not run
}

// LoadFolder compiles a folder. The path is put before the names of files in problems and test results; for a folder in
// memory it is ".".
func LoadFolder(files fs.FS, path string) *Folder {
	academy, problems := rules.Load(files, ".")
	return &Folder{Academy: academy, Problems: prefixFiles(problems, path), files: files, path: path}
}

// prefixFiles puts the folder's path before the files' names.
func prefixFiles(problems rules.Problems, folder string) rules.Problems {
	for i := range problems {
		switch file := problems[i].File; {
		case file == "" || file == ".":
			problems[i].File = folder
		case folder != ".":
			problems[i].File = path.Join(folder, file)
		}
	}
	return problems
}

// FolderError says that a folder does not compile. Problems holds the errors without the warnings.
type FolderError struct{ Problems rules.Problems }

func (e *FolderError) Error() string { return e.Problems.Err().Error() }

// Compiled returns the academy, or a [*FolderError].
func (f *Folder) Compiled() (*rules.Academy, error) {
	if f.Academy != nil {
		return f.Academy, nil
	}
	var mistakes rules.Problems
	for _, p := range f.Problems {
		if !p.Warning {
			mistakes = append(mistakes, p)
		}
	}
	return nil, &FolderError{Problems: mistakes}
}

// FolderCheck is what a check of a folder found.
type FolderCheck struct {
	OK       bool           `json:"ok"`
	Hash     string         `json:"hash,omitempty"` // of the revision, if it compiles
	Rules    int            `json:"rules"`
	Messages int            `json:"messages"`
	Events   int            `json:"events"` // that the catalog knows, with the folder's own
	Problems rules.Problems `json:"problems"`
	// Untranslated is a note and no problem: which messages are not written in a language that others are written in.
	Untranslated []Untranslated `json:"untranslated,omitempty"`
	// NeedsEvents is a note and no problem: which rules nothing starts unless events say what the folder does not.
	NeedsEvents []string `json:"needs_events,omitempty"`
}

// Untranslated are the messages whose learners of a locale read the default.
type Untranslated struct {
	Locale   string   `json:"locale"`   // that at least one message is written in
	Messages []string `json:"messages"` // sorted
}

// CheckFolder counts what a folder holds and lists its problems.
func CheckFolder(f *Folder) FolderCheck {
	check := FolderCheck{OK: f.Academy != nil, Problems: f.Problems}
	if check.Problems == nil {
		check.Problems = rules.Problems{}
	}
	if f.Academy != nil {
		check.Hash = f.Academy.Ruleset.Hash
		check.Rules = len(f.Academy.Ruleset.Rules)
		check.Messages = len(f.Academy.Library.Names())
		check.Events = len(f.Academy.Catalog.Events())
		check.Untranslated = untranslated(f.Academy.Library)
		check.NeedsEvents = startNotes(f.Academy.Ruleset)
	}
	return check
}

// startNotes says of which rules the folder alone does not tell when they start.
func startNotes(rs *engine.Ruleset) []string {
	active := false
	for _, counts := range rs.Settings.Activity {
		active = active || counts
	}
	var notes []string
	for _, rule := range rs.Rules {
		switch {
		case rule.When.Overdue > 0 && !rs.HasDueDates():
			notes = append(notes, fmt.Sprintf("%s never starts unless events say when something is due: no course of courses.yaml has %s with a due date",
				rule.Name, rule.When.OverdueWords()))
		case rule.When.Inactive > 0 && !active:
			notes = append(notes, rule.Name+" counts every silence from the enrollment: no event counts as activity (settings.yaml: activity)")
		}
	}
	return notes
}

// untranslated lists missing translations by locale.
func untranslated(library *content.Library) []Untranslated {
	byLocale := map[string][]string{}
	for _, name := range library.Names() {
		for _, locale := range library.MissingLocales(name) {
			byLocale[locale] = append(byLocale[locale], name)
		}
	}
	var missing []Untranslated
	for _, locale := range slices.Sorted(maps.Keys(byLocale)) {
		missing = append(missing, Untranslated{Locale: locale, Messages: byLocale[locale]})
	}
	return missing
}

// TestOptions say which rule tests of a folder to run.
type TestOptions struct {
	Match    *regexp.Regexp // the tests whose name or file matches; nil: all
	Coverage bool           // also record which steps, branches and exits were reached
}

// TestRun is how the rule tests of a folder came out.
type TestRun struct {
	Results  []ruletest.Result
	Problems rules.Problems       // in the test files
	Sources  []sources.TestResult // of tests/sources; why one failed is among the problems
	Coverage *ruletest.Coverage   // nil unless it was asked for
	Defined  int                  // tests that the folder has, matching or not
}

// TestFolder runs the rule tests of a folder on a virtual clock.
func TestFolder(ctx context.Context, f *Folder, opts TestOptions) (TestRun, error) {
	academy, err := f.Compiled()
	if err != nil {
		return TestRun{}, err
	}
	tests, problems, err := ruletest.ParseDir(f.files, f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return TestRun{}, &noTestsError{path: f.path}
	} else if err != nil {
		return TestRun{}, err
	}
	run := TestRun{Problems: problems, Defined: len(tests)}
	if opts.Coverage {
		run.Coverage = ruletest.NewCoverage(academy.Ruleset)
	}
	folder := ruletest.Folder{Ruleset: academy.Ruleset, Catalog: academy.Catalog, Render: renderForTest(academy)}
	for _, t := range tests {
		if opts.Match != nil && !opts.Match.MatchString(t.Name) && !opts.Match.MatchString(t.File) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return TestRun{}, err
		}
		ready, wrong := t.Prepare(folder)
		run.Problems = append(run.Problems, wrong...)
		if ready != nil {
			run.Results = append(run.Results, ready.Run(run.Coverage))
		}
	}
	if err := run.addSourceTests(f, academy, opts.Match); err != nil {
		return TestRun{}, err
	}
	return run, nil
}

// addSourceTests runs the tests of sources that a folder has in tests/sources.
func (r *TestRun) addSourceTests(f *Folder, academy *rules.Academy, match *regexp.Regexp) error {
	const folder = "tests/sources"
	entries, err := fs.ReadDir(f.files, folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the tests of sources: %w", err)
	}
	for _, e := range entries {
		if ext := path.Ext(e.Name()); e.IsDir() || ext != ".yaml" && ext != ".yml" {
			continue
		}
		src, err := fs.ReadFile(f.files, path.Join(folder, e.Name()))
		if err != nil {
			return fmt.Errorf("read the tests of sources: %w", err)
		}
		file := path.Join(f.path, folder, e.Name())
		results, problems := sources.RunTests(file, src, academy.Catalog, academy.Sources, func(name string) bool {
			r.Defined++
			return match == nil || match.MatchString(name) || match.MatchString(file)
		})
		r.Sources = append(r.Sources, results...)
		r.Problems = append(r.Problems, problems...)
	}
	return nil
}

// noTestsError says that a folder has no tests; it is an [fs.ErrNotExist].
type noTestsError struct{ path string }

func (e *noTestsError) Error() string {
	return e.path + " has no folder tests; write one test a story in tests/*.yaml"
}

func (e *noTestsError) Unwrap() error { return fs.ErrNotExist }

// SimulateOptions say what to simulate.
type SimulateOptions struct {
	Learner         string    // the only learner to simulate; empty: all
	Until           time.Time // the last instant to decide, inclusive; zero: After the last event
	After           time.Duration
	AssumeReachable bool // as if every learner had an address
	SummaryOnly     bool // count decisions without keeping them
	// Progress hears how many events have been read; the total is 0, because it is not known. May be nil.
	Progress func(done, total int64)
}

// Simulate runs recorded events through a folder's rules on a virtual clock. The events are NDJSON, gzipped or not.
func Simulate(ctx context.Context, f *Folder, events io.Reader, opts SimulateOptions) (*simulate.Result, error) {
	academy, err := f.Compiled()
	if err != nil {
		return nil, err
	}
	var otherIDs []string
	if file, ok := events.(io.ReadSeeker); ok && opts.Learner != "" {
		if otherIDs, err = findOtherIDs(ctx, academy, file, opts.Learner); err != nil {
			return nil, err
		}
	}
	lines, err := simulate.Decompress(events)
	if err != nil {
		return nil, err
	}
	run := simulate.Options{
		Ruleset:         academy.Ruleset,
		Decoder:         academy.Catalog,
		Learner:         opts.Learner,
		OtherIDs:        otherIDs,
		Until:           opts.Until,
		After:           opts.After,
		AssumeReachable: opts.AssumeReachable,
		SummaryOnly:     opts.SummaryOnly,
	}
	if opts.Progress != nil {
		run.Progress = func(events int) { opts.Progress(int64(events), 0) }
	}
	return simulate.Run(ctx, lines, run)
}

// findOtherIDs returns the other ids of a learner that recorded events name, and goes back to where the events begin. A file that cannot be gone back in, such as
// a pipe, names none.
func findOtherIDs(ctx context.Context, academy *rules.Academy, events io.ReadSeeker, learner string) ([]string, error) {
	begin, err := events.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, nil
	}
	lines, err := simulate.Decompress(events)
	if err != nil {
		return nil, err
	}
	ids, err := simulate.FindIDs(ctx, lines, academy.Catalog, learner)
	if err != nil {
		return nil, err
	}
	if _, err := events.Seek(begin, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read the events again: %w", err)
	}
	return ids, nil
}

// ExplainRule says a rule of a folder in words.
func ExplainRule(f *Folder, rule string) (string, error) {
	academy, err := f.Compiled()
	if err != nil {
		return "", err
	}
	text, err := academy.Explain(rule)
	if err != nil {
		return "", inputError(err)
	}
	return text, nil
}

// ExplainHoldout says in words how long the holdout of a rule must run until a difference shows; empty for a rule without a goal.
func ExplainHoldout(f *Folder, rule string, pace report.Pace) (string, error) {
	academy, err := f.Compiled()
	if err != nil {
		return "", err
	}
	found := academy.Ruleset.Rule(rule)
	if found == nil {
		return "", inputError(fmt.Errorf("there is no rule %s%s", rule, suggest(rule, ruleNames(academy))))
	}
	return report.ExplainHoldout(found, pace), nil
}

// ruleNames returns the names of an academy's rules.
func ruleNames(academy *rules.Academy) []string {
	names := make([]string, 0, len(academy.Ruleset.Rules))
	for _, rule := range academy.Ruleset.Rules {
		names = append(names, rule.Name)
	}
	return names
}

// SimulatedPace is the pace at which learners enter a rule's experiment when recorded events are run through the folder's rules, as if everybody
// had an address.
func SimulatedPace(ctx context.Context, f *Folder, rule string, events io.Reader) (report.Pace, error) {
	result, err := Simulate(ctx, f, events, SimulateOptions{
		AssumeReachable: true,
		SummaryOnly:     true,
	})
	if err != nil {
		return report.Pace{}, err
	}
	for i := range result.Experiments {
		if result.Experiments[i].Rule == rule {
			return result.Experiments[i].Pace(), nil
		}
	}
	return report.UnknownPace(), nil
}

// Schema returns the JSON Schema (2020-12) of a kind of file: rule, settings, courses or test.
func Schema(kind string) ([]byte, error) {
	schema, err := rules.Schema(kind)
	if err != nil {
		return nil, inputError(err)
	}
	return schema, nil
}
