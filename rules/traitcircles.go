package rules

import (
	"encoding/json"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"homeroom/engine"
)

// traitSetter is a rule that sets traits, as a circle of such rules is looked for.
type traitSetter struct {
	rule *engine.Rule
	// starts says which rules begin by what this one sets, as far as their conditions tell, and by which traits.
	starts map[*traitSetter][]engine.TraitValue
	step   string // of the first set step
}

// checkTraitCircles warns of rules that set traits and start each other without an end. Rules that set a trait to one value only come to an end: what a trait is already
// is not set.
func (c *compiler) checkTraitCircles(rules []*engine.Rule) {
	setters := c.findTraitSetters(rules)
	warned := map[*traitSetter]bool{}
	for _, s := range setters {
		if warned[s] {
			continue
		}
		reached := s.findReachable()
		var circle []*traitSetter
		for _, other := range setters {
			if reached[other] && other.findReachable()[s] {
				circle = append(circle, other)
			}
		}
		for _, other := range circle {
			warned[other] = true
		}
		if trait := changedTwice(circle); trait != "" {
			c.warnOfCircle(circle, trait)
		}
	}
}

// warnOfCircle warns at the set step of the first rule of a circle.
func (c *compiler) warnOfCircle(circle []*traitSetter, trait string) {
	first := circle[0]
	name := first.rule.Name
	words := "the rule sets itself off"
	if len(circle) > 1 {
		names := make([]string, len(circle))
		for i, s := range circle {
			names[i] = s.rule.Name
		}
		words = "the rules " + strings.Join(names, ", ") + " set each other off"
	}
	d := newDecoder(c.sources[rulesDir+"/"+name+".yaml"], name, c.out)
	d.Warn(c.places[name][first.step], LintTraitCircle, "let the if of a when name the values by which it begins, or accept it with # allow: "+LintTraitCircle,
		"%s without an end: each time %s has another value, which is an event that begins the next", words, trait)
}

// findTraitSetters returns the rules that set traits and which of them begin by it, in the order of their names.
func (c *compiler) findTraitSetters(rules []*engine.Rule) []*traitSetter {
	var setters []*traitSetter
	for _, rule := range rules {
		at := slices.IndexFunc(rule.Program, func(in engine.Instr) bool { return in.Op == engine.OpSet })
		if at >= 0 {
			setters = append(setters, &traitSetter{rule: rule, step: rule.Program[at].ID, starts: map[*traitSetter][]engine.TraitValue{}})
		}
	}
	for _, s := range setters {
		for i := range s.rule.Program {
			for _, trait := range s.rule.Program[i].Traits {
				for _, other := range setters {
					if c.startsByTrait(other.rule, s.rule.Name, trait) {
						s.starts[other] = append(s.starts[other], trait)
					}
				}
			}
		}
	}
	return setters
}

// startsByTrait reports whether a rule may begin because another one sets a trait.
func (c *compiler) startsByTrait(rule *engine.Rule, setter string, trait engine.TraitValue) bool {
	if rule.When.IsState() || rule.When.Match.Event != engine.EventTraitSet {
		return false
	}
	for property, value := range map[string]any{engine.KeyTrait: trait.Name, engine.KeyValue: trait.Value, engine.KeyRule: setter} {
		allowed, said := c.traitTriggers[rule.Name][property]
		if said && !slices.Contains(allowed, valueInJSON(value)) {
			return false
		}
	}
	return true
}

// findReachable returns the rules that may begin because of this one, directly or through others.
func (s *traitSetter) findReachable() map[*traitSetter]bool {
	found := map[*traitSetter]bool{}
	next := []*traitSetter{s}
	for len(next) > 0 {
		one := next[0]
		next = next[1:]
		for other := range one.starts {
			if !found[other] {
				found[other] = true
				next = append(next, other)
			}
		}
	}
	return found
}

// changedTwice returns a trait to which the rules of a circle, by what begins them, give more than one value; empty: there is none.
func changedTwice(circle []*traitSetter) string {
	values := map[string]string{}
	for _, s := range circle {
		for _, other := range circle {
			for _, trait := range s.starts[other] {
				value := valueInJSON(trait.Value)
				if before, known := values[trait.Name]; known && before != value {
					return trait.Name
				}
				values[trait.Name] = value
			}
		}
	}
	return ""
}

// valueInJSON writes a value that came from YAML or CEL, to compare it.
func valueInJSON(value any) string {
	text, _ := json.Marshal(value) // texts, numbers, truth values and lists of them
	return string(text)
}

// allowedValues returns, by the property of the event, the values without which a condition is not true, as JSON: those that it compares with == or in, beside
// whatever else it asks.
func allowedValues(root ast.Expr) map[string][]string {
	allowed := map[string][]string{}
	for _, part := range splitConjuncts(root, nil) {
		if part.Kind() != ast.CallKind {
			continue
		}
		call := part.AsCall()
		args := call.Args()
		switch call.FunctionName() {
		case operators.Equals:
			for i, arg := range args {
				if property, is := strings.CutPrefix(pathOf(arg), "event."); is {
					addAllowed(allowed, property, args[1-i])
				}
			}
		case operators.In:
			property, is := strings.CutPrefix(pathOf(args[0]), "event.")
			if is && args[1].Kind() == ast.ListKind {
				addAllowed(allowed, property, args[1].AsList().Elements()...)
			}
		}
	}
	return allowed
}

// addAllowed notes which values a property may have, if all of them are known.
func addAllowed(allowed map[string][]string, property string, values ...ast.Expr) {
	known := []string{}
	for _, value := range values {
		if value.Kind() != ast.LiteralKind {
			return
		}
		switch literal := value.AsLiteral().(type) {
		case types.String:
			known = append(known, valueInJSON(string(literal)))
		case types.Double:
			known = append(known, valueInJSON(float64(literal)))
		case types.Bool:
			known = append(known, valueInJSON(bool(literal)))
		default:
			return
		}
	}
	allowed[property] = known
}
