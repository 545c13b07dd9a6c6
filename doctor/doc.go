// Package doctor looks at everything that Homeroom depends on, as `homeroom serve` would reach it, and says what is
// wrong and what to do about it. It changes nothing and sends nothing.
//
// Every question is asked, however many before it went wrong; what cannot be asked for lack of an earlier answer is
// said to be so. A finding is fine, a warning (it runs, and an operator should know) or a failure (it does not run, or
// loses something).
//
// The package must not know flags and terminals: it returns findings.
package doctor
