// Package printing writes what commands print: the answers of admin as texts, tables and JSON, and lines that say how far a command is.
// A function whose name ends in Text, or begins with Describe or Count, returns a text: a table, sentences, or a part of one. One whose name begins with Write writes it where it is long.
//
// What a table, a heading or a sentence shows may have been written by anybody who publishes an event, so it is made printable by [cells.Printable]: tables and wrapped sentences do that
// themselves, and a test holds every text of the package to it. The growth team's own files are shown as they are.
//
// It asks nothing and knows no flags: package cli asks admin and hands the answer over.
package printing
