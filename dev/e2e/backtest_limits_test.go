package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"homeroom/admin"
	"homeroom/dev/harness"
)

// TestWhatDoesNotRunInTheBackground is refused with what to do.
func TestWhatDoesNotRunInTheBackground(t *testing.T) {
	t.Parallel()
	b := openBacktests(t)
	for want, opts := range map[string]admin.BacktestOptions{
		"no addresses":                    {KnownAddresses: true},
		"there is no event in this range": {Until: time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		_, err := b.admin.StartBacktest(b.ctx, "bt-1", b.inForce, b.draft, opts)
		var input *admin.InputError
		if !errors.As(err, &input) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	for _, letters := range []int{tooManyLetters, 14 * longMessage} {
		if _, err := b.admin.StartBacktest(b.ctx, "bt-1", b.inForce, harness.Academy(t, longFiles(letters)), b.options()); !errors.Is(err, admin.ErrFoldersTooLarge) {
			t.Errorf("a folder with %d letters: %v", letters, err)
		}
	}
	if _, err := b.admin.FindBacktest(b.ctx, "bt-1"); !errors.Is(err, admin.ErrNotFound) {
		t.Errorf("something was started: %v", err)
	}
}

// largeFiles are those of a folder that cannot be packed into a workflow.
func largeFiles() map[string]string { return longFiles(14 * longMessage) }

// longMessage is how many letters a long message has.
const longMessage = 60_000

// longFiles are the files of a folder with messages of so many letters altogether, which hardly can be packed: 100,000 take 75 KB.
func longFiles(letters int) map[string]string {
	random := rand.New(rand.NewPCG(5, 6))
	files := pastFiles("26h")
	for n := 0; letters > 0; n++ {
		var text strings.Builder
		for n := range min(letters, longMessage) {
			if n%80 == 79 {
				text.WriteByte('\n')
			}
			text.WriteByte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ,"[random.IntN(64)])
		}
		files[fmt.Sprintf("messages/long-%d.md", n)] = "---\nsubject: Long\n---\n" + text.String() + "\n"
		letters -= longMessage
	}
	return files
}
