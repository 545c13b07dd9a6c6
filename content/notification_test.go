package content_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"homeroom/content"
)

func TestAMessageAsANotification(t *testing.T) {
	long := strings.Repeat("word ", 100)
	for _, c := range []struct {
		name, front, text string
		want              content.Notification
	}{
		{
			name:  "what the front matter says",
			front: "preheader: \"Behind the subject\"\npush: \"For {{ learner.first_name | default: 'you' }}\"\n",
			text:  "Hello\n\n{% button \"Go on\" \"https://academy.example/a\" %}\n\n{% button \"Later\" \"https://academy.example/b\" %}",
			want:  content.Notification{Title: "One more try?", Body: "For Ada", Link: "https://academy.example/a"},
		},
		{
			name:  "the preheader",
			front: "preheader: \"Behind the subject\"\n",
			text:  "Hello",
			want:  content.Notification{Title: "One more try?", Body: "Behind the subject"},
		},
		{
			name: "the beginning of the text",
			text: "Hello **Ada**,\nyou are\n\nvery near.",
			want: content.Notification{Title: "One more try?", Body: "Hello Ada, you are"},
		},
		{
			name: "a long text is cut at a word",
			text: long,
			want: content.Notification{Title: "One more try?", Body: strings.TrimSpace(strings.Repeat("word ", 35)) + "…"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := content.Parse("retry.md", []byte("---\nsubject: \"One more try?\"\n"+c.front+"---\n"+c.text+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			l, err := content.NewLibrary([]*content.Message{m}, content.Site{})
			if err != nil {
				t.Fatal(err)
			}
			r, err := l.Render("retry", "", content.Vars{Learner: content.Learner{Traits: map[string]any{"first_name": "Ada"}}})
			if err != nil {
				t.Fatal(err)
			}
			if r.Push != c.want || !utf8.ValidString(r.Push.Body) {
				t.Errorf("got  %+v\nwant %+v", r.Push, c.want)
			}
		})
	}
}
