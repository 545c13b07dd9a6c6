package rules

import (
	"slices"
	"strings"

	"homeroom/internal/spelling"
	"homeroom/internal/yamlfile"
)

func splitKeys(depth int) []key[stepSpec] {
	return []key[stepSpec]{
		{
			name: "split",
			read: func(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
				if _, ok := d.readName(v, "split"); ok {
					s.split = v
				}
			},
		},
		{name: "arms", read: func(d *decoder, s *stepSpec, _, v *yamlfile.Node) { readArms(d, s, v, depth) }},
		{name: "adapt", read: readAdapt},
	}
}

// readArms reads {a: {weight: 1, do: [...]}, b: …}. An arm may be empty: its learners get nothing.
func readArms(d *decoder, s *stepSpec, v *yamlfile.Node, depth int) {
	if v.Kind != yamlfile.Mapping {
		d.Fail(v.At, "write {a: {do: [...]}, b: {do: [...]}}", "arms must be a block of keys, not %s", v.Kind)
		return
	}
	for _, p := range v.Pairs {
		if _, ok := d.readName(p.Key, "an arm"); !ok {
			continue
		}
		if slices.ContainsFunc(s.arms, func(a *armSpec) bool { return a.name.Text == p.Key.Text }) {
			d.Fail(p.Key.At, "keep one of them", "the arm %s stands twice", p.Key.Text)
			continue
		}
		arm := &armSpec{name: p.Key, weight: 1}
		s.arms = append(s.arms, arm)
		if p.Value.Kind == yamlfile.Null {
			continue
		}
		readKeys(d, p.Value, "the arm "+p.Key.Text, []key[armSpec]{
			{
				name: "weight",
				read: func(d *decoder, a *armSpec, _, v *yamlfile.Node) {
					if w, ok := d.readWeight(v); ok {
						a.weight = w
					}
				},
			},
			{
				name:  "do",
				empty: true,
				read: func(d *decoder, a *armSpec, _, v *yamlfile.Node) {
					if v.Kind == yamlfile.Sequence && len(v.Items) == 0 {
						return
					}
					a.do = readSteps(d, v, "do", depth+1)
				},
			},
		}, arm)
	}
}

func readStop(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
	text, ok := d.Text(v, "stop")
	if ok && len(text) > 100 {
		d.Fail(v.At, "use a few words", "the reason is longer than 100 characters")
	}
	s.reason = strings.TrimSpace(text)
}

func readWaitUntil(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
	switch {
	case v.Kind == yamlfile.Scalar && v.Text == usualWord:
		s.usual = true
		return
	case v.Kind == yamlfile.Scalar && spelling.Nearest(v.Text, []string{usualWord}) != "":
		d.FailReplace(v.At, usualWord, "did you mean "+usualWord+"?", "wait_until cannot be %q", v.Text)
		return
	case v.Kind != yamlfile.Mapping:
		s.clock, _ = d.readClock(v, "wait_until")
		return
	}
	table := []key[stepSpec]{{
		name: "time",
		read: func(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
			if _, ok := d.Text(v, "time"); ok {
				s.time = v
			}
		},
	}}
	before := len(*d.Problems)
	readKeys(d, v, "wait_until", table, s)
	if v.Get("time") == nil && len(*d.Problems) == before {
		d.Fail(v.At, `write {time: …} with an expression, a time of day such as "09:00", or usual`, "wait_until does not say when")
	}
}

func readWaitFor(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
	for _, name := range []string{"then", "otherwise"} {
		if v.Get(name) != nil {
			d.Fail(keyAt(v, name), "indent it like wait_for itself", "%s stands inside wait_for, but belongs beside it", name)
			return
		}
	}
	if m, ok := readMatch(d, v, "wait_for", waitForKeys()); ok {
		s.match = m
	}
}
