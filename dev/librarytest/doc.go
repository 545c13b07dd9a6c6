// Package librarytest publishes with the libraries that platforms have already, unchanged, to the role api on a real stream: Segment's for Go and for Node, and
// the SDK of CloudEvents. They are requirements of tests only.
package librarytest
