package securitytest

import (
	"reflect"
	"strings"
)

// field is a command, and those below it.
type field struct {
	name  string
	below []field
}

// commandsOf reads the tags that make a field of the command line a command.
func commandsOf(grammar any) []field {
	var found []field
	for _, f := range reflect.VisibleFields(reflect.TypeOf(grammar)) {
		if _, is := f.Tag.Lookup("cmd"); !is {
			continue
		}
		name := f.Tag.Get("name")
		if name == "" {
			name = strings.ToLower(f.Name)
		}
		found = append(found, field{name, commandsOf(reflect.Zero(f.Type).Interface())})
	}
	return found
}
