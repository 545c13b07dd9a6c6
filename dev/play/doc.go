// Package play runs recorded events through the production path in time-lapse: the same stack, the same workflows, only
// the clock is scaled. What comes out is the document that `homeroom simulate` writes, so the two can be compared.
package play
