package rules

import (
	"fmt"
	"io/fs"
	"maps"

	"path"
	"path/filepath"
	"slices"
	"strings"

	"homeroom/catalog"
	"homeroom/content"
	"homeroom/engine"
	"homeroom/internal/safefiles"
	"homeroom/internal/yamlfile"
	"homeroom/sources"
)

// maxRules is how many rules a folder may have.
const maxRules = 500

// Academy is a growth team's folder, compiled. It does not change and may be used by many goroutines at once.
type Academy struct {
	Name     string // the folder's name; empty for a stored revision
	Ruleset  *engine.Ruleset
	Library  *content.Library
	Catalog  *catalog.Catalog
	Courses  map[string]engine.CourseInfo
	Settings engine.Settings
	Links    map[string]string // Liquid templates
	Sender   Sender
	// Approvals is how many others must approve a draft before it is published in the console; nil: settings.yaml does not say.
	Approvals *int
	Sources   *sources.Set          // how bodies of other formats are read; nil: there is no sources.yaml
	Topics    map[string]TopicWords // those that settings.yaml says more about, by name
	// Files is the bundle: every file of the revision by its path in the folder, with Unix line ends.
	Files map[string][]byte

	places map[string]map[string]Position // where steps begin in their files, by rule and name of the step
}

// Load compiles the folder dir of fsys. Problems are sorted and name files below dir; the academy is nil if
// problems.Err is not. Warnings come with an academy.
func Load(fsys fs.FS, dir string) (*Academy, Problems) {
	var problems Problems
	sub, err := fs.Sub(fsys, dir)
	if err != nil {
		return nil, Problems{{File: dir, Message: "is not a path of a folder", Fix: "write it with slashes and without . and .."}}
	}
	files := readFolder(sub, &problems)
	if problems.Errors() > 0 && len(files) == 0 {
		return nil, problems.Under(dir)
	}
	academy := compileFolder(files, false, &problems)
	problems = problems.Under(dir).Sort()
	if problems.Err() != nil {
		return nil, problems
	}
	academy.Name = path.Base(dir)
	return academy, problems
}

// LoadDir compiles a folder of the machine. Problems name files as a person at the same place would type them.
func LoadDir(dir string) (*Academy, Problems) {
	academy, problems := Load(safefiles.Dir(dir), ".")
	problems = problems.Under(filepath.ToSlash(filepath.Clean(dir)))
	if academy != nil {
		academy.Name = filepath.Base(dir)
		if abs, err := filepath.Abs(dir); err == nil {
			academy.Name = filepath.Base(abs)
		}
	}
	return academy, problems
}

// FromBundle compiles a stored revision: the Files of an Academy.
func FromBundle(files map[string][]byte) (*Academy, Problems) {
	var problems Problems
	clean := map[string][]byte{}
	for name, content := range files {
		if !inBundle(name) {
			problems = append(problems, Problem{File: name, Message: "does not belong in a revision"})
			continue
		}
		clean[name] = yamlfile.Normalize(content)
	}
	academy := compileFolder(clean, true, &problems)
	problems = problems.Sort()
	if problems.Err() != nil {
		return nil, problems
	}
	return academy, problems
}

// compileFolder compiles the files of a folder. The result is of use only if no errors were added. stored says that it is a
// revision that was in force: checks that are newer than the revision are not applied to it.
func compileFolder(files map[string][]byte, stored bool, out *Problems) *Academy {
	if _, err := EncodeBundle(files); err != nil {
		*out = append(*out, Problem{Message: err.Error(), Fix: "take out what is not needed, or split the folder"})
		return nil
	}
	sources := map[string]*yamlfile.Source{}
	for name, content := range files {
		sources[name] = yamlfile.NewSource(name, content)
	}
	cat, eventsKnown := loadCatalog(files, sources, out)
	if cat == nil {
		return nil
	}
	set := compileSources(files, cat, eventsKnown, out)
	if set != nil {
		cat = cat.WithTranslator(set)
	}
	lang, err := newLanguage(cat, messageNames(files))
	if err != nil {
		*out = append(*out, Problem{Message: err.Error()})
		return nil
	}
	lang.stored = stored
	settings := newSettings(cat)
	if src := sources[settingsFile]; src != nil {
		settings = readSettings(newDecoder(src, "", out), cat, eventsKnown)
	}
	courses := map[string]engine.CourseInfo{}
	var courseOrder []string
	if src := sources[coursesFile]; src != nil {
		courses, courseOrder = readCourses(newDecoder(src, "", out), settings.Location)
	}
	if settings.Risk == nil && readsRisk(files) {
		settings.Risk = &engine.RiskSettings{Intercept: engine.RiskIntercept}
	}
	names := scanAwaitedNames(sources)
	c := &compiler{
		cat:           cat,
		lang:          lang,
		settings:      settings,
		linkable:      linkableProperties(cat),
		sources:       sources,
		places:        map[string]map[string]yamlfile.Position{},
		traitTriggers: map[string]map[string][]string{},
		out:           out,
		keep:          keepSet{},
		sent:          map[string]bool{},
		tried:         map[string]bool{},
		messages:      messageNames(files),
		library:       loadLibrary(files, sources, settings, sortedKeys(names), stored, out),
		awaitedNames:  names,
		stored:        stored,
		eventsUnread:  !eventsKnown,
	}
	rules := c.compileRules(files)
	c.checkTraitCircles(rules)
	c.checkUnsent()
	ruleset := &engine.Ruleset{
		Hash:           Hash(files),
		Settings:       settings.Settings,
		Rules:          rules,
		Keys:           cat.Keys(),
		Courses:        courses,
		CourseOrder:    courseOrder,
		Paths:          readsNext(files),
		KeptProperties: c.keep.sortedLists(cat),
		Counted:        lang.past.counted,
		CountedBy:      lang.past.countedBy,
		SentWindow:     lang.past.remember,
	}
	ruleset.IndexInterest()
	return &Academy{
		Ruleset:   ruleset,
		Library:   c.library,
		Catalog:   cat,
		Courses:   courses,
		Settings:  settings.Settings,
		Links:     settings.links,
		Sender:    settings.sender,
		Approvals: settings.approvals,
		Topics:    settings.topicWords,
		Sources:   set,
		Files:     files,
		places:    c.places,
	}
}

