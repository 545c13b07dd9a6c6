// Command uibundle builds the editor of the console from console/ui into console/static: editor.js, and editor.NOTICE.txt with the licences
// of what is in it. Both are committed, so that building Homeroom needs no Node; whoever changes the editor runs
//
//	(cd console/ui && npm ci --ignore-scripts)
//	go run ./dev/uibundle
//
// and CI runs go run ./dev/uibundle -check, which compares and writes nothing. The packages are those of console/ui/package-lock.json,
// whose hashes npm checks.
package main
