package console

import "strings"

// GuardedRoute is an address that a viewer may not use.
type GuardedRoute struct{ Method, Path string }

// GuardedRoutes returns the addresses that need more than being known, with names in place of their variables.
func GuardedRoutes() []GuardedRoute {
	names := strings.NewReplacer("{rule}", "quiz-retry", "{draft}", "vi", "{revision}", "1", "{learner}", "u_1")
	var guarded []GuardedRoute
	for _, r := range (&Console{}).listRoutes() {
		if r.role != RoleViewer && r.role != "" {
			guarded = append(guarded, GuardedRoute{Method: r.method, Path: names.Replace(r.pattern)})
		}
	}
	return guarded
}

// OpenRoutes returns the addresses that change something and that need no role, each as its method and its pattern.
func OpenRoutes() []string {
	var open []string
	for _, r := range (&Console{}).listRoutes() {
		if r.method == "POST" && (r.role == RoleViewer || r.role == "") {
			open = append(open, r.method+" "+r.pattern)
		}
	}
	return open
}

// GroupsIn returns the groups that claims hold at a path.
func GroupsIn(claims map[string]any, path string) []string {
	return textsOf(findClaim(claims, path))
}

// Route is an address of the console.
type Route struct{ Method, Pattern, Path string }

// AllRoutes returns every address, with names in place of its variables.
func AllRoutes() []Route {
	names := strings.NewReplacer("{rule}", "quiz-retry", "{message}", "quiz-retry", "{draft}", "vi", "{revision}", "1", "{learner}", "u_1", "{$}", "")
	var all []Route
	for _, r := range (&Console{}).listRoutes() {
		all = append(all, Route{Method: r.method, Pattern: r.pattern, Path: names.Replace(r.pattern)})
	}
	return all
}
