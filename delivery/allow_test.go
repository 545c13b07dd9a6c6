package delivery_test

import (
	"testing"

	"homeroom/delivery"
)

func TestAllowList(t *testing.T) {
	l, err := delivery.NewAllowList([]string{" Ada@Example.org ", "staff.example", "@crew.example", "exämple.example", "Eva@müller.example", ""})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{
		"ada@example.org": true, "ADA@EXAMPLE.ORG": true, "bob@example.org": false,
		"x@staff.example": true, "x@sub.staff.example": false, "x@notstaff.example": false, "x@crew.example": true,
		"x@exämple.example": true, "x@xn--exmple-cua.example": true, "eva@xn--mller-kva.example": true, "EVA@MÜLLER.example": true, "bob@müller.example": false,
	} {
		if got := l.Allows(address); got != want {
			t.Errorf("Allows(%s) = %t, want %t", address, got, want)
		}
	}
	var everybody delivery.AllowList
	if !everybody.Allows("anyone@anywhere.example") {
		t.Error("the zero list must allow everybody")
	}
	for _, bad := range []string{"", " ", "*@example.org", "a b@example.org", "@", "a@b@c"} {
		if _, err := delivery.NewAllowList([]string{bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
