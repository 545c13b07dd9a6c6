package sources

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// quickNames is quick for the names of an event: a text, or a list of texts. Anything else is unclear. Neither the list nor a text is put into an interface,
// which would be an allocation each.
type quickNames func(body map[string]any) ([]string, outcome)

// compileNames returns a quick evaluation of the names of an event; nil: there is none.
func compileNames(e ast.Expr) quickNames {
	if e.Kind() == ast.ListKind {
		return namesOfList(e.AsList())
	}
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.Conditional {
		args := e.AsCall().Args()
		return namesOfConditional(compileQuick(args[0]), compileNames(args[1]), compileNames(args[2]))
	}
	text := compileText(e)
	if text == nil {
		return nil
	}
	return func(body map[string]any) ([]string, outcome) {
		name, got := text(body)
		if got != known {
			return nil, got
		}
		return []string{name}, known
	}
}

func namesOfList(e ast.ListExpr) quickNames {
	var texts []quickText
	for _, item := range e.Elements() {
		text := compileText(item)
		if text == nil {
			return nil
		}
		texts = append(texts, text)
	}
	if len(e.OptionalIndices()) > 0 {
		return nil
	}
	return func(body map[string]any) ([]string, outcome) {
		names := make([]string, len(texts))
		for i, text := range texts {
			name, got := text(body)
			if got != known {
				return nil, got
			}
			names[i] = name
		}
		return names, known
	}
}

// namesOfConditional is condition ? then : otherwise.
func namesOfConditional(condition quick, then, otherwise quickNames) quickNames {
	if condition == nil || then == nil || otherwise == nil {
		return nil
	}
	return func(body map[string]any) ([]string, outcome) {
		yes, got := condition.isTrue(body)
		switch {
		case got != known:
			return nil, got
		case yes:
			return then(body)
		}
		return otherwise(body)
	}
}
