package rules

import (
	"slices"
	"strings"

	"homeroom/internal/yamlfile"
)

var signs = map[string]string{"_==_": "==", "_!=_": "!=", "_<_": "<", "_<=_": "<=", "_>_": ">", "_>=_": ">=",
	"_+_": "+", "_-_": "-", "_*_": "*", "_/_": "/", "_%_": "%", "@in": "in", "_&&_": "&&", "_||_": "||"}

// noOverload words a function or sign that does not go with what it is given.
func (c *exprCheck) noOverload(at yamlfile.Position, function, receiver, args string) {
	kinds := []string{}
	if receiver != "" {
		kinds = append(kinds, typeName(receiver))
	}
	for _, a := range splitTypes(args) {
		kinds = append(kinds, typeName(a))
	}
	sign, isSign := signs[function]
	fix := ""
	switch {
	case slices.Contains(kinds, "a number") && slices.Contains(kinds, "a text"):
		fix = "numbers are written without quotes, texts with them"
	case isSign && slices.Contains(kinds, typeName("bool")):
		fix = "write true and false without quotes"
	}
	switch {
	case isSign && len(kinds) == 2:
		verb := "combine"
		if strings.ContainsAny(sign, "=<>") {
			verb = "compare"
		}
		c.fail(at, fix, "%s cannot %s %s with %s", sign, verb, kinds[0], kinds[1])
	case function == "!_" || function == "-_":
		c.fail(at, "compare it with something instead", "%s does not go with %s", function[:1], kinds[0])
	case function == "_?_:_":
		c.fail(at, "both answers must be of one kind", "? : does not go with %s", strings.Join(kinds, " and "))
	case function == "_[_]":
		c.fail(at, "write a dot and the name", "[] does not go with %s", strings.Join(kinds, " and "))
	default:
		c.fail(at, fix, "%s() does not go with %s", function, strings.Join(kinds, " and "))
	}
}

// splitTypes splits "list(string), double" at the top level.
func splitTypes(text string) (out []string) {
	depth := 0
	from := 0
	for i, r := range text {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == ',' && depth == 0:
			out = append(out, strings.TrimSpace(text[from:i]))
			from = i + 1
		}
	}
	return append(out, strings.TrimSpace(text[from:]))
}

// typeName calls a CEL type what a growth team calls it.
func typeName(t string) string {
	switch {
	case t == "bool":
		return "true or false"
	case t == "double" || t == "int" || t == "uint":
		return "a number"
	case t == "string":
		return "a text"
	case t == "timestamp" || t == "google.protobuf.Timestamp":
		return "a time"
	case t == "duration" || t == "google.protobuf.Duration":
		return "a duration"
	case strings.HasPrefix(t, "list"):
		return "a list"
	case strings.HasPrefix(t, "map"):
		return "a set of keys"
	case t == "null" || t == "null_type":
		return "nothing"
	}
	return t
}
