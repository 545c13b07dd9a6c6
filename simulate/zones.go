package simulate

import (
	"time"

	"homeroom/profile"
)

// zones are the time zones looked up so far: reading the system's files takes longer than a decision. What is nil is no
// zone.
type zones struct {
	byName map[string]*time.Location
	// names are what publishers called zones, with the zones' own names; those that mean no zone are not among them.
	names map[string]string
}

func newZones() zones {
	return zones{byName: map[string]*time.Location{}, names: map[string]string{}}
}

func (z zones) lookUp(name string) *time.Location {
	loc, known := z.byName[name]
	if !known {
		if found, err := time.LoadLocation(name); err == nil {
			loc = found
		}
		z.byName[name] = loc
	}
	return loc
}

// nameOf is [profile.ZoneName].
func (z zones) nameOf(text string) (string, bool) {
	name, known := z.names[text]
	if known {
		return name, true
	}
	name, known = profile.ZoneName(text)
	if known {
		z.names[text] = name
	}
	return name, known
}
