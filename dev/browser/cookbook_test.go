//go:build browser

package browser_test

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"homeroom/dev/browser"
	"homeroom/rules"
)

// newCampaigns send the messages of docs/cookbook.md that no rule could send before there were audiences, broadcasts and messages to staff.
var newCampaigns = []string{"new-lesson", "announcement", "plagiarism"}

// mailOnDesk is as high as a short mail.
var mailOnDesk = browser.Screen{Name: "desktop", Width: 1280, Height: 360}

// TestCookbookPictures takes the pictures of docs/cookbook.md from the messages that stand there, by day and by night, and writes them with -write.
func TestCookbookPictures(t *testing.T) {
	cookbook, problems := rules.Load(readCookbook(t), ".")
	if cookbook == nil {
		t.Fatal(problems)
	}
	mails := map[string]string{}
	for _, message := range newCampaigns {
		vars := cookbook.Sample(message)
		if vars.Trigger["assignment_id"] != nil { // as in the campaign's test
			vars.Trigger["assignment_id"] = "as_7"
			vars.Trigger["similarity_score_pct"] = 82
		}
		mail, err := cookbook.Library.Render(message, "", vars)
		must(t, err)
		mails[message] = mail.HTML
	}
	tab, root := serve(t, mailbox(mails))
	for _, message := range newCampaigns {
		t.Run(message, func(t *testing.T) {
			open(t, tab, root+"/"+message, http.StatusOK)
			everywhere(t, tab, browser.MailChecks()...)
			size := write(t, "cookbook-"+message+".png", [][][]byte{{take(t, tab, mailOnDesk, false), take(t, tab, mailOnDesk, true)}})
			if size > 100_000 {
				t.Errorf("it is %d bytes", size)
			}
		})
	}
}

var (
	cookbookFence   = regexp.MustCompile("(?s)```(?:yaml|markdown)\\n(.*?)```")
	cookbookRule    = regexp.MustCompile(`^rule: (\S+)`)
	cookbookComment = regexp.MustCompile(`^(?:---\n)?# ([a-z/-]+\.(?:yaml|md))`)
)

// readCookbook returns the settings, rules and messages that docs/cookbook.md shows.
func readCookbook(t *testing.T) fstest.MapFS {
	t.Helper()
	text, err := os.ReadFile("../../docs/cookbook.md")
	must(t, err)
	files := fstest.MapFS{}
	for _, block := range cookbookFence.FindAllStringSubmatch(string(text), -1) {
		content := block[1]
		name := ""
		if m := cookbookRule.FindStringSubmatch(content); m != nil {
			name = "rules/" + m[1] + ".yaml"
		} else if m := cookbookComment.FindStringSubmatch(content); m != nil {
			name = m[1]
		}
		if name != "" && !strings.HasPrefix(content, "test: ") {
			files[name] = &fstest.MapFile{Data: []byte(content)}
		}
	}
	return files
}
