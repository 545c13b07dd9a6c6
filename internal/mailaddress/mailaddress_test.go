package mailaddress_test

import (
	"strings"
	"testing"

	"homeroom/internal/mailaddress"
)

func TestDeliverable(t *testing.T) {
	long := strings.Repeat("x", 60)
	for address, want := range map[string]string{ // an empty want: nobody takes it
		"ada@example.org":                          "ada@example.org",
		" Ada@Example.org ":                        "Ada@Example.org",
		"ada+news@mail.example.org":                "ada+news@mail.example.org",
		"ada@my_host.example.org":                  "ada@my_host.example.org",
		"x@exämple.org":                            "x@xn--exmple-cua.org",
		"x@exa\u0308mple.org":                      "x@xn--exmple-cua.org",
		"x@EXÄMPLE.org":                            "x@xn--exmple-cua.org",
		"x@xn--exmple-cua.org":                     "x@xn--exmple-cua.org",
		"x@straße.example.org":                     "x@xn--strae-oqa.example.org",
		"x@例え.テスト":                                 "x@xn--r8jz45g.xn--zckzah",
		"x@example。org":                            "x@example.org",
		"jürgen@example.org":                       "",
		"用户@例え.テスト":                                "",
		"ada@localhost":                            "",
		"a@b":                                      "",
		"ada@exämple":                              "",
		"ada@user.invalid":                         "",
		"ada@box.localhost":                        "",
		"ada@127.0.0.1":                            "",
		"ada@[127.0.0.1]":                          "",
		"ada@-example.org":                         "",
		"ada@example-.org":                         "",
		"ada@exam!ple.org":                         "",
		"ada@example..org":                         "",
		"ada@" + long + "xxxx.org":                 "",
		long + "xxxxx@example.org":                 "",
		"a@" + strings.Repeat(long+".", 5) + "org": "",
		"x@ex\u202eample.org":                      "",
		"Ada <ada@example.org>":                    "",
		"ada@example.org, b@e.org":                 "",
		"ada@example.org\r\nBcc: all":              "",
		"ada":                                      "",
		"":                                         "",
		"@":                                        "",
	} {
		got, why := mailaddress.Deliverable(address)
		if got != want {
			t.Errorf("%q is sent to as %q (%s), want %q", address, got, why, want)
		}
		if (got == "") != (why != "") {
			t.Errorf("%q: form %q and why %q; want one of them", address, got, why)
		}
		if why != "" && len(address) > 3 && strings.Contains(why, address) {
			t.Errorf("%q is repeated in %q", address, why)
		}
	}
}

func TestNormalize(t *testing.T) {
	for _, same := range [][]string{
		{"ada@example.org", " ADA@Example.ORG ", "Ada@example.org"},
		{"x@xn--exmple-cua.org", "X@exämple.org", "x@EXÄMPLE.org", "x@exa\u0308mple.org", "x@XN--EXMPLE-CUA.org"},
		{"jürgen@example.org", "JÜRGEN@example.org"},
		{"garbage", " Garbage"},
	} {
		for _, address := range same {
			if got := mailaddress.Normalize(address); got != same[0] {
				t.Errorf("%q is compared as %q, want %q", address, got, same[0])
			}
		}
	}
}

func FuzzDeliverable(f *testing.F) {
	f.Add("x@exämple.org")
	f.Add("ada@example.org")
	f.Fuzz(func(t *testing.T, address string) {
		normal := mailaddress.Normalize(address)
		if again := mailaddress.Normalize(normal); again != normal {
			t.Errorf("%q is compared as %q, and that as %q", address, normal, again)
		}
		form, why := mailaddress.Deliverable(address)
		if why != "" {
			return
		}
		if strings.ContainsFunc(form, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Errorf("%q is sent to as %q", address, form)
		}
		if again, why := mailaddress.Deliverable(form); again != form {
			t.Errorf("%q is sent to as %q, and that as %q (%s)", address, form, again, why)
		}
		if mailaddress.Normalize(form) != normal {
			t.Errorf("%q is not the same as %q, to which it is sent", address, form)
		}
	})
}
