package delivery_test

import (
	"testing"

	"homeroom/engine"
)

func TestAnInternationalDomainGoesOutInASCII(t *testing.T) {
	w := newWorld(t)
	w.to.Address = "x@exämple.org"
	w.allow = []string{"exämple.org"}
	if out := w.deliver(); out.Status != engine.OutcomeAccepted {
		t.Fatalf("outcome %+v", out)
	}
	if w.last.To != "x@xn--exmple-cua.org" {
		t.Errorf("the mail went to %q", w.last.To)
	}
}
