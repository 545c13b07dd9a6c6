// Package judge measures, over recorded events, what an academy's rules about silence and risk would have done for the learners of a data set: whom
// they reach, whom they bother, and how well the risk ranks. `go run ./dev judge` prints it.
package judge
