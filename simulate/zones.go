package simulate

import "time"

// zones are the time zones looked up so far: reading the system's files takes longer than a decision. What is nil is no
// zone.
type zones map[string]*time.Location

func (z zones) lookUp(name string) *time.Location {
	loc, known := z[name]
	if !known {
		if found, err := time.LoadLocation(name); err == nil {
			loc = found
		}
		z[name] = loc
	}
	return loc
}
