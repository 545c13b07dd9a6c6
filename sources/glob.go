package sources

import (
	"slices"
	"strings"
)

// ignoreList are the names that a source ignores. Most are written out: a source may have hundreds, and each body is held against them.
type ignoreList struct {
	names map[string]bool
	globs []glob
}

// addPattern adds a name, in which * stands for any text.
func (l *ignoreList) addPattern(pattern string) {
	if strings.Contains(pattern, "*") {
		l.globs = append(l.globs, newGlob(pattern))
		return
	}
	if l.names == nil {
		l.names = map[string]bool{}
	}
	l.names[pattern] = true
}

func (l *ignoreList) isEmpty() bool { return len(l.names) == 0 && len(l.globs) == 0 }

func (l *ignoreList) containsName(name string) bool {
	return l.names[name] || slices.ContainsFunc(l.globs, func(g glob) bool { return g.match(name) })
}

// glob is a name in which * stands for any text.
type glob []string

func newGlob(pattern string) glob { return strings.Split(pattern, "*") }

func (g glob) match(name string) bool {
	last := len(g) - 1
	if last == 0 {
		return name == g[0]
	}
	rest, ok := strings.CutPrefix(name, g[0])
	if !ok {
		return false
	}
	for _, part := range g[1:last] {
		_, after, found := strings.Cut(rest, part)
		if !found {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, g[last])
}
