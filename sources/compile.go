package sources

import (
	"embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"cel.dev/cel-go/cel"

	"homeroom/catalog"
	"homeroom/internal/spelling"
	"homeroom/internal/yamlfile"
)

// Limits of a file.
const (
	maxSources = 32
	maxEvents  = 500 // names of one source
	maxIgnored = 500
)

//go:embed shipped/*.yaml
var shippedFiles embed.FS

var environment = sync.OnceValues(newEnvironment)

// ShippedNames returns the names of the sources that Homeroom ships, sorted.
func ShippedNames() []string {
	entries, err := shippedFiles.ReadDir("shipped")
	if err != nil {
		return nil // the folder is part of the binary
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), ".yaml")
	}
	return names
}

// ShippedFile returns the text of a shipped source, to be read, or copied and changed. ok is false if there is none.
func ShippedFile(name string) (text []byte, ok bool) {
	text, err := shippedFiles.ReadFile("shipped/" + name + ".yaml")
	return text, err == nil
}

// Shipped compiles the named shipped sources for a catalog, in the order given; without names, all of them.
func Shipped(cat *catalog.Catalog, names ...string) (*Set, error) {
	if len(names) == 0 {
		names = ShippedNames()
	}
	var text strings.Builder
	text.WriteString("sources:\n")
	for _, name := range names {
		fmt.Fprintf(&text, "  %s:\n", name)
	}
	set, problems := Compile("shipped", []byte(text.String()), cat)
	return set, problems.Err()
}

// Compile reads a file sources.yaml for a catalog. file names it in the problems. The set is nil if problems.Err is not.
func Compile(file string, src []byte, cat *catalog.Catalog) (*Set, yamlfile.Problems) {
	var problems yamlfile.Problems
	set := compileFile(file, src, cat, &problems)
	problems = problems.Sort()
	if problems.Err() != nil {
		return nil, problems
	}
	return set, problems
}

// reader reads one file.
type reader struct {
	yamlfile.Reader
	env     *cel.Env
	cat     *catalog.Catalog
	headers []string // that the expressions of the source which is being read look at
}

func compileFile(file string, src []byte, cat *catalog.Catalog, problems *yamlfile.Problems) *Set {
	r := &reader{Reader: yamlfile.Reader{Source: yamlfile.NewSource(file, src), Problems: problems}, cat: cat}
	env, err := environment()
	if err != nil {
		r.Fail(yamlfile.Position{}, "", "prepare the expression language: %v", err)
		return nil
	}
	r.env = env
	set := &Set{cat: cat}
	root, ok := r.Root()
	if !ok || root == nil {
		return set
	}
	for _, top := range r.Pairs(root, "the file", []string{"sources"}) {
		entries := r.Pairs(top.Value, "sources", nil)
		if len(entries) > maxSources {
			r.Fail(top.Key.At, "take out what is not needed", "there are more than %d sources", maxSources)
			return set
		}
		for _, entry := range entries {
			if s := r.readEntry(entry); s != nil {
				r.warnOfTwin(set, s, entry.Key)
				set.sources = append(set.sources, s)
			}
		}
	}
	return set
}

// LintSharedBodies is the name of the warning about two sources that recognize the same bodies.
const LintSharedBodies = "shared-bodies"

// warnOfTwin warns of a source that never reads anything because one before it recognizes the same bodies.
func (r *reader) warnOfTwin(set *Set, s *Source, key *yamlfile.Node) {
	for _, earlier := range set.sources {
		if s.recognise != nil && earlier.recognise != nil && earlier.recognise.text == s.recognise.text {
			r.Warn(key.At, LintSharedBodies, "make one of them narrower, or keep one", "%s recognises the same bodies as %s, which stands first and reads them all", s.Name, earlier.Name)
		}
	}
}

var sourceName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

// ValidName reports whether a text may be the name of a source.
func ValidName(name string) bool { return sourceName.MatchString(name) }

// readEntry reads one source of the file.
func (r *reader) readEntry(entry yamlfile.Pair) *Source {
	name := entry.Key.Text
	if !sourceName.MatchString(name) {
		r.Fail(entry.Key.At, "use small letters, digits, - and _, at most 32", "%q is not a source's name", name)
		return nil
	}
	if entry.Value.Kind == yamlfile.Null {
		return r.readShipped(name, entry.Key, name)
	}
	r.headers = nil
	pairs := r.Pairs(entry.Value, "the source "+name, sourceKeys())
	s := &Source{Name: name, events: map[string][]*mapping{}}
	for _, p := range pairs {
		if p.Key.Text == "base" {
			if base := r.readShipped(p.Value.Text, p.Value, name); base != nil {
				s = base
			}
		}
	}
	before := r.Problems.Errors()
	r.readSource(s, pairs)
	r.finishSource(s, entry.Key, r.Problems.Errors() > before)
	return s
}

