// Package clock is the time that Homeroom asks for. In production it is the machine's clock; in time-lapse it is a
// scaled one, whose pace may change while it runs, and everything else is the production path: whoever needs the time
// asks a [Clock], and whoever must wait asks it how long that is in real time.
//
// This package alone reads the machine's clock on behalf of the others. It must not know what the time is for.
package clock
