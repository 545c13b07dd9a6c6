package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"homeroom/catalog"
	"homeroom/rules"
	"homeroom/sources"
	"homeroom/store"
)

// SourceTrial says what a file of bodies would become, and what to write into sources.yaml for what is not known.
type SourceTrial struct {
	*sources.Trial
	Suggestion string `json:"suggestion,omitempty"` // for sources.yaml; empty: there is nothing to add
}

// maxTriedFile is how much of a file is tried, in bytes.
const maxTriedFile = 64 << 20

// TrySources reads a file of bodies with the sources of an academy, as if they arrived at the time now; academy nil, or without sources.yaml: with those that
// Homeroom ships.
func TrySources(academy *rules.Academy, file io.Reader, now time.Time) (SourceTrial, error) {
	body, err := io.ReadAll(io.LimitReader(file, maxTriedFile+1))
	if err != nil {
		return SourceTrial{}, fmt.Errorf("read the bodies: %w", err)
	}
	if len(body) > maxTriedFile {
		return SourceTrial{}, inputError(fmt.Errorf("the file is larger than %d MB; try a part of it", maxTriedFile>>20))
	}
	known, set, err := sourcesOf(academy)
	if err != nil {
		return SourceTrial{}, err
	}
	trial := sources.Try(known, set, body, now)
	return SourceTrial{Trial: trial, Suggestion: trial.Suggest(known)}, nil
}

// CheckEvents reads a file of bodies as triggers would at the time now, with the catalog and the sources of an academy; nil: with the built-in catalog and no
// source.
func CheckEvents(academy *rules.Academy, file io.Reader, now time.Time) (*sources.Trial, error) {
	if academy == nil {
		known, err := catalog.Default()
		if err != nil {
			return nil, err
		}
		academy = &rules.Academy{Catalog: known}
	}
	body, err := io.ReadAll(io.LimitReader(file, maxTriedFile+1))
	if err != nil {
		return nil, fmt.Errorf("read the bodies: %w", err)
	}
	if len(body) > maxTriedFile {
		return nil, inputError(fmt.Errorf("the file is larger than %d MB; check a part of it", maxTriedFile>>20))
	}
	return sources.Try(academy.Catalog, academy.Sources, body, now), nil
}

// sourcesOf returns the catalog that reads bodies as an academy does, and its sources.
func sourcesOf(academy *rules.Academy) (*catalog.Catalog, *sources.Set, error) {
	if academy != nil && academy.Sources != nil {
		return academy.Catalog, academy.Sources, nil
	}
	var known *catalog.Catalog
	if academy != nil {
		known = academy.Catalog
	} else {
		var err error
		if known, err = catalog.Default(); err != nil {
			return nil, nil, err
		}
	}
	set, err := sources.Shipped(known)
	if err != nil {
		return nil, nil, fmt.Errorf("prepare the shipped sources: %w", err)
	}
	return known.WithTranslator(set), set, nil
}

// currentSources returns the sources of the rules in force, and the catalog that they were compiled for; nil if the rules have none.
func (i *Installation) currentSources(ctx context.Context) (*catalog.Catalog, *sources.Set, error) {
	current, err := i.store.Rulesets.Current(ctx)
	if err != nil || current.Hash == "" {
		return nil, nil, err
	}
	return i.sourcesOfRevision(ctx, current.Hash)
}

// sourcesOfRevision compiles the sources of a revision. A revision that cannot be read, or has none, has none.
func (i *Installation) sourcesOfRevision(ctx context.Context, hash string) (*catalog.Catalog, *sources.Set, error) {
	bundle, err := i.store.Rulesets.Get(ctx, hash)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrDamaged) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	text, has := bundle.Files[rules.SourcesFile]
	if !has {
		return nil, nil, nil
	}
	known, err := catalog.Default()
	if err != nil {
		return nil, nil, err
	}
	if own, has := bundle.Files[rules.CatalogFile]; has {
		if known, err = known.Extend(rules.CatalogFile, own); err != nil {
			return nil, nil, nil //nolint:nilerr // what does not compile with this version reads nothing
		}
	}
	set, problems := sources.Compile(rules.SourcesFile, text, known)
	if problems.Err() != nil {
		return nil, nil, nil
	}
	return known, set, nil
}

// everySource returns all sources that may have read a learner's events: those that Homeroom ships, and those of every publication that
// is kept.
func (i *Installation) everySource(ctx context.Context) ([]catalog.Translator, error) {
	_, shipped, err := sourcesOf(nil)
	if err != nil {
		return nil, err
	}
	all := []catalog.Translator{shipped}
	publications, err := i.store.Rulesets.Publications(ctx)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, p := range publications {
		if seen[p.Hash] {
			continue
		}
		seen[p.Hash] = true
		_, set, err := i.sourcesOfRevision(ctx, p.Hash)
		if err != nil {
			return nil, err
		}
		if set != nil {
			all = append(all, set)
		}
	}
	return all, nil
}

// ShippedSource is a source that Homeroom ships.
type ShippedSource struct {
	Name  string `json:"name"`
	About string `json:"about"` // with the public document that it follows
	Text  string `json:"text"`  // its file
}

// ShippedSources returns the sources that Homeroom ships, by name.
func ShippedSources() ([]ShippedSource, error) {
	_, set, err := sourcesOf(nil)
	if err != nil {
		return nil, err
	}
	var shipped []ShippedSource
	for _, source := range set.Sources() {
		text, _ := sources.ShippedFile(source.Name)
		shipped = append(shipped, ShippedSource{Name: source.Name, About: source.About, Text: string(text)})
	}
	return shipped, nil
}