// readShipped compiles a shipped source under a name; at is where the file names it.
func (r *reader) readShipped(shipped string, at *yamlfile.Node, name string) *Source {
	text, ok := ShippedFile(shipped)
	if !ok {
		names := ShippedNames()
		r.FailReplace(at.At, spelling.Nearest(shipped, names), spelling.Suggest(shipped, names), "Homeroom ships no source %q", shipped)
		return nil
	}
	var problems yamlfile.Problems
	inner := &reader{
		Reader: yamlfile.Reader{Source: yamlfile.NewSource("the shipped source "+shipped, text), Problems: &problems},
		env:    r.env,
		cat:    r.cat,
	}
	root, ok := inner.Root()
	if !ok || root == nil {
		return nil // a test compiles all of them
	}
	s := &Source{Name: name, events: map[string][]*mapping{}}
	inner.readSource(s, inner.Pairs(root, "the source "+shipped, sourceKeys()))
	if err := problems.Err(); err != nil {
		r.Fail(at.At, "catalog.yaml may have changed an event that it uses", "the shipped source %s does not fit the catalog: %v", shipped, err)
		return nil
	}
	return s
}

func sourceKeys() []string {
	return []string{"base", "about", "recognise", "event", "items", "reshape", "taxonomy", "without_learner", "nulls", "zone", "learner", "id", "time", "properties", "traits", "events", "ignore", "signature"}
}

// readSource reads what a source says; what it said before, as a base, stays unless it says it anew.
func (r *reader) readSource(s *Source, pairs []yamlfile.Pair) {
	for _, p := range pairs {
		what := p.Key.Text + " of " + s.Name
		switch p.Key.Text {
		case "about":
			s.About, _ = r.Text(p.Value, what)
		case "recognise":
			s.recognise = r.compileExpression(p.Value, what, wantBool)
		case "event":
			s.event = r.compileExpression(p.Value, what, wantName)
		case "items":
			s.items = r.compileExpression(p.Value, what, wantList)
		case "reshape":
			s.reshape = r.compileExpression(p.Value, what, wantObject)
		case "taxonomy":
			s.taxonomy, _ = r.Bool(p.Value, what)
		case "without_learner":
			s.strangers = r.readWithoutLearner(p.Value, what)
		case "nulls":
			s.noNulls = r.readNulls(p.Value, what)
		case "zone":
			s.zone = r.readZone(p.Value, what)
		case "signature":
			s.signature = r.readSignature(p.Value, s.Name)
		case "learner", "id", "time", "properties", "traits":
			r.readPart(&s.whole, p, s.Name)
		}
	}
	for _, p := range pairs {
		switch p.Key.Text {
		case "events":
			r.readEvents(s, p.Value)
		case "ignore":
			r.readIgnore(s, p.Value)
		}
	}
	s.names = slices.Sorted(maps.Keys(s.events))
	s.addHeaders(r.headers)
}

// finishSource reports what a source lacks.
func (r *reader) finishSource(s *Source, key *yamlfile.Node, broken bool) {
	switch {
	case broken: // what is missing may only be misspelt
	case s.recognise == nil:
		r.Fail(key.At, "add recognise: with what only its bodies have, for example has(body.event_type)", "the source %s does not say how its bodies are recognised", s.Name)
	case s.event == nil && (len(s.events) > 0 || s.taxonomy || !s.ignore.isEmpty()):
		r.Fail(key.At, "add event: with where a body has its name, for example body.event_type", "the source %s does not say where a body names its event", s.Name)
	case len(s.events) == 0 && !s.taxonomy && s.ignore.isEmpty():
		r.Fail(key.At, "add events:, with a name and what it becomes", "the source %s reads nothing", s.Name)
	}
}

// readWithoutLearner reports whether bodies that name no learner are ignored.
func (r *reader) readWithoutLearner(n *yamlfile.Node, what string) bool {
	text, ok := r.Text(n, what)
	if ok && text != "ignore" && text != "refuse" {
		r.Fail(n.At, "write ignore, if the platform also tells of visitors who have not signed in, or refuse", "%q is neither", text)
	}
	return text == "ignore"
}

// readNulls reports whether members that are null are ignored.
func (r *reader) readNulls(n *yamlfile.Node, what string) bool {
	text, ok := r.Text(n, what)
	if ok && text != "ignore" && text != "keep" {
		r.Fail(n.At, "write ignore, if a member that is null says no more than one that is not there, or keep", "%q is neither", text)
	}
	return text == "ignore"
}

func (r *reader) readZone(n *yamlfile.Node, what string) *time.Location {
	text, ok := r.Text(n, what)
	if !ok {
		return nil
	}
	zone, err := time.LoadLocation(text)
	if err != nil || text == "Local" {
		r.Fail(n.At, "write an IANA name such as Europe/Berlin, or UTC", "%q is not a time zone", text)
		return nil
	}
	return zone
}

// readPart reads a part of a mapping: where the learner, the id, the time, the properties or the traits are.
func (r *reader) readPart(m *mapping, p yamlfile.Pair, of string) {
	what := p.Key.Text + " of " + of
	switch p.Key.Text {
	case "learner":
		m.learner = r.compileExpression(p.Value, what, wantText)
	case "id":
		m.id = r.compileExpression(p.Value, what, wantText)
	case "time":
		m.at = r.compileExpression(p.Value, what, wantTime)
	case "properties":
		if p.Value.Kind == yamlfile.Scalar {
			m.object = r.compileExpression(p.Value, what, wantObject)
			return
		}
		m.properties = r.readFields(m.kind, p.Value, what)
	case "traits":
		if p.Value.Kind == yamlfile.Scalar {
			m.person = r.compileExpression(p.Value, what, wantObject)
			return
		}
		m.traits = r.readTraits(p.Value, what)
	}
}
