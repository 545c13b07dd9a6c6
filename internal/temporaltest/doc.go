// Package temporaltest stands in for a Temporal server in tests of pages: it lists broadcasts that a test has made up. Whatever else is asked of it fails as if
// nobody listened. And it stands in for one that refuses its clients. What workflows do is tested against a real server.
package temporaltest
