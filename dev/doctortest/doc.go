// Package doctortest tests `homeroom doctor` and `homeroom setup` against real servers in all states they may be found
// in, what a process tells about itself while it runs (metrics, health and readiness), and the alerts and the dashboard that ask for it.
package doctortest
