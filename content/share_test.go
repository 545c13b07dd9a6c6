package content_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestShareLinks(t *testing.T) {
	vars := certificateVars()
	vars.Course.Title = "Go + Größe & more"
	r := render(t, "{{ share.linkedin_profile }}\n\n{{ share.linkedin_post }}\n\n{{ share.x }}\n\n{{ share.facebook }}\n\n{{ share.whatsapp }}", vars)
	cert := "https%3A%2F%2Facademy.example%2Fcertificates%2Fcert%2520abc%252F123"
	want := []string{
		"https://www.linkedin.com/profile/add?startTask=CERTIFICATION_NAME&name=Go%20%2B%20Gr%C3%B6%C3%9Fe%20%26%20more&organizationName=Ada%20%26%20Friends%20Academy&issueYear=2026&issueMonth=3&certUrl=" + cert + "&certId=cert%20abc%2F123",
		"https://www.linkedin.com/sharing/share-offsite/?url=" + cert,
		"https://x.com/intent/tweet?text=I%20earned%20a%20certificate%3A%20Go%20%2B%20Gr%C3%B6%C3%9Fe%20%26%20more&url=" + cert,
		"https://www.facebook.com/sharer/sharer.php?u=" + cert,
		"https://wa.me/?text=I%20earned%20a%20certificate%3A%20Go%20%2B%20Gr%C3%B6%C3%9Fe%20%26%20more%20" + cert,
	}
	body, _, _ := strings.Cut(r.Text, "\n\n-- ")
	if diff := cmp.Diff(want, strings.Split(strings.TrimSpace(body), "\n\n")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestPostsFitX(t *testing.T) {
	for name, title := range map[string]string{
		"long":   strings.Repeat("Advanced Gardening ", 40),
		"emoji":  strings.Repeat("🌱", 300),
		"joined": strings.Repeat("x", 600),
	} {
		vars := certificateVars()
		vars.Course.Title = title
		r := render(t, "{{ share.x }}", vars)
		link, _, _ := strings.Cut(r.Text, "\n")
		u, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		if n := utf8.RuneCountInString(q.Get("text")) + 1 + len(q.Get("url")); n > 280 || len(q.Get("text")) < 40 {
			t.Errorf("%s: %d characters: %q", name, n, q.Get("text"))
		}
	}
}

func TestMinorsAreNotAskedToShare(t *testing.T) {
	for _, minor := range []any{true, "true", 1.0} {
		vars := certificateVars()
		vars.Learner.Traits["is_minor"] = minor
		r := render(t, "Hi\n\n{% share %}\n\n{% button \"Share\" share.x %}\n\n{% if share %}words{% endif %}", vars)
		body, _, _ := strings.Cut(r.Text, "\n\n-- ")
		if body != "Hi" || strings.Contains(r.HTML, "linkedin") || strings.Contains(r.HTML, "x.com") {
			t.Errorf("is_minor %v: %q", minor, body)
		}
		if _, err := one(t, "{{ share.x }}").Render("m", "", vars); err == nil || !strings.Contains(err.Error(), "not offered to minors") {
			t.Errorf("an unguarded share link for a minor gives %v", err)
		}
	}
}
