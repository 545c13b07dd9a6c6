package subjects_test

import (
	"testing"

	"homeroom/subjects"
)

func TestStoredAs(t *testing.T) {
	if got, want := subjects.StoredAs("certificate.shared"), "learning.*.*.certificate.shared"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := subjects.StoredAs("odd.>"), "learning.*.*.odd.=3E"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
