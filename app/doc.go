// Package app puts Homeroom together: [New] wires, [App.Start] serves, [App.Stop] drains. It is the only package that
// meets every adapter, and it decides nothing.
package app