// compileRules compiles the rule files, sorted by name.
func (c *compiler) compileRules(files map[string][]byte) (compiledRules []*engine.Rule) {
	count := 0
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Dir(name) != rulesDir {
			continue
		}
		if count++; count > maxRules {
			*c.out = append(*c.out, Problem{File: rulesDir, Message: "the folder has more than 500 rules", Fix: "split the folder"})
			break
		}
		d := newDecoder(c.sources[name], strings.TrimSuffix(path.Base(name), ".yaml"), c.out)
		before := c.out.Errors()
		if rule := c.readAndCompile(d); rule != nil {
			rule.Hash = Hash(map[string][]byte{name: files[name]})
			compiledRules = append(compiledRules, rule)
		}
		c.rulesUnread = c.rulesUnread || c.eventsUnread || c.out.Errors() > before
	}
	if count == 0 {
		*c.out = append(*c.out, Problem{File: rulesDir, Message: "there are no rules", Fix: "write one as rules/<name>.yaml"})
	}
	slices.SortFunc(compiledRules, func(a, b *engine.Rule) int { return strings.Compare(a.Name, b.Name) })
	return compiledRules
}

// readAndCompile compiles one rule file. It returns nil if it has problems.
func (c *compiler) readAndCompile(d *decoder) *engine.Rule {
	root, ok := d.Root()
	if !ok {
		return nil
	}
	if root == nil {
		d.Fail(yamlfile.Position{}, "begin with rule: "+d.Rule, "the file is empty")
		return nil
	}
	spec, ok := readRule(d, root)
	if !ok {
		return nil
	}
	rule, fine := c.compileRule(d, spec)
	if !fine {
		return nil
	}
	return rule
}

func messageNames(files map[string][]byte) map[string]bool {
	names := map[string]bool{}
	for name := range files {
		if dir, base := path.Split(name); dir == messagesDir+"/" {
			base, _, _ = strings.Cut(base, ".")
			names[base] = true
		}
	}
	return names
}

// loadCatalog joins the built-in events and the folder's own. If catalog.yaml is broken, known is false and the catalog is the
// built-in one: nothing can be said about events then. It is nil if there is no catalog at all.
func loadCatalog(files map[string][]byte, sources map[string]*yamlfile.Source, out *Problems) (cat *catalog.Catalog, known bool) {
	cat, err := catalog.Default()
	if err != nil {
		*out = append(*out, Problem{File: CatalogFile, Message: fmt.Sprintf("the built-in events cannot be read: %v", err)})
		return nil, false
	}
	src := sources[CatalogFile]
	if src == nil {
		return cat, true
	}
	extended, err := cat.Extend(CatalogFile, files[CatalogFile])
	if problems, is := err.(Problems); is {
		*out = append(*out, problems...)
		return cat, false
	}
	if err != nil {
		newDecoder(src, "", out).Fail(yamlfile.Position{}, "", "%v", err)
		return cat, false
	}
	return extended, true
}

// compileSources compiles sources.yaml; nil: there is none, or it has problems. Where the team's own events are not known, nothing can
// be said about it.
func compileSources(files map[string][]byte, cat *catalog.Catalog, eventsKnown bool, out *Problems) *sources.Set {
	text, has := files[SourcesFile]
	if !has || !eventsKnown {
		return nil
	}
	set, problems := sources.Compile(SourcesFile, text, cat)
	*out = append(*out, problems...)
	return set
}
