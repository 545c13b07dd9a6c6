// Package yamlfile reads the YAML files that people write, with the place of every piece, and says what is wrong with
// them: all problems at once, each with its line, a caret and what to do.
//
//	problem.go   what is wrong, as data and for a person
//	source.go    a file as text, within limits
//	parse.go     the text as a tree of [Node]; the only file that knows a YAML library
//	node.go      the tree
//	reader.go    [Reader], which takes a tree apart and collects problems
//	end.go       where what is wrong ends, and what to put in its place
//	locate.go    where a character of a value stands in the file
//
// Files that are read hold a single document or several, without aliases, merges and tags. The package must not
// know what the files are about.
package yamlfile
