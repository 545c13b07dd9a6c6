// Package importer brings learners in whom the platform had before Homeroom. It reads recorded events and writes what they
// say into profiles, standings and suppressions, as if Homeroom had been there. An import is silent: it publishes no event,
// starts no rule and writes to nobody. It may be repeated: what is known already changes nothing.
//
// The package knows no command line and no folder of rules: the caller hands it a ruleset, a catalog and the input.
package importer
