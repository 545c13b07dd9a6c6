package console

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Grants say which roles the members of a group have, by the group's name as an identity provider or a proxy gives it. A group that is not
// there gives none.
type Grants map[string][]Role

// ParseGrants reads grants such as "academy-editors=editor,people".
func ParseGrants(texts []string) (Grants, error) {
	grants := Grants{}
	for _, text := range texts {
		group, list, ok := strings.Cut(text, "=")
		group = strings.TrimSpace(group)
		if !ok || group == "" {
			return nil, fmt.Errorf("%q: want GROUP=ROLE,ROLE", text)
		}
		roles, err := parseRoles(list)
		if err != nil {
			return nil, err
		}
		grants[group] = append(grants[group], roles...)
	}
	return grants, nil
}

// parseRoles reads roles that are separated by commas.
func parseRoles(list string) ([]Role, error) {
	var roles []Role
	for name := range strings.SplitSeq(list, ",") {
		role := Role(strings.TrimSpace(name))
		if !slices.Contains(allRoles, role) {
			return nil, fmt.Errorf("%q is not a role; there are viewer, editor, approver and people", role)
		}
		roles = append(roles, role)
	}
	return roles, nil
}

// errNoRole says that somebody is known to the company and may not use the console.
var errNoRole = errors.New("this account has no role here: ask whoever runs the console for one")

// errNoName says that a name cannot stand in the records.
var errNoName = errors.New("this account has no name that can stand in the history: letters, digits, spaces and . _ @ -, at most 64")

// admit returns a person by their name and the groups they are in. The error is [errNoName] or [errNoRole].
func (g Grants) admit(name string, groups []string) (Person, error) {
	if !personName.MatchString(name) {
		return Person{}, errNoName
	}
	person := Person{Name: name}
	for _, group := range groups {
		for _, role := range g[group] {
			if !slices.Contains(person.Roles, role) {
				person.Roles = append(person.Roles, role)
			}
		}
	}
	if len(person.Roles) == 0 {
		return Person{}, errNoRole
	}
	return person, nil
}
