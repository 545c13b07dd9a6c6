// Package pace lets whoever watches a campus decide how fast its time passes: pause it, change its pace, and go on to the next
// morning or the next message.
//
// The package knows a clock and keys, and neither terminals nor servers.
package pace
