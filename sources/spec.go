package sources

import (
	"time"

	"homeroom/catalog"
)

// Source is one compiled source. It does not change.
type Source struct {
	Name  string
	About string // what it is, and the public document that it follows; may be empty

	recognise *expression
	event     *expression // the name of a body: a text, or a list of texts of which the first known counts
	items     *expression // where a body that holds several has them; nil: nowhere
	reshape   *expression // the body in the form that the other expressions read; nil: as it is
	strangers bool        // a body that names no learner is ignored instead of refused
	noNulls   bool        // a member that is null counts as one that is not there
	taxonomy  bool        // names of the catalog stand for themselves
	zone      *time.Location
	whole     mapping // what holds for every event unless its mapping says otherwise
	events    map[string][]*mapping
	names     []string // of events, sorted
	ignore    ignoreList
	signature *Signature // of posted bodies; nil: none
	headers   []string   // that expressions read, in small letters, sorted
}

// mapping says what a name becomes.
type mapping struct {
	kind       *catalog.Event // nil in Source.whole
	condition  *expression    // nil: always
	learner    *expression
	id         *expression
	at         *expression
	properties []field
	object     *expression // the properties as one object; nil: they are listed
	traits     []field
	person     *expression // the traits as one object; nil: they are listed
}

// field is one property or trait.
type field struct {
	name  string
	typ   catalog.Type
	value *expression
}

// Set are the sources of an academy, in the order in which a body is held against them. It does not change, and may be used by
// many goroutines at once.
type Set struct {
	sources []*Source
	cat     *catalog.Catalog
}

// Sources returns the sources in their order.
func (s *Set) Sources() []*Source {
	if s == nil {
		return nil
	}
	return s.sources
}

// Source returns the named source, or nil.
func (s *Set) Source(name string) *Source {
	for _, source := range s.Sources() {
		if source.Name == name {
			return source
		}
	}
	return nil
}
