package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"go.temporal.io/api/workflowservice/v1"

	"homeroom/internal/narrate"
	"homeroom/internal/spelling"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/workflows"
)

// minHashPrefix is how many letters of a hash name a revision.
const minHashPrefix = 6

// ErrNothingInForce says that no revision has been published yet.
var ErrNothingInForce = errors.New("nothing is in force yet")

// RevisionError says that a person named a revision that does not exist, or more than one.
type RevisionError struct{ Message string }

func (e *RevisionError) Error() string { return e.Message }

// FindRevision returns a published revision by its number, its hash (at least the first 6 letters), or "current". A ref
// that names no revision, or several, is a [*RevisionError].
func FindRevision(ctx context.Context, rulesets *store.Rulesets, ref string) (store.Bundle, error) {
	history, err := rulesets.Publications(ctx)
	if err != nil {
		return store.Bundle{}, err
	}
	if ref == "current" {
		if len(history) == 0 {
			return store.Bundle{}, ErrNothingInForce
		}
		return rulesets.Get(ctx, history[len(history)-1].Hash)
	}
	if n, err := strconv.Atoi(ref); err == nil && len(ref) < minHashPrefix {
		for _, p := range history {
			if p.Number == n {
				return rulesets.Get(ctx, p.Hash)
			}
		}
		return store.Bundle{}, &RevisionError{fmt.Sprintf("there is no publication no. %d; %s", n, describeNumbers(history))}
	}
	hashes, err := rulesets.List(ctx)
	if err != nil {
		return store.Bundle{}, err
	}
	known := append([]string{"current"}, hashes...)
	hashes = slices.DeleteFunc(hashes, func(hash string) bool { return !strings.HasPrefix(hash, strings.ToLower(ref)) })
	switch {
	case len(ref) < minHashPrefix || len(hashes) == 0:
		if near := nearestRevision(ref, known); near != "" {
			return store.Bundle{}, &RevisionError{fmt.Sprintf("%q is no revision, did you mean %s? `homeroom rules history` lists them", ref, near)}
		}
		return store.Bundle{}, &RevisionError{fmt.Sprintf("%q is no revision: give a number or at least six letters of a hash, as `homeroom rules history` lists them, or a folder where a command takes one", ref)}
	case len(hashes) > 1:
		return store.Bundle{}, &RevisionError{fmt.Sprintf("%q may be %s: give more of the hash", ref, strings.Join(hashes, " or "))}
	}
	return rulesets.Get(ctx, hashes[0])
}

// describeNumbers says which publications there are.
func describeNumbers(history []store.Pointer) string {
	if len(history) == 0 {
		return "nothing has been published yet"
	}
	first := history[0].Number
	last := history[len(history)-1].Number
	if first == last {
		return fmt.Sprintf("there is no. %d only", last)
	}
	return fmt.Sprintf("the history keeps no. %d to %d, see `homeroom rules history`", first, last)
}

// nearestRevision returns what a person most likely meant: "current", or a hash of which they typed as many letters with a mistake. "" if
// nothing is near.
func nearestRevision(ref string, known []string) string {
	short := make([]string, len(known))
	for i, name := range known {
		short[i] = name
		if i > 0 { // a hash
			short[i] = name[:min(len(name), max(len(ref), minHashPrefix))]
		}
	}
	near := spelling.Nearest(ref, short)
	if near == "" || len(ref) < minHashPrefix && near != "current" {
		return ""
	}
	return near
}

// CompileRevision compiles a published revision.
func CompileRevision(bundle store.Bundle) (*rules.Academy, error) {
	academy, problems := rules.FromBundle(bundle.Files)
	if err := problems.Err(); err != nil {
		return nil, fmt.Errorf("revision %s does not compile with this version of Homeroom: %w", narrate.ShortHash(bundle.Hash), err)
	}
	return academy, nil
}

// UnifiedDiff returns the difference between the files of two academies, in the form of diff -u.
func UnifiedDiff(a, b *rules.Academy) string { return DiffFiles(a.Files, b.Files) }

// DiffFiles returns how the files of two folders differ, as a unified diff.
func DiffFiles(a, b map[string][]byte) string {
	var text strings.Builder
	for _, file := range ChangedFiles(a, b) {
		oldName := "a/" + file
		newName := "b/" + file
		if a[file] == nil {
			oldName = "/dev/null"
		}
		if b[file] == nil {
			newName = "/dev/null"
		}
		_, body, _ := strings.Cut(string(diff.Diff(oldName, a[file], newName, b[file])), "\n") // its first line is a command
		text.WriteString(body)
	}
	return text.String()
}

// Counter is the part of client.Client that counting needs.
type Counter interface {
	CountWorkflow(ctx context.Context, request *workflowservice.CountWorkflowExecutionsRequest) (*workflowservice.CountWorkflowExecutionsResponse, error)
}

// CountLiveRuns returns how many learners have a live run of each rule: of all rules in force, and of those of earlier
// revisions that still have one.
func CountLiveRuns(ctx context.Context, rulesets *store.Rulesets, temporal Counter) (map[string]int64, error) {
	history, err := rulesets.Publications(ctx)
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	seenHashes := map[string]bool{}
	seenRules := map[string]bool{}
	for i, p := range slices.Backward(history) {
		if seenHashes[p.Hash] {
			continue
		}
		seenHashes[p.Hash] = true
		bundle, err := rulesets.Get(ctx, p.Hash)
		if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrDamaged) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for file := range bundle.Files {
			rule, isRule := strings.CutPrefix(strings.TrimSuffix(file, ".yaml"), "rules/")
			if !isRule || seenRules[rule] {
				continue
			}
			seenRules[rule] = true
			answer, err := temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
				Query: fmt.Sprintf("WorkflowType = '%s' AND ExecutionStatus = 'Running' AND %s = '%s'", workflows.LearnerWorkflow, workflows.SearchRules.GetName(), rule),
			})
			if err != nil {
				return nil, fmt.Errorf("counting the learners with a live run of %s: %w", rule, err)
			}
			if answer.Count > 0 || i == len(history)-1 {
				counts[rule] = answer.Count
			}
		}
	}
	return counts, nil
}
