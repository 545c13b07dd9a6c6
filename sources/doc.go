// Package sources reads events as learning platforms publish them. A file sources.yaml says for each source how its bodies are
// recognized, and which event of the catalog each of its names becomes, in CEL over the raw body and its headers. A file is
// compiled once into an immutable [Set], which is a [catalog.Translator]: a catalog that has one reads foreign bodies wherever
// it reads bodies, so that triggers, imports, simulations and dead letters agree.
//
// Homeroom ships sources for formats that are public, in shipped/; an academy names those that it wants, and may change a part.
//
// The package must not know stores, servers or rules.
package sources
