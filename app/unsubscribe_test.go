package app

import (
	"errors"
	"strings"
	"testing"

	"homeroom/engine"
)

func TestUnsubscribeLinks(t *testing.T) {
	links, err := newUnsubscribeLinks("https://learn.example.org/", []byte("a secret of this installation"))
	if err != nil {
		t.Fatal(err)
	}
	send := engine.Send{Learner: "ada@example.org", Topic: "progress"}
	link := links.of(send)
	if learner, topic, err := links.read(link); err != nil || learner != send.Learner || topic != send.Topic {
		t.Errorf("read(of(send)) = %q, %q, %v", learner, topic, err)
	}
	if link != links.of(send) {
		t.Error("the same send has two links")
	}
	if strings.Contains(link, "ada") || !strings.HasPrefix(link, "https://learn.example.org/u/") {
		t.Errorf("link %s: want an opaque one below /u/", link)
	}
	for i := len("https://learn.example.org/u/"); i < len(link); i++ {
		forged := link[:i] + string(rune('A'+(link[i]+1)%26)) + link[i+1:]
		if _, _, err := links.read(forged); forged != link && err == nil {
			// The last character of base64 may carry unused bits; it must still say the same.
			if learner, _, _ := links.read(forged); learner != send.Learner {
				t.Errorf("a link changed at byte %d was taken for %q", i, learner)
			}
		}
	}
	other, err := newUnsubscribeLinks("https://learn.example.org", []byte("another secret"))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := other.read(link); !errors.Is(err, errBadLink) {
		t.Errorf("another installation's link was read: %v", err)
	}
	if _, err := newUnsubscribeLinks("learn.example.org", nil); err == nil {
		t.Error("a public URL without a scheme was taken")
	}
}
