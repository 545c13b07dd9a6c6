package sources

import (
	"slices"
	"strings"

	"homeroom/catalog"
	"homeroom/internal/spelling"
	"homeroom/internal/yamlfile"
)

// readEvents reads the names of a source. One that a base has is replaced.
func (r *reader) readEvents(s *Source, n *yamlfile.Node) {
	pairs := r.Pairs(n, "events of "+s.Name, nil)
	if len(pairs) > maxEvents {
		r.Fail(n.At, "ignore some with *", "the source %s has more than %d events", s.Name, maxEvents)
		return
	}
	for _, p := range pairs {
		var list []*mapping
		switch p.Value.Kind {
		case yamlfile.Sequence:
			for _, item := range p.Value.Items {
				list = append(list, r.readMapping(s, p.Key.Text, item))
			}
		case yamlfile.Mapping, yamlfile.Scalar, yamlfile.Null:
			list = append(list, r.readMapping(s, p.Key.Text, p.Value))
		}
		s.events[p.Key.Text] = slices.DeleteFunc(list, func(m *mapping) bool { return m == nil })
	}
}

// readMapping reads what a name becomes: the name of an event, or a block with as:.
func (r *reader) readMapping(s *Source, name string, n *yamlfile.Node) *mapping {
	m := &mapping{}
	if n.Kind == yamlfile.Scalar {
		if m.kind = r.findEvent(n); m.kind == nil {
			return nil
		}
		r.checkRequired(s, m, n)
		return m
	}
	pairs := r.Pairs(n, name, []string{"as", "if", "learner", "id", "time", "properties", "traits"})
	as := n.Get("as")
	if as == nil {
		r.Fail(n.At, "add as: with an event of the catalog, or put the name into ignore", "%s does not say what it becomes", name)
		return nil
	}
	if m.kind = r.findEvent(as); m.kind == nil {
		return nil
	}
	for _, p := range pairs {
		if p.Key.Text == "if" {
			m.condition = r.compileExpression(p.Value, "if of "+name, wantBool)
			continue
		}
		r.readPart(m, p, name)
	}
	r.checkRequired(s, m, as)
	return m
}

// findEvent looks up an event that a name becomes.
func (r *reader) findEvent(n *yamlfile.Node) *catalog.Event {
	text, ok := r.Text(n, "as")
	if !ok {
		return nil
	}
	kind, known := r.cat.Event(text)
	if !known {
		fix := "use an event of the catalog, or add this one to catalog.yaml"
		near := r.cat.Nearest(text)
		if near != "" {
			fix = "did you mean " + near + "?"
		}
		r.FailReplace(n.At, near, fix, "there is no event %s", text)
		return nil
	}
	return kind
}

// checkRequired reports the properties without which the event would always be refused.
func (r *reader) checkRequired(s *Source, m *mapping, at *yamlfile.Node) {
	if m.object != nil || s.whole.object != nil {
		return
	}
	for _, p := range m.kind.Properties {
		named := func(f field) bool { return f.name == p.Name }
		if p.Required && !slices.ContainsFunc(m.properties, named) && !slices.ContainsFunc(s.whole.properties, named) {
			r.Fail(at.At, "add "+p.Name+": to its properties, with where the body has it", "%s needs %s", m.kind.Name, p.Name)
		}
	}
}

// readFields reads properties; kind is nil where they are for every event.
func (r *reader) readFields(kind *catalog.Event, n *yamlfile.Node, what string) []field {
	var fields []field
	for _, p := range r.Pairs(n, what, nil) {
		f := field{name: p.Key.Text, typ: catalog.Any}
		if kind != nil {
			declared, ok := kind.Property(f.name)
			if !ok {
				names := make([]string, len(kind.Properties))
				for i, known := range kind.Properties {
					names[i] = known.Name
				}
				near := spelling.Nearest(f.name, names)
				fix := "declare it in catalog.yaml; there are " + strings.Join(names, ", ")
				if near != "" {
					fix = "did you mean " + near + "?"
				}
				r.FailReplace(p.Key.At, near, fix, "%s has no property %q", kind.Name, f.name)
				continue
			}
			f.typ = declared.Type
		}
		if f.value = r.compileExpression(p.Value, f.name, wantValue); f.value != nil {
			fields = append(fields, f)
		}
	}
	return fields
}

func (r *reader) readTraits(n *yamlfile.Node, what string) []field {
	var fields []field
	for _, p := range r.Pairs(n, what, nil) {
		f := field{name: p.Key.Text, typ: catalog.Any}
		for _, known := range catalog.TraitTypes() {
			if known.Name == f.name {
				f.typ = known.Type
			} else if spelling.Fold(known.Name) == spelling.Fold(f.name) {
				r.FailReplace(p.Key.At, known.Name, "did you mean "+known.Name+"?", "the trait %s has no meaning here", f.name)
			}
		}
		if f.value = r.compileExpression(p.Value, f.name, wantValue); f.value != nil {
			fields = append(fields, f)
		}
	}
	return fields
}

func (r *reader) readIgnore(s *Source, n *yamlfile.Node) {
	items, ok := r.Items(n, "ignore of "+s.Name)
	if !ok {
		return
	}
	if len(items) > maxIgnored {
		r.Fail(n.At, "use *", "the source %s ignores more than %d names", s.Name, maxIgnored)
		return
	}
	for _, item := range items {
		text, ok := r.Text(item, "an entry of ignore")
		if !ok {
			continue
		}
		if _, mapped := s.events[text]; mapped {
			r.Fail(item.At, "keep one of the two", "%s is ignored and stands in events", text)
			continue
		}
		s.ignore.addPattern(text)
	}
}
