// Package experiment compares people who got a message with people from whom it was withheld: intervals, verdicts, and what
// makes a verdict worthless.
//
// A figure is only as good as its use. A growth team looks every day, so the interval of [Sequential] is valid at every look
// together; the interval of [Fixed] is narrower and valid at one look that was planned before. [Judge] says in one word what the figures mean,
// and says nothing while there are too few people or too few days, or while the groups have not the sizes that the holdout promises.
//
// The package is pure. It imports the standard library and gonum's distributions, and knows neither rules nor events.
package experiment
