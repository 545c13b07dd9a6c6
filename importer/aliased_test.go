package importer_test

import "testing"

// TestAnImportSaysThatIdsWereNotMerged: of events that name another id, and of no others; both ids are learners of their own.
func TestAnImportSaysThatIdsWereNotMerged(t *testing.T) {
	w := open(t)
	result, rejected := w.imports(lines(
		event("e1", "lead-7", "user.signed_up", "2026-01-05T10:00:00Z", ``, ``),
		event("e2", "u_7", "user.aliased", "2026-01-06T10:00:00Z", `"previous_id":"lead-7"`, ``),
		event("e3", "u_7", "user.aliased", "2026-01-06T10:00:00Z", `"previous_id":"u_7"`, ``), // of oneself
	), true)
	if result.Aliased != 1 || result.Learners != 2 || result.Events != 3 || rejected != "" {
		t.Errorf("%+v, rejected %s", result, rejected)
	}
}
