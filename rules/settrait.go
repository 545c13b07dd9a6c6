package rules

import (
	"fmt"
	"path"
	"strings"

	"homeroom/engine"
	"homeroom/internal/yamlfile"
	"homeroom/profile"
)

// What a set step may set.
const (
	maxSetTraits = 10      // traits of one step
	maxTraitText = 256     // bytes of a text
	maxTraitList = 20      // items of a list
	maxTraitSize = 1 << 10 // bytes of a list's items together: what rules set is kept several times with the learner
)

// traitSpec is a trait that a set step sets.
type traitSpec struct {
	name  *yamlfile.Node
	value any // nil: the trait is removed
}

// readSet reads {segment: vip, seats: 3, trial: null}.
func readSet(d *decoder, s *stepSpec, k, v *yamlfile.Node) {
	if v.Kind != yamlfile.Mapping {
		d.Fail(v.At, "write set: {TRAIT: VALUE}", "set must be a block of keys, not %s", v.Kind)
		return
	}
	before := len(*d.Problems)
	for _, p := range d.Pairs(v, "set", nil) {
		if !d.checkTraitName(p.Key) {
			continue
		}
		if value, ok := d.readTraitValue(p.Key.Text, p.Value); ok {
			s.traits = append(s.traits, traitSpec{p.Key, value})
		}
	}
	switch {
	case len(*d.Problems) > before:
	case len(s.traits) == 0:
		d.Fail(k.At, "write set: {TRAIT: VALUE}", "set names no trait")
	case len(s.traits) > maxSetTraits:
		d.Fail(k.At, "make two steps of it", "set names more than %d traits", maxSetTraits)
	}
}

// checkTraitName reports whether a rule may set a trait of this name.
func (d *decoder) checkTraitName(n *yamlfile.Node) bool {
	why := profile.WhyNotSet(n.Text)
	switch {
	case why != "":
		d.Fail(n.At, "let the platform say it, as a trait of an event", "no rule may set %s: %s", n.Text, why)
	case !variableForm.MatchString(n.Text):
		d.Fail(n.At, "begin with a small letter; use small letters, digits and _", "%q cannot be the name of a trait that a rule sets", n.Text)
	default:
		return true
	}
	return false
}

// readTraitValue reads what a trait is set to: a text, a number, true, false or a list of them; null removes it.
func (d *decoder) readTraitValue(trait string, n *yamlfile.Node) (value any, ok bool) {
	switch n.Kind {
	case yamlfile.Null:
		return nil, true
	case yamlfile.Mapping:
		d.Fail(n.At, "write a text, a number, true or false, or a list of them", "%s cannot be a block of keys", trait)
		return nil, false
	case yamlfile.Sequence:
		return d.readTraitList(trait, n)
	case yamlfile.Scalar:
	}
	text, isText := n.Value.(string)
	if !isText {
		return n.Value, true
	}
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		d.Fail(n.At, "write null to remove the trait", "%s is set to an empty text", trait)
	case len(text) > maxTraitText:
		d.Fail(n.At, "use a few words", "%s is set to a text of more than %d bytes", trait, maxTraitText)
	case strings.Contains(text, "{{") || strings.Contains(text, "{%"):
		d.Fail(n.At, "write the value itself; an if before the step can choose between several", "%s is set to a template, and a value is taken as it is written", trait)
	default:
		return text, true
	}
	return nil, false
}

func (d *decoder) readTraitList(trait string, n *yamlfile.Node) (value any, ok bool) {
	if len(n.Items) == 0 || len(n.Items) > maxTraitList {
		d.Fail(n.At, "write null to remove the trait", "%s is set to a list of %d entries; it may have 1 to %d", trait, len(n.Items), maxTraitList)
		return nil, false
	}
	list := make([]any, 0, len(n.Items))
	size := 0
	for _, item := range n.Items {
		if item.Kind != yamlfile.Scalar {
			d.Fail(item.At, "write texts, numbers, true or false", "an entry of %s is %s", trait, item.Kind)
			return nil, false
		}
		one, fine := d.readTraitValue(trait, item)
		if !fine {
			return nil, false
		}
		list = append(list, one)
		size += len(fmt.Sprint(one))
	}
	if size > maxTraitSize {
		d.Fail(n.At, "use fewer or shorter entries", "%s is set to a list of %d bytes; it may have %d", trait, size, maxTraitSize)
		return nil, false
	}
	return list, true
}

// addSet adds a step that sets traits.
func (b *builder) addSet(s *stepSpec, id string) {
	in := engine.Instr{Op: engine.OpSet, ID: id}
	for _, trait := range s.traits {
		in.Traits = append(in.Traits, engine.TraitValue{Name: trait.name.Text, Value: trait.value})
	}
	b.addInstr(in)
}

// setWords says what a set step does.
func setWords(in *engine.Instr) string {
	parts := make([]string, len(in.Traits))
	for i, trait := range in.Traits {
		change := engine.TraitChange{Trait: trait.Name, Value: trait.Value}
		parts[i] = change.String()
		if trait.Value == nil {
			parts[i] = "no " + trait.Name
		}
	}
	return "set " + strings.Join(parts, ", ")
}

// traitsSet returns the names of the traits that rules of the folder set, sorted. Of a file that cannot be read, such as one that is being typed, nothing is known.
func (a *assistant) traitsSet() []string {
	names := map[string]bool{}
	for file, content := range a.files {
		if path.Dir(file) != rulesDir {
			continue
		}
		var unread Problems
		if root, ok := newDecoder(yamlfile.NewSource(file, content), "", &unread).Root(); ok && root != nil {
			scanTraitsSet(root, names)
		}
	}
	return sortedKeys(names)
}

func scanTraitsSet(n *yamlfile.Node, into map[string]bool) {
	if set := n.Get("set"); set != nil {
		for _, p := range set.Pairs {
			if variableForm.MatchString(p.Key.Text) && profile.WhyNotSet(p.Key.Text) == "" {
				into[p.Key.Text] = true
			}
		}
	}
	for _, p := range n.Pairs {
		scanTraitsSet(p.Value, into)
	}
	for _, item := range n.Items {
		scanTraitsSet(item, into)
	}
}
