package rules

import (
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"

	"homeroom/internal/spelling"
)

// fieldsOf lists the fields of a variable.
func (l *language) fieldsOf(s exprView, variable string) []string {
	name := map[string]string{
		"learner":             learnerType,
		"course":              courseType,
		"course.previous":     previousType,
		"course.next":         nextType,
		"learner.next_course": nextType,
	}[variable]
	if event := s.eventBehind(variable); event != "" {
		name = eventType + event
	}
	fields, _ := l.types.FindStructFieldNames(name)
	return fields
}

// eventBehind returns the name of the event that a variable holds; empty: it holds none.
func (s exprView) eventBehind(variable string) string {
	switch variable {
	case "event":
		return s.event
	case "trigger":
		return s.trigger
	}
	return s.awaitedEvents()[variable]
}

// ownerName is the name of a variable, or of a part of one that has fields itself, such as the earlier run of a course; empty for anything else.
func ownerName(of ast.Expr) string {
	switch of.Kind() {
	case ast.IdentKind:
		return of.AsIdent()
	case ast.SelectKind:
		switch name := pathOf(of); name {
		case "course.previous", "course.next", "learner.next_course":
			return name
		}
	}
	return ""
}

// undefinedField words "event.pased". CEL reports the dot or has(), people look at the name.
func (c *exprCheck) undefinedField(parsed *cel.Ast, off int, part ast.Expr, field string) {
	owner := "this"
	fields := []string(nil)
	if part != nil && part.Kind() == ast.SelectKind && ownerName(part.AsSelect().Operand()) != "" {
		of := part.AsSelect().Operand()
		owner = ownerName(of)
		for of.Kind() == ast.SelectKind {
			of = of.AsSelect().Operand()
		}
		fields = c.l.fieldsOf(c.s, owner)
		start := parsed.NativeRep().SourceInfo().GetStartLocation(of.ID())
		from := c.offsetAt(start.Line(), start.Column()) + len(owner)
		if after := strings.Index(c.n.Text[min(from, len(c.n.Text)):], field); after >= 0 {
			off = from + after
		}
	}
	what := owner
	near := nearestField(field, fields)
	fix := spelling.Suggest(field, fields)
	if near != "" {
		fix = "did you mean " + near + "?"
	}
	if event := c.s.eventBehind(owner); event != "" {
		what = event
		fix = "it has " + strings.Join(fields, ", ")
		if near != "" {
			fix = fmt.Sprintf("did you mean %s.%s?", owner, near)
		} else if !isStateTrigger(what) {
			fix += "; your own properties go into catalog.yaml"
		}
	}
	c.failReplace(c.d.Source.Locate(c.n, off), near, fix, "%s has no property %q", what, field)
}

// nearestField returns the field that was most likely meant: one that is spelled like it, or the only one that begins with its words, as score_pct begins with score; empty: none.
func nearestField(field string, fields []string) string {
	if near := spelling.Nearest(field, fields); near != "" {
		return near
	}
	longer := ""
	for _, candidate := range fields {
		if !strings.HasPrefix(candidate, field+"_") {
			continue
		}
		if longer != "" {
			return ""
		}
		longer = candidate
	}
	return longer
}
