// Package printing writes what commands print: the answers of admin as texts, tables and JSON, and lines that say how far a command is. A function whose name ends in Text
// returns a text; one whose name begins with Write writes it where it is long.
//
// It asks nothing and knows no flags: package cli asks admin and hands the answer over.
package printing
