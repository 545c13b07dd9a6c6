package rules

import (
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/internal/spelling"
)

// sameExample is a count() that looks only at what its run is about.
const sameExample = `count("lesson.completed", "7d", same.course_id)`

// sameKey checks the third argument of a count(), same.KEY: the counted event must carry the key, and what starts the run must tell it.
func (c *exprCheck) sameKey(parsed *cel.Ast, args []ast.Expr) (key string, ok bool) {
	third := args[2]
	of, key, isField := fieldOf(third)
	if !isField || third.Kind() != ast.SelectKind || third.AsSelect().IsTestOnly() || of.Kind() != ast.IdentKind || of.AsIdent() != sameName {
		c.failAt(parsed, third.ID(), "write "+sameExample, "a count() can look only at what its run is about: same. and a key")
		return "", false
	}
	event, _ := literalText(args[0])
	counted, known := c.l.past.cat.Event(event)
	if !known {
		return key, true // pastCall says so
	}
	at := c.placeOf(parsed, of.ID())
	if keys := c.l.keysOf(counted); !slices.Contains(keys, key) {
		c.d.Fail(at, sameFix(key, keys), "%s carries no %s, so it cannot be counted by it", event, key)
		return "", false
	}
	origin := c.s.trigger
	if origin == "" {
		origin = c.s.event
	}
	keys := c.l.keysOf(c.l.types.events[origin])
	if c.s.course && !slices.Contains(keys, engine.KeyCourse) {
		keys = append(keys, engine.KeyCourse)
	}
	if !slices.Contains(keys, key) {
		c.d.Fail(at, sameFix(key, keys), "the run does not know its %s: %s carries none", key, origin)
		return "", false
	}
	c.same = append(c.same, key)
	return key, true
}

func sameFix(key string, keys []string) string {
	if near := spelling.Nearest(key, keys); near != "" {
		return "did you mean same." + near + "?"
	}
	if len(keys) == 0 {
		return "take it out: then all of the learner's count"
	}
	return "it has " + strings.Join(keys, ", ")
}

// keysOf lists the properties by which events and runs can be told apart: those with a single value, and course_id if standing may know it.
func (l *language) keysOf(ev *catalog.Event) []string {
	var keys []string
	for _, p := range ev.Properties {
		if p.Type != catalog.Strings && p.Type != catalog.Any && p.Type != catalog.Timestamp {
			keys = append(keys, p.Name)
		}
	}
	if !slices.Contains(keys, engine.KeyCourse) && slices.ContainsFunc(ev.Keys, func(key string) bool { return l.past.linkable[key] }) {
		keys = append(keys, engine.KeyCourse)
	}
	return keys
}
