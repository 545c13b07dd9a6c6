package sources

import (
	"net/textproto"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"

	"homeroom/internal/yamlfile"
)

// Signature says how the bodies of a source are signed when they are posted. The secret is the process's, not the academy's.
type Signature struct {
	Standard bool   // as Standard Webhooks has it; the fields below are then empty
	Header   string // the header with the HMAC-SHA256 of the body, in its canonical form
	Base64   bool   // how the HMAC is written; false: in hex
	Prefix   string // what stands before it, such as "sha256="; may be empty
}

// Signature returns how bodies are signed; nil: they are not.
func (s *Source) Signature() *Signature { return s.signature }

// Headers returns the names of the headers that the expressions of the source read, in small letters, sorted.
func (s *Source) Headers() []string { return slices.Clone(s.headers) }

// HeaderSource is the header of a message whose value names the source that reads it, without being asked whether it recognizes it.
const HeaderSource = "Learning-Source"

// standardWebhooks is the word for signatures as https://www.standardwebhooks.com has them.
const standardWebhooks = "standard_webhooks"

// readSignature reads how bodies are signed; nil: a problem was reported.
func (r *reader) readSignature(n *yamlfile.Node, of string) *Signature {
	what := "signature of " + of
	if n.Kind == yamlfile.Scalar {
		if n.Text == standardWebhooks {
			return &Signature{Standard: true}
		}
		r.FailReplace(n.At, standardWebhooks, "write "+standardWebhooks+", or a block with header:", "%q is no signature", n.Text)
		return nil
	}
	s := &Signature{}
	for _, p := range r.Pairs(n, what, []string{"header", "encoding", "prefix"}) {
		text, ok := r.Text(p.Value, p.Key.Text+" of the "+what)
		if !ok {
			return nil
		}
		switch p.Key.Text {
		case "header":
			s.Header = textproto.CanonicalMIMEHeaderKey(text)
		case "prefix":
			s.Prefix = text
		case "encoding":
			if text != "hex" && text != "base64" {
				r.Fail(p.Value.At, "write hex or base64", "%q is no encoding", text)
				return nil
			}
			s.Base64 = text == "base64"
		}
	}
	if s.Header == "" {
		r.Fail(n.At, "add header: with the name of the header that holds the HMAC-SHA256 of the body", "the %s names no header", what)
		return nil
	}
	return s
}

// headerSource returns the source that a message names; "" if it names none.
func headerSource(header map[string][]string) string {
	for name, values := range header {
		if len(values) > 0 && textproto.CanonicalMIMEHeaderKey(name) == HeaderSource {
			return values[0]
		}
	}
	return ""
}

// addHeaders adds the names of headers that expressions read.
func (s *Source) addHeaders(names []string) {
	s.headers = append(slices.Clone(s.headers), names...)
	slices.Sort(s.headers)
	s.headers = slices.Compact(s.headers)
}

// headersIn returns the headers that an expression reads by name, in small letters: headers["x-topic"], headers.?topic.
func headersIn(e ast.Expr) []string {
	var names []string
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.SelectKind:
			if s := e.AsSelect(); isHeaders(s.Operand()) {
				names = append(names, strings.ToLower(s.FieldName()))
			}
		case ast.CallKind:
			args := e.AsCall().Args()
			if len(args) == 2 && isHeaders(args[0]) && args[1].Kind() == ast.LiteralKind {
				if name, isText := args[1].AsLiteral().Value().(string); isText {
					names = append(names, strings.ToLower(name))
				}
			}
		default: // what reads no header by its name
		}
	}))
	return names
}

func isHeaders(e ast.Expr) bool { return e.Kind() == ast.IdentKind && e.AsIdent() == variableHeaders }
