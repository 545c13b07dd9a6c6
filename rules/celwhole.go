package rules

import (
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// wholeTypes are the types of fields that have parts, and of which only the parts can be used.
var wholeTypes = [...]string{nextType, previousType}

// checkParts reports a field with parts that is used whole, as in course.next == learner.next_course: nothing tells two of them apart. A stored revision is not asked:
// there such a condition fails when it is evaluated, as it did when the revision was published.
func (c *exprCheck) checkParts(parsed, checked *cel.Ast) bool {
	if c.l.stored {
		return true
	}
	rep := checked.NativeRep()
	partsRead := map[int64]bool{}
	whole := int64(0)
	name := ""
	ast.PreOrderVisit(rep.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.SelectKind:
			partsRead[e.AsSelect().Operand().ID()] = true
		case ast.CallKind: // the ways of a choice are what the choice is
			if call := e.AsCall(); call.FunctionName() == operators.Conditional && partsRead[e.ID()] {
				partsRead[call.Args()[1].ID()] = true
				partsRead[call.Args()[2].ID()] = true
			}
		}
		of := rep.GetType(e.ID()).TypeName()
		if e.Kind() == ast.SelectKind && whole == 0 && !partsRead[e.ID()] && slices.Contains(wholeTypes[:], of) {
			whole = e.ID()
			name = ownerName(e)
		}
	}))
	if whole == 0 {
		return true
	}
	fields, _ := c.l.types.FindStructFieldNames(rep.GetType(whole).TypeName())
	start := parsed.NativeRep().SourceInfo().GetStartLocation(whole)
	at := c.offsetAt(start.Line(), start.Column()) // of the dot before its last word
	if begin := at - len(name) + len(name[strings.LastIndexByte(name, '.'):]); begin >= 0 && strings.HasPrefix(c.n.Text[begin:], name) {
		at = begin
	}
	c.fail(c.d.Source.Locate(c.n, at), "name a part of it: "+strings.Join(fields, ", "), "%s cannot be used whole", name)
	return false
}
