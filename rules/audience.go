package rules

import (
	"slices"
	"strings"

	"homeroom/engine"
	"homeroom/internal/yamlfile"
)

// audienceSpec is an audience as written.
type audienceSpec struct {
	at   yamlfile.Position
	in   string // course or platform; empty: not said
	inAt yamlfile.Position
	cond *yamlfile.Node
}

// audienceWhenKeys are the keys of when that concern many learners.
func audienceWhenKeys() []key[whenSpec] {
	return []key[whenSpec]{
		{
			name: "broadcast",
			read: func(d *decoder, w *whenSpec, _, v *yamlfile.Node) {
				if yes, ok := d.Bool(v, "broadcast"); ok && !yes {
					d.Fail(v.At, "write broadcast: true, or say event: NAME", "broadcast cannot be false")
				} else if ok {
					w.broadcast = v
				}
			},
		},
		{name: "audience", read: readAudience},
	}
}

func audienceKeys() []key[audienceSpec] {
	return []key[audienceSpec]{
		{
			name: "in",
			read: func(d *decoder, a *audienceSpec, _, v *yamlfile.Node) {
				a.in, _ = d.oneOf(v, "in", "course", "platform")
				a.inAt = v.At
			},
		},
		{
			name: "if",
			read: func(d *decoder, a *audienceSpec, _, v *yamlfile.Node) {
				if _, ok := d.Text(v, "if"); ok {
					a.cond = v
				}
			},
		},
	}
}

func readAudience(d *decoder, w *whenSpec, k, v *yamlfile.Node) {
	a := &audienceSpec{at: k.At}
	if readKeys(d, v, "audience", audienceKeys(), a) {
		w.audience = a
	}
	if v.Kind == yamlfile.Mapping && v.Get("in") == nil && w.broadcast == nil {
		d.Fail(k.At, "add in: course or in: platform", "audience does not say among whom")
	}
}

// compileAudience compiles whom an event without a learner concerns. ok is false if the rule cannot have it.
func (c *compiler) compileAudience(d *decoder, w *whenSpec, from origin, r *engine.Rule) (ok bool) {
	spec := w.audience
	switch {
	case spec == nil && w.broadcast != nil:
		spec = &audienceSpec{in: "platform"}
	case spec == nil && from.event.Admin:
		d.Fail(w.event.At, "add audience: {in: platform}, or to: staff.NAME to its sends, or use an event of a learner", "%s has no learner, and the rule does not say whom it concerns", from.name)
		return false
	case spec == nil:
		return true
	case !from.event.Admin:
		d.Fail(spec.at, "take it out: the event concerns the learner who did it", "%s has a learner, so it takes no audience", from.name)
		return false
	}
	_, namesCourse := from.event.Property(engine.KeyCourse)
	if spec.in == "course" && !namesCourse {
		d.Fail(spec.inAt, "write in: platform", "%s names no course", from.name)
		return false
	}
	r.When.Broadcast = w.broadcast != nil
	r.When.Audience = &engine.Audience{Platform: spec.in != "course"}
	if spec.in == "course" {
		c.keep.add(from.name, engine.KeyCourse)
	}
	if spec.cond == nil {
		return true
	}
	cond, fine := c.compileCondition(d, spec.cond, exprView{event: from.name, course: from.course})
	if !fine {
		return true
	}
	r.When.Audience.If = cond.expr
	r.When.Audience.ReadsPerson = readsProfile(cond.reads)
	c.checkAudience(d, spec.cond, cond)
	return true
}

// checkAudience refuses what cannot be asked of a learner who is only looked at in passing.
func (c *compiler) checkAudience(d *decoder, n *yamlfile.Node, cond compiled) {
	if _, asks := cond.reads[pastName]; asks {
		d.Fail(n.At, "put it into the if: of the send step", "an audience cannot ask sent() or count(): it is asked of every learner, and only their own workflow remembers that")
	}
	if _, asks := cond.reads[calendarName]; asks {
		d.Fail(n.At, "compare with now, or put it into the if: of the send step", "an audience cannot ask when a day begins where the learner is")
	}
}

// readsProfile reports whether an expression reads what only the profile of a learner knows.
func readsProfile(found reads) bool {
	return slices.ContainsFunc(found["learner"], func(field string) bool {
		return field == "traits" || field == "locale" || field == "timezone"
	})
}

// audienceWords says whom an event without a learner concerns.
func audienceWords(r *engine.Rule) string {
	a := r.When.Audience
	var b strings.Builder
	b.WriteString("for every learner")
	if !a.Platform {
		b.WriteString(" who is in the course that it names")
	}
	b.WriteString(" whom Homeroom knows")
	if a.If != nil {
		b.WriteString(", if " + a.If.Source())
	}
	return b.String()
}

// audienceFile is how problems name the condition that a person gives a broadcast.
const audienceFile = "--audience"

// CompileAudience compiles a condition over the learners whom an event without a learner concerns, as the rules of a folder understand it.
func CompileAudience(a *Academy, event, condition string) (engine.Expr, Problems) {
	var problems Problems
	d := newDecoder(yamlfile.NewSource(audienceFile, []byte(condition)), "", &problems)
	n := &yamlfile.Node{Kind: yamlfile.Scalar, Text: condition, At: yamlfile.Position{Line: 1, Col: 1}}
	ev, known := a.Catalog.Event(event)
	if !known {
		d.Fail(n.At, "", "there is no event %s", event)
		return nil, problems
	}
	lang, err := newLanguage(a.Catalog, nil)
	if err != nil {
		d.Fail(n.At, "", "%v", err)
		return nil, problems
	}
	c := &compiler{linkable: linkableProperties(a.Catalog)}
	cond, ok := lang.compileExpr(d, n, exprView{event: event, course: c.hasCourse(ev)}, wantBool)
	if ok {
		c.checkAudience(d, n, cond)
	}
	if problems.Err() != nil {
		return nil, problems
	}
	return cond.expr, nil
}
